"""From a command to a launch: wrappers taken off, the launcher's options split from the script and its arguments."""

from collections.abc import Mapping

from lintune.launch import launcher_options as options_of
from lintune.launch.option_syntax import OptionSyntax, SplitOptions, looks_like_script, split_options
from lintune.launch.purpose import SUBCOMMANDS, Purpose, purpose_of
from lintune.launch.unwrapping import Unwrapped, program_name, take_wrappers_off
from lintune.launch.word import UNKNOWN_TEXT, Command, Word, word_tail
from lintune.source.record import dataclass, field, replace
from lintune.source.text import Site, Span


@dataclass(frozen=True, slots=True)
class Launch:
    """A command that starts a Python program through a launcher (a plain `python` counts as one)."""

    command: Command
    launcher: str
    """`torchrun` (also for `python -m torch.distributed.run` and `.launch`), `deepspeed`, `accelerate`, `python`, `swift`,
    `llamafactory-cli` ...; "" where the program itself is unknown."""
    wrappers: tuple[str, ...]
    """The programs in front of the launcher, outermost first: `nohup`, `srun`, `uv` ..."""
    options: Mapping[str, Word]
    """The launcher's options by full name (`nproc_per_node`, `num_gpus`, `config_file`): the value, or the option word
    itself where it takes none."""
    entry: Word | None
    """The script, module or recipe; None where the launcher is itself the program (`swift sft`) or none is given."""
    module: bool
    """Whether `entry` is a module name (`-m`)."""
    args: tuple[Word, ...]
    """What the entry receives; for `swift sft` and the like, what follows the subcommand."""
    head: Site
    """From the launcher word to the entry (or subcommand) word."""
    kind: Purpose = "train"
    """`other` for evaluation, export, conversion, serving and the like."""
    subcommand: str = ""
    """`sft` of `swift sft`, `run` of `tune run`; "torch.distributed.launch" for that older form of torchrun."""
    env: Mapping[str, Word] = field(default_factory=dict)
    """What the program sees: the command's variables and those that `env` and `srun --export` add."""
    exact: bool = True
    """Whether the split into options, entry and args is certain."""
    strange: tuple[Word, ...] = ()
    """Options that the launcher does not have."""
    unread: tuple[Word, ...] = ()
    """Unknown words in front of the entry, which may hold any launcher option."""
    wrapper_options: Mapping[str, Mapping[str, Word]] = field(default_factory=dict)
    """By wrapper: its own options (`srun` -> `nodes`, `gres`)."""
    handed: frozenset[str] = frozenset()
    """Paths that programs were given which ran before, and which may have made these files."""


def unwrap(command: Command) -> Launch | None:
    """The launch that a command is, or None where it starts no launcher and no Python."""
    call = take_wrappers_off(command)
    if not call.words:
        return None
    name = program_name(call.words[0])
    if call.module_runner:
        return _module(call, 0, 0, call.words[0])
    if name in _SCRIPT_LAUNCHERS:
        return _with_script(call, name, 0, 1)
    if name == "accelerate":
        return _accelerate(call, 0, 1)
    if name in SUBCOMMANDS or name in _PROGRAMS:
        return _with_subcommand(call, _PROGRAMS.get(name, name), 0, 1)
    if name == "python":
        return _python(call)
    if name.endswith(".py"):
        return _finish(call, "python", SplitOptions({}, 0), 0, at_entry=0)
    return _unknown_program(call)


