"""Classes as ``dataclass(slots=True, frozen=True)`` makes them, without what that costs at every start.

The standard decorator compiles six functions a class when its module is imported, a millisecond each time; a hundred
classes were half of the time of a short run. Here all classes share theirs, until there are many objects of one. The ``dataclasses`` module's own ``replace``,
``fields`` and ``asdict`` take them like its own.
"""

import sys
from collections.abc import Callable
from operator import attrgetter
from typing import Any, NoReturn, TypeVar, dataclass_transform, overload

T = TypeVar("T")

_NONE = object()
_BEFORE_COMPILING = 64
"""So many objects are made before a compilation, a seventh of a millisecond, pays."""


class Field:
    """What `field` says of one field."""

    __slots__ = ("compare", "default", "default_factory", "given", "init", "name", "repr")

    def __init__(self, default: Any, default_factory: Any, *, init: bool, repr: bool, compare: bool) -> None:  # noqa: A002
        self.name = ""
        self.default, self.default_factory = default, default_factory
        self.init, self.repr, self.compare = init, repr, compare
        self.given = default is not _NONE or default_factory is not _NONE
        """Whether nobody has to give it."""

    def initial(self) -> Any:
        """What the field is when nobody gives it."""
        return self.default if self.default_factory is _NONE else self.default_factory()


def field(
    *, default: Any = _NONE, default_factory: Any = _NONE, init: bool = True, repr: bool = True, compare: bool = True  # noqa: A002
) -> Any:  # fmt: skip
    """As `dataclasses.field`, which says what the arguments mean."""
    return Field(default, default_factory, init=init, repr=repr, compare=compare)


@overload
def datatype(cls: type[T], /) -> type[T]: ...
@overload
def datatype(*, frozen: bool = True) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def datatype(cls: type[T] | None = None, /, *, frozen: bool = True) -> Any:
    """Make a class with annotations one of fixed fields, compared by value and, while frozen, never changed."""
    return _made(cls, frozen=frozen) if cls is not None else lambda one: _made(one, frozen=frozen)


def replace(one: T, /, **changes: Any) -> T:
    """A copy with other values of some fields; as `dataclasses.replace`, which would first build that module's own class.

    Raises:
        TypeError: it has no such field.
    """
    cls: Any = type(one)
    made: T = cls(*[changes.pop(name) if name in changes else getattr(one, name) for name in cls.__match_args__])
    if changes:
        raise TypeError(f"{cls.__name__} has no {', '.join(changes)}")
    return made


class _StandardFields:
    """The fields as the ``dataclasses`` module knows them, made when it asks for them."""

    def __get__(self, _: object, cls: type[Any]) -> Any:
        import dataclasses

        rows: list[Any] = []
        for one in cls.__datatype_fields__:
            said = {"init": one.init, "repr": one.repr, "compare": one.compare}
            for name in ("default", "default_factory"):
                if getattr(one, name) is not _NONE:
                    said[name] = getattr(one, name)
            rows.append((one.name, Any, dataclasses.field(**said)))
        owner: Any = cls
        owner.__dataclass_fields__ = made = vars(dataclasses.make_dataclass(cls.__name__, rows))["__dataclass_fields__"]
        return made


def _own_fields(cls: type[Any]) -> list[Field]:
    space = vars(cls)
    names = space.get("__annotations__")
    if names is None and sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations

        names = get_annotations(cls, format=Format.FORWARDREF)
    found = []
    for name in names or ():
        one = space.get(name, _NONE)
        if not isinstance(one, Field):
            one = Field(one, _NONE, init=True, repr=True, compare=True)
        one.name = name
        found.append(one)
    return found


