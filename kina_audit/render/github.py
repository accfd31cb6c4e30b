"""``--format github``: workflow commands, which GitHub Actions turns into annotations.

GitHub keeps ten of each kind a step and drops the rest without a word, so the serious ones come first and the last line
of each kind counts what is left.
"""

from collections.abc import Sequence

from kina_audit.render import RenderOptions, cut, one_line, plain
from kina_audit.render.gate import gate, lost_with
from kina_audit.render.place import Place, Places
from kina_audit.render.sentences import deciding_line, headline, waived
from kina_audit.render.shown import shown
from kina_audit.report.many import Outcome, Unread, verdict
from kina_audit.report.model import Report

KINDS = ("error", "warning", "notice")
MOST_OF_A_KIND = 10
"""Annotations of one kind that GitHub keeps for a step."""

_LONGEST = 2_000
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def render(report: Report, options: RenderOptions) -> str:
    """Commands, errors first; the last line says the verdict in plain words."""
    return _document([report], options, _last(report))


def render_many(found: Sequence[Outcome], options: RenderOptions) -> str:
    """The commands of every source, errors of all first; a line for each says its verdict in plain words."""
    lines = [f"{outcome.source}: error" if isinstance(outcome, Unread) else
             f"{one_line(outcome.kernel.provenance.source)}: {_last(outcome)}" for outcome in found]  # fmt: skip
    return _document(found, options, "\n".join([*map(_inert, lines), f"kina-audit verdict {verdict(found)}"]))


def _inert(line: str) -> str:
    """A line that a runner takes for no command, whatever the source is called."""
    line = one_line(line)
    return f" {line}" if line.startswith(":") else line


def _document(found: Sequence[Outcome], options: RenderOptions, last: str) -> str:
    commands: dict[str, list[tuple[str, int]]] = {kind: [] for kind in KINDS}
    for outcome in found:
        if isinstance(outcome, Unread):
            commands["error"].append((_command("error", None, "kina-audit: source", outcome.message), 1))
        else:
            _collect(outcome, options, commands)
    lines = []
    for kind, found_of_kind in commands.items():
        kept = len(found_of_kind) if len(found_of_kind) <= MOST_OF_A_KIND else MOST_OF_A_KIND - 1
        lines += [text for text, _ in found_of_kind[:kept]]
        if more := sum(items for _, items in found_of_kind[kept:]):
            lines.append(_command(kind, None, "kina-audit", f"and {more} more of this kind; the job summary has them"))
    return "\n".join([*lines, last]) + "\n"


def _collect(report: Report, options: RenderOptions, commands: dict[str, list[tuple[str, int]]]) -> None:
    """Each command, with how many items it tells."""
    places = Places(report, options)
    folded = gate(report)
    owners = {item.fingerprint: folded.under.get(item.name, ()) for item in report.deciding if item.pair is not None}
    for result, found, mapping in shown(report, lambda m: m.github, KINDS):
        title = f"kina-audit: {result.profile.id}/{found.requirement.id}"
        rest = f" Waived {waived(found)}" if found.waiver else f" {found.requirement.why} {found.fix}"
        lost = owners.get(found.fingerprint, ())
        rest += f" {lost_with(lost)}" if lost else ""
        place = places.of(found) if places.in_repository else None
        said = _command(mapping.github, place, title, headline(result, found) + rest)
        commands[mapping.github].append((said, 1 + len(lost)))
    for item in folded.alone:
        place = places.of_item(item) if places.in_repository else None
        commands["error"].append((_command("error", place, f"kina-audit: {item.name}", item.text), 1))
    if not report.strict:
        commands["warning"] += [(_command("warning", None, "kina-audit: waiver", w), 1) for w in report.waiver_warnings]


def _last(report: Report) -> str:
    mode = f", {report.advice.headline}" if report.advice else ""
    settings = f" ({cut(report.settings, _LONGEST)})" if report.settings else ""
    why = f": {said}" if (said := deciding_line(report)) else ""
    return f"kina-audit verdict {report.verdict}{settings}{mode}{why}"


def _command(kind: str, place: Place | None, title: str, message: str) -> str:
    properties = {"title": cut(title, 200)}
    if place is not None:
        where = {"file": place.path, "line": str(place.line), "endLine": str(place.line)}
        if place.end_column > place.column:
            where |= {"col": str(place.column), "endColumn": str(place.end_column)}
        properties = where | properties
    text = ",".join(f"{key}={plain(value).translate(_PROPERTY)}" for key, value in properties.items())
    return f"::{kind} {text}::{cut(message, _LONGEST).translate(_DATA)}"
