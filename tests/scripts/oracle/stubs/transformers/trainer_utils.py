"""Checkpoints on disk."""

import os
import re


def get_last_checkpoint(folder):
    found = [name for name in os.listdir(folder) if re.fullmatch(r"checkpoint-\d+", name)]
    return os.path.join(folder, max(found, key=lambda name: int(name.split("-")[1]))) if found else None


def is_main_process(local_rank):
    return local_rank in (-1, 0)
