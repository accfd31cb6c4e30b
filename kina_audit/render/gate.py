"""What decides and is no finding, folded: features of Cilium that were lost with a requirement, under that requirement."""

from kina_audit.base.datatype import datatype
from kina_audit.report.decision import Deciding, Kind
from kina_audit.report.model import Report


@datatype
class Gate:
    """The items of `Report.gate`.

    Attributes:
        alone: what is told by itself.
        under: a deciding requirement's name, and the features of Cilium that were lost because its symbols are off.
    """

    alone: tuple[Deciding, ...]
    under: dict[str, tuple[Deciding, ...]]


def gate(report: Report) -> Gate:
    """Fold a report's lost features under the requirements that say all that they lack.

    Each of them told its whole chain of reasons, thirty times the same, before the one symbol that was lost.
    """
    owners: dict[str, str] = {}
    for item in report.deciding:
        if item.pair is not None:
            for symbol in item.pair[1].symbols:
                owners.setdefault(symbol.name, item.name)
    alone: list[Deciding] = []
    under: dict[str, list[Deciding]] = {}
    for item in report.gate:
        if item.kind is Kind.CAPABILITY and item.symbols and owners.keys() >= set(item.symbols):
            under.setdefault(owners[item.symbols[0]], []).append(item)
        else:
            alone.append(item)
    return Gate(tuple(alone), {name: tuple(items) for name, items in under.items()})


def lost_with(items: tuple[Deciding, ...]) -> str:
    """The features, in one sentence."""
    return f"Lost with it: {', '.join(item.name for item in items)}."
