"""Control flow: lists, pipelines, conditions, loops, functions, with every way kept where a condition is unknown."""

from collections.abc import Callable

from lintune.launch.shell_arithmetic import arithmetic
from lintune.launch.shell_conditions import case_matches, double_bracket
from lintune.launch.shell_expand import expand_text, expand_words
from lintune.launch.shell_flow import Break, Continue, Exit, Leave, Return
from lintune.launch.shell_machine import MAX_DEPTH, Abort, Machine, WorkBound
from lintune.launch.shell_pieces import Pieces, join_words, unknown_piece
from lintune.launch.shell_simple import run_simple
from lintune.launch.shell_state import FunctionBody, State, Variable, merge
from lintune.launch.word import Piece, Word
from lintune.source.record import dataclass
from lintune.source.text import Site
from lintune.syntax.shell.nodes import (
    ArithmeticCommand,
    Case,
    CommandNode,
    For,
    ForArithmetic,
    Function,
    Group,
    If,
    Literal,
    Pipeline,
    Redirect,
    Simple,
    Statement,
    Test,
    While,
)


@dataclass(slots=True)
class _Way:
    """One way through an unknown condition: the state it leaves, or how it leaves the code around it."""

    state: State
    leave: Leave | None


def run_body(machine: Machine, body: tuple[Statement, ...]) -> None:
    """Runs statements in order."""
    machine.depth += 1
    if machine.depth > MAX_DEPTH:
        raise WorkBound(f"evaluation stopped at {MAX_DEPTH} nested commands: what comes later is not read")
    try:
        for statement in body:
            run_statement(machine, statement)
    finally:
        machine.depth -= 1


def run_script(machine: Machine, body: tuple[Statement, ...]) -> None:
    """Runs the statements of a script; an expansion error gives up one of them only."""
    for statement in body:
        depth, unsure, quiet = machine.depth, machine.unsure, machine.quiet
        try:
            run_statement(machine, statement)
        except Abort:
            machine.depth, machine.unsure, machine.quiet, machine.status = depth, unsure, quiet, 1
        except (Break, Continue, Return):
            machine.depth, machine.unsure, machine.quiet = depth, unsure, quiet


def run_statement(machine: Machine, statement: Statement) -> None:
    """Runs pipelines joined by `&&` and `||`."""
    if statement.background:
        saved, background = machine.state, machine.background
        machine.state, machine.background = machine.state.copy(), True
        try:
            _run_list(machine, statement)
        except Leave:
            pass
        finally:
            machine.state, machine.background = saved, background
        machine.status = 0
    else:
        _run_list(machine, statement)


def _run_list(machine: Machine, statement: Statement) -> None:
    names = _tested(machine, lambda: _run_pipeline(machine, statement.first))
    for index, (operator, pipeline) in enumerate(statement.rest):
        status = machine.status
        if status is None and machine.external:
            if operator == "&&":
                _run_pipeline(machine, pipeline)
            else:
                following = statement.rest[index + 1 :]
                _perhaps(machine, lambda pipeline=pipeline: _run_pipeline(machine, pipeline), _reason(machine, statement), frozenset())  # type: ignore[misc]
                machine.status, machine.external = None, not following
            continue
        if status is None:
            prefer = names if operator == "&&" else frozenset[str]()
            _perhaps(machine, lambda pipeline=pipeline: _run_pipeline(machine, pipeline), _reason(machine, statement), prefer)  # type: ignore[misc]
            machine.status = None
            continue
        if (status == 0) == (operator == "&&"):
            _run_pipeline(machine, pipeline)


def _reason(machine: Machine, statement: Statement) -> str:
    return f"a condition in line {machine.site(statement.span).line}"


def _tested(machine: Machine, test: Callable[[], None]) -> frozenset[str]:
    """Runs a condition; the names whose being unset it asked for."""
    saved, machine.nullable = machine.nullable, set()
    try:
        test()
        return frozenset(machine.nullable)
    finally:
        machine.nullable = saved


def _way(machine: Machine, base: State, run: Callable[[], None], certain: bool = False) -> _Way:
    """Takes one way from a state."""
    machine.state = base.copy()
    depth, machine.unsure = machine.depth, machine.unsure + (not certain)
    unsure = machine.unsure
    try:
        run()
        return _Way(machine.state, None)
    except Leave as leave:
        return _Way(machine.state, leave)
    finally:
        machine.depth, machine.unsure = depth, unsure - (not certain)


def _join(machine: Machine, ways: list[_Way], reason: str, prefer: frozenset[str]) -> None:
    """Goes on after one of several ways was taken; ways that leave the script are over."""
    staying = [way for way in ways if not isinstance(way.leave, Exit)]
    if not staying:
        leave = ways[0].leave
        machine.state = ways[0].state
        raise leave if leave is not None else Exit
    if all(way.leave is not None for way in staying):
        first = staying[0].leave
        if first is not None:
            machine.state = _merged(staying, reason, prefer)
            raise first
    machine.state = _merged(staying, reason, prefer)


