"""Simple commands: assignments, redirections, functions, builtins, and the programs that the script runs."""

from lintune.launch.shell_assign import assign, declare
from lintune.launch.shell_builtins import BUILTINS
from lintune.launch.shell_expand import expand_text, expand_words
from lintune.launch.shell_flow import Exit, Return
from lintune.launch.shell_machine import MAX_COMMANDS, MAX_DEPTH, Abort, Machine, WorkBound
from lintune.launch.shell_made import Sink, closed, opened, tee
from lintune.launch.shell_paths import shown_folder
from lintune.launch.shell_pieces import Pieces, known_text, unknown_piece
from lintune.launch.shell_pure import PURE
from lintune.launch.shell_state import FunctionBody, Variable
from lintune.launch.shell_ways import gathered
from lintune.launch.word import Command, Piece, Word
from lintune.source.text import Problem, Site
from lintune.syntax.shell.nodes import Assignment, Redirect, Simple


def run_simple(machine: Machine, node: Simple) -> None:
    """Runs a simple command."""
    machine.step()
    if not node.words:
        _assignments_only(machine, node)
        return
    tested = node.words[0].literal() in ("[", "test")
    machine.quiet += tested
    argv = expand_words(machine, node.words)
    machine.quiet -= tested
    if not argv:
        _assignments_only(machine, node)
        return
    stdin, output = machine.stdin, machine.output
    sink = apply_redirects(machine, node.redirects) if node.redirects else None
    try:
        _dispatch(machine, node, argv)
    finally:
        machine.output = output
        if node.redirects:
            machine.stdin = stdin
        if sink is not None:
            closed(machine, sink)


def _assignments_only(machine: Machine, node: Simple) -> None:
    machine.status, machine.external = 0, False
    for assignment in node.assignments:
        _assign_or_give_up(machine, assignment)
    if node.redirects:
        stdin, output = machine.stdin, machine.output
        sink = apply_redirects(machine, node.redirects)
        machine.stdin, machine.output = stdin, output
        if sink is not None:
            closed(machine, sink)


def _assign_or_give_up(machine: Machine, assignment: Assignment) -> None:
    """A bad substitution leaves the variable as it was: certainly unset, if it was not set before."""
    try:
        assign(machine, assignment)
    except Abort:
        if assignment.name not in machine.state.variables:
            machine.state.unset.add(assignment.name)
        raise


def _dispatch(machine: Machine, node: Simple, argv: list[Word]) -> None:
    first = argv[0]
    name = first.text if first.known or not any(piece.reason for piece in first.pieces) else ""
    while name in ("command", "builtin") and len(argv) > 1 and not argv[1].text.startswith("-"):
        argv = argv[1:]
        name = argv[0].text if argv[0].known else ""
    function = machine.state.functions.get(name)
    if function is not None:
        _with_assignments(machine, node, lambda: _call(machine, function, argv[1:]))
        return
    builtin = BUILTINS.get(name)
    if builtin is not None:
        machine.status, machine.external = 0, False
        if node.declarations or name in ("export", "declare", "typeset", "local", "readonly"):
            declare(machine, name, argv[1:], node.declarations)
        else:
            _with_assignments(machine, node, lambda: builtin(machine, argv, node))
        return
    if name in ("source", "."):
        from lintune.launch.shell_source import source_file

        _with_assignments(machine, node, lambda: source_file(machine, argv[1:]))
        return
    if name == "eval":
        from lintune.launch.shell_source import evaluate_text

        evaluate_text(machine, argv[1:], machine.site(node.span))
        return
    if name == "exec":
        if len(argv) == 1:
            return
        _external(machine, node, argv[1:])
        machine.state.on_exit = ()
        raise Exit
    _external(machine, node, argv)


def _with_assignments(machine: Machine, node: Simple, run: object) -> None:
    """Runs a builtin or function with its prefix assignments, which are undone afterwards."""
    before: dict[str, Variable | None] = {}
    for assignment in node.assignments:
        before[assignment.name] = machine.state.variables.get(assignment.name)
        assign(machine, assignment, export=True)
    try:
        if callable(run):
            run()
    finally:
        for name, variable in before.items():
            if variable is None:
                machine.state.variables.pop(name, None)
            else:
                machine.state.variables[name] = variable


def _call(machine: Machine, function: FunctionBody, words: list[Word]) -> None:
    machine.depth += 1
    if machine.depth > MAX_DEPTH:
        raise WorkBound(f"evaluation stopped at {MAX_DEPTH} nested calls: what comes later is not read")
    arguments, frame = machine.state.arguments, machine.frame
    depth = machine.depth
    machine.state.arguments, machine.frame = tuple(words), function.frame
    machine.locals.append({})
    from lintune.launch.shell_run import run_command

    try:
        gathered(machine, lambda: run_command(machine, function.body), "how the function ends")
    except Return:
        machine.depth = depth
    finally:
        for name, variable in machine.locals.pop().items():
            if variable is None:
                machine.state.variables.pop(name, None)
            else:
                machine.state.variables[name] = variable
        machine.state.arguments, machine.frame = arguments, frame
        machine.depth = depth - 1


