"""What a walk says of the weights of a model: modules that methods put in, lists of targets, names that stand for modules."""

from functools import partial

import pytest

from lintune.scripts.walk.abstract import MAYBE, Data, PartName, Root, Test, sequence
from lintune.scripts.walk.abstract import Library as Of
from lintune.scripts.walk.chains import is_there, ways_of
from lintune.scripts.walk.journal import one_of
from lintune.scripts.walk.targets import by_suffix
from lintune.scripts.walk.weights import MISSING, OWN, Leaf, replay
from tests.scripts.walk.test_walk import walk

Q_PROJ = Leaf(("model.layers.0.self_attn.q_proj.weight",))
W_PACK = Leaf(("model.layers.0.self_attn.W_pack.weight",))
HEAD = Leaf(("lm_head.weight",))


def words(*texts: str) -> tuple[Data, ...]:
    return tuple(Data(text) for text in texts)


def test_a_name_that_is_perhaps_a_target_is_open() -> None:
    assert by_suffix(sequence("list", (*words("q_proj"), MAYBE)), Q_PROJ) is None
    assert by_suffix(sequence("list", (*words("q_proj"), MAYBE)), HEAD) is False
    assert by_suffix(sequence("list", words("q_proj"), True), Q_PROJ) is True
    assert by_suffix(sequence("list", words("q_proj"), True), HEAD) is None


def test_one_list_of_several() -> None:
    found = sequence("list", ())
    found.slots["items"] = one_of((), words("q_proj", "v_proj"), words("W_pack"))
    assert [by_suffix(found, leaf) for leaf in (Q_PROJ, W_PACK, HEAD)] == [None, None, False]
    assert [by_suffix(found, leaf, way=1) for leaf in (Q_PROJ, W_PACK, HEAD)] == [False, True, False]
    assert ways_of(("ops", None, ("peft", "", found, Data(None), "none", None))) == (found.items,)


def test_last_names_that_a_loop_keeps_mean_every_module_of_that_name() -> None:
    kept = sequence("list", (PartName(Root(Of("x")), "", "last", (Test("not", (Test("in", ("tower",)),)),)),))
    tower, other = Leaf(("tower.layers.0.q_proj.weight",)), Leaf(("tower.layers.0.fc1.weight",))
    assert by_suffix(kept, tower, (Q_PROJ, tower, other)) is True
    assert by_suffix(kept, other, (Q_PROJ, tower, other)) is False


def test_a_module_that_is_put_in_on_one_way_is_asked_of_there_only() -> None:
    tower = Leaf(("tower.proj.weight",))
    graft = ("graft", "tower", Root(Of("x"), {"ops": ("ops", None, ("set", "", (), False, None))}))
    chain = ("ops", ("ops", None, OWN), ("either", None, (graft,), ()))
    assert replay(chain, tower, by_suffix).full is False
    assert replay(("ops", ("ops", None, OWN), ("either", None, (graft,), (graft,))), HEAD, by_suffix).full is True
    assert replay(("ops", None, OWN), tower, by_suffix).full is True
    switched = ("ops", ("ops", ("ops", None, OWN), ("set", "", (), True, None)), ("either", None, (), (("either", None, (), (graft,)),)))
    assert replay(switched, tower, by_suffix).full is False
    assert MISSING.missing and not replay(chain, tower, by_suffix).missing


MODEL = {
    "arch.py": """
        from torch import nn
        from transformers import CLIPVisionModel, LlamaForCausalLM, LlamaModel

        class Tower(nn.Module):
            def __init__(self, delay=False):
                super().__init__()
                self.is_loaded = False
                if not delay:
                    self.load()

            def load(self):
                if self.is_loaded:
                    raise ValueError("loaded twice")
                self.inner = CLIPVisionModel.from_pretrained("clip")
                self.inner.requires_grad_(False)
                self.is_loaded = True

        class Base(LlamaModel):
            def __init__(self, config):
                super().__init__(config)
                if hasattr(config, "tower"):
                    self.tower = Tower(delay=True)

            def begin(self, fsdp):
                if getattr(self, "tower", None) is None:
                    self.tower = [Tower()] if fsdp is not None and len(fsdp) > 0 else Tower()
                else:
                    self.tower.load()

        class Causal(LlamaForCausalLM):
            def __init__(self, config):
                super().__init__(config)
                self.model = Base(config)
    """
}


