"""A compact `HfArgumentParser`: the options that transformers 4.51 makes of dataclass fields, with its conversions."""

import dataclasses
import json
import sys
import types
import typing
from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser, ArgumentTypeError
from enum import Enum
from inspect import isclass
from pathlib import Path

_UNIONS = (typing.Union, types.UnionType)
_TRUE, _FALSE = ("yes", "true", "t", "y", "1"), ("no", "false", "f", "n", "0")


def string_to_bool(text):
    if isinstance(text, bool):
        return text
    if text.lower() in _TRUE + _FALSE:
        return text.lower() in _TRUE
    raise ArgumentTypeError(f"Truthy value expected: got {text} but expected one of yes/no, true/false, t/f, y/n, 1/0 (case insensitive).")


def HfArg(*, aliases=None, help=None, default=dataclasses.MISSING, default_factory=dataclasses.MISSING, metadata=None, **options):  # noqa: N802
    metadata = dict(metadata or {})
    if aliases is not None:
        metadata["aliases"] = aliases
    if help is not None:
        metadata["help"] = help
    return dataclasses.field(metadata=metadata, default=default, default_factory=default_factory, **options)


class HfArgumentParser(ArgumentParser):
    """A parser whose options are the fields of dataclasses."""

    def __init__(self, dataclass_types, **options):
        options.setdefault("formatter_class", ArgumentDefaultsHelpFormatter)
        super().__init__(**options)
        self.dataclass_types = [dataclass_types] if dataclasses.is_dataclass(dataclass_types) else list(dataclass_types)
        for each in self.dataclass_types:
            hints = typing.get_type_hints(each)
            for field in dataclasses.fields(each):
                if field.init:
                    self._add_field(field, hints[field.name])

    def _add_field(self, field, kind):
        options = dict(field.metadata)
        flags = [f"--{field.name}"] + ([f"--{field.name.replace('_', '-')}"] if "_" in field.name else [])
        aliases = options.pop("aliases", [])
        aliases = [aliases] if isinstance(aliases, str) else aliases
        if typing.get_origin(kind) in _UNIONS:
            parts = [part for part in typing.get_args(kind) if part is not type(None)]
            kind = next((part for part in parts if part is not str), str) if len(parts) > 1 and bool not in parts else parts[0]
        origin = typing.get_origin(kind)
        missing = dataclasses.MISSING
        if origin is typing.Literal or (isclass(kind) and issubclass(kind, Enum)):
            choices = list(typing.get_args(kind)) if origin is typing.Literal else [each.value for each in kind]
            options["choices"] = choices
            options["type"] = {str(choice): choice for choice in choices}.get
            options["type"] = lambda text, known=options["type"]: known(text, text)
            options.update({"default": field.default} if field.default is not missing else {"required": True})
        elif kind is bool:
            self._add_bool(field, flags + aliases, options)
            return
        elif isclass(origin) and issubclass(origin, list):
            options.update(type=typing.get_args(kind)[0], nargs="+")
            if field.default_factory is not missing:
                options["default"] = field.default_factory()
            elif field.default is missing:
                options["required"] = True
        else:
            options["type"] = dict if origin is dict else kind
            if field.default is not missing:
                options["default"] = field.default
            elif field.default_factory is not missing:
                options["default"] = field.default_factory()
            else:
                options["required"] = True
        self.add_argument(*flags, *aliases, **options)

    def _add_bool(self, field, flags, options):
        plain = dict(options)
        options["type"] = string_to_bool
        optional_unset = field.default is None
        if not optional_unset:
            options["default"] = False if field.default is dataclasses.MISSING else field.default
            options.update(nargs="?", const=True)
        self.add_argument(*flags, **options)
        if field.default is True:
            names = [f"--no_{field.name}"] + ([f"--no-{field.name.replace('_', '-')}"] if "_" in field.name else [])
            self.add_argument(*names, action="store_false", dest=field.name, **plain)

    def parse_args_into_dataclasses(
        self, args=None, return_remaining_strings=False, look_for_args_file=True, args_filename=None, args_file_flag=None
    ):
        if look_for_args_file and sys.argv and Path(sys.argv[0]).with_suffix(".args").exists():
            args = Path(sys.argv[0]).with_suffix(".args").read_text().split() + (sys.argv[1:] if args is None else list(args))
        namespace, remaining = self.parse_known_args(args=args)
        made = []
        for each in self.dataclass_types:
            keys = {field.name for field in dataclasses.fields(each) if field.init}
            made.append(each(**{key: value for key, value in vars(namespace).items() if key in keys}))
        if return_remaining_strings:
            return (*made, remaining)
        if remaining:
            raise ValueError(f"Some specified arguments are not used by the HfArgumentParser: {remaining}")
        return (*made,)

    def parse_dict(self, args, allow_extra_keys=False):
        made, used = [], set()
        for each in self.dataclass_types:
            keys = {field.name for field in dataclasses.fields(each) if field.init}
            made.append(each(**{key: value for key, value in args.items() if key in keys}))
            used |= keys
        if not allow_extra_keys and set(args) - used:
            raise ValueError(f"Some keys are not used by the HfArgumentParser: {sorted(set(args) - used)}")
        return (*made,)

    def parse_json_file(self, json_file, allow_extra_keys=False):
        return self.parse_dict(json.loads(Path(json_file).read_text()), allow_extra_keys)
