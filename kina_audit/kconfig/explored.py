"""What searches from one config have in common: many ask for much the same, and look at the same states again."""

from typing import TYPE_CHECKING

from kina_audit.base.datatype import datatype, field

if TYPE_CHECKING:
    from kina_audit.kconfig.resolve import Resolution
    from kina_audit.kconfig.ways import Way

MOST_KEPT = 48
"""States of one config; each has tens of kilobytes."""


@datatype(frozen=False)
class Explored:
    """What searches found out about one config; it does not hold the config, which holds this.

    Attributes:
        states: the config with a fragment, by the fragment; of quick searches, which leave most of its values open.
        compiled: conditions as expressions of the model, by their text.
        open: of a kernel that is, the config as far as a build would change it.
    """

    states: "dict[Way, Resolution]" = field(default_factory=dict)
    compiled: dict[str, int] = field(default_factory=dict)
    open: "Resolution | None" = None