def state(body: str, leaf: str, **options: object) -> tuple[bool | None, bool | None]:
    trace = walk(body, MODEL, **options)
    found = replay(trace.operations, Leaf((leaf,)), partial(by_suffix, others=(Q_PROJ,)))
    return found.full, found.lora


TOWER = "model.tower.inner.encoder.layers.0.q_proj.weight"
MADE = "from arch import Causal\nmodel = Causal.from_pretrained('x')\n"
BEGUN = MADE + "model.model.begin(training_args.fsdp)\n"
TRAIN = "\nTrainer(model=model, args=training_args).train()"


def test_a_tower_that_is_loaded_once_whatever_the_checkpoint_holds() -> None:
    trace = walk(BEGUN + TRAIN, MODEL, fsdp=None)
    assert not trace.ends and trace.reaches_training is True
    assert state(BEGUN + TRAIN, TOWER, fsdp=None) == (False, False)
    assert state(BEGUN + TRAIN, "model.layers.0.mlp.up_proj.weight", fsdp=None) == (True, False)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("model.model.tower.requires_grad_(True)", (True, False)),
        ("getattr(model.model, 'tower').inner.requires_grad_(True)", (True, False)),
        ("model = get_peft_model(model, LoraConfig(target_modules=['q_proj']))", (False, True)),
    ],
)
def test_what_is_done_to_the_tower_afterwards(line: str, expected: tuple[bool, bool]) -> None:
    assert state(f"{BEGUN}{line}{TRAIN}", TOWER, fsdp=None) == expected


def test_a_tower_is_not_there_before_it_is_put_in() -> None:
    wrapped = "model = get_peft_model(model, LoraConfig(target_modules=['q_proj']))\nmodel.model.begin(training_args.fsdp)"
    assert state(f"{MADE}{wrapped}{TRAIN}", TOWER, fsdp=None) == (False, False)


NAMES = """
from transformers import AutoModelForCausalLM
import torch
model = AutoModelForCausalLM.from_pretrained("x")
names = set()
for name, module in model.named_modules():
    if isinstance(module, torch.nn.Linear):
        names.add(name.split(".")[-1])
AFTER
model = get_peft_model(model, LoraConfig(target_modules=list(names)))
Trainer(model=model, args=training_args).train()
"""


@pytest.mark.parametrize(
    ("after", "head"),
    [
        ("if 'lm_head' in names: names.remove('lm_head')", False),
        ("if args.mode == 'slow': names.discard('lm_head')", False),
        ("if args.mode == 'fast': names.discard('lm_head')", True),
        ("if torch.cuda.is_available(): names.discard('lm_head')", None),
        ("if 'lm_head' in names: names.remove('q_proj')", True),
    ],
)
def test_the_head_that_is_taken_out_of_the_targets(after: str, head: bool | None) -> None:
    trace = walk(NAMES.replace("AFTER", after))
    assert replay(trace.operations, HEAD, by_suffix).lora is head
    assert replay(trace.operations, W_PACK, by_suffix).lora is True


CHAT = {
    "chat.py": """
        from transformers import LlamaForCausalLM, PretrainedConfig, PreTrainedModel

        class Config(PretrainedConfig):
            def __init__(self, use_llm_lora=0, template="", **rest):
                super().__init__(**rest)

        class Chat(PreTrainedModel):
            config_class = Config

            def __init__(self, config):
                super().__init__(config)
                self.llm = LlamaForCausalLM(config)
                if config.use_llm_lora:
                    self.wrap(config.use_llm_lora)
                if not config.template:
                    raise ValueError("no template")

            def wrap(self, r):
                from peft import LoraConfig, get_peft_model
                names = ["W_pack"] if self.llm.config.kind == "other" else ["q_proj"]
                self.llm = get_peft_model(self.llm, LoraConfig(r=r, target_modules=names))
                self.llm._set_gradient_checkpointing()
    """
}


@pytest.mark.parametrize(("line", "expected"), [("pass", True), ("model.wrap(8)", False)])
def test_an_adapter_that_a_model_puts_around_its_own_part(line: str, expected: bool) -> None:
    trace = walk(f"from chat import Chat\nmodel = Chat.from_pretrained('x')\n{line}{TRAIN}", CHAT)
    assert replay(trace.operations, Leaf(("llm.model.layers.0.q_proj.weight",)), by_suffix).full is expected
    assert not any(end.certain for end in trace.ends)


