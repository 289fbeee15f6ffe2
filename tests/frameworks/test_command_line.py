"""Command lines: values with origins, and everything that is wrong with them."""

import argparse
import contextlib
import io
from collections.abc import Callable, Mapping
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintune.frameworks.command_line import Parsed, parse_command_line, words_of_file
from lintune.frameworks.option_table import OptionTable, TableOption, fill_spellings, library_table, option_table
from lintune.launch.word import UNKNOWN_TEXT, Piece, Word
from lintune.scripts.entry import read_entry_script
from lintune.source.text import Site, Source, Span
from lintune.values.option import Option
from lintune.values.value import Absent, Data, Known, Unknown, Value
from lintune.values.version import Pin, Specifiers

SCRIPT = """
from dataclasses import dataclass, field
from typing import Optional
import transformers

@dataclass
class TrainingArguments(transformers.TrainingArguments):
    tune_llm: Optional[bool] = field(default=True)
    tune_vision: Optional[bool] = field(default=True)
    use_lora: Optional[bool] = field(default=False)
    lora_r: int = 64
    optim: str = "adamw_torch"

def train():
    parser = transformers.HfArgumentParser(TrainingArguments)
    (args,) = parser.parse_args_into_dataclasses()
train()
"""


def pins(text: str) -> dict[str, Pin]:
    return {"transformers": Pin("transformers", Specifiers.parse(text))} if text else {}


def table(pin: str = "==4.51.3", script: str = SCRIPT) -> OptionTable:
    source = Source("finetune.py", dedent(script))
    return option_table(read_entry_script(source, lambda _: None), pins(pin))


def words(line: str) -> list[Word]:
    """The words of a line; `?` stands for an unknown word, `*` for any number of them, `_` for an empty one."""
    source, found, at = Source("run.sh", line), [], 0
    for text in line.split(" "):
        site = Site(source, Span(at, at + len(text)))
        at += len(text) + 1
        reason = "`$X` is not set" if "?" in text or text == "*" else ""
        shown = UNKNOWN_TEXT if text == "*" else "" if text == "_" else text.replace("?", UNKNOWN_TEXT)
        found.append(Word(site, (Piece(shown, site, reason=reason),), many=text == "*"))
    return found


def parse(line: str, pin: str = "==4.51.3", script: str = SCRIPT) -> Parsed:
    return parse_command_line(words("--output_dir o " + line if line else "--output_dir o"), table(pin, script))


def plain(fields: Mapping[str, Value], *names: str) -> tuple[Data, ...]:
    return tuple(value.value if isinstance(value := fields[name], Known) else None for name in names)


def items(parsed: Parsed, kind: str, *names: str) -> list[tuple[Data, ...]]:
    return [plain(item.fields, *names) for item in parsed.items.get(kind, ())]


def test_given_values_are_typed_and_point_at_flag_and_value() -> None:
    parsed = parse("--lora_r 8 --learning_rate=1e-5 --bf16 --tune_llm false")
    assert [plain(parsed.values, name)[0] for name in ("lora_r", "learning_rate", "bf16", "tune_llm")] == [8, 1e-5, True, False]
    step = parsed.values["lora_r"].origin[0]
    assert step.kind == "flag" and step.site is not None and step.site.text == "--lora_r 8"
    assert parsed.items == {}


def test_defaults_name_their_release_or_script() -> None:
    values = parse("").values
    assert values["lora_r"] == Known(64, values["lora_r"].origin)
    step = values["lora_r"].origin[0]
    assert (step.kind, step.note, step.site and step.site.text) == (
        "default",
        "default of finetune.py TrainingArguments",
        "lora_r: int = 64",
    )
    assert values["warmup_ratio"].origin[0].note == "default of transformers 4.51.3"
    assert isinstance(values["max_grad_norm"], Known) and isinstance(values["run_name"], Absent)


def test_a_default_that_changed_is_unknown_without_a_pin() -> None:
    value = parse("", "").values["average_tokens_across_devices"]
    assert isinstance(value, Unknown) and "False" in value.reason and "True from 4.54" in value.reason and "--assume" in value.settle
    assert isinstance(parse("", "==4.57.6").values["average_tokens_across_devices"], Known)


