"""verl: `python3 -m verl.trainer.main_ppo key=value ...` and its supervised trainers, in the common vocabulary.

Defaults are those of `verl/trainer/config/ppo_trainer.yaml` and `model/hf_model.yaml` that have held in every release since 0.2;
another `--config-name` or `--config-path` may have others, so that nothing is taken for granted there.
"""

import re
from collections.abc import Iterator

from lintune.frameworks.context import Reading
from lintune.frameworks.hydra_programs import read_words
from lintune.frameworks.inventory import Part
from lintune.frameworks.parallel import add_degrees
from lintune.frameworks.trainer_settings import add_derived
from lintune.frameworks.whole_model import Method, add_whole_model
from lintune.run.known import text, truth, whole
from lintune.run.run import Item, Run
from lintune.run.settings import blocked, derived
from lintune.values.value import Absent, Data, Known, Step, Unknown, Value

NAME = "verl"
_MODULE = re.compile(r"(?:verl|recipe)\.[\w.]*main\w*$|verl\.trainer\.(?:fsdp_)?sft_trainer$")
_OVERRIDE = re.compile(r"\+{0,2}(?:actor_rollout_ref|algorithm\.adv_estimator)[.=]")
_PPO = (
    ("model.id", "actor_rollout_ref.model.path"),
    ("optim.lr", "actor_rollout_ref.actor.optim.lr"),
    ("optim.weight_decay", "actor_rollout_ref.actor.optim.weight_decay"),
    ("optim.clip", "actor_rollout_ref.actor.grad_clip"),
    ("adapter.rank", "actor_rollout_ref.model.lora_rank"),
    ("adapter.alpha", "actor_rollout_ref.model.lora_alpha"),
    ("adapter.targets", "actor_rollout_ref.model.target_modules"),
    ("batch.micro", "actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu"),
    ("batch.padding_free", "actor_rollout_ref.model.use_remove_padding"),
    ("mem.ckpt", "actor_rollout_ref.model.enable_gradient_checkpointing"),
    ("mem.liger", "actor_rollout_ref.model.use_liger"),
    ("data.train", "data.train_files"),
    ("data.eval", "data.val_files"),
    ("rl.num_generations", "actor_rollout_ref.rollout.n"),
    ("rl.prompts", "data.train_batch_size"),
    ("rl.mini_batch", "actor_rollout_ref.actor.ppo_mini_batch_size"),
    ("rl.dynamic_batch", "actor_rollout_ref.actor.use_dynamic_bsz"),
    ("rl.rollout_tp", "actor_rollout_ref.rollout.tensor_model_parallel_size"),
    ("rl.beta", "actor_rollout_ref.actor.kl_loss_coef"),
    ("task.stage", "algorithm.adv_estimator"),
)
_SFT = (
    ("model.id", "model.partial_pretrain"),
    ("optim.lr", "optim.lr"),
    ("optim.weight_decay", "optim.weight_decay"),
    ("seq.max_len", "data.max_length"),
    ("adapter.rank", "model.lora_rank"),
    ("adapter.alpha", "model.lora_alpha"),
    ("adapter.targets", "model.target_modules"),
    ("batch.micro", "data.micro_batch_size_per_gpu"),
    ("batch.global_declared", "data.train_batch_size"),
    ("batch.padding_free", "use_remove_padding"),
    ("mem.ckpt", "model.enable_gradient_checkpointing"),
    ("mem.liger", "model.use_liger"),
    ("data.train", "data.train_files"),
    ("data.eval", "data.val_files"),
    ("par.sp", "ulysses_sequence_parallel_size"),
)
_BOTH = (("run.epochs", "trainer.total_epochs"), ("run.max_steps", "trainer.total_training_steps"), ("run.save_steps", "trainer.save_freq"))
_DEFAULTS: dict[str, Data] = {
    "trainer.nnodes": 1,
    "trainer.n_gpus_per_node": 8,
    "data.train_batch_size": 1024,
    "data.max_prompt_length": 512,
    "data.max_response_length": 512,
    "actor_rollout_ref.rollout.n": 1,
    "actor_rollout_ref.actor.ppo_mini_batch_size": 256,
    "actor_rollout_ref.actor.use_dynamic_bsz": False,
    "actor_rollout_ref.model.lora_rank": 0,
    "actor_rollout_ref.actor.ulysses_sequence_parallel_size": 1,
}
"""Of `ppo_trainer.yaml`, and the same in `ppo_megatron_trainer.yaml`."""
_NAMED = frozenset(("ppo_trainer", "ppo_megatron_trainer"))


