"""Loops: turn by turn where their length is known, one turn for all where it is not."""

from collections.abc import Callable

from lintune.launch.shell_arithmetic import arithmetic
from lintune.launch.shell_expand import expand_text, expand_words
from lintune.launch.shell_flow import Break, Continue
from lintune.launch.shell_machine import Machine
from lintune.launch.shell_pieces import Pieces, unknown_piece
from lintune.launch.shell_state import Variable
from lintune.launch.shell_ways import Way, gathered, join_ways, take_way, tested
from lintune.launch.word import Word
from lintune.source.text import Site
from lintune.syntax.shell.nodes import For, ForArithmetic, ShellWord, Statement, While


def condition_of(machine: Machine, body: tuple[Statement, ...]) -> tuple[bool | None, frozenset[str]]:
    """The truth of a condition, and the names whose being unset it asked for."""
    machine.external = False
    names = tested(machine, lambda: machine.run_body(machine, body))
    return (None if machine.status is None else machine.status == 0), names


def _turn(machine: Machine, body: tuple[Statement, ...]) -> bool:
    """One turn of a loop; False if it ends the loop."""
    machine.step()
    depth = machine.depth
    try:
        gathered(machine, lambda: machine.run_body(machine, body), "whether the turn of a loop ends early")
    except Break as leave:
        machine.depth = depth
        if leave.levels > 1:
            raise Break(leave.levels - 1) from None
        return False
    except Continue as leave:
        machine.depth = depth
        if leave.levels > 1:
            raise Continue(leave.levels - 1) from None
    return True


def run_for(machine: Machine, node: For) -> None:
    """`for name in words`."""
    site = machine.site(node.span)
    if node.words is None:
        arguments = machine.state.arguments
        words = [Word(site, (unknown_piece(site, "the script's arguments are not known"),), True)] if arguments is None else list(arguments)
    else:
        words = expand_words(machine, node.words)
    outer, machine.may_break, unsure = machine.may_break, False, machine.unsure
    try:
        _for_words(machine, node, words, site)
    finally:
        machine.may_break, machine.unsure = outer, unsure
    machine.status = 0 if not words else machine.status


def _for_words(machine: Machine, node: For, words: list[Word], site: Site) -> None:
    for word in words:
        if machine.may_break:
            machine.unsure, machine.may_break = machine.unsure + 1, False
        if word.many and any(piece.reason for piece in word.pieces):
            value: Pieces = (unknown_piece(word.site, word.reason or "one of many words"),)
            _perhaps_turns(machine, node.body, f"the loop in line {site.line}", (node.name, value, word.site))
            continue
        machine.assign(node.name, word.pieces, word.site)
        if not _turn(machine, node.body):
            break


def _perhaps_turns(machine: Machine, body: tuple[Statement, ...], reason: str, variable: tuple[str, Pieces, Site] | None) -> None:
    """A loop of unknown length: a first look finds what its turns change, then one turn stands for all."""
    base = machine.state

    def turn() -> None:
        if variable:
            machine.assign(*variable)
        _turn(machine, body)

    commands, problems = len(machine.commands), dict(machine.problems)
    output = machine.output
    machine.output = None if output is None else []
    looked = take_way(machine, base, turn)
    del machine.commands[commands:]
    machine.problems, machine.output = problems, output
    widened = base.copy()
    for name, after in looked.state.variables.items():
        before = base.variables.get(name)
        if before is not after and (before is not None or name not in (variable or ())):
            widened.variables[name] = _widen(name, before, after, reason)
    if looked.state.arguments is not base.arguments:
        widened.arguments = None
    taken = take_way(machine, widened, turn)
    if output is not None and machine.output:
        machine.output.append(unknown_piece(machine.output[-1].site, reason))
    join_ways(machine, [taken, Way(base, None)], reason, frozenset())


def _widen(name: str, before: Variable | None, after: Variable, reason: str) -> Variable:
    if before is None:
        return after
    piece = unknown_piece(after.site, f"`{name}` changes in {reason}")
    if after.items is not None:
        kept = dict(before.items or {})
        kept[str(len(kept))] = Word(after.site, (piece,), True)
        return Variable(None, after.site, kept, after.associative, after.exported)
    return Variable((piece,), after.site, None, False, after.exported)


def _known_turns(
    machine: Machine, body: tuple[Statement, ...], line: int, goes_on: Callable[[], bool | None], step: Callable[[], object]
) -> None:
    """A loop whose condition is asked before every turn; from a turn that may end it on, nothing about its length is known."""
    outer, machine.may_break = machine.may_break, False
    try:
        while True:
            truth = goes_on()
            if truth is None:
                _perhaps_turns(machine, body, f"the loop in line {line}", None)
                machine.status = None
                return
            before = machine.state.variables.copy()
            if not truth or not _turn(machine, body):
                return
            step()
            if machine.may_break:
                _widen_changed(machine, before, f"the loop in line {line}")
                return
    finally:
        machine.may_break = outer


def _widen_changed(machine: Machine, before: dict[str, Variable], reason: str) -> None:
    for name, after in list(machine.state.variables.items()):
        if before.get(name) is not after and name in before:
            machine.state.variables[name] = _widen(name, before[name], after, reason)


def run_for_arithmetic(machine: Machine, node: ForArithmetic) -> None:
    """`for ((start; condition; step))`."""
    site = machine.site(node.span)

    def value_of(word: ShellWord) -> int | str:
        return arithmetic(machine, expand_text(machine, word), site)

    def goes_on() -> bool | None:
        value = value_of(node.condition) if node.condition.parts else 1
        return None if isinstance(value, str) else bool(value)

    value_of(node.start)
    _known_turns(machine, node.body, site.line, goes_on, lambda: value_of(node.step))


def run_while(machine: Machine, node: While) -> None:
    """`while` and `until`."""

    def goes_on() -> bool | None:
        machine.step()
        truth, _ = condition_of(machine, node.condition)
        return None if truth is None else truth != node.until

    _known_turns(machine, node.body, machine.site(node.span).line, goes_on, lambda: None)
