"""Logging and versions."""

from . import logging as logging
from . import versions as versions


def check_min_version(minimum):
    return None


def is_flash_attn_2_available():
    return False


def send_example_telemetry(*args, **options):
    return None
