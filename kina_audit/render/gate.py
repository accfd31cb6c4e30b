"""What decides and is no finding, folded: features of Cilium that were lost with a requirement, under that requirement."""

from kina_audit.base.datatype import datatype
from kina_audit.report.decision import Deciding
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
    """Fold a report's lost features under the requirements that say all that they lack."""
    alone = tuple(item for item in report.gate if not item.owner)
    under: dict[str, list[Deciding]] = {}
    for item in report.gate:
        if item.owner:
            under.setdefault(item.owner, []).append(item)
    return Gate(alone, {name: tuple(items) for name, items in under.items()})


def lost_with(items: tuple[Deciding, ...]) -> str:
    """The features, in one sentence."""
    return f"Lost with it: {', '.join(item.name for item in items)}."
