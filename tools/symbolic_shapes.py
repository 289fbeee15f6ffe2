"""From observed shapes to formulas: each dimension of a tensor as a sum of products of config values, solved exactly and verified."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import prod

Fields = Mapping[str, int]
Observation = tuple[int, Fields]
"""The value of a dimension, and the config values under which it was seen."""
Monomial = tuple[tuple[str, int], ...]
"""Fields with their exponents; the empty one is 1."""
MOST_TERMS = 3
MOST_MONOMIALS = 60


def value_of(monomial: Monomial, fields: Fields) -> Fraction:
    """A monomial's value."""
    return prod((Fraction(fields[name]) ** power for name, power in monomial), start=Fraction(1))


def solve(observed: Sequence[Observation], sensitive: Iterable[str]) -> str | None:
    """The formula of a dimension over the fields that it was seen to depend on; None where none fits every observation."""
    first = observed[0][0]
    if all(value == first for value, _ in observed):
        return str(first)
    names = [name for name in sensitive if all(name in fields for _, fields in observed)]
    monomials = _monomials(names, observed)
    for count in range(1, MOST_TERMS + 1):
        if count == MOST_TERMS and len(monomials) > 24:
            break
        for chosen in combinations(monomials, count):
            found = _fit(chosen, observed)
            if found is not None:
                return formula(chosen, found)
    return None


def _monomials(names: Sequence[str], observed: Sequence[Observation]) -> list[Monomial]:
    """Products of up to three fields, ratios of two and their squares; the simplest first."""
    found: list[Monomial] = [((name, 1),) for name in names]
    found.append(())
    found += [((one, 1), (two, 1)) for one, two in combinations(names, 2)]
    found += [((one, 1), (two, -1)) for one in names for two in names if one != two]
    found += [((name, 2),) for name in names]
    found += [((one, 2), (two, -2)) for one in names for two in names if one != two]
    found += [((one, 1), (two, 1), (three, 1)) for one, two, three in combinations(names, 3)]
    found += [((one, 1), (two, 2)) for one in names for two in names if one != two]
    found += [((one, 1), (two, 1), (three, -1)) for one, two in combinations(names, 2) for three in names if three not in (one, two)]
    found += [((one, 1), (two, 2), (three, 1)) for one, three in combinations(names, 2) for two in names if two not in (one, three)]
    found += [((one, 1), (two, -2)) for one in names for two in names if one != two]
    zero = {name for name in names if any(fields[name] == 0 for _, fields in observed)}
    return [each for each in found if not any(power < 0 and name in zero for name, power in each)][:MOST_MONOMIALS]


def _fit(chosen: Sequence[Monomial], observed: Sequence[Observation]) -> list[Fraction] | None:
    """Coefficients with which the monomials give every observation; None where there are none that are plausible."""
    rows = [[*(value_of(each, fields) for each in chosen), Fraction(value)] for value, fields in observed]
    count = len(chosen)
    for column in range(count):
        done = column
        pivot = next((row for row in range(done, len(rows)) if rows[row][column]), None)
        if pivot is None:
            return None
        rows[done], rows[pivot] = rows[pivot], rows[done]
        inverse = rows[done][column]
        rows[done] = [each / inverse for each in rows[done]]
        for row in range(len(rows)):
            if row != done and rows[row][column]:
                factor = rows[row][column]
                rows[row] = [mine - factor * theirs for mine, theirs in zip(rows[row], rows[done], strict=True)]
        if column == 0 and count == 1 and any(row[-1] for row in rows[1:]):
            return None
    if any(row[-1] for row in rows[count:]):
        return None
    found = [rows[index][-1] for index in range(count)]
    return found if all(each.denominator <= 8 and abs(each) <= 64 and each for each in found) else None


def formula(chosen: Sequence[Monomial], coefficients: Sequence[Fraction]) -> str:
    """The text of a sum: `3*hidden_size+2*kv_heads*head_dim`; divisions are exact ones, written last; `a:b` is a ratio, rounded down."""
    terms = []
    for monomial, coefficient in zip(chosen, coefficients, strict=True):
        match monomial:
            case ((one, power), (two, other)) if power == -other and power > 0:
                # each ratio is a whole number of its own: patches along an edge
                ratio = "*".join([f"{one}:{two}"] * power)
                terms.append(ratio if coefficient == 1 else f"{coefficient.numerator}*{ratio}")
                if coefficient.denominator != 1:
                    terms[-1] += f"/{coefficient.denominator}"
                continue
        above = [name for name, power in monomial for _ in range(power) if power > 0]
        below = [name for name, power in monomial for _ in range(-power) if power < 0]
        if coefficient.numerator != 1 or not above:
            above.insert(0, str(coefficient.numerator))
        if coefficient.denominator != 1:
            below.append(str(coefficient.denominator))
        terms.append("*".join(above) + "".join(f"/{each}" for each in below))
    return "+".join(terms).replace("+-", "-")
