"""Random expressions of every kind over the variables of a random program."""

import random
from dataclasses import dataclass, field

KINDS = ("int", "str", "bool", "list", "dict", "any")
WORDS = ("lora", "full", "Qwen2", "a", "", "b", "vision", "4", "-1", "llm_head")
KEYS = ("a", "b", "c")


@dataclass
class Names:
    """The variables that are bound, by kind."""

    bound: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def copy(self) -> "Names":
        """The same variables, to be changed apart."""
        return Names({kind: list(names) for kind, names in self.bound.items()})


class ExpressionWriter:
    """Writes expressions."""

    random: random.Random
    names: Names
    options: dict[str, object]

    def expression(self, kind: str, depth: int = 0) -> str:
        """An expression of a kind; rarely one of another kind."""
        if kind == "any" or self.random.random() < 0.01:
            kind = self.random.choice(("int", "str", "bool", "list", "dict"))
            if self.names.bound["any"] and self.random.random() < 0.3:
                return self.random.choice(self.names.bound["any"])
        known = self.names.bound[kind]
        if known and self.random.random() < (0.5 if depth < 2 else 0.7):
            return self.random.choice(known)
        made: str = getattr(self, f"a_{kind}")(depth)
        return f"({made})" if kind in ("bool", "str") and " " in made and not made.startswith("'") else made

    def a_int(self, depth: int) -> str:
        """A number."""
        if depth > 2 or self.random.random() < 0.35:
            return str(self.random.randint(-2, 6))
        inner = depth + 1
        return self.random.choice(
            (
                lambda: f"({self.expression('int', inner)} {self.random.choice('+-')} {self.expression('int', inner)})",
                lambda: f"({self.expression('int', inner)} % {self.random.randint(1, 5)})",
                lambda: f"({self.expression('int', inner)} // {self.random.choice((1, 2, 3, -2, self.expression('int', inner)))})",
                lambda: f"({self.expression('int', inner)} * {self.random.randint(-1, 2)})",
                lambda: f"len({self.expression(self.random.choice(('str', 'list', 'dict')), inner)})",
                lambda: f"min({self.expression('int', inner)}, {self.expression('int', inner)})",
                lambda: f"max({self.expression('list', inner)}, default={self.random.randint(0, 3)})",
                lambda: f"sum({self.expression('list', inner)})",
                lambda: f"({self.expression('int', inner)} if {self.expression('bool', inner)} else {self.expression('int', inner)})",
                lambda: f"abs({self.expression('int', inner)})",
                lambda: f"({self.expression('int', inner)} or {self.random.randint(1, 9)})",
                lambda: f"{self.expression('dict', inner)}.get({self.expression('str', inner)}, {self.random.randint(0, 3)})",
                lambda: f"sum(x for x in {self.expression('list', inner)} if x {self.random.choice(('>', '!=', '<='))} 1)",
                lambda: f"{self.expression('list', inner)}.count({self.expression('int', inner)})",
                lambda: f"(lambda x: x + {self.expression('int', inner)})({self.expression('int', inner)})",
                lambda: f"[*{self.expression('list', inner)}, {self.expression('int', inner)}][{self.random.choice((0, -1, 0, -1, 1))}]",
                lambda: f"TABLE[{self.random.choice('aab')!r}]",
                lambda: f"int({self.expression('bool', inner)})",
            )
        )()

    def a_str(self, depth: int) -> str:
        """Text."""
        if depth > 2 or self.random.random() < 0.4:
            return repr(self.random.choice(WORDS))
        inner = depth + 1
        return self.random.choice(
            (
                lambda: f"{self.expression('str', inner)}.{self.random.choice(('lower', 'upper', 'strip', 'title'))}()",
                lambda: f"({self.expression('str', inner)} + {self.expression('str', inner)})",
                lambda: f"f'{{{self.simple('int')}}}-{{{self.simple('str')}}}'",
                lambda: f"str({self.expression('int', inner)})",
                lambda: f"{self.expression('str', inner)}.replace('a', {self.random.choice(WORDS)!r})",
                lambda: f"{self.expression('str', inner)}[{self.random.choice(('1:', ':2', '-1:', '::-1'))}]",
                lambda: f"','.join(str(x) for x in {self.expression('list', inner)})",
                lambda: f"({self.expression('str', inner)} or 'none')",
                lambda: f"('%s/%d' % ({self.expression('str', inner)}, {self.expression('int', inner)}))",
                lambda: f"{self.expression('str', inner)}.partition('o')[{self.random.randint(0, 2)}]",
            )
        )()

    def simple(self, kind: str) -> str:
        """A variable or a number: what may stand in an f-string."""
        return self.random.choice([*self.names.bound[kind], "COUNT"])

    def a_bool(self, depth: int) -> str:
        """A condition."""
        if depth > 2 or self.random.random() < 0.05:
            return self.random.choice(("True", "False"))
        inner = depth + 1
        compare = self.random.choice(("<", ">", "==", "!=", "<=", ">="))
        return self.random.choice(
            (
                lambda: f"{self.expression('int', inner)} {compare} {self.expression('int', inner)}",
                lambda: f"{self.expression('int', inner)} {compare} {self.random.randint(-1, 4)}",
                lambda: f"0 < {self.expression('int', inner)} <= {self.expression('int', inner)}",
                lambda: f"{self.expression('str', inner)} {self.random.choice(('==', '!='))} {self.random.choice(WORDS)!r}",
                lambda: f"{self.random.choice(WORDS)!r} {self.random.choice(('in', 'not in'))} {self.expression('str', inner)}",
                lambda: f"{self.expression('str', inner)} in ('lora', 'full', 'a')",
                lambda: f"{self.expression('int', inner)} in {self.expression('list', inner)}",
                lambda: f"{self.expression('str', inner)} in {self.expression('dict', inner)}",
                lambda: f"not {self.expression(self.random.choice(('bool', 'list', 'str')), inner)}",
                lambda: f"({self.expression('bool', inner)} and {self.expression('bool', inner)})",
                lambda: f"({self.expression('bool', inner)} or {self.expression('bool', inner)})",
                lambda: f"{self.expression('any', inner)} is {self.random.choice(('', 'not '))}None",
                lambda: f"{self.expression('str', inner)}.startswith(({self.random.choice(WORDS)!r}, 'l'))",
                lambda: f"isinstance({self.expression('any', inner)}, {self.random.choice(('int', 'str', '(list, dict)', 'bool'))})",
                lambda: f"{self.random.choice(('any', 'all'))}(x > 1 for x in {self.expression('list', inner)})",
                lambda: f"bool({self.expression('list', inner)})",
                lambda: f"hasattr(args, {self.random.choice(('o0', 'o1', 'o9'))!r})" if self.options else "False",
            )
        )()

    def a_list(self, depth: int) -> str:
        """A list of numbers."""
        inner = depth + 1
        if depth > 2 or self.random.random() < 0.4:
            return "[" + ", ".join(self.expression("int", 3) for _ in range(self.random.randint(0, 3))) + "]"
        return self.random.choice(
            (
                lambda: f"({self.expression('list', inner)} + {self.expression('list', inner)})[:5]",
                lambda: f"[x + 1 for x in {self.expression('list', inner)}]",
                lambda: f"[x for x in {self.expression('list', inner)} if {self.expression('bool', inner)}]",
                lambda: f"sorted({self.expression('list', inner)})",
                lambda: f"list(range({self.random.randint(0, 4)}))",
                lambda: f"{self.expression('list', inner)}[{self.random.choice(('1:', ':2', '-1:', '::-1', ':'))}]",
                lambda: f"list({self.expression('dict', inner)}.values())",
                lambda: f"[*{self.expression('list', inner)}, {self.expression('int', inner)}]",
                lambda: f"list(reversed({self.expression('list', inner)}))",
            )
        )()

    def a_dict(self, depth: int) -> str:
        """A dictionary of numbers."""
        inner = depth + 1
        keys = self.random.sample(KEYS, self.random.randint(0, 2))
        plain = "{" + ", ".join(f"{key!r}: {self.expression('int', inner + 1)}" for key in keys) + "}"
        if depth > 1 or self.random.random() < 0.6:
            return plain
        return self.random.choice(
            (
                lambda: f"dict({self.expression('dict', inner)})",
                lambda: f"{{**{self.expression('dict', inner)}, {self.random.choice(KEYS)!r}: {self.expression('int', inner)}}}",
                lambda: f"{{key: value for key, value in {self.expression('dict', inner)}.items() if value > 0}}",
                lambda: "dict(a=1)",
                lambda: f"dict(zip('ab', {self.expression('list', inner)}))",
            )
        )()
