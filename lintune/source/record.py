"""`dataclass`, `field` and `replace` as in the standard library, at a fraction of the cost when a module loads.

The standard decorator compiles six methods per class and imports `inspect`; with a hundred classes that is most of the
start-up of a check. Here methods are shared closures, and `__init__` is compiled only for classes of which many objects are made.
Type checkers see the standard ones. Supported: frozen, slots, eq, order; `field` with default, default_factory, repr.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    from operator import attrgetter

    _MISSING = object()
    _FIELDS = "__record_fields__"
    _HOT = 40
    """A class of which more objects are made gets a compiled `__init__`."""

    class _Field:
        """What `field(...)` says of a field."""

        __slots__ = ("default", "factory", "repr")

        def __init__(self, default, factory, shown):
            self.default, self.factory, self.repr = default, factory, shown

    class _StandardFields:
        """`__dataclass_fields__`, made when somebody asks, so that the functions of the standard library take records."""

        def __get__(self, instance, owner):
            import dataclasses

            made = {}
            for name, each in getattr(owner, _FIELDS).items():
                default = {} if each.default is _MISSING else {"default": each.default}
                factory = {"default_factory": each.factory} if each.factory else {}
                made[name] = dataclasses.field(repr=each.repr, **default, **factory)
                made[name].name = name
                made[name]._field_type = dataclasses._FIELD
            owner.__dataclass_fields__ = made
            return made

    def field(*, default=_MISSING, default_factory=None, repr=True):
        """A field with a default, a factory for one, or left out of `repr`."""
        return _Field(default, default_factory, repr)

    def replace(instance, /, **changes):
        """A copy of a record with some fields changed."""
        cls = instance.__class__
        for name in getattr(cls, _FIELDS):
            if name not in changes:
                changes[name] = getattr(instance, name)
        return cls(**changes)

    def dataclass(cls=None, /, *, frozen=False, slots=False, eq=True, order=False):
        """The class with `__init__`, `__repr__`, comparison and, where frozen, no assignment."""
        if cls is None:
            return lambda made: _processed(made, frozen, slots, eq, order)
        return _processed(cls, frozen, slots, eq, order)

    def _processed(cls, frozen, slots, eq, order):
        fields = {}
        for base in reversed(cls.__mro__[1:]):
            fields.update(base.__dict__.get(_FIELDS, ()))
        own = {}
        for name, kind in cls.__dict__.get("__annotations__", {}).items():  # noqa: RUF063 (importing inspect is what this saves)
            if str(kind).startswith(("typing.ClassVar", "ClassVar")):
                continue
            given = cls.__dict__.get(name, _MISSING)
            own[name] = given if isinstance(given, _Field) else _Field(given, None, True)
        fields.update(own)
        if slots:
            cls = _with_slots(cls, own)
        else:
            for name, each in own.items():
                if each.default is _MISSING and name in cls.__dict__:
                    delattr(cls, name)
        _add_methods(cls, fields, frozen, eq, order)
        return cls

    def _with_slots(cls, own):
        inherited = {name for base in cls.__mro__[1:] for name in getattr(base, "__slots__", ())}
        namespace = {name: value for name, value in cls.__dict__.items() if name not in own and name not in ("__dict__", "__weakref__")}
        namespace["__slots__"] = tuple(name for name in own if name not in inherited)
        made = type(cls)(cls.__name__, cls.__bases__, namespace)
        made.__qualname__ = cls.__qualname__
        return made

    def _add_methods(cls, fields, frozen, eq, order):
        names = tuple(fields)
        setattr(cls, _FIELDS, fields)
        cls.__match_args__ = names
        cls.__dataclass_fields__ = _StandardFields()
        methods = {"__init__": _first_init(cls, fields, frozen), "__repr__": _repr, "__getstate__": _state, "__setstate__": _restore}
        if eq:
            values = _values(names)

            def equal(self, other):
                return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

            methods["__eq__"] = equal
            methods["__hash__"] = (lambda self: hash(values(self))) if frozen else None
        if order:
            methods.update(_orders(_values(names)))
        if frozen:
            methods.update(__setattr__=_refuse, __delattr__=_refuse)
        for name, method in methods.items():
            if name not in cls.__dict__ or (name == "__hash__" and cls.__dict__[name] is None and "__eq__" not in cls.__dict__):
                setattr(cls, name, method)

    def _values(names):
        if len(names) > 1:
            return attrgetter(*names)
        return (lambda self: (getattr(self, names[0]),)) if names else (lambda self: ())

    def _orders(values):
        def lower(self, other):
            return values(self) < values(other) if other.__class__ is self.__class__ else NotImplemented

        def lower_or_equal(self, other):
            return values(self) <= values(other) if other.__class__ is self.__class__ else NotImplemented

        return {
            "__lt__": lower,
            "__le__": lower_or_equal,
            "__gt__": lambda self, other: lower(other, self) if other.__class__ is self.__class__ else NotImplemented,
            "__ge__": lambda self, other: lower_or_equal(other, self) if other.__class__ is self.__class__ else NotImplemented,
        }

    def _first_init(cls, fields, frozen):
        """An `__init__` for the first objects of a class, which puts a compiled one in its own place for further ones.

        Most classes of a check get few objects, and compiling takes as long as making a hundred of them.
        """
        names, count, put, calls = tuple(fields), len(fields), object.__setattr__, 0
        after = getattr(cls, "__post_init__", None)

        def init(self, *args, **kwargs):
            nonlocal calls
            calls += 1
            if len(args) == count and not kwargs and calls <= _HOT:
                for name, value in zip(names, args, strict=True):
                    put(self, name, value)
                if after is not None:
                    after(self)
                return
            values = dict(zip(names, args, strict=False), **kwargs)
            if calls > _HOT or len(values) != len(args) + len(kwargs) or not values.keys() <= fields.keys():
                made = _compiled_init(cls, fields, frozen)
                if cls.__dict__.get("__init__") is init:
                    cls.__init__ = made
                return made(self, *args, **kwargs)
            for name, each in fields.items():
                if name in values:
                    put(self, name, values[name])
                elif each.factory is not None:
                    put(self, name, each.factory())
                elif each.default is not _MISSING:
                    put(self, name, each.default)
                else:
                    raise TypeError(f"{cls.__name__}() is missing {name!r}")
            if after is not None:
                after(self)

        return init

    def _compiled_init(cls, fields, frozen):
        heads, lines = [], []
        scope = {"_set": object.__setattr__, "_missing": _MISSING}
        for name, each in fields.items():
            value = name
            if each.factory is not None:
                scope[f"_factory_{name}"] = each.factory
                heads.append(f"{name}=_missing")
                value = f"_factory_{name}() if {name} is _missing else {name}"
            elif each.default is not _MISSING:
                scope[f"_default_{name}"] = each.default
                heads.append(f"{name}=_default_{name}")
            else:
                heads.append(name)
            lines.append(f"  _set(self, {name!r}, {value})" if frozen else f"  self.{name} = {value}")
        if hasattr(cls, "__post_init__"):
            lines.append("  self.__post_init__()")
        exec(f"def __init__(self, {', '.join(heads)}):\n" + "\n".join(lines or ["  pass"]), scope)
        made = scope["__init__"]
        made.__qualname__ = f"{cls.__qualname__}.__init__"
        return made

    def _repr(self):
        shown = (name for name, each in getattr(self, _FIELDS).items() if each.repr)
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def _state(self):
        return [getattr(self, name) for name in getattr(self, _FIELDS)]

    def _restore(self, state):
        for name, value in zip(getattr(self, _FIELDS), state, strict=True):
            object.__setattr__(self, name, value)

    def _refuse(self, name, value=None):
        raise AttributeError(f"cannot assign to field {name!r}")


__all__ = ["dataclass", "field", "replace"]
