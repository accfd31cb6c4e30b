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

    __slots__ = ("compare", "default", "default_factory", "init", "name", "repr")

    def __init__(self, default: Any, default_factory: Any, *, init: bool, repr: bool, compare: bool) -> None:  # noqa: A002
        self.name = ""
        self.default, self.default_factory = default, default_factory
        self.init, self.repr, self.compare = init, repr, compare

    def initial(self) -> Any:
        """What the field is when nobody gives it."""
        return self.default if self.default_factory is _NONE else self.default_factory()

    @property
    def given(self) -> bool:
        """Whether nobody has to give it."""
        return self.default is not _NONE or self.default_factory is not _NONE


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
    names = vars(cls).get("__annotations__")
    if names is None and sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations

        names = get_annotations(cls, format=Format.FORWARDREF)
    found = []
    for name in names or ():
        default = vars(cls).get(name, _NONE)
        one = default if isinstance(default, Field) else Field(default, _NONE, init=True, repr=True, compare=True)
        one.name = name
        found.append(one)
    return found


def _made(cls: type[T], *, frozen: bool) -> type[T]:
    own = _own_fields(cls)
    inherited = getattr(cls, "__datatype_fields__", ())
    fields = (*inherited, *own)
    taken = tuple(f for f in fields if f.init)
    names = {f.name for f in own}
    space = {k: v for k, v in vars(cls).items() if k not in names and k not in ("__dict__", "__weakref__")}
    space["__slots__"] = tuple(f.name for f in own)
    space["__datatype_fields__"] = fields
    space["__dataclass_fields__"] = _StandardFields()
    space["__match_args__"] = tuple(f.name for f in taken)
    values = _values([f.name for f in fields if f.compare])
    state = [f.name for f in fields]
    for name, method in _methods(fields, values, state).items():
        space.setdefault(name, method)
    space["__setattr__" if frozen else "__hash__"] = _refuse_setting if frozen else None
    if frozen:
        space["__delattr__"] = _refuse_deleting
    kind: Any = type(cls)
    made: Any = kind(cls.__name__, cls.__bases__, space)
    made.__qualname__ = cls.__qualname__
    made.__init__ = _initializer(made, taken, [f for f in fields if not f.init and f.given])
    return made  # type: ignore[no-any-return]


def _values(names: list[str]) -> Callable[[Any], Any]:
    return attrgetter(*names) if names else lambda _: ()


def _methods(fields: tuple[Field, ...], values: Callable[[Any], Any], state: list[str]) -> dict[str, Any]:
    def equal(self: Any, other: object) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: Any) -> int:
        return hash(values(self))

    def shown(self: Any) -> str:
        said = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields if f.repr)
        return f"{self.__class__.__qualname__}({said})"

    def get_state(self: Any) -> list[Any]:
        return [getattr(self, name) for name in state]

    def set_state(self: Any, held: list[Any]) -> None:
        for name, value in zip(state, held, strict=True):
            object.__setattr__(self, name, value)

    return {
        "__eq__": equal, "__hash__": hashed, "__repr__": shown, "__getstate__": get_state, "__setstate__": set_state,
    }  # fmt: skip


def _initializer(cls: type[Any], taken: tuple[Field, ...], derived: list[Field]) -> Callable[..., None]:
    """A constructor that reads the fields' list; of a class with many objects, one compiled for it takes its place."""
    setters = tuple(getattr(cls, f.name).__set__ for f in taken)
    after = getattr(cls, "__post_init__", None)
    rest = tuple(zip(taken, setters, strict=True))
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
                if one.name in named:
                    put(self, named.pop(one.name))
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


def _compiled(cls: type[Any], taken: tuple[Field, ...], derived: list[Field]) -> Any:
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
