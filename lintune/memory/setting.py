"""What an estimate is computed from: one launch as numbers, and what was taken for granted."""

from lintune.models.shapes import Model, Stack
from lintune.models.targets import Target
from lintune.source.record import dataclass, field

PAIRS = ("dpo", "orpo", "cpo", "simpo", "ipo", "mpo", "rm", "reward")
"""Tasks whose samples are pairs, which pass the model in one batch (trl `concatenated_forward`)."""
REFERENCES = ("dpo", "kto", "ppo", "grpo", "mpo", "ipo")
"""Tasks with a reference model: a second copy of the weights where all weights are tuned, the base without adapter where LoRA is."""
HEADLESS = ("rm", "reward", "cls", "seq_cls", "prm", "embedding", "reranker")
"""Tasks without logits over the vocabulary."""


@dataclass(frozen=True, slots=True)
class Profile:
    """How a framework trains where its settings do not say, from `models/memory.json`."""

    loss: float
    """Bytes per token and vocabulary entry that are alive at the peak of the loss."""
    loss_fp32: float
    """The same where the logits are computed in fp32."""
    autocast: bool
    """Whether layers run under autocast over weights of another type."""
    adapter_bytes: int
    """Bytes of a LoRA weight."""
    dropout: bool
    """Whether LoRA's dropout is on unless it is said to be 0."""
    upcast: bool
    """Whether what is not quantised is cast to fp32 for training (prepare_model_for_kbit_training)."""
    untied: bool
    """Whether a tied head is a matrix of its own."""
    keeps_input: bool
    """Whether 4-bit layers keep their input for the backward pass (bitsandbytes up to 0.41)."""
    layer_extra: float
    """Bytes per token and hidden width that a decoder layer keeps beyond the formula."""
    fsdp2: bool
    """Whether its FSDP is the second version where that is not said."""
    splits_root: bool
    """Whether embedding and head are FSDP units of their own."""
    loads_whole: bool
    """Whether every process allocates the whole model on its GPU before FSDP divides it."""
    holds_logits: bool
    """Whether its loop keeps the logits until the next step."""
    own_code: bool
    """Whether it has its own model code, in which families do not depart from Llama's way as they do in transformers."""
    checkpoints: bool
    """Whether it checkpoints activations where its settings do not say."""
    expands_keys: bool
    """Whether its attention copies keys and values to all query heads before sdpa."""
    nf4_inner: float
    """Bytes per token and MLP width that a 4-bit layer keeps beyond its inputs."""
    nf4_head: float
    """Bytes per element of the head that its dequantised copies take while the loss is computed."""
    step_copies: float
    """Copies of the trained weights that an unfused AdamW makes while it steps."""
    checkpoints_vision: bool
    """Whether gradient checkpointing reaches the vision tower."""
    tiles: int
    """Tiles or slices of an image where it is not said."""
    offload_units: int
    """FSDP units that are on the GPU at once where parameters are offloaded."""
    full_length: bool
    """Whether its runs are usually made of samples of the full length: benchmarks and scripts with dummy data."""
    fused_step: bool
    """Whether AdamW steps in one kernel, without temporaries."""
    fragmentation: float
    """Reserved over allocated, less 1."""
    reserved_constant: float
    """Bytes that the allocator holds beyond that."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One launch as numbers."""

    model: Model
    framework: str
    profile: Profile
    modes: dict[str, str]
    """`full`, `lora`, `saved_copy` or `frozen` for llm, embed, lm_head, vision, projector."""
    layers_trained: int = 0
    """Layers of the language model that are trained where it is not all of them; 0 stands for all."""
    targets: tuple[Target, ...] = ()
    rank: int = 0
    dora: bool = False
    dropout: bool = False
    element: int = 2
    """Bytes of a weight that is not quantised."""
    activation: int = 2
    """Bytes of an activation."""
    quant: str = ""
    """Empty, or a key of `quantised` in `models/memory.json`."""
    whole_experts: bool = False
    """Whether bitsandbytes leaves experts in 16 bits, since they are stacked parameters rather than linear layers (transformers 5)."""
    optimizer: str = "adamw_torch"
    lowrank: int = 128
    """Rank of GaLore's and APOLLO's projections."""
    in_backward: bool = False
    """Whether the optimizer steps inside the backward pass, one parameter at a time."""
    task: str = "sft"
    """`sft`, `dpo`, `rm` and the like."""
    micro: int = 1
    eval_micro: int = 0
    """Samples of an evaluation batch; 0 where nothing is evaluated."""
    length: int = 2048
    """Tokens of a sample that are allowed."""
    reach: float = 1.0
    """The share of the length that the longest sample is taken to have."""
    accum: int = 1
    checkpoint: bool = False
    checkpoint_vision: bool = False
    attention: str = "sdpa"
    fused_loss: str = ""
    """Empty, `liger` or `cce`."""
    liger: bool = False
    compiled: bool = False
    activation_offload: bool = False
    world: int = 1
    per_node: int = 1
    """Processes that share the memory of one machine."""
    tensor: int = 1
    expert: int = 1
    pipeline: int = 1
    megatron: bool = False
    """Whether Megatron divides the model: tensor, pipeline and expert parallelism with a distributed optimizer."""
    context: int = 1
    stage: int | None = None
    """ZeRO stage; None without DeepSpeed."""
    fsdp: bool = False
    fsdp2: bool = False
    """Whether it is FSDP's second version."""
    reshard: bool = True
    offload_optimizer: bool = False
    offload_params: bool = False
    bucket: int = 0
    packed: bool = False
    """Whether every sample is of full length."""
    images: int = 0
    patches: int = 0
    """Patches of all images of a micro batch."""
    conflict: bool = False
    """Whether the launch asks for two modes of tuning that exclude each other, so that it is refused."""
    gpu_bytes: int | None = None
    gpu_name: str = ""
    in_use: int = 0
    notes: tuple[str, ...] = field(default=())
    """What was taken for granted."""

    @property
    def tokens(self) -> int:
        """Tokens of a micro batch on one GPU; both samples of a pair count."""
        return max(1, -(-int(self.samples * self.length * self.reach) // self.context))

    @property
    def samples(self) -> int:
        """Sequences that pass the model at once: chosen and rejected ones together in preference tuning."""
        return self.micro * (2 if self.task in PAIRS else 1)

    @property
    def reached(self) -> int:
        """Tokens of the longest sample that is taken."""
        return max(1, int(self.length * self.reach))

    @property
    def stream(self) -> int:
        """Bytes of an element of the residual stream: 4 where the embedding's output is fp32, whatever layers compute in."""
        upcast = self.profile.upcast and self.quant in ("nf4", "nf4-dq", "int8")
        return 4 if self.element == 4 or self.activation == 4 or upcast else 2

    @property
    def autocast(self) -> bool:
        """Whether layers run under autocast: DeepSpeed casts the model instead (accelerate's `_prepare_deepspeed` wraps nothing)."""
        mixed = self.element == 4 and self.activation == 2  # fp32 weights computed with in 16 bits
        return (self.profile.autocast or mixed) and self.stage is None and not self.megatron

    def casts(self, stack: Stack) -> bool:
        """Whether autocast casts the input of every projection, since it comes in fp32 (layer norms return fp32 under autocast)."""
        return self.autocast and self.activation == 2 and (self.stream == 4 or stack.norm == "ln")

    @property
    def shards(self) -> int:
        """Ranks over which states are sharded: all but tensor and context parallel ones count as data parallel."""
        return max(1, self.world // self.tensor)

    def trains(self, part: str) -> bool:
        """Whether all weights of a part are trained, in place or as a copy."""
        return self.modes.get(part, "frozen") in ("full", "saved_copy", "lora+full")


@dataclass(frozen=True, slots=True)
class Part:
    """A component of an estimate."""

    name: str
    bytes: int
    formula: str
