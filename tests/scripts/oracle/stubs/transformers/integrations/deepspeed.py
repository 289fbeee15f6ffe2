"""The DeepSpeed bridge, off."""


def is_deepspeed_zero3_enabled():
    return False


class HfDeepSpeedConfig:
    def __init__(self, config):
        self.config = config