def is_verl(reading: Reading) -> bool:
    """Whether a launch is one of verl's programs, or a script of one's own with verl's keys."""
    entry = reading.launch.entry.text if reading.launch.entry is not None else ""
    return _MODULE.match(entry) is not None or any(_OVERRIDE.match(word.text) for word in reading.launch.args)


def fill(run: Run, reading: Reading) -> None:
    """What the overrides, and the defaults under them, say."""
    entry = reading.launch.entry.text if reading.launch.entry is not None else ""
    supervised = "sft_trainer" in entry
    if not supervised and _usual_config(reading):
        for name, data in _DEFAULTS.items():
            run.values.setdefault(f"flag.{name}", Known(data, (Step("default", None, "default of verl ppo_trainer.yaml"),)))
    run.unread["flag"] = Unknown("the config files that Hydra composes were not read")
    other = not supervised and entry != "verl.trainer.main_ppo"
    for name, flag in (*_BOTH, *(_SFT if supervised else _PPO)):
        value = run.values.get(f"flag.{flag}")
        if value is not None:
            run.values[name] = value
    if other:  # the asynchronous programs and recipes count prompts by rules of their own
        why = Unknown("this program counts its batches in another way")
        run.values |= {"rl.prompts": why, "rl.mini_batch": why}
    _add_model(run)
    if supervised:
        run.values["task.stage"] = derived("sft", "by the program")
    else:
        _add_reinforcement(run)
    _add_adapter(run, supervised)
    add_derived(run)
    if not supervised:
        _add_batches(run)
    frozen: dict[Part, Value] = {}
    tower = run.values.get("flag.actor_rollout_ref.actor.freeze_vision_tower")
    if tower is not None:
        frozen = {"vision": tower}
    targets = run.values.get("adapter.targets", Known("all-linear", (Step("default", None, "default of verl"),)))
    run.values["adapter.targets"] = targets
    add_whole_model(run, Method(run.get("adapter.kind"), targets, frozen=frozen), "verl workers")


def _usual_config(reading: Reading) -> bool:
    """Whether the launch uses the config that its program brings along."""
    words = [word.text for word in reading.launch.args]
    entry = reading.launch.entry.text if reading.launch.entry is not None else ""
    if read_words(reading.launch.args).open_ended:
        return False
    if any(text.startswith(("--config-path", "-cp", "--config-dir", "-cd")) for text in words) or entry != "verl.trainer.main_ppo":
        return False
    for at, word in enumerate(words):
        if word.startswith(("--config-name", "-cn")):
            name = word.partition("=")[2] if "=" in word else words[at + 1] if at + 1 < len(words) else ""
            return name.strip("'\"").removesuffix(".yaml") in _NAMED
    return True


def _add_model(run: Run) -> None:
    """The supervised programs call the model `model.path` since their engines, `model.partial_pretrain` before."""
    if "model.id" not in run.values:
        given = run.values.get("flag.model.path")
        run.values["model.id"] = given if given is not None else Unknown("no `model.path` is given: the config file's is trained")
    given = run.values["model.id"]
    if not isinstance(given, Unknown) and not text(given):
        run.values["model.id"] = Unknown("the path of the model is empty", given.origin)


