"""``--format table --by profile``: every profile's count, and its findings one by one."""

from kina_audit.engine.finding import MET, Finding, ProfileResult, Status
from kina_audit.profiles.model import Level
from kina_audit.render import RenderOptions
from kina_audit.render.gate import gate
from kina_audit.render.sentences import facts, standing, titled, tried, waived
from kina_audit.render.table_style import Style
from kina_audit.report.document import met
from kina_audit.report.model import Report

_ORDER = {Status.FAIL: 0, Status.UNKNOWN: 1, Status.WARN: 2, Status.PASS: 3, Status.SKIP: 4}
_OTHER_COLUMNS = 42
"""Columns that the table of profiles needs besides the titles, which are cut to what is left."""


def profile_lines(report: Report, style: Style) -> list[str]:
    """A row a profile: its status, and how many of its requirements are met."""
    from tabulate import tabulate

    rows = []
    for result in report.results:
        cells = []
        for level in (Level.REQUIRED, Level.RECOMMENDED):
            have, total = met(result, level)
            cells.append(f"{have}/{total}" if total else "-")
        rows.append(
            [
                style.status(standing(report, result)),
                result.profile.id,
                titled(result, style.width - _OTHER_COLUMNS),
                *cells,
            ]
        )
    table = tabulate(
        rows,
        headers=["status", "profile", "", "req.", "rec."],
        tablefmt="plain",
        disable_numparse=True,
        colalign=("left", "left", "left", "right", "right"),
    )
    return table.splitlines()


def left_lines(report: Report, style: Style) -> list[str]:
    """Back-ends of which the kernel leaves only one: the requirement is met, and an image that picks another fails."""
    named: dict[str, list[str]] = {}
    for result in report.results:
        for finding in result.findings:
            if finding.left:
                named.setdefault(finding.left, []).append(result.profile.id)
    lines = [line for left, ids in named.items() for line in style.wrap(f"{', '.join(ids)}: {left}.")]
    return ["", *lines] if lines else []


def finding_lines(report: Report, style: Style, options: RenderOptions) -> tuple[list[str], int]:
    """(the findings that are to be seen, what decides first; how many are not shown)."""
    shown = {Status.FAIL, Status.UNKNOWN, Status.WARN}
    if options.verbose:
        shown = set(Status)
    picked = [
        (result, finding)
        for result in report.results
        for finding in result.findings
        if finding.status in shown
        and (options.verbose or finding.level is not Level.OPTIONAL or report.decides(result, finding))
    ]
    picked.sort(
        key=lambda p: (not report.decides(*p), _ORDER[p[1].status], p[1].level is not Level.REQUIRED),
    )
    lines: list[str] = []
    under = gate(report).under
    for result, finding in picked:
        lines += ["", *_finding(result, finding, style, decides=report.decides(result, finding))]
        lost = under.pop(f"{result.profile.id}/{finding.requirement.id}", ())
        lines += style.items("lost", [item.name for item in lost]) if lost else []
    hidden = sum(
        f.status in (Status.WARN, Status.UNKNOWN) and f.level is Level.OPTIONAL and not report.decides(r, f)
        for r in report.results
        for f in r.findings
    )
    return lines, 0 if options.verbose else hidden


def _finding(result: ProfileResult, finding: Finding, style: Style, *, decides: bool) -> list[str]:
    """A finding; FAIL and UNKNOWN without a note are what keeps the report from passing."""
    row = finding.requirement
    status, note = finding.status, ""
    if decides and status is Status.WARN:
        status = Status.FAIL
    elif finding.waiver:
        note = ", waived"
    elif not decides and status in (Status.FAIL, Status.UNKNOWN):
        status = Status.WARN if status is Status.FAIL else status
        note = ", not counted" if result.profile.asked else ", not asked for"
    via = f", from {row.profile}" if row.profile not in ("", result.profile.id) else ""
    head = f"{style.status(status)} {result.profile.id}/{row.id} ({row.level}{via}{note})"
    lines = [head]
    lines += style.field("needs", finding.needs)
    if finding.left:
        lines += style.field("because", finding.left)
    if finding.status is not Status.PASS:
        lines += style.field("has", facts(finding)) if finding.symbols else []
        lines += style.field("tried", tried(finding)) if finding.observed else []
    if finding.status is not Status.PASS or not finding.needs:
        lines += style.field("because", finding.reason)
    if finding.status is not Status.PASS:
        lines += style.field("why", row.why)
    if finding.status not in MET:
        lines += style.field("fix", finding.fix)
    if finding.waiver is not None:
        lines += style.field("waived", waived(finding))
    return lines
