"""Adapters."""

from . import lora as lora
