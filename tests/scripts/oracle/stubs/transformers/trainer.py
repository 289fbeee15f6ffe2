"""`Trainer` up to the first step, where it reports and stops."""

import oracle_probe


class TrainerCallback:
    def on_train_begin(self, args, state, control, **options):
        return None


class EarlyStoppingCallback(TrainerCallback):
    def __init__(self, early_stopping_patience=1, early_stopping_threshold=0.0):
        self.patience = early_stopping_patience


class Trainer:
    """Holds what it is given."""

    def __init__(
        self,
        model=None,
        args=None,
        data_collator=None,
        train_dataset=None,
        eval_dataset=None,
        tokenizer=None,
        processing_class=None,
        model_init=None,
        compute_metrics=None,
        callbacks=None,
        optimizers=(None, None),
        preprocess_logits_for_metrics=None,
        **options,
    ):
        given = {key: value for key, value in locals().items() if key not in ("self", "options", "__class__") and value is not None}
        oracle_probe.called("Trainer", given)
        if options:
            raise TypeError(f"Trainer.__init__() got an unexpected keyword argument '{next(iter(options))}'")
        self.model = model if model is not None or model_init is None else model_init()
        self.args, self.train_dataset, self.eval_dataset = args, train_dataset, eval_dataset
        self.callbacks = list(callbacks or [])
        self.is_deepspeed_enabled = False
        if getattr(self.model, "is_quantized", False) and not hasattr(self.model, "peft_config"):
            raise ValueError("You cannot perform fine-tuning on purely quantized models. Please attach trainable adapters on top of it.")
        if args is not None and getattr(args, "eval_strategy", "no") != "no" and eval_dataset is None:
            raise ValueError("You have set `args.eval_strategy` but you didn't pass an `eval_dataset` to `Trainer`.")

    def train(self, resume_from_checkpoint=None, **options):
        oracle_probe.reached(self.model)

    def add_callback(self, callback):
        self.callbacks.append(callback)

    def create_optimizer(self):
        return None

    def save_model(self, output_dir=None):
        return None

    def save_state(self):
        return None

    def evaluate(self, *args, **options):
        return {}

    def log_metrics(self, *args):
        return None

    save_metrics = log_metrics


class Seq2SeqTrainer(Trainer):
    pass
