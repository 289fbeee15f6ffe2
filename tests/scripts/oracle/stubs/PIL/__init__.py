"""Names only."""

from . import Image as Image
from . import ImageFile as ImageFile
