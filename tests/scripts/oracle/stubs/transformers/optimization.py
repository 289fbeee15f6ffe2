"""Names only."""

from . import get_scheduler as get_scheduler
