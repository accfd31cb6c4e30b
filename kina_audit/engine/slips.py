"""When one name may be another with a slip of the pen in it: a letter too many, too few, another, or two swapped."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
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


def may_be_meant(names: Iterable[str], raw: Container[str], profiles: Sequence[Profile]) -> bool:
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
        # Replaced together and never changed: who asks beside somebody who adds has the ones or the others.
        self._known: tuple[frozenset[str], Mapping[str, tuple[str, ...]]] = (frozenset(), {})

    def has(self, names: Iterable[str], raw: Container[str], profiles: Sequence[Profile]) -> bool:
        """See `may_be_meant`."""
        known, meant = self._known
        if not all(known.issuperset(p.symbols) for p in profiles):
            asked = frozenset().union(*[p.symbols for p in profiles])
            if len(known) > _MOST_KEPT:
                known, meant = frozenset(), {}
            more = dict(meant)
            for symbol in asked - known:
                for part in near(symbol):
                    more[part] = (*more.get(part, ()), symbol)
            known, meant = self._known = (known | asked, more)
        shared = ((name, part) for name in names for part in near(name) if part in meant)
        return any(is_slip(name, one) for name, part in shared for one in meant[part] if one not in raw)


_AROUND = _Around()


def _without_numbers(name: str) -> str:
    return re.sub(r"\d+", "", name)