_SCRIPT_LAUNCHERS: Mapping[str, OptionSyntax] = {
    "torchrun": options_of.TORCHRUN,
    "deepspeed": options_of.DEEPSPEED,
    "ds": options_of.DEEPSPEED,
    "accelerate-launch": options_of.ACCELERATE,
    "composer": options_of.COMPOSER,
}
_NAMES = {"ds": "deepspeed", "accelerate-launch": "accelerate"}
_PROGRAMS = {"llamafactory": "llamafactory-cli", "lmf": "llamafactory-cli", "tune": "tune", "colossalai": "colossalai"}
_SECOND_LEVEL: Mapping[str, OptionSyntax] = {"tune": options_of.TORCHRUN, "colossalai": options_of.COLOSSALAI}
_MODULES = {
    "torch.distributed.run": "torchrun",
    "torch.distributed.launch": "torchrun",
    "torch.distributed.launcher": "torchrun",
    "deepspeed.launcher.runner": "deepspeed",
    "deepspeed": "deepspeed",
    "accelerate.commands.launch": "accelerate-launch",
    "composer.cli.launcher": "composer",
    "composer": "composer",
}
_PROGRAM_MODULES = {
    "swift.cli.main": "swift",
    "llamafactory.cli": "llamafactory-cli",
    "trl.cli": "trl",
    "trl": "trl",
    "litgpt": "litgpt",
    "torchtune._cli.tune": "tune",
    "axolotl": "axolotl",
    "axolotl.cli.main": "axolotl",
    "colossalai": "colossalai",
}
_ACCELERATE_OF_TRL = {"--accelerate_config": "config_file", "--num_processes": "num_processes", "--num_machines": "num_machines"}
_SUBCOMMAND_MODULES = (("swift.cli.", "swift"), ("axolotl.cli.", "axolotl"))


def _with_script(call: Unwrapped, name: str, first: int, start: int, subcommand: str = "") -> Launch:
    """torchrun and its like: options, then a script (or module) and its arguments."""
    split = split_options(call.words, start, _SCRIPT_LAUNCHERS[name])
    module = any(flag in split.given for flag in ("module", "module_mode"))
    return _finish(call, _NAMES.get(name, name), split, first, at_entry=split.rest, module=module, subcommand=subcommand)


def _accelerate(call: Unwrapped, first: int, at: int) -> Launch:
    if at < len(call.words) and call.words[at].text == "launch":
        return _with_script(call, "accelerate-launch", first, at + 1, "launch")
    return _with_subcommand(call, "accelerate", first, at)


def _with_subcommand(call: Unwrapped, name: str, first: int, at: int, subcommand: str = "") -> Launch:
    """swift and its like: a subcommand, then everything else is its own."""
    words = call.words
    if not subcommand and at < len(words) and not words[at].text.startswith("-"):
        subcommand, at = words[at].text, at + 1
    if name in _SECOND_LEVEL and subcommand == "run":
        split = split_options(words, at, _SECOND_LEVEL[name])
        return _finish(call, name, split, first, at_entry=split.rest, subcommand=subcommand, module="m" in split.given)
    kind: Purpose = "train" if _trains(name, subcommand) else "other"
    launch = _finish(call, name, SplitOptions({}, at), first, subcommand=subcommand)
    options = _handed_on(launch.args) if name == "trl" else launch.options
    return replace(launch, kind=kind, options=options)


def _handed_on(args: tuple[Word, ...]) -> dict[str, Word]:
    """What `trl` hands to accelerate, with which it starts its scripts (trl/cli.py main, 0.16 to 1.5)."""
    found: dict[str, Word] = {}
    for word, after in zip(args, (*args[1:], None), strict=False):
        option, equals, _ = word.text.partition("=")
        name = _ACCELERATE_OF_TRL.get(option)
        value = word_tail(word, len(option) + 1) if equals else after
        # a bare word may be one of the configurations that TRL ships
        if name and value is not None and (name != "config_file" or value.text.endswith((".yaml", ".yml", ".json"))):
            found[name] = value
    return found


def _trains(name: str, subcommand: str) -> bool:
    return subcommand in SUBCOMMANDS.get(name, ()) or UNKNOWN_TEXT in subcommand


