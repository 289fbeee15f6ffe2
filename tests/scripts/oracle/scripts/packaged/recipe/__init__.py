"""A package of the project: names handed on, one by star."""

from .checks import *  # noqa: F403
from .options import Options as Options
from . import freezing as freezing

VERSION = 2
