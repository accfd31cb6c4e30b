"""What a requirement may ask of a running kernel in place of a condition on symbols."""

from collections.abc import Mapping
from typing import Any

from kina_audit.base.datatype import datatype
from kina_audit.kernel.expression import Expression


@datatype
class Shown:
    """A fact that the kernel must show beside its config while it runs; one of the last three says how it is held.

    Attributes:
        fact: its name, as `kina_audit.kernel.live` has it.
        values: any of these will do.
        least: a number that it must reach.
        item: one of the comma-separated things it must have.
    """

    fact: str
    values: tuple[str, ...] = ()
    least: int | None = None
    item: str = ""

    def holds(self, value: str) -> bool:
        """Whether a value that was read will do."""
        if self.least is not None:
            return value.isdecimal() and int(value[:18]) >= self.least
        return self.item in value.split(",") if self.item else value in self.values

    @property
    def expr(self) -> Expression:
        """Its words, in the place of a condition: it asks nothing of symbols."""
        if self.least is not None:
            words = f"{self.fact} of {self.least} or more"
        else:
            words = f"{self.fact} with {self.item}" if self.item else f"{self.fact} {' or '.join(self.values)}"
        return Expression(words, ("const", "y"), ())


def read_shown(table: Mapping[str, Any]) -> Shown | None:
    """What a requirement's table says under ``live``; None when it has no such key."""
    if "live" not in table:
        return None
    live = table["live"]
    return Shown(live["fact"], tuple(live.get("is", ())), live.get("at_least"), live.get("has", ""))
