"""Names only."""

import contextlib
from types import SimpleNamespace

zero = SimpleNamespace(
    GatheredParameters=lambda params, **options: contextlib.nullcontext(),
    Init=lambda **options: contextlib.nullcontext(),
)


def init_distributed(**options):
    return None


def add_config_arguments(parser):
    group = parser.add_argument_group("DeepSpeed")
    group.add_argument("--deepspeed", default=False, action="store_true")
    group.add_argument("--deepspeed_config", default=None, type=str)
    return parser


def initialize(args=None, model=None, **options):
    import oracle_probe

    oracle_probe.reached(model)
