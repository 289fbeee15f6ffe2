"""An accelerator of one process."""

import contextlib
from types import SimpleNamespace

import oracle_probe

__version__ = "1.6.0"


class PartialState:
    process_index = local_process_index = 0
    num_processes = 1
    is_main_process = is_local_main_process = True

    @contextlib.contextmanager
    def main_process_first(self):
        yield

    local_main_process_first = main_process_first


class Accelerator(PartialState):
    def __init__(self, gradient_accumulation_steps=1, mixed_precision=None, log_with=None, **options):
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.mixed_precision = mixed_precision or "no"
        self.device = "cpu"
        self.state = SimpleNamespace(deepspeed_plugin=None, num_processes=1)
        self.sync_gradients = True
        self._models = []

    def prepare(self, *things):
        self._models += [thing for thing in things if hasattr(thing, "named_parameters")]
        return things if len(things) > 1 else things[0]

    def accumulate(self, *models):
        return contextlib.nullcontext()

    def backward(self, loss):
        oracle_probe.reached(self._models[0] if self._models else None)

    def print(self, *words):
        return None

    def wait_for_everyone(self):
        return None

    def init_trackers(self, *args, **options):
        return None

    def unwrap_model(self, model):
        return model


def init_empty_weights():
    return contextlib.nullcontext()


def infer_auto_device_map(model, **options):
    return {"": 0}