def _merged(ways: list[_Way], reason: str, prefer: frozenset[str]) -> State:
    state = ways[0].state
    for way in ways[1:]:
        state = merge(state, way.state, reason, prefer)
    return state


def _perhaps(machine: Machine, run: Callable[[], None], reason: str, prefer: frozenset[str]) -> None:
    """Runs what an unknown condition may skip."""
    base = machine.state
    taken = _way(machine, base, run)
    machine.state = base
    _join(machine, [taken, _Way(base, None)], reason, prefer)


def _run_pipeline(machine: Machine, pipeline: Pipeline) -> None:
    if len(pipeline.commands) == 1:
        run_command(machine, pipeline.commands[0])
    else:
        _run_pipe(machine, pipeline)
    if pipeline.negated:
        machine.status = None if machine.status is None else int(not machine.status)
        machine.external = False


def _run_pipe(machine: Machine, pipeline: Pipeline) -> None:
    """Each command in a state of its own, its output the next one's input."""
    outer, output, stdin = machine.state, machine.output, machine.stdin
    last = len(pipeline.commands) - 1
    try:
        for index, command in enumerate(pipeline.commands):
            machine.state = outer.copy()
            machine.output = output if index == last else []
            try:
                run_command(machine, command)
            except Leave:
                pass
            machine.stdin = tuple(machine.output) if machine.output is not None else None
    finally:
        machine.state, machine.output, machine.stdin = outer, output, stdin


def run_command(machine: Machine, node: CommandNode) -> None:
    """Runs one command."""
    if isinstance(node, Simple):
        run_simple(machine, node)
        return
    machine.step()
    machine.depth += 1
    if machine.depth > MAX_DEPTH * 2:
        raise WorkBound(f"evaluation stopped at {MAX_DEPTH} nested commands: what comes later is not read")
    if isinstance(node, Function):
        machine.state.functions[node.name] = FunctionBody(node.body, machine.frame)
        machine.status = 0
    elif node.redirects:
        stdin, output = machine.stdin, machine.output
        redirect(machine, node.redirects)
        try:
            _run_compound(machine, node)
        finally:
            machine.stdin, machine.output = stdin, output
    else:
        _run_compound(machine, node)
    machine.depth -= 1


def redirect(machine: Machine, redirects: tuple[Redirect, ...]) -> None:
    """Points standard input and output where the redirections say."""
    from lintune.launch.shell_simple import apply_redirects

    apply_redirects(machine, redirects)


def _run_compound(machine: Machine, node: CommandNode) -> None:
    match node:
        case Group():
            _run_group(machine, node)
        case If():
            _run_if(machine, node, 0)
        case For():
            _run_for(machine, node)
        case ForArithmetic():
            _run_for_arithmetic(machine, node)
        case While():
            _run_while(machine, node)
        case Case():
            _run_case(machine, node)
        case Test():
            machine.quiet += 1
            truth = double_bracket(machine, node)
            machine.quiet -= 1
            machine.status, machine.external = None if truth is None else int(not truth), False
        case ArithmeticCommand():
            value = arithmetic(machine, expand_text(machine, node.expression), machine.site(node.span))
            machine.status, machine.external = None if isinstance(value, str) else int(not value), False
            if isinstance(value, str):
                _forget_assigned(machine, node, value)


def _forget_assigned(machine: Machine, node: ArithmeticCommand, reason: str) -> None:
    """`((i++))` of an unknown value: what it would assign is unknown."""
    first = node.expression.parts[0] if node.expression.parts else None
    if isinstance(first, Literal):
        name = first.text.strip().lstrip("+-").rstrip("+-")
        name = name.split("=")[0].strip(" +-*/%")
        if name in machine.state.variables:
            site = machine.site(node.span)
            machine.assign(name, (unknown_piece(site, reason),), site)


def _run_group(machine: Machine, node: Group) -> None:
    if not node.subshell:
        run_body(machine, node.body)
        return
    saved = machine.state
    machine.state = saved.copy()
    depth = machine.depth
    try:
        run_body(machine, node.body)
    except Leave:
        machine.depth = depth
    finally:
        machine.state = saved


def _condition(machine: Machine, body: tuple[Statement, ...]) -> tuple[bool | None, frozenset[str]]:
    machine.external = False
    names = _tested(machine, lambda: run_body(machine, body))
    return (None if machine.status is None else machine.status == 0), names


