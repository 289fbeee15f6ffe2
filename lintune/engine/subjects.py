"""Files as subjects of rules: what could not be read in them, and a DeepSpeed file as the launch that it is half of."""

from collections.abc import Iterable

from lintune.engine.finding import whole_file
from lintune.engine.roots import ROOTS
from lintune.run.run import Item, Run
from lintune.source.text import Problem, Source
from lintune.syntax.tree import Mapping
from lintune.values.value import Known, Step, Unknown, Value

_DEEPSPEED_KEYS = frozenset(
    (
        "zero_optimization",
        "train_micro_batch_size_per_gpu",
        "train_batch_size",
        "zero_allow_untested_optimizer",
    )
)


_FURTHER = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
"""The fields of an item that hold further places of the same fault."""


def problem_item(problem: Problem) -> Item:
    """A problem as an item of `shell.problems` or `file.problems`: kind, message and its further facts."""
    fields: dict[str, Value] = {name: Known(text) for name, text in problem.data}
    fields |= {"kind": Known(problem.kind), "message": Known(problem.message)}
    return Item(fields, problem.site)


def file_run(source: Source, framework: str, lists: dict[str, Iterable[Problem]]) -> Run:
    """A file as a subject: its problems by list."""
    run = Run(framework, source.path, whole_file(source), "file")
    for name, problems in lists.items():
        seen: dict[tuple[object, ...], list[Problem]] = {}
        for problem in problems:
            seen.setdefault(_fault(problem), []).append(problem)
        run.items[name] = tuple(_one_of(group) for group in seen.values())
    return run


def _fault(problem: Problem) -> tuple[object, ...]:
    """What makes two problems one: the place; for a variable that nothing sets its name, for too many aliases the file."""
    facts = dict(problem.data)
    if problem.kind == "unset-variable" and facts.get("feeds"):
        return (problem.kind, facts.get("name"), problem.site.source.path)
    if problem.kind == "yaml-alias" and "stand for more than" in problem.message:
        return (problem.kind, problem.site.source.path)
    return (problem.kind, problem.site.span.start, problem.site.span.end, problem.site.source.path)


def _one_of(group: list[Problem]) -> Item:
    """The first of several problems that are one, with the places of the others as `second`, `third` ..."""
    first = problem_item(group[0])
    others = dict.fromkeys(problem.site for problem in group[1:] if problem.site != first.site)
    further = {name: Known("", (Step("flag", site),)) for name, site in zip(_FURTHER, others, strict=False)}
    return Item({**first.fields, **further}, first.site)


def looks_like_deepspeed(root: object) -> bool:
    """Whether a JSON document is a DeepSpeed configuration."""
    return isinstance(root, Mapping) and any(entry.key.value in _DEEPSPEED_KEYS for entry in root.entries)


def deepspeed_run(source: Source, root: Mapping) -> Run:
    """A DeepSpeed file on its own: what it says is known, everything else of the launch is not."""
    from lintune.frameworks.deepspeed_config import fill_deepspeed

    run = Run("deepspeed", source.path, whole_file(source))
    unknown = Unknown("only the DeepSpeed file was given", settle="the launch script")
    run.unread = {name: unknown for name in ROOTS if name != "ds"}
    run.values["par.ds.file"] = Known(source.path)
    fill_deepspeed(run, root, ())
    return run
