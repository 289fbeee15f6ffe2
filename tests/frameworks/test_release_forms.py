"""Options whose form changes between the releases that may be in force."""

from lintune.frameworks.command_line import Parsed, parse_command_line
from lintune.frameworks.option_table import option_table
from lintune.launch.word import Piece, Word
from lintune.run.run import Item
from lintune.scripts.entry import read_entry_script
from lintune.source.text import Site, Source, Span
from lintune.values.value import Absent, Known, Unknown
from lintune.values.version import Pin, Specifiers

TRL = "from trl import SFTConfig, TrlParser\n(args,) = TrlParser((SFTConfig,)).parse_args_and_config()\n"


def parse(line: str, **pins: str) -> Parsed:
    """A line for TRL's SFTConfig."""
    source, found = Source("run.sh", line), []
    for text in line.split():
        start = line.index(text)
        site = Site(source, Span(start, start + len(text)))
        found.append(Word(site, (Piece(text, site),)))
    in_force = {package: Pin(package, Specifiers.parse(text)) for package, text in pins.items()}
    return parse_command_line(found, option_table(read_entry_script(Source("train.py", TRL), lambda _: None), in_force))


def field(item: Item, name: str) -> object:
    """A known field of an item."""
    value = item.fields[name]
    return value.value if isinstance(value, Known) else None


def test_bare_switch_that_a_derived_class_made_three_way() -> None:
    """TRL overrides `bf16` from 0.19: bare it parses only before, whatever transformers is."""
    (item,) = parse("--bf16", transformers="==4.51.3").items["raw.windowed_value"]
    assert (field(item, "package"), field(item, "works"), field(item, "broken")) == ("trl", "<0.19", ">=0.19")
    assert "raw.windowed_value" not in parse("--bf16", transformers="==4.51.3", trl="==0.17.0").items
    refused = parse("--bf16", transformers="==4.51.3", trl="==0.19.1").items["raw.invalid"]
    assert [field(each, "kind") for each in refused] == ["bool-needs-value"]


def test_list_that_became_one_word() -> None:
    """`--report_to` took several words up to transformers 4.39."""
    line = "--report_to wandb tensorboard --bf16 true"
    (item,) = parse(line, trl="==0.8.6").items["raw.windowed_value"]
    assert (field(item, "value"), field(item, "works")) == ("wandb tensorboard", "<4.40")
    old = parse(line, trl="==0.8.6", transformers="==4.39.3").values["report_to"]
    assert isinstance(old, Known) and old.value == ("wandb", "tensorboard")
    stray = parse(line, trl="==0.8.6", transformers="==4.51.3").items["raw.invalid"]
    assert [field(each, "kind") for each in stray] == ["stray-word"]


def test_default_that_releases_leave_empty_in_their_own_ways() -> None:
    """`fsdp` is "", an empty list or None by default: nothing, whatever release is in force. A default that differs stays open."""
    values = parse("--bf16 true").values
    assert isinstance(values["fsdp"], Absent)
    assert isinstance(values["warmup_ratio"], Unknown)
