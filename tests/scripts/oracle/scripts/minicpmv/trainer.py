"""The Trainer of the MiniCPM-V script."""

from transformers import Trainer


class CPMTrainer(Trainer):
    def compute_loss(self, model, inputs, return_outputs=False):
        if self.args.use_lora:
            raise RuntimeError("never before training")
        return model(**inputs)
