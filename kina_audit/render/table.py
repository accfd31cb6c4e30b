"""``--format table``: for people at a terminal. What failed comes first, each with why and what to do."""

from collections.abc import Sequence
from textwrap import fill

from kina_audit.engine.evaluate import UNTOLD_ARCH, UNTOLD_VERSION
from kina_audit.engine.finding import Finding, ProfileResult, Status
from kina_audit.profiles.model import ONE_OF, Level
from kina_audit.render import RenderOptions, one_line
from kina_audit.render.sentences import baseline_lines, facts, how_told, needs, observed_line, running, tried, waived
from kina_audit.render.table_advice import advice_lines, rungs
from kina_audit.render.table_style import Style
from kina_audit.report.document import met
from kina_audit.report.many import Outcome, Unread
from kina_audit.report.model import FailOn, Report

_ORDER = {Status.FAIL: 0, Status.UNKNOWN: 1, Status.WARN: 2, Status.PASS: 3, Status.SKIP: 4}
_FEW = 20
"""With more profiles than this, findings that ask the same thing are shown once."""
_MOST_LOST = 8
_OTHER_COLUMNS = 42
"""Columns that the table of profiles needs besides the titles, which are cut to what is left."""


def render(report: Report, options: RenderOptions) -> str:
    """The report as text of at most ``options.width`` columns, unbreakable words aside."""
    style = Style(options)
    lines = [
        *_kernel(report, style),
        "",
        *_verdict(report, style),
        *_baseline(report, style),
        "",
        *_profiles(report, style),
    ]
    lines += [*_left(report, style), *_waivers(report, style), *_findings(report, style, options)]
    if report.advice is not None:
        lines += ["", *advice_lines(report.advice, style)]
    if report.knowledge.month:
        lines += ["", f"kina-audit {report.tool_version}, facts of {report.knowledge.month}"]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def render_many(found: Sequence[Outcome], options: RenderOptions) -> str:
    """Each report, and at the end a line for every source."""
    style = Style(options)
    parts = [render(o, options) for o in found if isinstance(o, Report)]
    lines = []
    for outcome in found:
        if isinstance(outcome, Unread):
            lines += style.wrap(f"error: {outcome.source}: {outcome.message}", 0)
        else:
            lines += style.wrap(f"{outcome.verdict}: {outcome.kernel.provenance.source}", 0)
    ruler = "\n" + "-" * min(options.width, 80) + "\n\n"
    return ruler.join([*parts, "\n".join(lines) + "\n"])


def _kernel(report: Report, style: Style) -> list[str]:
    config, origin = report.kernel.config, report.kernel.provenance
    where = [origin.kind, origin.project, origin.ref]
    if origin.commit:
        where.append(f"commit {origin.commit[:12]}")
    if origin.blob:
        where.append(f"blob {origin.blob[:12]}")
    target = str(config.target or "unknown version")
    lines = [
        style.bold(f"{one_line(origin.source)}: Linux {target}, {config.arch or 'unknown architecture'}"),
        *style.wrap(
            " ".join(w for w in where if w) + (f", {origin.location}" if origin.location != origin.source else "")
        ),
    ]
    if report.audited:
        lines += style.wrap(f"Audited at {one_line(report.audited)}.")
    if origin.found_in:
        lines += style.wrap(f"Found in {one_line(' > '.join(origin.found_in))}.")
    if origin.observed is not None:
        lines += [line for sentence in running(origin.observed) for line in style.wrap(sentence)]
    lines += style.wrap(observed_line(report))
    header = config.header.version
    if header is not None and (config.target is None or header.triple != config.target.triple):
        built = f"{target} is built ({origin.target_from})" if config.target else "which version is built is not known"
        lines += style.wrap(f"The file's header says {header}; {built}.")
    lines += [line for sentence in how_told(config) for line in style.wrap(sentence)]
    lines += [line for note in origin.notes for line in style.wrap(f"Note: {note}.")]
    for warning in config.warnings[:5]:
        place = f"line {warning.line}: " if warning.line else ""
        lines += style.wrap(f"Warning: {place}{warning.text}")
    if len(config.warnings) > 5:
        lines.append(f"... and {len(config.warnings) - 5} more warnings")
    lines += [line for text in report.knowledge.newer for line in style.wrap(f"Warning: {text}")]
    return lines


