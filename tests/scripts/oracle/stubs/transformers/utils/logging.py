"""Silent."""

import logging


def get_logger(name=None):
    return logging.getLogger(name)


def set_verbosity(level):
    return None


set_verbosity_info = set_verbosity_error = enable_default_handler = enable_explicit_format = lambda: None
