"""When one name may be another with a slip of the pen in it: a letter too many, too few, another, or two swapped."""

import re
from collections.abc import Container, Iterable
from functools import lru_cache

from kina_audit.profiles.model import Profile

_MOST_KEPT = 10_000
"""Symbols of profiles whose surroundings are kept: a process that lives long may see anybody's."""


def near(name: str) -> tuple[str, ...]:
    """What two names share that are one letter apart, or of which two are swapped: each without one of its letters."""
    return (name, *[name[:i] + name[i + 1 :] for i in range(min(len(name), 100))])


near_asked = lru_cache(maxsize=1024)(near)  # of what profiles ask for, of every kernel of a fleet


def is_slip(name: str, meant: str) -> bool:
    """Whether what is near a name may be meant by it: names that differ in a number are different things."""
    return _without_numbers(meant) != _without_numbers(name)


def may_be_meant(names: Iterable[str], raw: Container[str], profiles: Iterable[Profile]) -> bool:
    """Whether one of some names may mean a symbol without a line that profiles ask for on some kernel.

    Args:
        names: those of a config that are no symbols.
        raw: the names of all its lines.
        profiles: those that are asked; symbols of ones that were asked before may count, too.
    """
    return _AROUND.has(names, raw, profiles)


class _Around:
    """What is one slip away from the symbols that profiles ask for, worked out once for the kernels of a fleet."""

    def __init__(self) -> None:
        self._symbols: set[str] = set()
        self._meant: dict[str, set[str]] = {}

    def has(self, names: Iterable[str], raw: Container[str], profiles: Iterable[Profile]) -> bool:
        """See `may_be_meant`."""
        for symbols in [p.symbols for p in profiles if not self._symbols.issuperset(p.symbols)]:
            if len(self._symbols) > _MOST_KEPT:
                self._symbols, self._meant = set(), {}
            for symbol in symbols - self._symbols:
                for part in near(symbol):
                    self._meant.setdefault(part, set()).add(symbol)
            self._symbols |= symbols
        shared = ((name, part) for name in names for part in near(name) if part in self._meant)
        return any(is_slip(name, meant) for name, part in shared for meant in self._meant[part] if meant not in raw)


_AROUND = _Around()


def _without_numbers(name: str) -> str:
    return re.sub(r"\d+", "", name)
