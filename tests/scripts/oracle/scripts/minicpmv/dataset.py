"""Data of the MiniCPM-V script."""

from torch.utils.data import Dataset


class SupervisedDataset(Dataset):
    def __init__(self, raw, transform, llm_type="minicpm"):
        self.raw, self.transform, self.llm_type = raw, transform, llm_type

    def __getitem__(self, index):
        if self.llm_type not in ("qwen", "llama3"):
            raise NotImplementedError("a sample of another family")
        return self.raw[index]


def make_data(tokenizer, data_args, transform, llm_type, batch_vision):
    train = SupervisedDataset([], transform, llm_type)
    evaluation = SupervisedDataset([], transform, llm_type) if data_args.eval_data_path else None
    return dict(train_dataset=train, eval_dataset=evaluation, data_collator=lambda rows: rows)
