"""The tree of a shell script: words in parts, commands, and where each stands in the text."""

from typing import TypeAlias

from lintune.source.record import dataclass, field
from lintune.source.text import Problem, Source, Span


@dataclass(slots=True)
class Literal:
    """Characters that stand for themselves. `quoted`: by quotes or a backslash, so neither split nor a pattern."""

    span: Span
    text: str
    quoted: bool = False


@dataclass(slots=True)
class Placeholder:
    """`<your_path>` without quotes: meant to be replaced, read by bash as redirections."""

    span: Span
    text: str


@dataclass(slots=True)
class Parameter:
    """`$name` or `${name...}`. `operator` is empty or one of `:- - := = :? ? :+ + # ## % %% / // /# /% ^ ^^ , ,, : @`."""

    span: Span
    name: str
    quoted: bool = False
    operator: str = ""
    argument: "ShellWord | None" = None
    second: "ShellWord | None" = None
    """The replacement of `/`, the length of a slice `:`."""
    index: "ShellWord | None" = None
    """What stands in `[...]`; `@` and `*` included."""
    length: bool = False
    indirect: bool = False


@dataclass(slots=True)
class BadSubstitution:
    """`${batch*2}`: bash refuses it and gives the command up."""

    span: Span
    text: str


@dataclass(slots=True)
class Substitution:
    """`$(...)` or backticks."""

    span: Span
    body: "tuple[Statement, ...]"
    quoted: bool = False


@dataclass(slots=True)
class ProcessSubstitution:
    """`<(...)` or `>(...)`."""

    span: Span
    body: "tuple[Statement, ...]"


@dataclass(slots=True)
class Arithmetic:
    """`$((...))`: the expression as a word, whose expansions happen first."""

    span: Span
    expression: "ShellWord"
    quoted: bool = False


Part: TypeAlias = Literal | Placeholder | Parameter | BadSubstitution | Substitution | ProcessSubstitution | Arithmetic


@dataclass(slots=True)
class ShellWord:
    """A word as written, quotes removed."""

    span: Span
    parts: tuple[Part, ...]

    def literal(self) -> str | None:
        """The text if the word holds no expansion."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Literal):
            return self.parts[0].text
        if all(isinstance(part, Literal) for part in self.parts):
            return "".join(part.text for part in self.parts if isinstance(part, Literal))
        return None


@dataclass(slots=True)
class Assignment:
    """`name=value`, `name[i]+=value` or `name=(...)`."""

    span: Span
    name: str
    append: bool = False
    index: ShellWord | None = None
    value: ShellWord | None = None
    """None in `declare name` and for arrays."""
    items: "tuple[ArrayItem, ...] | None" = None


@dataclass(slots=True)
class ArrayItem:
    """One element of `(...)`, with `[key]=` where it is written."""

    value: ShellWord
    key: ShellWord | None = None


@dataclass(slots=True)
class Redirect:
    """`2>file`, `<<EOF`, `<<<word`; a heredoc's target is its body."""

    span: Span
    operator: str
    descriptor: str
    target: ShellWord | None = None


@dataclass(slots=True)
class Simple:
    """Assignments, words, redirections."""

    span: Span
    assignments: tuple[Assignment, ...]
    words: tuple[ShellWord, ...]
    redirects: tuple[Redirect, ...]
    declarations: tuple[Assignment, ...] = ()
    """The assignments that `export`, `declare`, `local`, `readonly`, `typeset` are given."""


@dataclass(slots=True)
class Group:
    """`{ ...; }`, or `( ... )` if `subshell`."""

    span: Span
    body: "tuple[Statement, ...]"
    subshell: bool
    redirects: tuple[Redirect, ...] = ()


@dataclass(slots=True)
class If:
    """Branches of condition and body, the last `else`."""

    span: Span
    branches: "tuple[tuple[tuple[Statement, ...], tuple[Statement, ...]], ...]"
    otherwise: "tuple[Statement, ...]"
    redirects: tuple[Redirect, ...] = ()


@dataclass(slots=True)
class For:
    """`for name in words`; `words` is None for the script's own arguments."""

    span: Span
    name: str
    words: tuple[ShellWord, ...] | None
    body: "tuple[Statement, ...]"
    redirects: tuple[Redirect, ...] = ()


@dataclass(slots=True)
class ForArithmetic:
    """`for ((start; condition; step))`."""

    span: Span
    start: ShellWord
    condition: ShellWord
    step: ShellWord
    body: "tuple[Statement, ...]"
    redirects: tuple[Redirect, ...] = ()


@dataclass(slots=True)
class While:
    """`while` or `until`."""

    span: Span
    condition: "tuple[Statement, ...]"
    body: "tuple[Statement, ...]"
    until: bool
    redirects: tuple[Redirect, ...] = ()


@dataclass(slots=True)
class Clause:
    """One `pattern | pattern) body ;;` of a case."""

    patterns: tuple[ShellWord, ...]
    body: "tuple[Statement, ...]"
    terminator: str


@dataclass(slots=True)
class Case:
    """`case word in ... esac`."""

    span: Span
    subject: ShellWord
    clauses: tuple[Clause, ...]
    redirects: tuple[Redirect, ...] = ()


@dataclass(slots=True)
class Function:
    """A function's definition."""

    span: Span
    name: str
    body: "CommandNode"


@dataclass(slots=True)
class Test:
    """`[[ ... ]]`: operands and operators as words, `( ) ! && || < >` as unquoted literals."""

    span: Span
    words: tuple[ShellWord, ...]
    redirects: tuple[Redirect, ...] = ()


@dataclass(slots=True)
class ArithmeticCommand:
    """`((...))`."""

    span: Span
    expression: ShellWord
    redirects: tuple[Redirect, ...] = ()


CommandNode: TypeAlias = Simple | Group | If | For | ForArithmetic | While | Case | Function | Test | ArithmeticCommand


@dataclass(slots=True)
class Pipeline:
    """Commands joined by `|`, perhaps negated."""

    commands: tuple[CommandNode, ...]
    negated: bool = False


@dataclass(slots=True)
class Statement:
    """Pipelines joined by `&&` and `||`; `background` if ended by `&`."""

    span: Span
    first: Pipeline
    rest: tuple[tuple[str, Pipeline], ...] = ()
    background: bool = False


@dataclass(slots=True)
class Script:
    """A parsed shell script."""

    source: Source
    body: tuple[Statement, ...]
    comments: tuple[Span, ...] = ()
    problems: tuple[Problem, ...] = field(default=())
