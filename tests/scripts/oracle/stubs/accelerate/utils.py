"""Names only."""


def set_seed(seed):
    return seed


class DistributedType:
    FSDP = "FSDP"
    DEEPSPEED = "DEEPSPEED"
    NO = "NO"


class ProjectConfiguration:
    def __init__(self, **options):
        self.__dict__.update(options)
