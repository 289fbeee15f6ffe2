"""The options, with their own checks."""

from dataclasses import dataclass, field, fields

from . import limits


@dataclass
class TuneOptions:
    lora: bool = field(default=False)
    full: bool = field(default=False)
    packing: bool = field(default=False)
    rank: int = field(default=16, metadata={"help": "Bounded."})
    dropout: float = field(default=0.05, metadata={"help": "Bounded."})
    length: int = field(default=2048, metadata={"help": "Bounded."})
    exclude: str = field(default="")

    def __post_init__(self):
        for each in fields(self):
            if "Bounded" in each.metadata.get("help", "") and limits.out_of_bounds(each.name, getattr(self, each.name)):
                raise ValueError(f"{each.name} is out of bounds")
        self.excluded = tuple(filter(None, map(str.strip, self.exclude.split(";"))))
        if len(self.excluded) > 2:
            raise ValueError(f"{len(self.excluded)} modules are excluded")
