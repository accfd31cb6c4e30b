"""Which symbols a line's configurator writes a line for, because others are on and for no other reason."""

from collections.abc import Mapping
from functools import cached_property
from itertools import compress, filterfalse, repeat
from operator import eq

from kina_audit.kconfig.packed import Sections, words


class Shown:
    """Symbols in the order of the tree, in groups that need the same.

    Few configs lack anything, and `missed` finds that out by numbers; who has to know more takes the names.
    """

    def __init__(self, names: list[str], own: Sections) -> None:
        """Of an architecture's chunk; ``names`` are those of its line's symbols."""
        self._names = names
        self._symbols, self._groups = words(own["symbols"]), words(own["groups"])
        # Group 0 needs nothing; each other one needs what its parent does, which comes before it, and one symbol more.
        self._parents, self._gates = words(own["parents"]), words(own["gates"])
        self._heads = words(own["heads"])

    def missed(self, raw: Mapping[str, str]) -> list[str]:
        """The symbols that can be seen where what a config turns on is on, and that it has no line for."""
        names = self._names
        on = map(eq, repeat("y"), map(raw.get, map(names.__getitem__, self._gates)))
        seen = [True]
        for parent, is_on in zip(self._parents, on, strict=True):
            seen.append(is_on and seen[parent])
        visible = compress(self._symbols, map(seen.__getitem__, self._groups))
        return [*filterfalse(raw.__contains__, map(names.__getitem__, visible))]

    @cached_property
    def groups(self) -> dict[str, int]:
        """Of each symbol, in the order of the tree, which of `needs` is its own."""
        return dict(zip(map(self._names.__getitem__, self._symbols), self._groups, strict=True))

    @cached_property
    def needs(self) -> list[list[str]]:
        """The symbols that have to be on, one list a group."""
        found: list[list[str]] = [[]]
        for parent, gate in zip(self._parents, self._gates, strict=True):
            found.append([*found[parent], self._names[gate]])
        return found

    @cached_property
    def gates(self) -> frozenset[str]:
        """All that others need."""
        return frozenset(map(self._names.__getitem__, self._gates))

    @cached_property
    def heads(self) -> frozenset[str]:
        """Those that at least `kina_audit.kconfig.packed.HEADS` others need."""
        return frozenset(self._names[number] for number in self._heads)