def test_processes_that_a_script_starts_run_its_function() -> None:
    body = """
        import torch.multiprocessing as mp
        from transformers import AutoModelForCausalLM
        def run(rank, name):
            model = AutoModelForCausalLM.from_pretrained(name)
            model.lm_head.requires_grad_(False)
            Trainer(model=model, args=training_args).train()
        mp.spawn(run, args=("Qwen/Qwen2.5-7B",), nprocs=8)
    """
    trace = walk(body)
    assert trace.reaches_training is True
    assert replay(trace.operations, HEAD, by_suffix).full is False


def test_a_module_without_weights_and_one_that_may_not_be_there() -> None:
    files = {
        "own.py": """
            import torch
            from torch import nn
            from transformers import LlamaForCausalLM

            class Nothing(nn.Module):
                def forward(self, x):
                    return x

            class Around(nn.Module):
                def __init__(self, inner):
                    super().__init__()
                    self.inner = inner

            class Own(LlamaForCausalLM):
                def __init__(self, config):
                    super().__init__(config)
                    self.sampler = Nothing()
                    self.around = Around(nn.Linear(8, 8))
                    self.act = nn.Identity()
                    self.proj = nn.Linear(8, 8)
                    if torch.cuda.is_available():
                        self.extra = nn.Linear(8, 8)
        """
    }
    trace = walk(f"from own import Own\nmodel = Own.from_pretrained('x')\nmodel.sampler.requires_grad_(True){TRAIN}", files)
    found = {
        name: is_there(trace.operations, Leaf((f"{name}.x.weight",), "any"))
        for name in ("sampler", "around", "act", "proj", "extra", "model")
    }
    assert found == {"sampler": False, "around": True, "act": False, "proj": True, "extra": None, "model": True}
    assert replay(trace.operations, Leaf(("sampler.x.weight",), "any"), by_suffix).missing


def test_names_that_a_package_brings_by_exec() -> None:
    files = {
        "zoo/__init__.py": """
            KINDS = {"one_model": "OneForCausalLM, OneConfig", "two_model": "TwoForCausalLM"}
            for file, names in KINDS.items():
                try:
                    exec(f"from .parts.{file} import {names}")
                except ImportError:
                    pass
        """,
        "zoo/parts/two_model.py": """
            from transformers import LlamaForCausalLM
            class TwoForCausalLM(LlamaForCausalLM):
                def thaw(self):
                    self.requires_grad_(False)
                    self.lm_head.requires_grad_(True)
        """,
    }
    trace = walk(f"from zoo import *\nmodel = TwoForCausalLM.from_pretrained('x')\nmodel.thaw(){TRAIN}", files)
    assert trace.model_class == "TwoForCausalLM"
    assert [replay(trace.operations, leaf, by_suffix).full for leaf in (HEAD, Q_PROJ)] == [True, False]


def test_a_trainer_of_the_project_or_else_the_librarys() -> None:
    files = {
        "own.py": "from transformers import Trainer\nclass OwnTrainer(Trainer):\n    def compute_loss(self, model):\n        return 0\n"
    }
    body = """
        from transformers import AutoModelForCausalLM
        try:
            from own import OwnTrainer as Chosen
        except ImportError:
            from transformers import Trainer as Chosen
        model = AutoModelForCausalLM.from_pretrained("x")
        model.lm_head.requires_grad_(False)
        Chosen(model=model, args=training_args).train()
    """
    trace = walk(body, files)
    assert trace.reaches_training is True and replay(trace.operations, HEAD, by_suffix).full is False


def test_what_is_done_for_saving_is_not_trained() -> None:
    body = """
        from transformers import AutoModelForCausalLM
        model = AutoModelForCausalLM.from_pretrained("x")
        model.lm_head.requires_grad_(False)
        Trainer(model=model, args=training_args).train()
        model.requires_grad_(False)
        save(model)
    """
    trace = walk(body)
    assert [replay(trace.operations, leaf, by_suffix).full for leaf in (HEAD, Q_PROJ)] == [False, True]
