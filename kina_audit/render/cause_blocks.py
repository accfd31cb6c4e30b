"""Findings by cause, as every format for people says them: one block a cause, worst first."""

from collections.abc import Sequence

from kina_audit.base.datatype import datatype
from kina_audit.engine.evaluate import UNTOLD_ARCH, UNTOLD_VERSION
from kina_audit.engine.finding import Status
from kina_audit.profiles.model import Level
from kina_audit.render import one_line
from kina_audit.render.gate import gate
from kina_audit.render.sentences import stand, tried, waived
from kina_audit.report.causes import Broken, Cause, causes
from kina_audit.report.model import Report

LOST = "lost"
"""The label of Cilium's features that were lost with a requirement."""


@datatype
class Block:
    """One cause.

    Attributes:
        status: the worst of what it breaks.
        decides: whether it keeps the report from passing.
        waived: whether everything that it breaks is waived.
        what: the symbols at fault and how they stand, or what is asked.
        lists: label to (name, note) of each requirement that is unmet for it; ``fails``, ``unknown`` and ``lost`` are what decides.
        fields: (label, text), among them why and fix.
    """

    status: Status
    decides: bool
    waived: bool
    what: str
    lists: dict[str, list[tuple[str, str]]]
    fields: tuple[tuple[str, str], ...]


_UNTOLD = {UNTOLD_VERSION: "kernel version unknown", UNTOLD_ARCH: "architecture unknown"}


def blocks(report: Report, *, verbose: bool = False) -> tuple[list[Block], int]:
    """Every cause of which something is to be shown, and how many requirements are not shown: optional ones, without ``verbose``."""
    found: list[Block] = []
    hidden = 0
    under = gate(report).under
    for cause in causes(report):
        shown = [b for b in cause.breaks if verbose or b.decides or b.finding.level is not Level.OPTIONAL]
        hidden += len(cause.breaks) - len(shown)
        if shown:
            block = _block(cause, shown, verbose=verbose)
            lost = [item for name in dict.fromkeys(b.name for b in shown) for item in under.pop(name, ())]
            if lost:
                block.lists[LOST] = [(item.name, "") for item in lost]
            found.append(block)
    return found, hidden


def _block(cause: Cause, shown: Sequence[Broken], *, verbose: bool) -> Block:
    worst = cause.worst.finding
    untold = _UNTOLD.get(worst.reason, "")
    what = stand(cause.symbols) or untold or worst.needs or worst.reason.rstrip(".")
    if cause.symbols and not worst.requirement.module:
        what += "; it has to be built in"
    fields = [
        ("needs", worst.needs if verbose else ""),
        ("because", cause.reason if what != cause.reason.rstrip(".") else ""),
        ("because", worst.left),
        ("tried", tried(worst) if worst.observed else ""),
    ]
    # Each of these asks, matters and is mended in its own way, if at all: first the version is to be told.
    one = not untold or len(cause.breaks) == 1
    if one and (cause.status is not Status.WARN or verbose):
        fields.append(("why", cause.why if verbose else first_sentence(cause.why)))
    fields.append(("fix", "" if untold else cause.fix))
    fields += [("waived", text) for text in dict.fromkeys(waived(b.finding) for b in shown if b.finding.waiver)]
    told = tuple((label, text) for label, text in fields if text)
    return Block(cause.status, cause.decides, all(b.finding.waiver for b in shown), what, _listed(shown), told)


def _listed(shown: Sequence[Broken]) -> dict[str, list[tuple[str, str]]]:
    """Names with their levels, by whether they keep the report from passing."""
    found: dict[str, list[tuple[str, str]]] = {}
    for b in shown:
        label = "also" if any(other.decides for other in shown) else "unmet"
        if b.decides:
            label = "unknown" if b.finding.status is Status.UNKNOWN else "fails"
        note = ", waived" if b.finding.waiver else ""
        if not b.decides and not note and b.finding.level is Level.REQUIRED:
            note = ", not counted" if b.result.profile.asked else ", not asked for"
        owner = b.finding.requirement.profile
        via = f", from {owner}" if owner not in ("", b.result.profile.id) else ""
        found.setdefault(label, []).append((b.name, f"({b.finding.level}{via}{note})"))
    return found


def first_sentence(text: str) -> str:
    """The first sentence, where it says enough."""
    head, stop, _ = one_line(text).partition(". ")
    return f"{head}." if stop and len(head) >= 40 else one_line(text)
