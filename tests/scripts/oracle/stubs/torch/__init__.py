"""The little of torch that a training script touches before its first step."""

import contextlib
from types import SimpleNamespace

from . import nn, utils
from . import distributed as distributed

__version__ = "2.6.0"


class dtype:  # noqa: N801
    """A data type, by name."""

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"torch.{self.name}"


float32 = float = dtype("float32")
float16 = half = dtype("float16")
bfloat16 = dtype("bfloat16")
int64 = long = dtype("int64")
int8 = dtype("int8")
uint8 = dtype("uint8")
Tensor = nn.Parameter
LongTensor = nn.Parameter


class device:  # noqa: N801
    def __init__(self, kind, index=None):
        self.type, self.index = kind, index


def _no_grad():
    return contextlib.nullcontext()


no_grad = inference_mode = _no_grad
cuda = SimpleNamespace(
    is_available=lambda: False,
    device_count=lambda: 0,
    set_device=lambda device: None,
    empty_cache=lambda: None,
    is_bf16_supported=lambda: False,
    get_device_capability=lambda device=None: (8, 0),
    manual_seed_all=lambda seed: None,
    current_device=lambda: 0,
)
backends = SimpleNamespace(
    cuda=SimpleNamespace(matmul=SimpleNamespace(allow_tf32=False), enable_mem_efficient_sdp=lambda on: None, enable_flash_sdp=lambda on: None),
    cudnn=SimpleNamespace(benchmark=False, deterministic=False, allow_tf32=True),
)
optim = SimpleNamespace(AdamW=lambda groups, **options: SimpleNamespace(param_groups=list(groups)))
version = SimpleNamespace(cuda=None, hip=None)


def manual_seed(seed):
    return seed


def compile(model, **options):
    return model


def load(path, map_location=None, **options):
    with open(path):
        return {}


def save(value, path):
    return None


def zeros(*shape, **options):
    return nn.Parameter(shape, requires_grad=False)


ones = randn = rand = empty = zeros


def tensor(data, **options):
    return nn.Parameter((1,), requires_grad=False)


def stack(tensors, dim=0):
    return tensors[0]


def cat(tensors, dim=0):
    return tensors[0]


def is_tensor(value):
    return isinstance(value, nn.Parameter)
