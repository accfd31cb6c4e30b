"""Which symbols two configurations give different values, grouped by what happened to them.

Values are the audit's: absent from a complete config and "is not set" are both n, what a model tells counts as it does there,
and what an input cannot tell is no value at all.
"""

from collections.abc import Iterable
from enum import StrEnum

from kina_audit.base.datatype import datatype
from kina_audit.kernel.config import WITHOUT_MODULE, KernelConfig, SymbolFact, SymbolState
from kina_audit.kernel.renames import renames


class Happened(StrEnum):
    """What happened to a symbol; in the order that a reader wants them."""

    REMOVED = "removed"
    Y_TO_N = "y to n"
    M_TO_N = "m to n"
    Y_TO_M = "y to m"
    M_TO_Y = "m to y"
    N_TO_Y = "n to y"
    N_TO_M = "n to m"
    ADDED = "added"
    RENAMED = "renamed"
    VALUE = "value"
    UNDECIDED = "told on one side only"


@datatype
class SymbolChange:
    """One symbol with two values.

    Attributes:
        name: in the new config.
        happened: which group it belongs to. ``removed`` and ``added`` are symbols that were on and have no line any
            more, or have one now; the others have a line on both sides.
        before: y, m, n, a number, a text in quotes, or None (cannot tell).
        after: the same.
        before_line: its line in the old config, or None.
        after_line: its line in the new config, or None.
        renamed_from: its name in the old config, when that is another.
    """

    name: str
    happened: Happened
    before: str | None
    after: str | None
    before_line: int | None = None
    after_line: int | None = None
    renamed_from: str = ""


_TRISTATE = frozenset("ymn")


def changed_symbols(old: KernelConfig, new: KernelConfig) -> tuple[SymbolChange, ...]:
    """Every symbol whose value differs, sorted by group and name."""
    names = {k for k, v in old.raw.items() if new.raw.get(k) != v}
    names |= new.raw.keys() - old.raw.keys()
    names |= old.predicted.keys() | new.predicted.keys()
    facts = {n: (old.fact(n), new.fact(n)) for n in names}
    changes = {n: c for n, pair in facts.items() if (c := _change(n, *pair)) is not None}
    for before, after in renames():
        gone, came = changes.get(before), changes.get(after)
        if gone is None or came is None or gone.before != came.after or gone.after != "n" or came.before != "n":
            continue
        del changes[before]
        changes[after] = SymbolChange(
            after, Happened.RENAMED, gone.before, came.after, gone.before_line, came.after_line, before
        )
    order = list(Happened)
    return tuple(sorted(changes.values(), key=lambda c: (order.index(c.happened), c.name)))


def _change(name: str, old: SymbolFact, new: SymbolFact) -> SymbolChange | None:
    before, after = value_of(old), value_of(new)
    if before == after:
        return None
    return SymbolChange(name, _happened(old, new, before, after), before, after, old.line, new.line)


def _happened(old: SymbolFact, new: SymbolFact, before: str | None, after: str | None) -> Happened:
    if before is None or after is None:
        return Happened.UNDECIDED
    if new.state is SymbolState.ABSENT and before != "n":
        return Happened.REMOVED
    if old.state is SymbolState.ABSENT and after != "n":
        return Happened.ADDED
    if before in _TRISTATE and after in _TRISTATE:
        return Happened(f"{before} to {after}")
    return Happened.VALUE


def value_of(fact: SymbolFact) -> str | None:
    """A symbol's value as text; None when the input cannot tell."""
    if fact.state is SymbolState.UNKNOWN or fact.value is None:
        return None
    if fact.state in WITHOUT_MODULE:
        return f"{fact.value} ({fact.state})"
    return f'"{fact.value}"' if fact.is_string else fact.value


def grouped(changes: Iterable[SymbolChange]) -> dict[Happened, list[SymbolChange]]:
    """The changes of each group that has any."""
    groups: dict[Happened, list[SymbolChange]] = {}
    for change in changes:
        groups.setdefault(change.happened, []).append(change)
    return groups