def _python(call: Unwrapped) -> Launch:
    """The interpreter's options, then a script, `-m` and a module, `-c` and text, or `-`."""
    words, at, exact, unread = call.words, 1, True, []
    while at < len(words):
        word, text = words[at], words[at].text
        if word.many and text == UNKNOWN_TEXT and any(looks_like_script(later.text) for later in words[at + 1 :]):
            unread.append(word)
            exact = False
        elif not text.startswith("-") or text == "-":
            break
        else:
            letter, tail = _deciding_letter(text)
            if letter == "m":
                found = word_tail(word, len(text) - len(tail)) if tail else words[at + 1] if at + 1 < len(words) else None
                return _module(call, 0, at if tail else at + 1, found)
            if letter == "c":
                return replace(_finish(call, "python", SplitOptions({}, at + 2), 0), kind="other")
            at += 1 if letter and not tail else 0
        at += 1
    split = SplitOptions({}, min(at, len(words)), exact, (), tuple(unread))
    if at >= len(words) or words[at].text == "-":
        return replace(_finish(call, "python", replace(split, rest=min(at + 1, len(words))), 0), kind="other")
    return _finish(call, "python", split, 0, at_entry=at)


def _deciding_letter(text: str) -> tuple[str, str]:
    """The option of a cluster like `-um` that takes a value, and what follows it in the word."""
    if text.startswith("--"):
        return ("X", "") if text == "--check-hash-based-pycs" else ("", "")
    for index, letter in enumerate(text[1:], 1):
        if letter in "mcWX":
            return letter, text[index + 1 :]
    return "", ""


def _module(call: Unwrapped, first: int, at: int, module: Word | None) -> Launch:
    """`python -m MODULE`, where the module may itself be a launcher."""
    name = module.text if module else ""
    if name in _MODULES:
        subcommand = name if name == "torch.distributed.launch" else ""
        return _with_script(call, _MODULES[name], first, at + 1, subcommand)
    if name in ("accelerate", "accelerate.commands.accelerate_cli"):
        return _accelerate(call, first, at + 1)
    if name in _PROGRAM_MODULES:
        return _with_subcommand(call, _PROGRAM_MODULES[name], first, at + 1)
    for prefix, program in _SUBCOMMAND_MODULES:
        if name.startswith(prefix):
            return _with_subcommand(call, program, first, at + 1, name.removeprefix(prefix))
    if module is None:
        return replace(_finish(call, "python", SplitOptions({}, len(call.words)), first), kind="other")
    return replace(_finish(call, "python", SplitOptions({}, at), first, at_entry=at, module=True), entry=module)


def _unknown_program(call: Unwrapped) -> Launch | None:
    """An unknown program word in front of a script or `-m`: taken for a launcher whose options are not known."""
    words = call.words
    if UNKNOWN_TEXT not in words[0].text:
        return None
    for at, word in enumerate(words[1:], 1):
        if word.text.endswith(".py"):
            break
        if word.text == "-m" and at + 1 < len(words):
            return replace(_module(call, 0, at + 1, words[at + 1]), exact=False, unread=(words[0],))
    else:
        return None
    return _finish(call, "", SplitOptions({}, at, False, (), tuple(words[:at])), 0, at_entry=at)


def _finish(
    call: Unwrapped,
    launcher: str,
    split: SplitOptions,
    first: int,
    *,
    at_entry: int | None = None,
    module: bool = False,
    subcommand: str = "",
) -> Launch:
    words = call.words
    entry = words[at_entry] if at_entry is not None and at_entry < len(words) else None
    args = words[split.rest + 1 :] if entry is not None else words[split.rest :]
    last = words[at_entry] if entry is not None and at_entry is not None else words[max(first, min(split.rest, len(words)) - 1)]
    flags = frozenset(word.text.lstrip("-").partition("=")[0].replace("-", "_") for word in args if word.text.startswith("-"))
    kind = purpose_of(entry.text, flags, launcher not in ("python", "")) if entry is not None else "other"
    return Launch(
        call.command,
        launcher,
        call.wrappers,
        split.given,
        entry,
        module,
        args,
        _head(words[first], last, call.command),
        kind,
        subcommand,
        call.env,
        split.exact,
        split.strange,
        split.unread,
        call.wrapper_options,
    )


def _head(first: Word, last: Word, command: Command) -> Site:
    """From the first to the last word where both stand in the command, else the first word alone."""
    source, start, end = first.site.source, first.site.span.start, last.site.span.end
    whole = command.site
    if source is whole.source and last.site.source is source and whole.span.start <= start < end <= whole.span.end:
        return Site(source, Span(start, end))
    return first.site
