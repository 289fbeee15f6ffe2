"""Commands as they stand in launch scripts, and what each starts."""

import re

import pytest

from lintune.launch import launcher_options
from lintune.launch.launchers import Launch, unwrap
from lintune.launch.option_syntax import OptionSyntax
from lintune.launch.word import UNKNOWN_TEXT, Command, Piece, Word
from lintune.launch.wrappers import WRAPPERS
from lintune.source.text import Site, Source, Span


def command(text: str) -> Command:
    """A command whose `$NAME` words are unknown and may be many; quotes join."""
    source = Source("run.sh", text)
    words = []
    for found in re.finditer(r"""(?:"[^"]*"|'[^']*'|[^\s"']+)+""", text):
        site = Site(source, Span(found.start(), found.end()))
        bare = re.sub(r"[\"']", "", found.group())
        if bare.startswith("$"):
            words.append(Word(site, (Piece(UNKNOWN_TEXT, site, (), "not set"),), many=not found.group().startswith('"')))
        else:
            words.append(Word(site, (Piece(bare, site),)))
    return Command(tuple(words), Site(source, Span(0, len(text))), {})


def launch(text: str) -> Launch:
    found = unwrap(command(text))
    assert found is not None, text
    return found


def words(launch: Launch) -> list[str]:
    return [word.text for word in launch.args]


CASES = [
    # command, launcher, subcommand, entry, module, args
    ("torchrun --nproc_per_node 8 --nnodes=2 finetune.py --a b", "torchrun", "", "finetune.py", False, "--a b"),
    ("torchrun --standalone -m pkg.train --x 1", "torchrun", "", "pkg.train", True, "--x 1"),
    ("torchrun --nproc 8 -r 3 train.py", "torchrun", "", "train.py", False, ""),
    ("python -u -m torch.distributed.run --nproc-per-node=8 train.py a", "torchrun", "", "train.py", False, "a"),
    ("python -m torch.distributed.launch --use_env train.py", "torchrun", "torch.distributed.launch", "train.py", False, ""),
    ("deepspeed --include localhost:0,1 train.py --deepspeed z.json", "deepspeed", "", "train.py", False, "--deepspeed z.json"),
    ("deepspeed --module openrlhf.cli.train_sft --x", "deepspeed", "", "openrlhf.cli.train_sft", True, "--x"),
    ("python -um deepspeed.launcher.runner --num_gpus 4 train.py", "deepspeed", "", "train.py", False, ""),
    ("accelerate launch --num-processes 8 -m axolotl.cli.train c.yml", "accelerate", "launch", "axolotl.cli.train", True, "c.yml"),
    ("accelerate config --x", "accelerate", "config", None, False, "--x"),
    ("swift sft --model x", "swift", "sft", None, False, "--model x"),
    ("python -m swift.cli.sft --model x", "swift", "sft", None, False, "--model x"),
    ("llamafactory-cli train a.yaml lr=1", "llamafactory-cli", "train", None, False, "a.yaml lr=1"),
    ("axolotl train cfg.yml", "axolotl", "train", None, False, "cfg.yml"),
    ("tune run --nnodes 1 lora_finetune_single_device --config c", "tune", "run", "lora_finetune_single_device", False, "--config c"),
    ("litgpt finetune_lora ckpt", "litgpt", "finetune_lora", None, False, "ckpt"),
    ("trl sft --model_name x", "trl", "sft", None, False, "--model_name x"),
    ("python3.10 -W ignore -B train.py --x", "python", "", "train.py", False, "--x"),
    ("/opt/conda/bin/python -m pkg.train --x", "python", "", "pkg.train", True, "--x"),
    ("python -c print(1) a", "python", "", None, False, "a"),
    ("./train.py --x", "python", "", "./train.py", False, "--x"),
    ("colossalai run --nproc_per_node 8 train.py -x", "colossalai", "run", "train.py", False, "-x"),
    ("composer -n 8 train.py c.yaml", "composer", "", "train.py", False, "c.yaml"),
]


@pytest.mark.parametrize(("text", "launcher", "subcommand", "entry", "module", "args"), CASES)
def test_launcher_and_entry(text: str, launcher: str, subcommand: str, entry: str | None, module: bool, args: str) -> None:
    found = launch(text)
    got = (found.launcher, found.subcommand, found.entry.text if found.entry else None, found.module, words(found), found.exact)
    assert got == (launcher, subcommand, entry, module, args.split(), True)


WRAPPED = [
    "nohup %s",
    "env A=1 B=2 %s",
    "env -u LD_PRELOAD -i A=1 %s",
    "time -p nice -n 5 %s",
    "srun -p gpu -n8 --gres=gpu:8 --kill-on-bad-exit=1 %s",
    "srun --nodes 2 --ntasks-per-node 1 --cpu-bind=none %s",
    "mpirun -np 8 --mca btl tcp -x NCCL_DEBUG=INFO --allow-run-as-root %s",
    "numactl --cpunodebind=0 --membind 0 %s",
    "stdbuf -oL -eL timeout -k 5 30m %s",
    "uv run --with trl -p 3.11 %s",
    "uv --quiet run %s",
    "poetry run %s",
    "conda run -n env --no-capture-output %s",
    "sudo -E -u me %s",
    "ray job submit --address=http://h:1 --runtime-env-json='{}' -- %s",
    'sbatch -N 1 --wrap="%s"',
    "xvfb-run -a %s",
    "apptainer exec --nv --bind /a:/b image.sif %s",
    "nsys profile -o out --trace=cuda %s",
    "exec taskset -c 0-7 %s",
]


