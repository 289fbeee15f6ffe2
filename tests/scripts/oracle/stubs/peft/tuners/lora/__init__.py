"""LoRA layers."""

from peft import LoraLayer as LoraLayer
