"""Simple commands: assignments, redirections, functions, builtins, and the programs that the script runs."""

from lintune.launch.shell_arithmetic import arithmetic
from lintune.launch.shell_builtins import BUILTINS
from lintune.launch.shell_expand import expand_text, expand_words
from lintune.launch.shell_flow import Exit, Return
from lintune.launch.shell_machine import MAX_DEPTH, Abort, Machine, WorkBound
from lintune.launch.shell_paths import shown_folder
from lintune.launch.shell_pieces import Pieces, known_text, through, unknown_piece
from lintune.launch.shell_pure import PURE
from lintune.launch.shell_state import FunctionBody, Variable
from lintune.launch.word import Command, Piece, Word
from lintune.source.text import Problem, Site, Span
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
    if node.redirects:
        apply_redirects(machine, node.redirects)
    try:
        _dispatch(machine, node, argv)
    finally:
        machine.output = output
        if node.redirects:
            machine.stdin = stdin


def _assignments_only(machine: Machine, node: Simple) -> None:
    machine.status, machine.external = 0, False
    for assignment in node.assignments:
        try:
            assign(machine, assignment)
        except Abort:
            if assignment.name not in machine.state.variables:
                machine.state.unset.add(assignment.name)
            raise
    if node.redirects:
        stdin, output = machine.stdin, machine.output
        apply_redirects(machine, node.redirects)
        machine.stdin, machine.output = stdin, output


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
        run_command(machine, function.body)
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


def apply_redirects(machine: Machine, redirects: tuple[Redirect, ...]) -> None:
    """Points standard input and output where the redirections say."""
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
            machine.stdin = machine.unknown(redirect.span, "what the file holds is not read")
        elif operator in ("&>", "&>>") or (operator in (">", ">>", ">|", ">&") and descriptor in ("", "1") and known_text(target) != "1"):
            machine.output = None


def assign(machine: Machine, node: Assignment, export: bool = False) -> None:
    """Runs one assignment."""
    name, site = node.name, machine.site(node.span)
    if node.items is not None:
        _assign_array(machine, node, site)
    elif node.index is not None:
        _assign_element(machine, node, site)
    else:
        value = expand_text(machine, node.value, True)
        old = machine.state.variables.get(name)
        integer = old is not None and old.integer
        if node.append and integer:
            before = known_text((old.scalar() if old else None) or ()) or "0"
            value = (Piece(before + "+", site), *value)
        elif node.append:
            value = (*_old_value(machine, name, site), *value)
        if integer:
            number = arithmetic(machine, value, site)
            value = (unknown_piece(site, number),) if isinstance(number, str) else (Piece(str(number), site),)
        machine.assign(name, value, site)
    if export:
        set_exported(machine, name, True)


def _old_value(machine: Machine, name: str, site: Site) -> Pieces:
    variable = machine.state.variables.get(name)
    if variable is not None:
        return variable.scalar() or ()
    if machine.is_open(name) and name not in machine.provided:
        return ()
    return machine.variable(name, site) or ()


def _assign_array(machine: Machine, node: Assignment, site: Site) -> None:
    old = machine.state.variables.get(node.name)
    associative = old is not None and old.associative
    items: dict[str, Word] = {}
    if node.append and old is not None:
        items = dict(old.items) if old.items is not None else ({} if old.value is None else {"0": Word(site, old.value)})
    following = 1 + max([int(key) for key in items if key.isdigit()], default=-1)
    for item in node.items or ():
        if item.key is not None:
            key_text = expand_text(machine, item.key)
            key = known_text(key_text) if associative else _index(machine, key_text, site)
            if key is None:
                continue
            items[key] = Word(machine.site(item.value.span), expand_text(machine, item.value))
            following = int(key) + 1 if key.isdigit() else following
            continue
        for word in expand_words(machine, [item.value]):
            items[str(following)] = word
            following += 1
    items = _ordered(items, associative)
    machine.produce(len(items))
    machine.assigned.setdefault(node.name, site)
    exported = old.exported if old is not None else False
    machine.state.variables[node.name] = Variable(None, site, items, associative, exported)
    machine.state.unset.discard(node.name)


def _ordered(items: dict[str, Word], associative: bool) -> dict[str, Word]:
    """Elements in the order in which bash lists them: by index, or by the buckets of its table of keys."""
    keys = list(items)
    if associative:
        places = {key: (_bucket(key), -place) for place, key in enumerate(keys)}
        return {key: items[key] for key in sorted(keys, key=lambda key: places[key])}
    numbers = [int(key) for key in keys]
    if all(low < high for low, high in zip(numbers, numbers[1:], strict=False)):
        return items
    return {str(number): items[str(number)] for number in sorted(numbers)}