@pytest.mark.parametrize("wrapped", WRAPPED)
def test_wrappers_do_not_hide_the_launcher(wrapped: str) -> None:
    found = launch(wrapped % "torchrun --nproc_per_node 8 finetune.py --a b")
    assert found.launcher == "torchrun"
    assert found.entry is not None and found.entry.text == "finetune.py"
    assert found.options["nproc_per_node"].text == "8"
    assert words(found) == ["--a", "b"]
    assert found.wrappers


def test_wrappers_give_variables_and_options() -> None:
    found = launch("env A=1 srun --nodes=2 --export=ALL,B=2 python train.py")
    assert {name: word.text for name, word in found.env.items()} == {"A": "1", "B": "2"}
    assert found.wrapper_options["srun"]["nodes"].text == "2"
    assert found.wrappers == ("env", "srun")


@pytest.mark.parametrize("text", ["cd /x", "bash run.sh", "mkdir -p out", "echo torchrun train.py", "srun hostname", "uv sync", "$RUN sh"])
def test_other_commands_are_no_launches(text: str) -> None:
    assert unwrap(command(text)) is None


def test_head_reaches_from_the_launcher_to_the_entry() -> None:
    found = launch("nohup torchrun --nnodes 1 finetune.py --a b")
    assert found.head.text == "torchrun --nnodes 1 finetune.py"
    assert launch("swift sft --model x").head.text == "swift sft"


def test_value_behind_equals_keeps_its_place() -> None:
    found = launch("torchrun --nnodes=2 finetune.py").options["nnodes"]
    assert [piece.site.text for piece in found.pieces] == ["2"]


def test_unknown_words_before_the_entry_make_the_split_uncertain() -> None:
    found = launch("torchrun $DISTRIBUTED_ARGS finetune.py --a b")
    assert found.entry is not None and found.entry.text == "finetune.py"
    assert not found.exact
    assert [word.site.text for word in found.unread] == ["$DISTRIBUTED_ARGS"]


def test_unknown_value_of_an_option_is_its_value() -> None:
    found = launch("torchrun --nproc_per_node $N finetune.py")
    assert found.options["nproc_per_node"].site.text == "$N"
    assert found.exact


def test_unknown_script_is_the_entry() -> None:
    found = launch('python "$SCRIPT" --a b')
    assert found.entry is not None and not found.entry.known
    assert words(found) == ["--a", "b"]


def test_unknown_launcher_in_front_of_a_script() -> None:
    found = launch("$LAUNCHER finetune.py --a")
    assert (found.launcher, found.exact, words(found)) == ("", False, ["--a"])


def test_option_the_launcher_does_not_have() -> None:
    found = launch("torchrun --frobnicate 3 --nnodes 1 train.py")
    assert [word.text for word in found.strange] == ["--frobnicate"]
    assert found.entry is not None and found.entry.text == "train.py"


def test_accelerate_takes_no_abbreviations() -> None:
    assert [word.text for word in launch("accelerate launch --num_proc 2 train.py").strange] == ["--num_proc"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("torchrun finetune.py", "train"),
        ("srun python -u a/train/internvl_chat_finetune.py", "train"),
        ("deepspeed llava/train/train_mem.py", "train"),
        ("python main.py --output_dir x --learning_rate 1", "train"),
        ("torchrun main.py", "train"),
        ("python -u internvl/train/internvl_chat_dpo.py", "train"),
        ("python -m verl.trainer.main_ppo a=b", "train"),
        ("torchrun scripts/converter_hf_to_mcore.py", "other"),
        ("python main.py", "other"),
        ("python llava/eval/model_vqa.py", "other"),
        ("torchrun evaluate.py", "other"),
        ("python merge_lora_weights.py", "other"),
        ("python -m llava.serve.cli", "other"),
        ("swift infer --model x", "other"),
        ("swift rlhf --model x", "train"),
        ("llamafactory-cli export a.yaml", "other"),
        ("tune run eleuther_eval --config c", "other"),
        ("tune download x", "other"),
        ("trl vllm-serve", "other"),
        ("python -c pass", "other"),
    ],
)
def test_kind(text: str, kind: str) -> None:
    assert launch(text).kind == kind


def test_every_alias_names_an_option() -> None:
    syntaxes = [value for value in vars(launcher_options).values() if isinstance(value, OptionSyntax)]
    syntaxes += [wrapper.syntax for wrappers in WRAPPERS.values() for wrapper in wrappers]
    assert len(syntaxes) > 30
    for syntax in syntaxes:
        assert set(syntax.aliases.values()) <= set(syntax.arity)
        assert not any(name.endswith("_") for name in syntax.arity)
