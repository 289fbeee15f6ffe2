"""What is read from an entry script: options, bases, guards, comparisons, and where the reading stops."""

from textwrap import dedent

import pytest

from lintune.scripts.entry import EntryScript, read_entry_script
from lintune.source.text import Source
from lintune.values.option import Option


def script(files: dict[str, str] | str, entry: str = "train.py") -> EntryScript:
    """The entry script of a project given as texts by path, or as the text of its only file."""
    texts = {entry: files} if isinstance(files, str) else files
    sources = {path: Source(path, dedent(text)) for path, text in texts.items()}
    return read_entry_script(sources[entry], sources.get)


HF = """
    from dataclasses import dataclass, field
    from typing import Optional, List, Literal
    import transformers

    @dataclass
    class ModelArguments:
        name: Optional[str] = field(default="m", metadata={"help": "which"})
        sizes: List[int] = field(default_factory=lambda: [1, 2])

    @dataclass
    class TrainingArguments(transformers.TrainingArguments):
        tune_llm: Optional[bool] = field(default=True)
        maybe: Optional[bool] = None
        pixels: int = 28 * 28 * 16
        mode: Literal["a", "b"] = "a"
        must: str = field()
        hidden: int = field(init=False, default=3)

    def train():
        parser = transformers.HfArgumentParser((ModelArguments, TrainingArguments))
        model_args, training_args = parser.parse_args_into_dataclasses()
        use = training_args.tune_llm
        if training_args.mode == "b":
            if use and not getattr(model_args, "name"):
                raise ValueError("no name")
        assert training_args.pixels > 0, "pixels"
        if model_args.version == 3:
            print(1)
        else:
            raise KeyError(f"bad {use}")

    if __name__ == "__main__":
        train()
"""


def options(entry: EntryScript) -> dict[str, Option]:
    return {name: option for item in entry.dataclasses for name, option in item.options.items()}


def test_dataclasses_of_the_parser_are_read_in_order_with_their_library_bases() -> None:
    entry = script(HF)
    assert (entry.kind, entry.complete, entry.allows_leftovers) == ("hf", True, False)
    assert [(item.name, item.bases) for item in entry.dataclasses] == [
        ("ModelArguments", ()),
        ("TrainingArguments", ("transformers.TrainingArguments",)),
    ]


def test_fields_become_options_as_the_parser_would_make_them() -> None:
    found = options(script(HF))
    assert "hidden" not in found
    assert (found["tune_llm"].type, found["tune_llm"].nargs, found["tune_llm"].default) == ("bool", "optional", True)
    assert (found["maybe"].type, found["maybe"].nargs) == ("optional-bool", "one")
    assert (found["sizes"].type, found["sizes"].nargs, found["sizes"].default) == ("int", "many", (1, 2))
    assert (found["pixels"].type, found["pixels"].default) == ("int", 12544)
    assert found["mode"].choices == ("a", "b")
    assert found["must"].required and not found["must"].has_default


@pytest.mark.parametrize(("decorator", "expected"), [("@dataclass", 3), ("@dataclasses.dataclass(kw_only=True)", 3), ("", 2)])
def test_a_subclass_that_is_no_dataclass_itself_has_the_fields_of_its_parent(decorator: str, expected: int) -> None:
    text = f"""
        import dataclasses
        from dataclasses import dataclass
        from transformers import HfArgumentParser

        @dataclass
        class Parent:
            size: int = 2
            name: str = "a"

        {decorator}
        class Child(Parent):
            size: int = 3
            extra: str = "b"

        (args,) = HfArgumentParser(Child).parse_args_into_dataclasses()
    """
    found = options(script(text))
    assert found["size"].default == expected and ("extra" in found) is bool(decorator)


def test_an_option_knows_where_it_is_written() -> None:
    site = options(script(HF))["pixels"].site
    assert site is not None and site.text == "pixels: int = 28 * 28 * 16" and site.line == 15


