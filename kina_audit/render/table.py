"""``--format table``: for people at a terminal. What failed comes first, each with why and what to do."""

from collections.abc import Sequence

from kina_audit.render import RenderOptions, one_line
from kina_audit.render.answer import answer
from kina_audit.render.gate import gate
from kina_audit.render.sentences import baseline_lines, how_told, note_line, observed_line, running
from kina_audit.render.table_advice import advice_lines
from kina_audit.render.table_causes import cause_lines
from kina_audit.render.table_profiles import finding_lines, left_lines, profile_lines
from kina_audit.render.table_style import Style
from kina_audit.report.many import Outcome, Unread
from kina_audit.report.model import Report


def render(report: Report, options: RenderOptions) -> str:
    """The report as text of at most ``options.width`` columns, unbreakable words aside."""
    style = Style(options)
    by_profile = options.by == "profile"
    lines = [*_first_screen(report, style, told=options.verbose), *_baseline(report, style), *doubts(report, style)]
    if by_profile or options.verbose:
        lines += ["", *profile_lines(report, style)]
    lines += [*left_lines(report, style), *_waivers(report, style), *_gate(report, style)]
    found, hidden = (finding_lines if by_profile else cause_lines)(report, style, options)
    lines += found
    if options.verbose:
        lines += ["", *_provenance(report, style)]
        if report.advice is not None:
            lines += ["", *advice_lines(report.advice, style)]
    lines += ["", *style.wrap(_last(report, hidden, by_profile=by_profile), 0)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _last(report: Report, hidden: int, *, by_profile: bool) -> str:
    facts = f", facts of {report.knowledge.month}" if report.knowledge.month else ""
    more = [f"-v shows {hidden} more"] if hidden else []
    more += [] if by_profile else ["--by profile all of them"]
    return f"kina-audit {report.tool_version}{facts}" + "".join(f"; {text}" for text in more)


def _gate(report: Report, style: Style) -> list[str]:
    lines: list[str] = []
    for item in gate(report).alone:
        lines += ["", f"{style.status(item.status)} {one_line(item.name)} ({item.kind})"]
        lines += style.field("because", item.text)
    return lines


def render_many(found: Sequence[Outcome], options: RenderOptions) -> str:
    """Each report, and at the end a line for every source."""
    style = Style(options)
    parts = [render(o, options) for o in found if isinstance(o, Report)]
    lines = []
    for outcome in found:
        if isinstance(outcome, Unread):
            where = "" if outcome.message.startswith(f"{outcome.source}: ") else f"{outcome.source}: "
            lines += style.wrap(f"error: {where}{outcome.message}", 0)
        else:
            lines += style.wrap(f"{outcome.verdict}: {outcome.kernel.provenance.source}", 0)
    ruler = "\n" + "-" * min(options.width, 80) + "\n\n"
    return ruler.join([*parts, "\n".join(lines) + "\n"])


SCREEN = 23
"""Lines of a terminal of 24, below the prompt."""


def _first_screen(report: Report, style: Style, *, told: bool) -> list[str]:
    lines: list[str] = []
    for short in range(3):
        lines = _screen(report, style, short, told=told)
        if len(lines) <= SCREEN:
            break
    return lines


def _screen(report: Report, style: Style, short: int, *, told: bool) -> list[str]:
    said = answer(report, short=short)
    results = f" ({said.results})" if said.results else ""
    notes = "; notes: -v" if report.kernel.provenance.notes and not told else ""
    lines = [
        *style.hanging(style.bold, said.kernel + notes),
        *style.hanging(style.bold, f"verdict: {report.verdict}{results}"),
    ]
    if said.cilium:
        lines += [
            *([] if short else [""]),
            *style.hanging(style.bold, said.cilium),
            *(x for rung in said.ladder for x in style.hanging(str, rung, 2)),
        ]
    lines += [x for text in said.without_rebuild for x in style.hanging(str, text)]
    if said.features:
        lines += style.hanging(str, f"features: {said.features}")
    if said.next:
        lines += ["next:", *(x for command in said.next for x in style.command(command))]
    return lines


def doubts(report: Report, style: Style) -> list[str]:
    """What may make the answer one about something else: never folded away."""
    config = report.kernel.config
    lines = []
    for warning in config.warnings[:5]:
        place = f"line {warning.line}: " if warning.line else ""
        lines += style.wrap(f"Warning: {place}{warning.text}", 0)
    if len(config.warnings) > 5:
        lines.append(f"... and {len(config.warnings) - 5} more warnings")
    lines += [line for text in report.knowledge.newer for line in style.wrap(f"Warning: {text}", 0)]
    lines += style.wrap(observed_line(report), 0)
    return ["", *lines] if lines else []


def _provenance(report: Report, style: Style) -> list[str]:
    """Where the config is from, and everything that is known of it."""
    config, origin = report.kernel.config, report.kernel.provenance
    where = [origin.kind, origin.project, origin.ref]
    if origin.commit:
        where.append(f"commit {origin.commit[:12]}")
    if origin.blob:
        where.append(f"blob {origin.blob[:12]}")
    said = [" ".join(w for w in where if w) + (f", {origin.location}" if origin.location != origin.source else "")]
    if origin.found_in:
        said.append(f"Found in {one_line(' > '.join(origin.found_in))}.")
    if origin.observed is not None:
        said += running(origin.observed)
    header = config.header.version
    if header is not None and (config.target is None or header.triple != config.target.triple):
        built = (
            f"{config.target} is built ({origin.target_from})"
            if config.target
            else "which version is built is not known"
        )
        said.append(f"The file's header says {header}; {built}.")
    said += [*how_told(config), *map(note_line, origin.notes)]
    return [style.bold("The input"), *(line for sentence in said for line in style.wrap(sentence))]


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
    lines = [line for text in baseline_lines(report) for line in style.hanging(str, text, 2)]
    return ["", style.bold(f"Against the baseline {one_line(report.baseline.origin)}"), *lines]