def _profiles(report: Report, style: Style) -> list[str]:
    from tabulate import tabulate

    rows = []
    for result in report.results:
        cells = []
        for level in (Level.REQUIRED, Level.RECOMMENDED):
            have, total = met(result, level)
            cells.append(f"{have}/{total}" if total else "-")
        rows.append(
            [
                style.status(result.status),
                result.profile.id,
                (one_line(result.profile.title) + _which(result))[: max(0, style.width - _OTHER_COLUMNS)],
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


def _left(report: Report, style: Style) -> list[str]:
    """Back-ends of which the kernel leaves only one: the requirement is met, and an image that picks another fails."""
    named: dict[str, list[str]] = {}
    for result in report.results:
        for finding in result.findings:
            if finding.left:
                named.setdefault(finding.left, []).append(result.profile.id)
    lines = [line for left, ids in named.items() for line in style.wrap(f"{', '.join(ids)}: {left}.")]
    return ["", *lines] if lines else []


def _which(result: ProfileResult) -> str:
    """Of a profile with alternatives, the ones that hold, where not all do."""
    if not result.profile.any_of:
        return ""
    held = [f.reason for f in result.findings if f.requirement.id == ONE_OF and f.status is Status.PASS]
    if not held or held[0].count(",") + 1 >= len(result.profile.any_of):
        return ""
    return f" ({held[0].removesuffix(' works')})"


def _findings(report: Report, style: Style, options: RenderOptions) -> list[str]:
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
    for item in report.gate:
        lines += ["", f"{style.status(item.status)} {one_line(item.name)} ({item.kind})"]
        lines += style.field("because", item.text)
    if not options.verbose:
        untold = [p for p in picked if p[1].reason in (UNTOLD_VERSION, UNTOLD_ARCH)]
        picked = [p for p in picked if p not in untold]
        lines += _untold(untold, style)
    for (result, finding), *others in _grouped(report, picked, apart=options.verbose or len(report.results) <= _FEW):
        also = [f"{r.profile.id}/{f.requirement.id}" for r, f in others]
        lines += ["", *_finding(result, finding, style, also, decides=report.decides(result, finding))]
    hidden = sum(
        f.status in (Status.WARN, Status.UNKNOWN) and f.level is Level.OPTIONAL and not report.decides(r, f)
        for r in report.results
        for f in r.findings
    )
    if hidden and not options.verbose:
        lines += ["", *style.wrap(f"{hidden} optional requirements are unmet or unknown; --verbose shows them.", 0)]
    return lines


def _untold(pairs: list["Pair"], style: Style) -> list[str]:
    """What cannot be told for want of the version or the architecture: one reason, said once."""
    lines: list[str] = []
    for reason in (UNTOLD_VERSION, UNTOLD_ARCH):
        named = dict.fromkeys(f"{r.profile.id}/{f.requirement.id}" for r, f in pairs if f.reason == reason)
        if named:
            said = "1 requirement" if len(named) == 1 else f"{len(named)} requirements"
            lines += ["", f"{style.status(Status.UNKNOWN)} {said}", *style.field("because", reason)]
            lines += style.field("which", ", ".join(named))
    return lines


Pair = tuple[ProfileResult, Finding]


def _grouped(report: Report, pairs: list[Pair], *, apart: bool) -> list[list[Pair]]:
    """Findings of many profiles that ask the same thing and stand the same, under the first of them."""
    groups: dict[tuple[object, ...], list[Pair]] = {}
    for number, (result, f) in enumerate(pairs):
        key = (f.status, f.level, f.expr.text, f.requirement.module, f.reason, f.waiver, report.decides(result, f))
        groups.setdefault((number,) if apart else key, []).append((result, f))
    return list(groups.values())


def _finding(
    result: ProfileResult, finding: Finding, style: Style, also: Sequence[str] = (), *, decides: bool
) -> list[str]:
    """A finding; FAIL and UNKNOWN without a note are what keeps the report from passing."""
    row = finding.requirement
    status, note = finding.status, ""
    if decides and status is Status.WARN:
        status = Status.FAIL
    elif finding.waiver:
        note = ", waived"
    elif not decides and status in (Status.FAIL, Status.UNKNOWN):
        note = ", not counted"
    via = f", from {row.profile}" if row.profile not in ("", result.profile.id) else ""
    head = f"{style.status(status)} {result.profile.id}/{row.id} ({row.level}{via}{note})"
    lines = [head]
    lines += style.field("needs", needs(finding))
    if finding.left:
        lines += style.field("because", finding.left)
    if finding.status is not Status.PASS:
        lines += style.field("has", facts(finding)) if finding.symbols else []
        lines += style.field("tried", tried(finding)) if finding.observed else []
        if finding.reason:
            lines += style.field("because", finding.reason)
        lines += style.field("why", row.why)
    if finding.status not in (Status.PASS, Status.SKIP):
        lines += style.field("fix", finding.fix)
    if finding.waiver is not None:
        lines += style.field("waived", waived(finding))
    if also:
        lines += style.field("also", ", ".join(also))
    return lines


def _verdict(report: Report, style: Style) -> list[str]:
    unmet = [r for r in report.results if r.status in (Status.FAIL, Status.UNKNOWN)]
    # With a threshold, a waiver or a baseline, a failing profile need not fail the audit; it is named all the same.
    counted = {r.profile.id: any(report.decides(r, f) for f in r.findings) for r in unmet}
    named = {
        "failing": [r.profile.id for r in unmet if r.status is Status.FAIL and counted[r.profile.id]],
        "cannot tell": [r.profile.id for r in unmet if r.status is Status.UNKNOWN and counted[r.profile.id]],
        "not counted": [r.profile.id for r in unmet if not counted[r.profile.id]],
    }
    parts = [f"{label}: {', '.join(names)}" for label, names in named.items() if names]
    if report.baseline is not None and report.deciding:
        # What was accepted is no news; what was lost is.
        names = [one_line(item.name) for item in report.deciding]
        more = f" and {len(names) - _MOST_LOST} more" if len(names) > _MOST_LOST else ""
        parts = [f"lost: {', '.join(names[:_MOST_LOST])}{more}"]
    if report.fail_on is FailOn.NEVER and report.deciding:
        parts.append("the exit status does not count it: --fail-on never")
    if report.settings:
        parts.append(one_line(report.settings))
    text = f"verdict: {report.verdict}" + (f" ({'; '.join(parts)})" if parts else "")
    lines = fill(text, style.width, subsequent_indent="  ", break_on_hyphens=False).splitlines()
    if report.advice is not None:
        lines.append(report.advice.headline)
        lines += rungs(report.advice, report.kernel.provenance, style)
    return lines


def _waivers(report: Report, style: Style) -> list[str]:
    lines: list[str] = []
    for use in report.waivers:
        waiver = use.waiver
        if use.state == "applied":
            who = f" ({waiver.owner})" if waiver.owner else ""
            lines += style.wrap(f"waived until {waiver.expires}: {waiver.pattern}: {waiver.reason}{who}")
        elif use.warning:
            lines += style.wrap(f"Warning: {use.warning}")
    return ["", style.bold("Waivers"), *lines] if lines else []


def _baseline(report: Report, style: Style) -> list[str]:
    if report.baseline is None:
        return []
    lines = [line for text in baseline_lines(report) for line in style.wrap(text)]
    return ["", style.bold(f"Against the baseline {one_line(report.baseline.origin)}"), *lines]