def test_a_site_counts_characters_not_bytes() -> None:
    entry = script(
        """
        import argparse
        p = argparse.ArgumentParser()
        x = "一二三"; p.add_argument("--a")
        """
    )
    assert entry.arguments[0].site is not None and entry.arguments[0].site.text == 'p.add_argument("--a")'


def test_guards_name_the_options_of_the_conditions_around_them() -> None:
    guards = [(sorted(guard.names), guard.message) for guard in script(HF).guards]
    assert guards == [(["mode", "name", "tune_llm"], "no name"), (["pixels"], "pixels"), (["version"], "bad ...")]


def test_a_guard_in_a_function_that_is_given_the_arguments_is_found() -> None:
    entry = script(
        """
        import argparse
        def check(a, rate):
            if a.lora and rate > 1:
                raise ValueError("x")
        def main():
            parser = argparse.ArgumentParser()
            parser.add_argument("--lora", action="store_true")
            args = parser.parse_args()
            check(args, args.lr)
        main()
        """
    )
    assert [sorted(guard.names) for guard in entry.guards] == [["lora", "lr"]]


def test_a_post_init_of_a_dataclass_is_a_guard() -> None:
    entry = script(
        """
        from dataclasses import dataclass
        from transformers import HfArgumentParser
        @dataclass
        class A:
            x: int = 1
            def __post_init__(self):
                if self.x < 0:
                    raise ValueError("negative")
        HfArgumentParser(A).parse_args_into_dataclasses()
        """
    )
    assert [(set(guard.names), guard.message) for guard in entry.guards] == [({"x"}, "negative")]


def test_a_stub_leads_to_the_script_that_it_calls() -> None:
    entry = script(
        {
            "pkg/train/mem.py": "from pkg.train.real import train\nif __name__ == '__main__':\n    train(fast=True)\n",
            "pkg/train/real.py": HF,
        },
        "pkg/train/mem.py",
    )
    assert entry.complete and "tune_llm" in options(entry)


def test_dataclasses_are_found_through_imports_and_aliases() -> None:
    entry = script(
        {
            "src/train/sft.py": """
                from transformers import HfArgumentParser
                from src.params import Args
                def main():
                    (args,) = HfArgumentParser([Args]).parse_args_into_dataclasses()
                main()
            """,
            "src/params.py": """
                from dataclasses import dataclass
                from trl import DPOConfig as Base
                @dataclass
                class Common:
                    lr: float = 1.0
                @dataclass
                class Args(Common, Base):
                    beta: float = "0.5"
            """,
        },
        "src/train/sft.py",
    )
    found = options(entry)
    assert entry.dataclasses[0].bases == ("trl.DPOConfig",)
    assert found["lr"].default == 1.0 and found["beta"].default == 0.5


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("from transformers import HfArgumentParser\nHfArgumentParser(make()).parse_args_into_dataclasses()", "dataclass"),
        ("import argparse\np = argparse.ArgumentParser()\nfor n in 'ab':\n    p.add_argument('--' + n)\np.parse_args()", "computed"),
        ("import argparse, sys\np = argparse.ArgumentParser()\nsys.argv.append('--x')\np.parse_args()", "sys.argv"),
        (
            "import argparse\np = argparse.ArgumentParser()\np.add_subparsers()",
            "sub",
        ),
        ("import fire\nfire.Fire(main)", "no argument parser"),
    ],
)
def test_what_cannot_be_read_leaves_the_options_open(text: str, reason: str) -> None:
    entry = script(text)
    assert not entry.complete and reason in entry.unread


def test_leftovers_and_config_files_are_noticed() -> None:
    entry = script(
        """
        import sys
        from dataclasses import dataclass
        from transformers import HfArgumentParser
        @dataclass
        class A:
            x: int = 1
        parser = HfArgumentParser(A)
        if sys.argv[1].endswith(".json"):
            a, = parser.parse_json_file(sys.argv[1])
        else:
            a, rest = parser.parse_args_into_dataclasses(return_remaining_strings=True)
        """
    )
    assert entry.allows_leftovers and entry.config_suffixes == (".json",) and entry.looks_for_args_file


