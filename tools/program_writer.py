"""Writes random Python programs over a few options: what the walk of a training script is tried on, against real execution.

A program parses options with argparse, works on them with statements of every kind, may raise on the way, and ends with a
`raise` whose message shows its numbers and texts. Programs always end: loops run over small ranges and lists.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from program_expressions import KINDS, WORDS, ExpressionWriter, Names
from program_features import FEATURE_HEAD, FEATURE_IMPORTS, FEATURES

_SLOT = re.compile(r"<(\w+)>")
_ERRORS = ("ValueError", "KeyError", "RuntimeError", "TypeError", "OwnError", "OwnKeyError", "LookupError", "ZeroDivisionError")


@dataclass
class Program:
    """A program with the values that its options have."""

    text: str
    options: dict[str, object]
    shown: tuple[str, ...] = ()
    """The variables that are bound at its end."""


class ProgramWriter(ExpressionWriter):
    """Writes one program."""

    def __init__(self, seed: int, size: int = 14) -> None:
        """`size`: about how many statements it has."""
        self.random = random.Random(seed)
        self.left = size
        self.count = 0
        self.lines: list[str] = []
        self.names = Names()
        self.functions: list[tuple[str, int]] = []
        self.loops = 0
        self.handler = 0
        self.in_function = 0
        self.options: dict[str, object] = {}

    def program(self) -> Program:
        """The program."""
        for index in range(self.random.randint(2, 4)):
            kind = self.random.choice(("int", "str", "bool", "list", "int", "str", "none"))
            name = f"o{index}"
            self.options[name] = self.option_value(kind)
            self.names.bound[kind if kind != "none" else "any"].append(f"args.{name}")
        head = [
            "import argparse",
            "import contextlib",
            "import sys",
            *FEATURE_IMPORTS,
            "TABLE = {'a': 1, 'b': 2}",
            "COUNT = 0",
            "class OwnError(ValueError):",
            "    pass",
            "class OwnKeyError(KeyError):",
            "    def __init__(self, text):",
            "        super().__init__(f'own {text}')",
            "class Box:",
            "    size = 3",
            "    def __init__(self, items, label='box'):",
            "        self.items = items",
            "        self.label = label",
            "    def grow(self, by=1):",
            "        self.size += by",
            "        return self",
            "    @property",
            "    def total(self):",
            "        return self.size + len(self.items)",
        ]
        head += FEATURE_HEAD
        self.block(0, self.random.randint(0, 2), self.function)
        functions, self.lines = self.lines, []
        body = ["    parser = argparse.ArgumentParser()"]
        body += [f"    parser.add_argument('--{name}', default={value!r})" for name, value in self.options.items()]
        body += ["    args = parser.parse_args()"]
        while self.left > 0:
            self.statement(1)
        shown = [name for names in self.names.bound.values() for name in names]
        message = " ".join(f"{{{name}}}" for name in (*self.names.bound["int"], *self.names.bound["str"]))
        self.add(1, f'raise RuntimeError(f"{message} {{COUNT}}")')
        text = "\n".join([*head, *functions, "def main():", "    global COUNT", *body, *self.lines, "main()", ""])
        return Program(text, self.options, (*shown, "COUNT", "TABLE"))

    def option_value(self, kind: str) -> object:
        """A value for an option of a kind."""
        pick = self.random.choice
        match kind:
            case "int":
                return self.random.randint(-2, 5)
            case "str":
                return pick(WORDS)
            case "bool":
                return pick((True, False))
            case "list":
                return [self.random.randint(0, 3) for _ in range(self.random.randint(0, 3))]
        return None

    # writing

    def add(self, depth: int, line: str) -> None:
        """One line."""
        self.lines.append("    " * depth + line)

    def fresh(self, kind: str) -> str:
        """A new variable, bound from now on; or one that exists."""
        known = [name for name in self.names.bound[kind] if name.startswith("v")]
        if known and self.random.random() < 0.4:
            return self.random.choice(known)
        self.count += 1
        return f"v{self.count}"

    def bind(self, kind: str, name: str) -> None:
        """The variable holds a value of the kind."""
        for other in KINDS:
            if name in self.names.bound[other] and other != kind:
                self.names.bound[other].remove(name)
        if name not in self.names.bound[kind]:
            self.names.bound[kind].append(name)

    def block(self, depth: int, count: int, write: Callable[[int], None] | None = None) -> None:
        """Some statements, at least one line."""
        before = len(self.lines)
        for _ in range(count):
            (write or self.statement)(depth)
        if write is None and len(self.lines) == before:
            self.add(depth, "pass")

    def branch(self, depth: int, count: int = 0) -> None:
        """A block whose new variables are not relied on afterwards."""
        kept = self.names.copy()
        self.block(depth, count or self.random.randint(1, 3))
        self.names = kept

    def statement(self, depth: int) -> None:
        """One statement of a random kind."""
        self.left -= 1
        if depth > 4 or self.left < -20:
            self.assignment(depth)
            return
        weighted = (
            [self.assignment] * 6
            + [self.condition] * 5
            + [self.mutation] * 4
            + [self.for_loop] * 2
            + [self.attempt] * 2
            + [self.guard] * 2
            + [self.call] * 2
            + [self.while_loop, self.matching, self.unpacking, self.context, self.boxed, self.attribute, self.counted]
            + [self.feature] * 6
        )
        self.random.choice(weighted)(depth)

    # statements

    def feature(self, depth: int) -> None:
        """Something of `program_features.py`: enumerations, generators, context managers, objects, patterns, sets."""
        kind, template = self.random.choice(FEATURES)
        target = self.fresh(kind) if kind else ""

        def fill(found: "re.Match[str]") -> str:
            return target if found[1] == "target" else self.expression(found[1], 2)

        lines = _SLOT.sub(fill, template).splitlines()
        for line in lines:
            if line.strip() == "BODY":
                self.branch(depth + 1 + (len(line) - len(line.lstrip())) // 4 - 1)
            else:
                self.add(depth, line)
        if kind:
            self.bind(kind, target)

    def assignment(self, depth: int) -> None:
        """A variable gets a value."""
        kind = self.random.choice(("int", "int", "str", "bool", "list", "dict"))
        value = self.expression(kind)
        known = [name for name in self.names.bound[kind] if name.startswith("v")]
        if known and kind in ("int", "str", "list") and self.random.random() < 0.25:
            self.add(depth, f"{self.random.choice(known)} += {value}")
            return
        name = self.fresh(kind)
        self.add(depth, f"{name} = {value}")
        self.bind(kind, name)

    def condition(self, depth: int) -> None:
        """if, elif, else."""
        self.add(depth, f"if {self.expression('bool')}:")
        self.branch(depth + 1)
        if self.random.random() < 0.3:
            self.add(depth, f"elif {self.expression('bool')}:")
            self.branch(depth + 1)
        if self.random.random() < 0.5:
            self.add(depth, "else:")
            self.branch(depth + 1)

    def guard(self, depth: int) -> None:
        """A raise, an assertion or an exit, mostly under a condition."""
        error = self.random.choice(_ERRORS)
        text = f'f"{{{self.simple("int")}}} {{{self.simple("str")}!r}} {{{self.simple("list")}}}"'
        choice = self.random.random()
        if choice < 0.25:
            self.add(depth, f"assert {self.expression('bool')}, {text}")
            return
        if self.handler and choice < 0.45:
            self.add(depth, f"raise {error}({text})")
            return
        self.add(depth, f"if {self.expression('bool')}:")
        if choice > 0.92:
            self.add(depth + 1, f"sys.exit({text})")
        elif choice > 0.85 and self.loops:
            self.add(depth + 1, self.random.choice(("break", "continue")))
        elif choice > 0.8 and self.in_function:
            self.add(depth + 1, f"return {self.expression('int')}")
        else:
            self.add(depth + 1, f"raise {error}({text})")

    def for_loop(self, depth: int) -> None:
        """A loop over something small."""
        name = self.fresh("int")
        source = self.random.choice(
            (
                f"range({self.random.randint(0, 3)})",
                f"{self.expression('list')}[:4]",
                f"[{self.expression('int')}, {self.expression('int')}]",
                f"list({self.expression('dict')}.values())[:3]",
                f"sorted({self.expression('list')})[:3]",
                f"range(max(0, min(3, {self.expression('int')})))",
            )
        )
        if self.random.random() < 0.25:
            self.count += 1
            self.add(depth, f"for i{self.count}, {name} in enumerate({source}):")
        else:
            self.add(depth, f"for {name} in {source}:")
        kept = self.names.copy()
        self.bind("int", name)
        self.loops += 1
        self.block(depth + 1, self.random.randint(1, 3))
        if self.random.random() < 0.25:
            self.add(depth + 1, f"if {self.expression('bool')}:")
            self.add(depth + 2, self.random.choice(("break", "continue")))
        self.loops -= 1
        self.names = kept
        if name in self.names.bound["int"]:
            self.names.bound["int"].remove(name)
        if self.random.random() < 0.2:
            self.add(depth, "else:")
            self.branch(depth + 1, 1)

    def while_loop(self, depth: int) -> None:
        """A loop with a counter."""
        self.count += 1
        name = f"w{self.count}"
        self.add(depth, f"{name} = {self.random.randint(0, 3)}")
        self.add(depth, f"while {name} > 0 and {self.expression('bool')}:" if self.random.random() < 0.5 else f"while {name} > 0:")
        self.add(depth + 1, f"{name} -= 1")
        self.loops += 1
        self.branch(depth + 1, self.random.randint(1, 2))
        self.loops -= 1

    def attempt(self, depth: int) -> None:
        """try, except, else, finally."""
        self.add(depth, "try:")
        self.handler += 1
        self.branch(depth + 1)
        self.handler -= 1
        caught = self.random.choice(("ValueError", "(KeyError, TypeError)", "Exception", "LookupError", "OwnError", "ArithmeticError"))
        bound = self.random.random() < 0.4
        self.add(depth, f"except {caught} as error:" if bound else f"except {caught}:")
        if bound and self.random.random() < 0.5:
            name = self.fresh("str")
            self.add(depth + 1, f"{name} = str(error)")
            self.names.bound["str"] = [each for each in self.names.bound["str"] if each != name]
            self.names.bound["int"] = [each for each in self.names.bound["int"] if each != name]
        if self.random.random() < 0.2:
            self.add(depth + 1, self.random.choice(("raise", 'raise RuntimeError("again")')))
        else:
            self.branch(depth + 1, 1)
        if self.random.random() < 0.2:
            self.add(depth, "else:")
            self.branch(depth + 1, 1)
        if self.random.random() < 0.2:
            self.add(depth, "finally:")
            self.branch(depth + 1, 1)

    def mutation(self, depth: int) -> None:
        """A list or dictionary is changed in place."""
        changes: tuple[str, ...]
        if self.random.random() < 0.6:
            target = self.random.choice(self.names.bound["list"] or ["TABLE.setdefault('l', [])"])
            value = self.expression("int")
            changes = (
                f"{target}.append({value})",
                f"{target}.extend([{value}, {value}])",
                f"{target}.insert(0, {value})",
                f"{target} and {target}.pop()",
                f"{target}.reverse()",
                f"{target}.sort()",
                f"{value} in {target} and {target}.remove({value})",
                f"{target}[:1] = [{value}]",
                f"{target}.clear()",
                f"{target}[-1:] = []",
            )
        else:
            target = self.random.choice([*self.names.bound["dict"], "TABLE"])
            key, value = self.expression("str"), self.expression("int")
            changes = (
                f"{target}[{key}] = {value}",
                f"{target}.update(a={value})",
                f"{target}.pop({key}, None)",
                f"{target}.setdefault({key}, {value})",
                f"{target}['b'] = {target}.get({key}, {value})",
                f"{target}.update({{{key}: {value}}})",
            )
        self.add(depth, self.random.choice(changes))

    def matching(self, depth: int) -> None:
        """match over a value."""
        kind = self.random.choice(("str", "int", "list"))
        self.add(depth, f"match {self.expression(kind)}:")
        patterns = {
            "str": ("'lora' | 'full'", "''", "'a'"),
            "int": ("0", "1 | 2", "int() as m if m > 3"),
            "list": ("[]", "[m]", "[m, *rest] if len(rest) < 2"),
        }[kind]
        for pattern in self.random.sample(patterns, 2):
            self.add(depth + 1, f"case {pattern}:")
            self.branch(depth + 2, 1)
        if self.random.random() < 0.5:
            self.add(depth + 1, "case _:")
            self.branch(depth + 2, 1)

    def unpacking(self, depth: int) -> None:
        """Several names at once."""
        first, second = self.fresh("int"), f"u{self.count}"
        self.count += 1
        choice = self.random.random()
        if choice < 0.4:
            self.add(depth, f"{first}, {second} = {self.expression('int')}, {self.expression('int')}")
        elif choice < 0.7:
            self.add(depth, f"{first}, *{second} = [{self.expression('int')}, *{self.expression('list')}]")
        else:
            self.add(depth, f"{first} = {second} = {self.expression('int')}")
        self.bind("int", first)

    def context(self, depth: int) -> None:
        """with suppress."""
        self.add(depth, f"with contextlib.suppress({self.random.choice(('ValueError', 'KeyError', 'TypeError', 'LookupError'))}):")
        self.handler += 1
        self.branch(depth + 1)
        self.handler -= 1

    def boxed(self, depth: int) -> None:
        """An object of the program's class."""
        self.count += 1
        name = f"b{self.count}"
        self.add(depth, f"{name} = Box({self.expression('list')}{self.random.choice(('', ', label=' + self.expression('str')))})")
        if self.random.random() < 0.5:
            self.add(depth, f"{name}.grow({self.random.choice(('', '2', self.expression('int')))})")
        if self.random.random() < 0.3:
            self.add(depth, f"setattr({name}, 'size', {self.expression('int')})")
        result = self.fresh("int")
        self.add(depth, f"{result} = {self.random.choice((f'{name}.total', f'{name}.size', f'len({name}.items)'))}")
        self.bind("int", result)

    def attribute(self, depth: int) -> None:
        """An option is set, or read by name."""
        if self.in_function:
            self.assignment(depth)
            return
        name = self.random.choice(list(self.options))
        if self.random.random() < 0.5:
            target = self.fresh("any")
            self.add(depth, f"{target} = getattr(args, {name!r}, None)")
            self.bind("any", target)
            return
        value = self.options[name]
        kind = "bool" if isinstance(value, bool) else "int" if isinstance(value, int) else "str" if isinstance(value, str) else ""
        self.add(depth, f"args.{name} = {self.expression(kind) if kind else f'args.{name}'}")

    def counted(self, depth: int) -> None:
        """The module's variable changes."""
        if not self.in_function:
            self.add(depth, f"COUNT += {self.expression('int')}")

    def function(self, depth: int) -> None:
        """A function of the module."""
        name, count = f"f{len(self.functions)}", self.random.randint(1, 2)
        kept, self.names = self.names, Names()
        left, self.left = self.left, 3
        self.names.bound["int"] = [f"p{index}" for index in range(count)]
        plain = ", ".join(f"p{index}" for index in range(count - 1))
        self.add(depth, f"def {name}({plain}{', ' if plain else ''}p{count - 1}={self.random.randint(0, 3)}, *rest, flag=False):")
        loops, self.loops = self.loops, 0
        self.in_function += 1
        options, self.options = self.options, {}
        writes = [self.assignment, self.condition, self.guard, self.for_loop, self.mutation]
        for _ in range(self.random.randint(1, 3)):
            self.random.choice(writes)(depth + 1)
        self.add(depth + 1, f"return {self.expression('int')} if flag else {self.expression('int')} + len(rest)")
        self.in_function -= 1
        self.loops, self.left, self.names, self.options = loops, left, kept, options
        self.functions.append((name, count))

    def call(self, depth: int) -> None:
        """A call of one of the functions."""
        if not self.functions or self.in_function:
            self.assignment(depth)
            return
        name, count = self.random.choice(self.functions)
        words = [self.expression("int") for _ in range(self.random.randint(max(count - 1, 1), count + 1))]
        if self.random.random() < 0.3:
            words.append(f"flag={self.expression('bool')}")
        result = self.fresh("int")
        self.add(depth, f"{result} = {name}({', '.join(words)})")
        self.bind("int", result)
