"""Files as subjects of rules: what could not be read in them, and a DeepSpeed file as the launch that it is half of."""

from collections.abc import Iterable

from lintune.engine.finding import whole_file
from lintune.engine.roots import ROOTS
from lintune.run.run import Item, Run
from lintune.source.text import Problem, Source
from lintune.syntax.tree import Mapping
from lintune.values.value import Known, Unknown, Value

_DEEPSPEED_KEYS = frozenset(
    (
        "zero_optimization",
        "train_micro_batch_size_per_gpu",
        "train_batch_size",
        "zero_allow_untested_optimizer",
    )
)


def problem_item(problem: Problem) -> Item:
    """A problem as an item of `shell.problems` or `file.problems`: kind, message and its further facts."""
    fields: dict[str, Value] = {name: Known(text) for name, text in problem.data}
    fields |= {"kind": Known(problem.kind), "message": Known(problem.message)}
    return Item(fields, problem.site)


def file_run(source: Source, framework: str, lists: dict[str, Iterable[Problem]]) -> Run:
    """A file as a subject: its problems by list."""
    run = Run(framework, source.path, whole_file(source), "file")
    for name, problems in lists.items():
        seen: dict[tuple[str, int, int, str], Problem] = {}
        for problem in problems:
            seen.setdefault((problem.kind, problem.site.span.start, problem.site.span.end, problem.site.source.path), problem)
        run.items[name] = tuple(problem_item(problem) for problem in seen.values())
    return run


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