def test_an_option_that_the_release_lacks_is_absent() -> None:
    assert isinstance(parse("", "==4.40.2").values["eval_strategy"], Absent)


@pytest.mark.parametrize(
    ("line", "kind", "site"),
    [
        ("--max_steps 1e3", "type", "--max_steps 1e3"),
        ("--bf16 flase", "type", "--bf16 flase"),
        ("--save_strategy step", "choice", "--save_strategy step"),
        ("--lora_r --bf16", "missing-value", "--lora_r"),
        ("--lora_r", "missing-value", "--lora_r"),
        ("--tf32", "bool-needs-value", "--tf32"),
        ("--lr 3", "ambiguous", "--lr"),
        ("--report_to wandb tensorboard", "stray-word", "tensorboard"),
        ("--num_train_epochs 3 4", "stray-word", "4"),
        ("--learning_rate -1e-5", "missing-value", "--learning_rate"),
        ("--no_tune_llm=1", "type", "--no_tune_llm=1"),
        ("--liger_kernel_config {}", "type", "--liger_kernel_config {}"),
    ],
)
def test_refused_values(line: str, kind: str, site: str) -> None:
    pin = "==4.57.6" if "liger" in line else "==4.51.3"
    parsed = parse(line, pin)
    assert [item.fields["kind"] for item in parsed.items["raw.invalid"]] == [Known(kind)]
    found = parsed.items["raw.invalid"][0].site
    assert found is not None and found.text == site


def test_a_bad_choice_names_the_nearest() -> None:
    assert items(parse("--save_strategy step"), "raw.invalid", "nearest", "value") == [("steps", "step")]


@pytest.mark.parametrize("line", ["--learning_rate -1", "--save_steps -0.5", "--run_name -", "--run_name _", "--no_tune_llm"])
def test_what_looks_odd_and_is_accepted(line: str) -> None:
    assert parse(line).items == {}


def test_unknown_flags_name_the_nearest_and_take_their_words() -> None:
    parsed = parse("--tune_vison true --zzz")
    assert items(parsed, "raw.unknown", "flag", "nearest", "value") == [("--tune_vison", "--tune_vision", "true"), ("--zzz", None, None)]
    assert "raw.invalid" not in parsed.items and "tune_vison" not in parsed.values


def test_a_script_that_keeps_leftovers_drops_unknown_flags() -> None:
    script = SCRIPT.replace("dataclasses()", "dataclasses(return_remaining_strings=True)").replace("(args,)", "args, rest")
    parsed = parse("--tune_vison true x", script=script)
    assert items(parsed, "raw.dropped", "flag") == [("--tune_vison",)] and set(parsed.items) == {"raw.dropped"}


@pytest.mark.parametrize(
    ("pin", "reported"), [("==4.40.2", False), ("==4.51.0", True), ("", True), (">=4.41,<4.51", False), (">=4.50", True)]
)
def test_a_flag_is_windowed_where_a_release_in_force_lacks_it(pin: str, reported: bool) -> None:
    parsed = parse("--evaluation_strategy steps", pin)
    expected = [("evaluation_strategy", "transformers", "<4.51", ">=4.51", "--eval_strategy", "from 4.41")]
    found = items(parsed, "raw.windowed", "name", "package", "works", "broken", "replacement", "replacement_when")
    assert found == (expected if reported else [])
    assert plain(parsed.values, "evaluation_strategy") == ("steps",)


def test_dashed_spellings_have_a_window() -> None:
    assert items(parse("--learning-rate 1", "==4.45.2"), "raw.windowed", "works", "replacement") == [(">=4.46", "--learning_rate")]
    assert parse("--learning-rate 1 --no-tune-llm", "==4.46.0").items == {}


def test_a_value_that_only_some_releases_accept() -> None:
    parsed = parse("--save_strategy best", "")
    assert items(parsed, "raw.windowed_value", "value", "works", "broken") == [("best", ">=4.47", "<4.47")]
    assert plain(parsed.values, "save_strategy") == ("best",)


