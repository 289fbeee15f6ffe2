"""Names only."""

import logging


def get_logger(name, log_level=None):
    return logging.getLogger(name)