def _add_reinforcement(run: Run) -> None:
    """Processes, degrees and lengths of the actor."""
    each, nodes = run.get("flag.trainer.n_gpus_per_node"), run.get("flag.trainer.nnodes")
    count, machines = whole(each), whole(nodes)
    if count is None or machines is None:
        run.values["derived.world_size"] = blocked((each, nodes), "the number of GPUs is not known")
    else:
        run.values["derived.world_size"] = derived(count * machines, "`n_gpus_per_node` x `nnodes`", each, nodes)
    lengths = run.get("flag.data.max_prompt_length"), run.get("flag.data.max_response_length")
    prompt, answer = (whole(value) for value in lengths)
    if prompt is not None and answer is not None:
        run.values["seq.max_len"] = derived(prompt + answer, "longest prompt + longest response", *lengths)
    run.values["par.sp"] = run.get("flag.actor_rollout_ref.actor.ulysses_sequence_parallel_size")
    prefix, short = "flag.actor_rollout_ref.actor.megatron.", {"tp": "tensor", "pp": "pipeline", "cp": "context", "ep": "expert"}
    degrees = {
        degree: run.values.get(f"{prefix}{name}{'_model' if degree != 'cp' else ''}_parallel_size", Absent())
        for degree, name in short.items()
    }
    add_degrees(run, degrees)


def _add_adapter(run: Run, supervised: bool) -> None:
    rank = run.values.get("adapter.rank")
    nested = run.values.get("flag.actor_rollout_ref.model.lora.rank")
    rank = nested if nested is not None else rank
    if rank is None:
        note = "no `lora_rank`" + (", which is 0 by default" if supervised else "")
        run.values["adapter.kind"] = derived("none", note)
        return
    size = whole(rank)
    run.values["adapter.rank"] = rank
    run.values["adapter.kind"] = (
        derived("lora" if size > 0 else "none", "`lora_rank`", rank) if size is not None else blocked((rank,), "the rank is not known")
    )


def _add_batches(run: Run) -> None:
    """Samples per optimizer step: a mini batch of prompts with all their completions (trainer/ppo `ppo_mini_batch_size *= rollout.n`)."""
    sources = run.get("rl.mini_batch"), run.get("rl.num_generations")
    mini, count = (whole(value) for value in sources)
    if mini is None or count is None:
        run.values["derived.global_batch"] = blocked(sources, "the mini batch is not known")
        return
    run.values["derived.global_batch"] = derived(mini * count, "prompts of a mini batch x completions", *sources)
    micro, world, copies = run.get("batch.micro"), run.get("derived.world_size"), run.get("derived.data_parallel")
    part, ranks = whole(micro), whole(copies) if whole(copies) is not None else whole(world)
    if part and ranks and truth(run.get("rl.dynamic_batch")) is not True:
        run.values["batch.accum"] = derived(-(-mini * count // (part * ranks)), "mini batch / micro batches of all copies", micro, *sources)


def log_prob_batch_not_set(run: Run) -> Iterator[Item]:
    """Parts whose log probabilities have no micro batch: neither of its names is set, nor a dynamic one.

    A launch that sets the size of the reference, and not that of the rollout, was certainly written for the shipped defaults.
    """
    prefix = "flag.actor_rollout_ref."
    if f"{prefix}rollout.n" not in run.values or not isinstance(run.values.get("flag.trainer.nnodes"), Known):
        return
    settings = {name for name in run.values if name.startswith(prefix)}
    if any("dynamic_bsz" in name and truth(run.values[name]) is not False for name in settings):
        return
    where = "actor_rollout_ref.rollout"
    sizes = ("log_prob_micro_batch_size", "log_prob_micro_batch_size_per_gpu")
    others = {f"{prefix}ref.{size}" for size in sizes}
    if settings & others and not settings & {f"flag.{where}.{size}" for size in sizes}:
        yield Item({"where": Known(where)}, run.site)