def test_abbreviations_and_captured_ones() -> None:
    assert items(parse("--learning_rat 1"), "raw.abbreviated", "full", "captured") == [("--learning_rate", False)]
    captured = parse("--fsdp_conf x --gradient_checkpointing_k {}", "==4.51.3")
    assert items(captured, "raw.abbreviated", "full") == [("--fsdp_config",), ("--gradient_checkpointing_kwargs",)]


def test_repeated_flags_point_at_the_losing_one() -> None:
    parsed = parse("--lora_r 8 --lora_r 16 --no_tune_llm --tune_llm false")
    assert items(parsed, "raw.duplicate", "name", "first", "last", "same") == [("lora_r", 8, 16, False), ("tune_llm", False, False, True)]
    first = parsed.items["raw.duplicate"][0].site
    assert first is not None and first.text == "--lora_r 8" and plain(parsed.values, "lora_r") == (16,)


def test_required_options() -> None:
    assert items(parse_command_line(words("--bf16"), table("==4.48.3")), "raw.required", "name") == [("output_dir",)]
    assert parse_command_line(words("--bf16"), table("==4.51.3")).items == {}
    assert parse_command_line(words("--bf16"), table("")).items == {}


def test_unknown_words_make_values_unknown_and_nothing_else() -> None:
    parsed = parse("--lora_r ? --run_name a?b --learning_rate=?")
    assert parsed.items == {} and all(isinstance(parsed.values[name], Unknown) for name in ("lora_r", "run_name", "learning_rate"))
    assert plain(parsed.values, "bf16") == (False,)


@pytest.mark.parametrize("line", ["*", "--lora_r *", "--?", "--?=3"])
def test_a_word_that_may_be_many_leaves_the_rest_open(line: str) -> None:
    parsed = parse("--tune_llm false " + line)
    assert parsed.open_ended and parsed.items == {}
    assert plain(parsed.values, "tune_llm") == (False,) and isinstance(parsed.values["bf16"], Unknown)


def test_variables_are_steps_of_the_origin() -> None:
    text = "LR=1e-5\nrun --learning_rate $LR\n"
    source = Source("run.sh", text)

    def site(part: str) -> Site:
        return Site(source, Span(text.index(part), text.index(part) + len(part)))

    flag = Word(site("--learning_rate"), (Piece("--learning_rate", site("--learning_rate")),))
    value = Word(site("$LR"), (Piece("1e-5", site("1e-5"), via=(site("$LR"),)),))
    origin = parse_command_line([flag, value], table()).values["learning_rate"].origin
    assert [(step.kind, step.site and step.site.text) for step in origin] == [("flag", "--learning_rate $LR"), ("variable", "1e-5")]


def test_a_flag_from_a_variable_points_where_it_is_written() -> None:
    text = 'ARGS="--lora_r 8"\nrun $ARGS\n'
    source = Source("run.sh", text)
    use = Site(source, Span(text.index("$ARGS"), text.index("$ARGS") + 5))

    def word(part: str) -> Word:
        return Word(use, (Piece(part, Site(source, Span(text.index(part), text.index(part) + len(part))), via=(use,)),))

    origin = parse_command_line([word("--lora_r"), word("8")], table()).values["lora_r"].origin
    assert [(step.kind, step.site and step.site.text) for step in origin] == [("flag", "--lora_r 8"), ("variable", "$ARGS")]


def test_values_of_a_config_file_lie_between_defaults_and_flags() -> None:
    config: dict[str, Value] = {"lora_r": Known(1), "bf16": Known(True)}
    parsed = parse_command_line(words("--lora_r 8"), table(), config)
    assert plain(parsed.values, "lora_r", "bf16") == (8, True)


def test_a_config_file_as_the_only_word() -> None:
    script = SCRIPT + "\nparser.parse_json_file('x')\n"
    parsed = parse_command_line(words("conf.json"), table(script=script))
    assert parsed.config is not None and parsed.config.text == "conf.json" and parsed.items == {}


