"""Modules and parameters without numbers: names, shapes, requires_grad."""

from collections import OrderedDict

from . import functional as functional


class Parameter:
    """A weight: its shape and whether it is trained."""

    def __init__(self, data=(1,), requires_grad=True):
        self.shape = tuple(data.shape) if isinstance(data, Parameter) else tuple(data)
        self.requires_grad = requires_grad
        self.dtype = "float32"
        self.grad = None

    @property
    def data(self):
        return self

    @data.setter
    def data(self, value):
        pass

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def device(self):
        from torch import device

        return device("cpu")

    def requires_grad_(self, requires_grad=True):
        self.requires_grad = requires_grad
        return self

    def numel(self):
        count = 1
        for size in self.shape:
            count *= size
        return count

    def dim(self):
        return len(self.shape)

    def size(self, index=None):
        return self.shape if index is None else self.shape[index]

    def element_size(self):
        return 4

    def to(self, *args, **options):
        return self

    def __getitem__(self, index):
        return self

    def __setitem__(self, index, value):
        pass

    def mean(self, **options):
        return self

    detach = clone = cpu = cuda = float = half = contiguous = to


class Module:
    """A tree of named children and parameters."""

    def __init__(self, *args, **options):
        self.__dict__["_parameters"] = {}
        self.__dict__["_modules"] = {}
        self.training = True

    def __setattr__(self, name, value):
        if isinstance(value, Parameter):
            self.__dict__["_parameters"][name] = value
        elif isinstance(value, Module):
            self.__dict__["_modules"][name] = value
        else:
            for table in ("_parameters", "_modules"):
                if value is None and name in self.__dict__.get(table, {}):
                    self.__dict__[table][name] = None
                    return
            object.__setattr__(self, name, value)

    def __getattr__(self, name):
        for table in ("_parameters", "_modules"):
            found = self.__dict__.get(table, {})
            if name in found:
                return found[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __delattr__(self, name):
        for table in ("_parameters", "_modules"):
            if name in self.__dict__[table]:
                del self.__dict__[table][name]
                return
        object.__delattr__(self, name)

    def add_module(self, name, module):
        self._modules[name] = module

    def register_parameter(self, name, parameter):
        self._parameters[name] = parameter

    def register_buffer(self, name, tensor, persistent=True):
        self.__dict__[name] = tensor

    def register_forward_hook(self, hook):
        return None

    def named_children(self):
        yield from ((name, child) for name, child in self._modules.items() if child is not None)

    def children(self):
        yield from (child for _, child in self.named_children())

    def named_modules(self, prefix="", memo=None):
        memo = set() if memo is None else memo
        if id(self) in memo:
            return
        memo.add(id(self))
        yield prefix, self
        for name, child in self.named_children():
            yield from child.named_modules(f"{prefix}.{name}" if prefix else name, memo)

    def modules(self):
        yield from (module for _, module in self.named_modules())

    def named_parameters(self, prefix="", recurse=True):
        seen = set()
        for place, module in self.named_modules(prefix) if recurse else [(prefix, self)]:
            for name, parameter in module._parameters.items():
                if parameter is not None and id(parameter) not in seen:
                    seen.add(id(parameter))
                    yield f"{place}.{name}" if place else name, parameter

    def parameters(self, recurse=True):
        yield from (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def get_submodule(self, target):
        module = self
        for part in target.split(".") if target else []:
            module = module._modules[part]
        return module

    def requires_grad_(self, requires_grad=True):
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def apply(self, function):
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    def state_dict(self, *args, **options):
        return OrderedDict(self.named_parameters())

    def load_state_dict(self, state, strict=True):
        return ([], [])

    def train(self, mode=True):
        for module in self.modules():
            module.training = mode
        return self

    def eval(self):
        return self.train(False)

    def to(self, *args, **options):
        return self

    cuda = cpu = float = half = bfloat16 = to

    def __call__(self, *args, **options):
        return self.forward(*args, **options)


class Linear(Module):
    def __init__(self, in_features, out_features, bias=True, **options):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter((out_features, in_features))
        if bias:
            self.bias = Parameter((out_features,))


class Embedding(Module):
    def __init__(self, count, size, **options):
        super().__init__()
        self.num_embeddings, self.embedding_dim = count, size
        self.weight = Parameter((count, size))


class LayerNorm(Module):
    def __init__(self, size, eps=1e-5, bias=True, **options):
        super().__init__()
        self.weight = Parameter((size,))
        if bias:
            self.bias = Parameter((size,))


class RMSNorm(LayerNorm):
    def __init__(self, size, eps=1e-6, **options):
        super().__init__(size, bias=False)


class Conv2d(Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, bias=True, **options):
        super().__init__()
        self.weight = Parameter((out_channels, in_channels, 1, 1))
        if bias:
            self.bias = Parameter((out_channels,))


class _Plain(Module):
    def __init__(self, *args, **options):
        super().__init__()


class GELU(_Plain):
    pass


class ReLU(_Plain):
    pass


class SiLU(_Plain):
    pass


class Identity(_Plain):
    pass


class Dropout(_Plain):
    pass


class ModuleList(Module):
    def __init__(self, modules=()):
        super().__init__()
        for index, module in enumerate(modules):
            self._modules[str(index)] = module

    def append(self, module):
        self._modules[str(len(self))] = module

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(list(self._modules.values()))

    def __getitem__(self, index):
        found = list(self._modules.values())[index]
        return ModuleList(found) if isinstance(index, slice) else found


class Sequential(ModuleList):
    def __init__(self, *modules):
        super().__init__(modules[0].values() if modules and isinstance(modules[0], dict) else modules)


class ModuleDict(Module):
    def __init__(self, modules=None):
        super().__init__()
        self._modules.update(modules or {})

    def __getitem__(self, name):
        return self._modules[name]

    def __setitem__(self, name, module):
        self._modules[name] = module

    def __contains__(self, name):
        return name in self._modules

    def items(self):
        return self._modules.items()


class CrossEntropyLoss(_Plain):
    pass
