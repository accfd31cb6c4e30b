"""What became of each of many sources: its report, or why there is none."""

from collections.abc import Sequence

from kina_audit.base.datatype import datatype, replace
from kina_audit.engine.waive import WaiverState, WaiverUse
from kina_audit.report.model import Report, Verdict


@datatype
class Unread:
    """A source of which there is no report.

    Attributes:
        source: as the user named it.
        message: why.
        status: the exit status that this ends with.
    """

    source: str
    message: str
    status: int


Outcome = Report | Unread


def worst(found: Sequence[Outcome]) -> int:
    """The exit status of them all: what could not be read before what fails."""
    return max((f.status if isinstance(f, Unread) else f.exit_code for f in found), default=3)


def waived_together(reports: Sequence[Report]) -> list[Report]:
    """The same reports, in which a waiver that one of them needs is unused in none: it is for all of them."""
    needed = {use.waiver.origin for r in reports for use in r.waivers if use.state is WaiverState.APPLIED}
    return [replace(r, waivers=tuple(_elsewhere(use, needed) for use in r.waivers)) for r in reports]


def _elsewhere(use: WaiverUse, needed: set[str]) -> WaiverUse:
    if use.state is WaiverState.UNUSED and use.waiver.origin in needed:
        return WaiverUse(use.waiver, WaiverState.ELSEWHERE)
    return use


def verdict(found: Sequence[Outcome]) -> str:
    """The verdict of them all: ``error`` when one could not be read, else the worst."""
    if not all(isinstance(f, Report) for f in found):
        return "error"
    verdicts = {f.verdict for f in found if isinstance(f, Report)}
    return str(next((v for v in (Verdict.FAIL, Verdict.UNKNOWN) if v in verdicts), Verdict.PASS))