def test_without_the_script_unknown_flags_are_kept_with_a_likely_value() -> None:
    parsed = parse_command_line(words("--use_lora true --lora_r 8 --max_steps 1e3 x"), library_table("transformers.TrainingArguments"))
    assert plain(parsed.values, "use_lora", "lora_r") == (True, 8)
    assert set(parsed.items) == {"raw.invalid"} and len(parsed.items["raw.invalid"]) == 1


def test_trl_classes_bring_their_own_and_the_inherited_options() -> None:
    script = """
        from trl import DPOConfig, TrlParser
        parser = TrlParser(DPOConfig)
        (args,) = parser.parse_args_and_config()
    """
    found = option_table(
        read_entry_script(Source("dpo.py", dedent(script)), lambda _: None), {"trl": Pin("trl", Specifiers.parse("==0.19.1"))}
    )
    parsed = parse_command_line(words("--beta 0.2 --learning_rate 1e-6 --config c.yaml --betta 1"), found)
    assert found.packages == ("trl", "transformers") and plain(parsed.values, "beta", "config") == (0.2, "c.yaml")
    assert set(parsed.items) == {"raw.unknown"}


def test_a_library_class_without_a_surface_leaves_the_table_open() -> None:
    script = "from other import Config\nfrom transformers import HfArgumentParser\nHfArgumentParser(Config).parse_args_into_dataclasses()\n"
    found = option_table(read_entry_script(Source("x.py", script), lambda _: None), {})
    assert not found.complete and "other.Config" in found.unread
    assert parse_command_line(words("--anything"), found).items == {}


def test_an_args_file_comes_before_the_command_line() -> None:
    source = Source("finetune.args", "--lora_r 4\n  --bf16\n")
    parsed = parse_command_line([*words_of_file(source), *words("--lora_r 8")], table())
    assert plain(parsed.values, "lora_r", "bf16") == (8, True)
    first = parsed.items["raw.duplicate"][0].site
    assert first is not None and (first.source.path, first.text) == ("finetune.args", "--lora_r 4")


def test_a_parser_without_abbreviations_takes_none() -> None:
    script = "import argparse\np = argparse.ArgumentParser(allow_abbrev=False)\np.add_argument('--lora_rank')\np.parse_args()\n"
    parsed = parse_command_line(words("--lora 8 --lora-rank 8"), table(script=script))
    assert items(parsed, "raw.unknown", "flag") == [("--lora",), ("--lora-rank",)]


def test_an_alias_does_not_take_the_dashed_spelling_away() -> None:
    script = SCRIPT.replace("lora_r: int = 64", 'lora_r: int = field(default=64, metadata={"aliases": ["--rank"]})')
    parsed = parse("--lora-r 8 --rank 4", script=script)
    assert set(parsed.items) == {"raw.duplicate"} and plain(parsed.values, "lora_r") == (4,)


ADD: dict[str, Callable[[argparse.ArgumentParser], object]] = {
    "alpha": lambda parser: parser.add_argument("--alpha", type=int, default=1),
    "alpine": lambda parser: parser.add_argument("--alpine", type=float),
    "beta": lambda parser: parser.add_argument("--beta", action="store_true"),
    "gamma": lambda parser: parser.add_argument("--gamma", choices=["a", "b"], default="a"),
    "many": lambda parser: parser.add_argument("--many", nargs="+", type=int),
}
OPTIONS = (
    Option("alpha", "int", 1, spellings=("--alpha",)),
    Option("alpine", "float", None, spellings=("--alpine",)),
    Option("beta", "bool", False, nargs="none", spellings=("--beta",)),
    Option("gamma", "str", "a", choices=("a", "b"), spellings=("--gamma",)),
    Option("many", "int", None, nargs="many", spellings=("--many",)),
)
FLAGS = ["--alpha", "--alp", "--alpi", "--beta", "--b", "--gamma", "--g=a", "--many", "--alpha=2", "--x", "-x"]
PARTS = [*FLAGS, "-", "-1", "-1e5", "1", "2.5", "a", "c"]