def _made(cls: type[T], *, frozen: bool) -> type[T]:
    own = _own_fields(cls)
    fields = (*getattr(cls, "__datatype_fields__", ()), *own)
    taken = [f for f in fields if f.init]
    space = {**_SHARED, **vars(cls)}
    slots = [f.name for f in own]
    for name in (*slots, "__dict__", "__weakref__"):
        space.pop(name, None)
    space["__slots__"] = tuple(slots)
    space["__datatype_fields__"] = fields
    space["__match_args__"] = tuple([f.name for f in taken])
    equal, hashed = _by_value([f.name for f in fields if f.compare])
    space.setdefault("__eq__", equal)
    if frozen:
        space.setdefault("__hash__", hashed)
        space["__setattr__"] = _refuse_setting
        space["__delattr__"] = _refuse_deleting
    else:
        space["__hash__"] = None
    kind: Any = type(cls)
    made: Any = kind(cls.__name__, cls.__bases__, space)
    made.__qualname__ = cls.__qualname__
    made.__init__ = _initializer(made, taken, [f for f in fields if not f.init and f.given])
    return made  # type: ignore[no-any-return]


def _by_value(names: list[str]) -> tuple[Callable[[Any, object], Any], Callable[[Any], int]]:
    values: Callable[[Any], Any] = attrgetter(*names) if names else lambda _: ()

    def equal(self: Any, other: object) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: Any) -> int:
        return hash(values(self))

    return equal, hashed


def _shown(self: Any) -> str:
    said = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in self.__datatype_fields__ if f.repr)
    return f"{self.__class__.__qualname__}({said})"


def _get_state(self: Any) -> list[Any]:
    return [getattr(self, f.name) for f in self.__datatype_fields__]


def _set_state(self: Any, held: list[Any]) -> None:
    for one, value in zip(self.__datatype_fields__, held, strict=True):
        object.__setattr__(self, one.name, value)


_SHARED = {
    "__repr__": _shown, "__getstate__": _get_state, "__setstate__": _set_state,
    "__dataclass_fields__": _StandardFields(),
}  # fmt: skip
"""What is one and the same in every class that does not have its own."""


def _initializer(cls: type[Any], taken: list[Field], derived: list[Field]) -> Callable[..., None]:
    """A constructor that reads the fields' list; of a class with many objects, one compiled for it takes its place."""
    setters = [getattr(cls, f.name).__set__ for f in taken]
    after = getattr(cls, "__post_init__", None)
    rest = list(zip(taken, setters, strict=True))
    left = _BEFORE_COMPILING

    def __init__(self: Any, *args: Any, **named: Any) -> None:  # noqa: N807
        nonlocal left
        left -= 1
        if not left:
            cls.__init__ = _compiled(cls, taken, derived)
        for put, value in zip(setters, args):  # noqa: B905  (the shorter one ends it)
            put(self, value)
        if len(args) != len(setters) or named:
            for one, put in rest[len(args) :]:
                value = named.pop(one.name, _NONE)
                if value is not _NONE:
                    put(self, value)
                elif one.given:
                    put(self, one.initial())
                else:
                    raise TypeError(f"{cls.__name__}() misses {one.name!r}")
            if named or len(args) > len(setters):
                raise TypeError(
                    f"{cls.__name__}() takes {[f.name for f in taken]}, not {[*args[len(setters) :], *named]}"
                )
        for one in derived:
            object.__setattr__(self, one.name, one.initial())
        if after is not None:
            after(self)

    return __init__


def _compiled(cls: type[Any], taken: list[Field], derived: list[Field]) -> Any:
    """The constructor as source text with the fields' names, which come from the class's own annotations."""
    known: dict[str, Any] = {"none": _NONE}
    heads, lines = [], []
    for number, one in enumerate((*taken, *derived)):
        known[f"put{number}"], known[f"make{number}"] = getattr(cls, one.name).__set__, one.initial
        if one in derived:
            lines.append(f"put{number}(self, make{number}())")
            continue
        if one.default_factory is not _NONE:
            heads.append(f"{one.name}=none")
            lines.append(f"put{number}(self, make{number}() if {one.name} is none else {one.name})")
            continue
        known[f"default{number}"] = one.default
        heads.append(f"{one.name}=default{number}" if one.given else one.name)
        lines.append(f"put{number}(self, {one.name})")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    source = f"def __init__(self, {', '.join(heads)}):\n " + "\n ".join(lines or ["pass"])
    exec(source, known)  # noqa: S102
    return known["__init__"]


def _refuse_setting(self: object, name: str, _: object) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r} of a {type(self).__name__}")


def _refuse_deleting(self: object, name: str) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r} of a {type(self).__name__}")
