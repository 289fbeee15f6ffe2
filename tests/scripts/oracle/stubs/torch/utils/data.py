"""Data sets and loaders without data."""


class Dataset:
    def __len__(self):
        return 0


class IterableDataset(Dataset):
    pass


class ConcatDataset(Dataset):
    def __init__(self, datasets):
        self.datasets = list(datasets)


class Subset(Dataset):
    def __init__(self, dataset, indices):
        self.dataset, self.indices = dataset, indices


class DataLoader:
    def __init__(self, dataset, batch_size=1, **options):
        self.dataset, self.batch_size = dataset, batch_size

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0


class Sampler:
    pass


class RandomSampler(Sampler):
    def __init__(self, data_source):
        self.data_source = data_source


class DistributedSampler(Sampler):
    def __init__(self, dataset, **options):
        self.dataset = dataset
