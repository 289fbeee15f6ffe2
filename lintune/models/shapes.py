"""The shape of a model: its parameter-holding modules, and what the arithmetic of activations needs of each layer."""

from collections.abc import Iterator
from typing import Literal

from lintune.source.record import dataclass, field

Role = Literal["q", "k", "v", "qkv", "o", "gate", "up", "gate_up", "down", "router", "head", "embed", "other"]


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear layer (or a stack of equal ones, as experts are)."""

    name: str
    """Within its layer: `self_attn.q_proj`."""
    fan_in: int
    fan_out: int
    role: Role = "other"
    bias: bool = False
    copies: int = 1
    """Equal layers of this shape, `{}` in the name numbering them."""
    stacked: bool = False
    """Whether the copies are one three-dimensional parameter, in which PEFT finds no linear module."""

    @property
    def matrix(self) -> int:
        """Elements of its weights."""
        return self.copies * self.fan_in * self.fan_out

    @property
    def params(self) -> int:
        """Weights and biases."""
        return self.matrix + (self.copies * self.fan_out if self.bias else 0)


@dataclass(frozen=True, slots=True)
class Layer:
    """`count` equal layers that follow each other."""

    count: int
    linears: tuple[Linear, ...]
    vectors: int = 0
    """Elements of norms and other one-dimensional parameters, biases of linears left out."""
    matrices: int = 0
    """Elements of other parameters: convolutions, position tables."""
    queries: int = 0
    """Width of all query heads; 0 where the layer has no softmax attention."""
    keys: int = 0
    """Width of all key heads (and of all value heads)."""
    inner: int = 0
    """Width of the MLP that a token passes: of all experts that it is sent to, and the shared ones."""
    gated: bool = True
    norms: int = 2
    """Norms over the hidden width."""
    experts: int = 0
    """Experts that a token is sent to; 0 in a dense layer."""
    mixer: int = 0
    """Width of what a convolution or a linear attention keeps per token, where there is one."""

    @property
    def params(self) -> int:
        """Parameters of one such layer."""
        return sum(linear.params for linear in self.linears) + self.vectors + self.matrices

    @property
    def linear_elements(self) -> int:
        """Elements of the matrices that quantisation reaches, in one such layer."""
        return sum(linear.matrix for linear in self.linears if linear.role != "router" and not linear.stacked)


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack of layers: a language model, a vision tower."""

    hidden: int
    layers: tuple[Layer, ...]
    prefix: str
    """Names of its layers, `{}` standing for the number: `model.layers.{}`."""
    heads: int = 0
    norm: Literal["rms", "ln"] = "rms"
    extra_vectors: int = 0
    """Elements of the last norm and the like."""
    extra_matrices: int = 0
    """Elements of position tables, patch embeddings and the like."""

    @property
    def depth(self) -> int:
        """The number of layers."""
        return sum(layer.count for layer in self.layers)

    @property
    def params(self) -> int:
        """All its parameters."""
        return sum(layer.count * layer.params for layer in self.layers) + self.extra_vectors + self.extra_matrices

    @property
    def matrix_params(self) -> int:
        """Elements of its matrices."""
        inside = sum(layer.count * (sum(linear.matrix for linear in layer.linears) + layer.matrices) for layer in self.layers)
        return inside + self.extra_matrices

    @property
    def linear_elements(self) -> int:
        """Elements of the matrices that quantisation reaches."""
        return sum(layer.count * layer.linear_elements for layer in self.layers)

    @property
    def largest_layer(self) -> int:
        """Parameters of the largest layer."""
        return max((layer.params for layer in self.layers), default=0)

    def numbered(self) -> Iterator[tuple[str, Layer]]:
        """Each layer with the prefix of its modules."""
        number = 0
        for layer in self.layers:
            for _ in range(layer.count):
                yield self.prefix.format(number), layer
                number += 1


@dataclass(frozen=True, slots=True)
class Vision:
    """A vision tower and how images become tokens."""

    stack: Stack
    patch: int
    """Pixels along the edge of a patch."""
    image: int = 0
    """Pixels along the edge of an image or tile; 0 where the tower takes any size."""
    class_token: bool = False
    merge: int = 1
    """Patches along an edge that become one token."""
    tokens: int = 0
    """Tokens of one image or tile in the language model, where they are fixed."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model: its parts with their parameters."""

    type: str
    """`model_type` of its config.json."""
    llm: Stack
    vocab: int
    embed: int
    """Elements of the input embedding."""
    head: int
    """Elements of the output head's matrix; of the tied one too."""
    tied: bool
    head_bias: int = 0
    head_name: str = "lm_head"
    vision: Vision | None = None
    projector: tuple[Linear, ...] = ()
    projector_vectors: int = 0
    others: Stack | None = None
    """Another tower: audio."""
    softcap: bool = False
    """Whether logits are capped by tanh."""
    notes: tuple[str, ...] = field(default=())

    @property
    def head_params(self) -> int:
        """Parameters of the output head beyond the embedding's: 0 where tied (but a bias)."""
        return (0 if self.tied else self.head) + self.head_bias

    @property
    def projector_params(self) -> int:
        """Parameters of the projector."""
        return sum(linear.params for linear in self.projector) + self.projector_vectors

    @property
    def vision_params(self) -> int:
        """Parameters of the vision tower."""
        return self.vision.stack.params if self.vision else 0

    @property
    def other_params(self) -> int:
        """Parameters of another tower."""
        return self.others.params if self.others else 0

    @property
    def params(self) -> int:
        """All parameters, tied ones once."""
        return self.llm.params + self.embed + self.head_params + self.vision_params + self.projector_params + self.other_params
