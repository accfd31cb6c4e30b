"""What a config asks of a tree, before anything is computed."""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from collections.abc import Set as AbstractSet
from typing import Any

from kina_audit.base.datatype import datatype, field
from kina_audit.kconfig.model import TreeModel

TRISTATE = {"n": 0, "m": 1, "y": 2}.get
"""The value that a text has for a tristate; None: it has none."""


class Lines(MutableMapping[int, int]):
    """What a config's lines ask of bools and tristates, read from them when it is asked: an audit asks for one in twenty."""

    def __init__(self, model: TreeModel, raw: Mapping[str, str]) -> None:
        self._raw, self._model = raw, model
        self._names, self._types = model.names, model.types

    def get(self, key: int, default: Any = None) -> Any:
        """0, 1 or 2; the default for what no line says, or its reader would not take."""
        value = self._raw.get(self._names[key])
        if value is None:
            return default
        number, letter = TRISTATE(value[:1]), self._types[key]
        return default if number is None or letter not in "bt" or (number == 1 and letter == "b") else number

    def __getitem__(self, key: int) -> int:
        found = self.get(key)
        if found is None:
            raise KeyError(key)
        return int(found)

    def __setitem__(self, key: int, value: int) -> None:
        raise TypeError("the lines of a config stay as they are; see UserValues.without")

    def __delitem__(self, key: int) -> None:
        self[key] = 0

    def __iter__(self) -> Iterator[int]:
        numbers = map(self._model.index.get, self._raw)
        return (n for n in numbers if n is not None and n in self)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, int) and self.get(key) is not None

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Without(MutableMapping[int, int]):
    """Another mapping without some keys, until they are set: a copy is as long as a config, and a search makes a hundred."""

    def __init__(self, whole: Mapping[int, int], gone: AbstractSet[int]) -> None:
        self._whole, self._gone = whole, gone
        self._own: dict[int, int] = {}

    def get(self, key: int, default: Any = None) -> Any:
        if key in self._gone or key in self._own:
            return self._own.get(key, default)
        return self._whole.get(key, default)

    def __getitem__(self, key: int) -> int:
        return self._own[key] if key in self._gone or key in self._own else self._whole[key]

    def __setitem__(self, key: int, value: int) -> None:
        self._own[key] = value

    def __delitem__(self, key: int) -> None:
        self._own.pop(key, None)
        self._gone = self._gone | {key}

    def __iter__(self) -> Iterator[int]:
        yield from (key for key in self._whole if key not in self._gone and key not in self._own)
        yield from self._own

    def __len__(self) -> int:
        return sum(1 for _ in self)


@datatype(frozen=False)
class UserValues:
    """What a .config asks for.

    Attributes:
        tri: symbol to 0, 1 or 2.
        text: int, hex or string symbol to its value.
        order: choice members in the order they were assigned.
        chosen: choice members that were set to y, in order, also when a later line takes it back.
    """

    tri: MutableMapping[int, int] = field(default_factory=dict)
    text: dict[int, str] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    chosen: list[int] = field(default_factory=list)

    def latest(self, members: Iterable[int]) -> list[int]:
        """Assigned members of a choice, each where it was assigned last."""
        inside = set(members)
        return list(dict.fromkeys(s for s in reversed(self.order) if s in inside))[::-1]

    def without(self, symbols: AbstractSet[int]) -> "UserValues":
        """The same, asking nothing of some symbols; what is asked of them then stays with it."""
        text = self.text.copy()
        for sym in symbols:
            text.pop(sym, None)
        return UserValues(
            _Without(self.tri, symbols),
            text,
            [s for s in self.order if s not in symbols],
            [s for s in self.chosen if s not in symbols],
        )