@given(st.lists(st.sampled_from(PARTS), max_size=7))
def test_any_line_ends_as_with_argparse(line: list[str]) -> None:
    parser = argparse.ArgumentParser(exit_on_error=True)
    for add in ADD.values():
        add(parser)
    with contextlib.redirect_stderr(io.StringIO()):
        try:
            real: dict[str, object] | None = vars(parser.parse_args(line))
        except SystemExit:
            real = None
    found = OptionTable("argparse")
    for option in OPTIONS:
        found.options[option.name] = TableOption(option)

    fill_spellings(found)
    parsed = parse_command_line(words(" ".join(line)) if line else [], found)
    assert (real is None) == bool(parsed.items.keys() & {"raw.invalid", "raw.unknown"}), (real, parsed.items)
    if real is not None:
        ours = {name: list(value) if isinstance(value := plain(parsed.values, name)[0], tuple) else value for name in real}
        assert ours == real


def test_nothing_is_short_for_another_where_options_may_be_missing() -> None:
    """A script that is not at hand may have `--lr_scheduler` itself: neither ambiguous nor an abbreviation."""
    found = parse_command_line(words("--lr_scheduler polynomial --label_smoothing 0.1"), library_table("transformers.TrainingArguments"))
    assert found.items.keys().isdisjoint(("raw.invalid", "raw.abbreviated"))
    assert found.values["lr_scheduler"] == Known("polynomial", found.values["lr_scheduler"].origin)


def test_required_option_of_a_parser_that_was_not_read_whole() -> None:
    """A parser of the project's own may take it from elsewhere: it is neither missing nor absent."""
    script = """
    import argparse
    from library import add_options
    parser = argparse.ArgumentParser()
    parser.add_argument("--data_path", required=True)
    {}
    args = parser.parse_args()
    """
    found = parse_command_line(words("--other"), table(script=script.format("add_options(parser)")))
    assert "raw.required" not in found.items and isinstance(found.values["data_path"], Unknown)
    found = parse_command_line(words(""), table(script=script.format("")))
    assert len(found.items["raw.required"]) == 1


def test_letters_in_one_word_and_a_word_without_a_flag() -> None:
    """`-vv`, `-r8` and a positional, as argparse takes them."""
    text = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("stage")
parser.add_argument("-v", dest="verbose", action="count", default=0)
parser.add_argument("-q", dest="quiet", action="store_true")
parser.add_argument("-r", "--rank", type=int, default=4)
args = parser.parse_args()
"""
    entry = read_entry_script(Source("train.py", text), lambda path: None)
    site = Site(Source("run.sh", "python"), Span(0, 6))

    def parsed(words: str) -> Parsed:
        return parse_command_line([Word(site, (Piece(word, site),)) for word in words.split()], option_table(entry, {}))

    found = parsed("sft -qvr8")
    assert found.items == {}
    assert {name: getattr(value, "value", None) for name, value in found.values.items()} == {
        "stage": "sft",
        "verbose": None,
        "quiet": True,
        "rank": 8,
    }
    assert isinstance(found.values["verbose"], Unknown)
    assert isinstance(parsed("sft more -q").values["stage"], Unknown)
    assert parsed("sft -vv").items == {}


@pytest.mark.parametrize(
    ("parse", "word"),
    [("HfArgumentParser((Arguments,)).parse_yaml_file(sys.argv[1])", UNKNOWN_TEXT), ("Own((Arguments,)).parse()", "run.yaml")],
)
def test_a_word_that_may_name_a_config_file_leaves_the_options_open(parse: str, word: str) -> None:
    """`train.py "$2"`: which file is not known; a parser class of the script may read one that is."""
    text = f"""
import sys
from dataclasses import dataclass
from transformers import HfArgumentParser
@dataclass
class Arguments:
    rank: int = 4
class Own(HfArgumentParser):
    pass
args = {parse}
"""
    entry = read_entry_script(Source("train.py", text), lambda path: None)
    site = Site(Source("run.sh", "python"), Span(0, 6))
    words = [Word(site, (Piece(word, site, reason="`$2` is not set" if word == UNKNOWN_TEXT else ""),))]
    found = parse_command_line(words, option_table(entry, {}))
    assert isinstance(found.values["rank"], Unknown)
    assert found.items == {}
