"""Findings by cause, in the terminal table: one block a cause, worst first."""

from collections.abc import Sequence

from kina_audit.engine.finding import Status
from kina_audit.profiles.model import Level
from kina_audit.render import RenderOptions, one_line
from kina_audit.render.sentences import needs, stand, tried, waived
from kina_audit.render.table_style import Style
from kina_audit.report.causes import Broken, Cause, causes
from kina_audit.report.model import Report


def cause_lines(report: Report, style: Style, options: RenderOptions) -> tuple[list[str], int]:
    """(what decides and is no finding, then every cause of which something is to be shown; how many are not shown)."""
    lines: list[str] = []
    hidden = 0
    for cause in causes(report):
        shown = [b for b in cause.breaks if options.verbose or b.decides or b.finding.level is not Level.OPTIONAL]
        hidden += len(cause.breaks) - len(shown)
        if shown:
            lines += ["", *_block(cause, shown, style, options)]
    return lines, hidden


def _block(cause: Cause, shown: Sequence[Broken], style: Style, options: RenderOptions) -> list[str]:
    worst = cause.worst.finding
    what = stand(cause.symbols) or needs(worst)
    if cause.symbols and not worst.requirement.module:
        what += "; it has to be built in"
    lines = style.headed(cause.status, what)
    for label, names in _listed(shown).items():
        lines += style.items(label, names)
    if options.verbose:
        lines += style.field("needs", needs(worst))
    if cause.reason:
        lines += style.field("because", cause.reason)
    if worst.left:
        lines += style.field("because", worst.left)
    if worst.observed:
        lines += style.field("tried", tried(worst))
    if cause.status is not Status.WARN or options.verbose:
        lines += style.field("why", cause.why if options.verbose else first_sentence(cause.why))
    lines += style.field("fix", cause.fix)
    for text in dict.fromkeys(waived(b.finding) for b in shown if b.finding.waiver):
        lines += style.field("waived", text)
    return lines


def _listed(shown: Sequence[Broken]) -> dict[str, list[str]]:
    """Names with their levels, by whether they keep the report from passing."""
    found: dict[str, list[str]] = {}
    for b in shown:
        label = "also"
        if b.decides:
            label = "unknown" if b.finding.status is Status.UNKNOWN else "fails"
        note = ", waived" if b.finding.waiver else ""
        if not b.decides and not note and b.finding.level is Level.REQUIRED:
            note = ", not counted"
        owner = b.finding.requirement.profile
        via = f", from {owner}" if owner not in ("", b.result.profile.id) else ""
        found.setdefault(label, []).append(f"{b.name} ({b.finding.level}{via}{note})")
    return found


def first_sentence(text: str) -> str:
    """The first sentence, where it says enough."""
    head, stop, _ = one_line(text).partition(". ")
    return f"{head}." if stop and len(head) >= 40 else one_line(text)