def apply_redirects(machine: Machine, redirects: tuple[Redirect, ...]) -> Sink | None:
    """Points standard input and output where the redirections say; returns the file that gets the output, to be closed at the end."""
    sink: Sink | None = None
    for redirect in redirects:
        operator, descriptor = redirect.operator, redirect.descriptor
        if operator in ("<<", "<<-", "<<<"):
            text = expand_text(machine, redirect.target)
            if operator == "<<<":
                text = (*text, Piece("\n", machine.site(redirect.span)))
            if descriptor in ("", "0"):
                machine.stdin = text
            continue
        target = expand_text(machine, redirect.target)
        if operator in ("<", "<>") and descriptor in ("", "0"):
            from lintune.launch.shell_contents import file_pieces

            held = file_pieces(machine, target, machine.site(redirect.span)) if operator == "<" else None
            machine.stdin = machine.unknown(redirect.span, "what the file holds is not read") if held is None else held
            continue
        if operator in (">", ">>", ">|", "&>", "&>>", "<>"):
            machine.written.add((known_text(target) or "").rpartition("/")[2])
        if operator in ("&>", "&>>") or (operator in (">", ">>", ">|", ">&") and descriptor in ("", "1") and known_text(target) != "1"):
            sink = opened(machine, redirect, target)
            machine.output = None if sink is None else sink.text
        else:
            opened(machine, redirect, target)
    return sink


def _external(machine: Machine, node: Simple, argv: list[Word]) -> None:
    """A program: recorded, and its output told where that is possible."""
    env = {
        name: word
        for name, variable in machine.state.variables.items()
        if variable.exported and (word := _environment_word(variable)) is not None
    }
    before = machine.state.variables
    if node.assignments:
        machine.state.variables = dict(before)
        env.update(_prefixes(machine, node))
    site = machine.site(node.span)
    command = Command(tuple(argv), site, env, shown_folder(machine), machine.unsure == 0, machine.background, machine.behind, machine.made)
    machine.commands.append(command)
    if len(machine.commands) > MAX_COMMANDS:
        raise WorkBound(f"evaluation stopped after {MAX_COMMANDS} programs: what comes later is not read")
    machine.state.variables = before
    if machine.unset_reasons:
        _note_feeds(machine, argv)
    machine.status, machine.external = None, True
    if any(word.text.startswith("-") and "c" in word.text for word in argv):
        from lintune.launch.shell_nested import run_nested

        if run_nested(machine, command):
            machine.status, machine.external = None, True
            return
    if argv[0].text == "tee":
        tee(machine, argv)
    if machine.output is not None:
        machine.output.extend(_output(machine, argv, site))


def _prefixes(machine: Machine, node: Simple) -> dict[str, Word]:
    """The assignments before a program, each seeing those before it."""
    found: dict[str, Word] = {}
    for assignment in node.assignments:
        site = machine.site(assignment.span)
        assign(machine, assignment)
        variable = machine.state.variables[assignment.name]
        value = variable.scalar()
        if variable.items is None and value is not None:
            found[assignment.name] = Word(site, value)
    return found


def _environment_word(variable: Variable) -> Word | None:
    value = variable.scalar()
    return None if value is None else Word(variable.site, value)


def _output(machine: Machine, argv: list[Word], site: Site) -> Pieces:
    name = argv[0].text.rpartition("/")[2]
    pure = PURE.get(name) if not argv[0].many else None
    if pure is not None:
        result = pure(machine, argv, site)
        if result is not None:
            return result
    shown = name if argv[0].known else "a program"
    return (unknown_piece(site, f"the output of `{shown}` is only known when it runs"),)


def _note_feeds(machine: Machine, argv: list[Word]) -> None:
    """Which option each unset variable feeds."""
    for index, word in enumerate(argv):
        for piece in word.pieces:
            name = machine.unset_reasons.get(piece.reason) if piece.reason else None
            if name is None:
                continue
            key = ("unset-variable", piece.site.span.start, piece.site.span.end)
            problem = machine.problems.get(key)
            flag = _fed(argv, index)
            if problem is not None and flag and dict(problem.data).get("feeds") == "":
                machine.problems[key] = Problem(problem.kind, problem.message, problem.site, (("name", name), ("feeds", flag)))


def _fed(argv: list[Word], index: int) -> str:
    text = argv[index].text
    if text.startswith("-") and "=" in text:
        return text.partition("=")[0]
    before = argv[index - 1].text if index else ""
    return before if before.startswith("-") and "=" not in before and len(before) > 1 else ""
