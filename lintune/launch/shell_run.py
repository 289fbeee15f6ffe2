"""Control flow: lists, pipelines, conditions, loops, functions, with every way kept where a condition is unknown."""

from contextlib import suppress

from lintune.launch.shell_arithmetic import arithmetic
from lintune.launch.shell_conditions import case_matches, double_bracket
from lintune.launch.shell_expand import expand_text
from lintune.launch.shell_flow import Break, Continue, Exit, Leave, Return
from lintune.launch.shell_loops import condition_of, run_for, run_for_arithmetic, run_while
from lintune.launch.shell_machine import MAX_DEPTH, Abort, Machine, WorkBound
from lintune.launch.shell_pieces import unknown_piece
from lintune.launch.shell_simple import run_simple
from lintune.launch.shell_state import FunctionBody
from lintune.launch.shell_ways import Way, join_ways, perhaps, take_way, tested
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
    Simple,
    Statement,
    Test,
    While,
)


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
    names = tested(machine, lambda: _run_pipeline(machine, statement.first))
    for index, (operator, pipeline) in enumerate(statement.rest):
        status = machine.status
        if status is None and machine.external:
            if operator == "&&":
                _run_pipeline(machine, pipeline)
            else:
                following = statement.rest[index + 1 :]
                perhaps(machine, lambda pipeline=pipeline: _run_pipeline(machine, pipeline), _reason(machine, statement), frozenset())  # type: ignore[misc]
                machine.status, machine.external = None, not following
            continue
        if status is None:
            prefer = names if operator == "&&" else frozenset(name[1:] for name in names if name.startswith("!"))
            perhaps(machine, lambda pipeline=pipeline: _run_pipeline(machine, pipeline), _reason(machine, statement), prefer)  # type: ignore[misc]
            machine.status = None
            continue
        if (status == 0) == (operator == "&&"):
            _run_pipeline(machine, pipeline)


def _reason(machine: Machine, statement: Statement) -> str:
    return f"a condition in line {machine.site(statement.span).line}"


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
            with suppress(Leave):
                run_command(machine, command)
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
        from lintune.launch.shell_made import closed
        from lintune.launch.shell_simple import apply_redirects

        sink = apply_redirects(machine, node.redirects)
        try:
            _run_compound(machine, node)
        finally:
            machine.stdin, machine.output = stdin, output
            if sink is not None:
                closed(machine, sink)
    else:
        _run_compound(machine, node)
    machine.depth -= 1


def _run_compound(machine: Machine, node: CommandNode) -> None:
    match node:
        case Group():
            _run_group(machine, node)
        case If():
            _run_if(machine, node, 0)
        case For():
            run_for(machine, node)
        case ForArithmetic():
            run_for_arithmetic(machine, node)
        case While():
            run_while(machine, node)
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


def _run_if(machine: Machine, node: If, index: int) -> None:
    while index < len(node.branches):
        condition, body = node.branches[index]
        truth, names = condition_of(machine, condition)
        if truth:
            run_body(machine, body)
            return
        if truth is None:
            base = machine.state
            reason = f"the condition in line {machine.site(condition[0].span).line}" if condition else "a condition"
            taken = take_way(machine, base, lambda: run_body(machine, body))  # noqa: B023 called at once
            other = take_way(machine, base, lambda: _run_if(machine, node, index + 1))  # noqa: B023 called at once
            if isinstance(taken.leave, Exit) and other.leave is None:
                machine.state = other.state
                return
            join_ways(machine, [taken, other], reason, names)
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
    base, ways, falling = machine.state, list[Way](), False
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
        ways.append(take_way(machine, base, lambda body=clause.body: run_body(machine, body)))  # type: ignore[misc]
        if truth and not falling and clause.terminator != ";;&":
            break
    else:
        if not ways:
            machine.status = 0
            return
        ways.append(Way(base, None))
    join_ways(machine, ways, reason, frozenset())
    machine.status = None
