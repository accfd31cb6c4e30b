"""Apply waivers to findings, and say which waivers did nothing."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from kina_audit.base.datatype import datatype, replace
from kina_audit.base.near import near
from kina_audit.engine.finding import UNMET, Finding, ProfileResult
from kina_audit.kernel.provenance import Kernel

if TYPE_CHECKING:
    from kina_audit.engine.waiver import Waiver


class WaiverState(StrEnum):
    """What became of a waiver in one run.

    applied; unused (it speaks of this kernel and nothing unmet matches it, or it can match no kernel at all); expired; elsewhere (it is for another
    source or kernel, which is no fault of it).
    """

    APPLIED = "applied"
    UNUSED = "unused"
    EXPIRED = "expired"
    ELSEWHERE = "elsewhere"


@datatype
class WaiverUse:
    """A waiver, what became of it, and one sentence about that when somebody should act."""

    waiver: "Waiver"
    state: WaiverState
    warning: str = ""


def waiver_of(profile: str, requirement: str, waivers: "Sequence[Waiver]", defined_in: str = "") -> "Waiver | None":
    """The first waiver that covers a requirement, by the profile it was found under or the one that defines it."""
    for waiver in waivers:
        if waiver.covers(profile, requirement) or (defined_in and waiver.covers(defined_in, requirement)):
            return waiver
    return None


def live(waivers: "Sequence[Waiver]", kernel: Kernel, today: date) -> "tuple[Waiver, ...]":
    """The waivers that hold for this kernel on this day."""
    return tuple(w for w in waivers if w.is_for(kernel) and not w.expired(today))


def waive(results: Sequence[ProfileResult], valid: "Sequence[Waiver]") -> tuple[ProfileResult, ...]:
    """The same results, with the waiver noted on every unmet finding that one covers; statuses stay what they are."""
    if not valid:
        return tuple(results)
    return tuple([replace(r, findings=tuple([_waive(r, f, valid) for f in r.findings])) for r in results])


def _waive(result: ProfileResult, finding: Finding, valid: "Sequence[Waiver]") -> Finding:
    if finding.status not in UNMET:
        return finding
    row = finding.requirement
    found = waiver_of(result.profile.id, row.id, valid, row.profile)
    return replace(finding, waiver=found) if found else finding


def uses(
    waivers: "Sequence[Waiver]",
    results: Sequence[ProfileResult],
    kernel: Kernel,
    today: date,
    others: Sequence[tuple[str, str]] = (),
) -> tuple[WaiverUse, ...]:
    """What became of each waiver.

    Args:
        waivers: all that were given.
        results: of the selected profiles.
        kernel: what was audited.
        today: the day it is.
        others: (profile, name) of other things that were lost and may be waived: the mode, a capability.
    """
    return tuple([_use(w, results, kernel, today, others) for w in waivers])


def _use(
    waiver: "Waiver",
    results: Sequence[ProfileResult],
    kernel: Kernel,
    today: date,
    others: Sequence[tuple[str, str]],
) -> WaiverUse:
    if waiver.impossible:
        return WaiverUse(waiver, WaiverState.UNUSED, f"{waiver.origin} can never hold: {waiver.impossible}")
    if not waiver.is_for(kernel):
        return WaiverUse(waiver, WaiverState.ELSEWHERE)
    named = [
        f
        for r in results
        for f in r.findings
        if waiver_of(r.profile.id, f.requirement.id, [waiver], f.requirement.profile)
    ]
    unmet = any(f.status in UNMET for f in named) or any(waiver.covers(*other) for other in others)
    if waiver.expired(today):
        idle = f"{waiver.origin} expired on {waiver.expires}; and nothing needs it any more: delete it"
        return WaiverUse(waiver, WaiverState.EXPIRED, waiver.expiry if unmet else idle)
    if unmet:
        return WaiverUse(waiver, WaiverState.APPLIED)
    why = "everything it covers is met"
    if not named:
        why = f"it matches no requirement of the selected profiles{_meant(waiver.pattern, results)}"
    return WaiverUse(waiver, WaiverState.UNUSED, f"{waiver.origin} is unused: {why}")


def _meant(pattern: str, results: Sequence[ProfileResult]) -> str:
    """What a waiver's name is much like: a requirement, or of one that is for a whole profile its profile."""
    profile, _, requirement = pattern.rpartition("/")
    if requirement == "*":
        return near(profile, [r.profile.id for r in results])
    rows = [f.requirement for r in results for f in r.findings]
    names = [f"{r.profile.id}/{f.requirement.id}" for r in results for f in r.findings]
    return near(pattern, dict.fromkeys([*names, *(f"{row.profile}/{row.id}" for row in rows)]))
