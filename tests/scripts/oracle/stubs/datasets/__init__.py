"""Tables without rows."""

__version__ = "3.5.0"


class Dataset:
    def __init__(self, column_names=("text",)):
        self.column_names = list(column_names)
        self.features = {name: "string" for name in self.column_names}

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return {name: "" for name in self.column_names}

    def __iter__(self):
        return iter(())

    def map(self, function=None, **options):
        return self

    filter = shuffle = rename_column = remove_columns = cast_column = set_format = map

    def select(self, indices):
        return self

    def train_test_split(self, test_size=None, **options):
        return DatasetDict(train=self, test=self)

    @classmethod
    def from_list(cls, rows):
        return cls()

    from_dict = from_pandas = from_generator = from_list


class DatasetDict(dict):
    @property
    def column_names(self):
        return {name: part.column_names for name, part in self.items()}

    def map(self, function=None, **options):
        return self

    shuffle = filter = map


def load_dataset(path, name=None, split=None, **options):
    return Dataset() if split else DatasetDict(train=Dataset(), test=Dataset())


def load_from_disk(path):
    return DatasetDict(train=Dataset(), test=Dataset())


def concatenate_datasets(parts, **options):
    return parts[0]


def interleave_datasets(parts, **options):
    return parts[0]