def _bucket(key: str) -> int:
    """Where a key lies in bash's table (hashlib.c, `hash_string`: FNV-1, 1,024 buckets)."""
    value = 2166136261
    for byte in key.encode("utf-8", "surrogateescape"):
        value = (value * 16777619 & 0xFFFFFFFF) ^ byte
    return value & 1023


def _index(machine: Machine, pieces: Pieces, site: Site) -> str | None:
    number = arithmetic(machine, pieces, site)
    return None if isinstance(number, str) else str(number)


def _assign_element(machine: Machine, node: Assignment, site: Site) -> None:
    old = machine.state.variables.get(node.name)
    items = dict(old.items) if old is not None and old.items is not None else {}
    associative = old is not None and old.associative
    key_text = expand_text(machine, node.index)
    key = known_text(key_text) if associative else _index(machine, key_text, site)
    value = expand_text(machine, node.value, True)
    if key is None:
        items[str(len(items))] = Word(site, (unknown_piece(site, f"an element of `{node.name}` is set at an unknown place"),), True)
    else:
        if node.append and key in items:
            value = (*items[key].pieces, *value)
        items[key] = Word(site, value)
        items = _ordered(items, associative)
    machine.produce(len(items))
    machine.assigned.setdefault(node.name, site)
    machine.state.variables[node.name] = Variable(None, site, items, associative, old.exported if old else False)


def set_exported(machine: Machine, name: str, exported: bool) -> None:
    """Marks a variable as reaching programs, or not."""
    old = machine.state.variables.get(name)
    if old is None:
        (machine.exports.add if exported else machine.exports.discard)(name)
    elif old.exported != exported:
        machine.state.variables[name] = Variable(old.value, old.site, old.items, old.associative, exported, old.integer, old.fold)


def declare(machine: Machine, builtin: str, words: list[Word], declarations: tuple[Assignment, ...]) -> None:
    """`export`, `declare`, `local`, `readonly`, `typeset`."""
    flags, names = "", list[tuple[str, Site]]()
    for word in words:
        text = known_text(word.pieces)
        if text is None or word.many:
            machine.state.opaque = machine.state.opaque or f"`{builtin}` of a text that is not known"
        elif text.startswith(("-", "+")) and not names:
            flags += text[1:] if text[0] == "-" else "".join(f"+{letter}" for letter in text[1:])
        elif "=" in text:
            name, _, _ = text.partition("=")
            names.append((name, word.site))
            _declare_text(machine, builtin, flags, name, word)
        else:
            names.append((text, word.site))
    if "f" in flags or "p" in flags:
        return
    export = (builtin == "export" and "n" not in flags) or ("x" in flags and "+x" not in flags)
    for name, site in names:
        _attributes(machine, builtin, flags, name, site)
    for node in declarations:
        _attributes(machine, builtin, flags, node.name, machine.site(node.span))
        assign(machine, node)
    if export or builtin == "export":
        for name in [name for name, _ in names] + [node.name for node in declarations]:
            set_exported(machine, name, export)


def _declare_text(machine: Machine, builtin: str, flags: str, name: str, word: Word) -> None:
    """`export "$name=value"`: the assignment is only seen after expansion."""
    from lintune.launch.shell_pieces import slice_pieces

    _attributes(machine, builtin, flags, name, word.site)
    machine.assign(name, slice_pieces(word.pieces, len(name) + 1, len(word.text)), word.site)


def _attributes(machine: Machine, builtin: str, flags: str, name: str, site: Site) -> None:
    variables = machine.state.variables
    old = variables.get(name)
    if machine.locals and "g" not in flags and builtin in ("local", "declare", "typeset"):
        scope = machine.locals[-1]
        if name not in scope:
            scope[name] = old
            old = None
            variables[name] = Variable(None, site)
    if "A" in flags or "a" in flags:
        if old is None or old.items is None:
            value = old.value if old is not None else None
            variables[name] = Variable(None, site, {} if value is None else {"0": Word(site, value)}, "A" in flags)
        return
    fold = next((letter for letter in flags if letter in "lu"), "")
    if "i" in flags or fold:
        value = old.value if old is not None else None
        variables[name] = Variable(value, site, None, False, old is not None and old.exported, "i" in flags, fold)


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
    command = Command(tuple(argv), site, env, shown_folder(machine), machine.unsure == 0, machine.background)
    machine.commands.append(command)
    machine.state.variables = before
    if machine.unset_reasons:
        _note_feeds(machine, argv)
    machine.status, machine.external = None, True
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
            return through(result, site) if False else result
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


def span_of(node: Simple) -> Span:
    """The span of a command without its redirections."""
    return node.span