def test_argparse_calls_become_options() -> None:
    entry = script(
        """
        import argparse
        import deepspeed
        parser = argparse.ArgumentParser()
        parser.add_argument("-m", "--model-name", type=str, required=True)
        parser.add_argument("--lr", type=float, default="1e-4")
        parser.add_argument("--fast", action="store_true")
        parser.add_argument("--no-cache", dest="cache", action="store_false")
        parser.add_argument("--mix", action=argparse.BooleanOptionalAction, default=True)
        parser.add_argument("--size", type=int, choices=[1, 2], nargs="+")
        parser.add_argument("path")
        deepspeed.add_config_arguments(parser)
        args = parser.parse_args()
        """
    )
    found = {option.name: option for option in entry.arguments}
    assert entry.complete and [option.name for option in entry.positionals] == ["path"]
    assert found["model_name"].required and found["model_name"].spellings == ("-m", "--model-name")
    assert found["lr"].default == 0.0001
    assert (found["fast"].nargs, found["fast"].const, found["fast"].default) == ("none", True, False)
    assert (found["cache"].const, found["cache"].default) == (False, True)
    assert found["mix"].negations == ("--no-mix",)
    assert (found["size"].choices, found["size"].nargs) == (("1", "2"), "many")
    assert found["deepspeed_config"].type == "str"


def test_a_script_that_does_not_parse_is_a_problem_with_its_line() -> None:
    entry = script("x = 1\ndef f(:\n")
    assert [(problem.kind, problem.site.line) for problem in entry.problems] == [("python-syntax", 2)]
    assert not entry.complete


def test_compared_values_come_from_the_files_that_the_script_imports() -> None:
    entry = script(
        {
            "train.py": "from data import load\nload()\n",
            "data.py": """
                def load(kind=None):
                    if kind == "llama3":
                        return 1
                    elif self.kind in ("qwen", "glm"):
                        return 2
            """,
        }
    )
    found = entry.compared_values("kind")
    assert set(found) == {"llama3", "qwen", "glm"} and found["llama3"].source.path == "data.py"
    assert found["qwen"].text == '"qwen"'


def test_modules_that_import_each_other_end() -> None:
    entry = script({"train.py": "from a import *\nfrom a import x\nx()\n", "a.py": "from train import *\nfrom train import x\n"})
    assert entry.kind == "none"


def test_repository_with_a_transformers_of_its_own() -> None:
    """Its options are not those of a release, so that no flag is unknown for certain."""
    text = "import transformers as t\n(args,) = t.HfArgumentParser(t.TrainingArguments).parse_args_into_dataclasses()\n"
    entry = Source("examples/glue/run_glue.py", text)
    files = {"src/transformers/training_args.py": Source("src/transformers/training_args.py", "class TrainingArguments: ...")}
    assert read_entry_script(entry, files.get).unread == "the repository brings a transformers of its own"
    assert read_entry_script(entry, lambda _: None).complete


def test_methods_of_classes_that_are_given_the_parser() -> None:
    """A method of a named class is followed, also one of its base; what is not followed may add options."""
    text = dedent("""
        import argparse
        import pytorch_lightning as pl

        class Base:
            @staticmethod
            def add_args(parser):
                parser.add_argument("--learning_rate", type=float)

        class Model(Base):
            @staticmethod
            def add_own(parser):
                Base.add_args(parser)
                parser.add_argument("--task")

        parser = argparse.ArgumentParser()
        Model.add_own(parser)
    """)
    read = read_entry_script(Source("train.py", text + "args = parser.parse_args()\n"), lambda _: None)
    assert [option.name for option in read.arguments] == ["task", "learning_rate"] and read.complete
    inherited = read_entry_script(Source("train.py", text + "Model.add_args(parser)\nparser.parse_args()\n"), lambda _: None)
    assert inherited.complete
    for more in ("pl.Trainer.add_argparse_args(parser)", "plugins[0].add_options(parser)", "register(parser=parser)"):
        assert not read_entry_script(Source("train.py", f"{text}{more}\nparser.parse_args()\n"), lambda _: None).complete
