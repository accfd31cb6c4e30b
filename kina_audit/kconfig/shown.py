"""Which symbols a line's configurator writes a line for, because others are on and for no other reason."""

from collections.abc import Mapping
from functools import cached_property
from itertools import compress, pairwise

from kina_audit.kconfig.packed import Sections, unplanes


class Shown:
    """Symbols in the order of the tree, in groups that need the same.

    Few configs lack anything, and `missed` finds that out by numbers; who has to know more takes the names.
    """

    def __init__(self, names: list[str], own: Sections) -> None:
        """Of an architecture's chunk; ``names`` are those of its line's symbols."""
        self._names = names
        self._symbols, self._groups = unplanes(own["symbols"]), unplanes(own["groups"])
        self._needs, self._ends = unplanes(own["needs"]), [0, *unplanes(own["ends"])]
        self._heads = unplanes(own["heads"])

    def missed(self, raw: Mapping[str, str]) -> list[str]:
        """The symbols that can be seen where what a config turns on is on, and that it has no line for."""
        names = self._names
        on = {number for number in set(self._needs) if raw.get(names[number]) == "y"}
        held = bytes(map(on.__contains__, self._needs))
        seen = bytes(held.find(0, start, end) < 0 for start, end in pairwise(self._ends))
        visible = compress(self._symbols, map(seen.__getitem__, self._groups))
        return [names[number] for number in visible if names[number] not in raw]

    @cached_property
    def groups(self) -> dict[str, int]:
        """Of each symbol, in the order of the tree, which of `needs` is its own."""
        return dict(zip(map(self._names.__getitem__, self._symbols), self._groups, strict=True))

    @cached_property
    def needs(self) -> list[list[str]]:
        """The symbols that have to be on, one list a group."""
        gates = [self._names[number] for number in self._needs]
        return [gates[start:end] for start, end in pairwise(self._ends)]

    @cached_property
    def gates(self) -> frozenset[str]:
        """All that others need."""
        return frozenset(self._names[number] for number in set(self._needs))

    @cached_property
    def heads(self) -> frozenset[str]:
        """Those that at least `kina_audit.kconfig.packed.HEADS` others need."""
        return frozenset(self._names[number] for number in self._heads)
