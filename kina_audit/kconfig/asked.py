"""What a config asks of a tree, before anything is computed."""

from collections.abc import Set as AbstractSet

from kina_audit.base.datatype import datatype, field


@datatype(frozen=False)
class UserValues:
    """What a .config asks for.

    Attributes:
        tri: symbol to 0, 1 or 2.
        text: int, hex or string symbol to its value.
        order: choice members in the order they were assigned.
        chosen: choice members that were set to y, in order, also when a later line takes it back.
    """

    tri: dict[int, int] = field(default_factory=dict)
    text: dict[int, str] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    chosen: list[int] = field(default_factory=list)

    def without(self, symbols: AbstractSet[int]) -> "UserValues":
        """A copy that asks nothing of some symbols."""
        tri, text = self.tri.copy(), self.text.copy()
        for sym in symbols:
            tri.pop(sym, None)
            text.pop(sym, None)
        return UserValues(
            tri,
            text,
            [s for s in self.order if s not in symbols],
            [s for s in self.chosen if s not in symbols],
        )