def _run_if(machine: Machine, node: If, index: int) -> None:
    while index < len(node.branches):
        condition, body = node.branches[index]
        truth, names = _condition(machine, condition)
        if truth:
            run_body(machine, body)
            return
        if truth is None:
            base = machine.state
            reason = f"the condition in line {machine.site(condition[0].span).line}" if condition else "a condition"
            taken = _way(machine, base, lambda: run_body(machine, body))  # noqa: B023 called at once
            other = _way(machine, base, lambda: _run_if(machine, node, index + 1))  # noqa: B023 called at once
            if isinstance(taken.leave, Exit) and other.leave is None:
                machine.state = other.state
                return
            _join(machine, [taken, other], reason, names)
            machine.status = None
            return
        index += 1
    machine.status = 0
    if node.otherwise:
        run_body(machine, node.otherwise)


def _run_case(machine: Machine, node: Case) -> None:
    machine.quiet += 1
    subject = expand_text(machine, node.subject)
    machine.quiet -= 1
    base, ways, falling = machine.state, list[_Way](), False
    reason = f"the case in line {machine.site(node.span).line}"
    for clause in node.clauses:
        truth = True if falling else case_matches(machine, subject, clause.patterns)
        if truth is False:
            continue
        falling = clause.terminator == ";&"
        if truth and not ways and clause.terminator != ";;&":
            run_body(machine, clause.body)
            if falling:
                continue
            return
        ways.append(_way(machine, base, lambda body=clause.body: run_body(machine, body)))  # type: ignore[misc]
        if truth and not falling and clause.terminator != ";;&":
            break
    else:
        if not ways:
            machine.status = 0
            return
        ways.append(_Way(base, None))
    _join(machine, ways, reason, frozenset())
    machine.status = None


def _turn(machine: Machine, body: tuple[Statement, ...]) -> bool:
    """One turn of a loop; False if it ends the loop."""
    machine.step()
    depth = machine.depth
    try:
        run_body(machine, body)
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


def _run_for(machine: Machine, node: For) -> None:
    site = machine.site(node.span)
    if node.words is None:
        arguments = machine.state.arguments
        words = [Word(site, (unknown_piece(site, "the script's arguments are not known"),), True)] if arguments is None else list(arguments)
    else:
        words = expand_words(machine, node.words)
    for word in words:
        if word.many and any(piece.reason for piece in word.pieces):
            value: Pieces = (unknown_piece(word.site, word.reason or "one of many words"),)
            _perhaps_turns(machine, node.body, f"the loop in line {site.line}", (node.name, value, word.site))
            continue
        machine.assign(node.name, word.pieces, word.site)
        if not _turn(machine, node.body):
            break
    machine.status = 0 if not words else machine.status


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
    looked = _way(machine, base, turn)
    del machine.commands[commands:]
    machine.problems, machine.output = problems, output
    widened = base.copy()
    for name, after in looked.state.variables.items():
        before = base.variables.get(name)
        if before is not after and (before is not None or name not in (variable or ())):
            widened.variables[name] = _widen(name, before, after, reason)
    if looked.state.arguments is not base.arguments:
        widened.arguments = None
    taken = _way(machine, widened, turn)
    if output is not None and machine.output:
        machine.output.append(unknown_piece(machine.output[-1].site, reason))
    _join(machine, [taken, _Way(base, None)], reason, frozenset())


def _widen(name: str, before: Variable | None, after: Variable, reason: str) -> Variable:
    if before is None:
        return after
    piece = unknown_piece(after.site, f"`{name}` changes in {reason}")
    if after.items is not None:
        kept = dict(before.items or {})
        kept[str(len(kept))] = Word(after.site, (piece,), True)
        return Variable(None, after.site, kept, after.associative, after.exported)
    return Variable((piece,), after.site, None, False, after.exported)


def _run_for_arithmetic(machine: Machine, node: ForArithmetic) -> None:
    site = machine.site(node.span)
    arithmetic(machine, expand_text(machine, node.start), site)
    while True:
        value = arithmetic(machine, expand_text(machine, node.condition), site) if node.condition.parts else 1
        if isinstance(value, str):
            _perhaps_turns(machine, (*node.body,), f"the loop in line {site.line}", None)
            return
        if not value or not _turn(machine, node.body):
            return
        arithmetic(machine, expand_text(machine, node.step), site)


def _run_while(machine: Machine, node: While) -> None:
    line = machine.site(node.span).line
    while True:
        machine.step()
        truth, _ = _condition(machine, node.condition)
        if truth is None:
            _perhaps_turns(machine, node.body, f"the loop in line {line}", None)
            machine.status = None
            return
        if truth == node.until:
            machine.status = 0
            return
        if not _turn(machine, node.body):
            return


def joined(words: list[Word], site: Site) -> Pieces:
    """Words with blanks between them."""
    return join_words(words, " ", site)


def text_piece(text: str, site: Site) -> Pieces:
    """A text made at a place."""
    return (Piece(text, site),) if text else ()
