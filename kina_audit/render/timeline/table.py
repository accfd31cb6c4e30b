"""``timeline --format table``: a paragraph a version, what changed under it."""

from textwrap import wrap

from kina_audit.render import cut, one_line
from kina_audit.render.sentences import changes, differing
from kina_audit.report.timeline import Point, Timeline


def render(timeline: Timeline, width: int) -> str:
    """Oldest first."""
    lines = [one_line(timeline.name), ""]
    for point in timeline.points:
        lines += [*_point(timeline, point, width), ""]
    lines += [line for note in timeline.notes for line in wrap(f"note: {one_line(note)}", width)]
    return "\n".join(lines).rstrip() + "\n"


def _point(timeline: Timeline, point: Point, width: int) -> list[str]:
    gone = bool(point.event) and not point.verdict
    known = [point.date, point.label, *([] if gone else [f"Linux {point.kernel or 'unknown'}", point.verdict])]
    if point.mode:
        known.append(f"Cilium {timeline.release}: {point.reaches}")
    lines = wrap("  ".join(one_line(k) for k in known if k), width, subsequent_indent="    ")
    if point.subject:  # behind a label, so that no message reads as one of the lines below
        lines.append("    commit " + cut(point.subject, max(20, width - 11)))
    if point.event:
        lines += _wrapped("file", one_line(point.event), width)
    if gone:
        return lines
    if point.symbols is None:
        for label, status in (("fails", "fail"), ("lacks", "fail"), ("open", "unknown")):
            named = [i for (i, _), s in zip(timeline.profiles, point.statuses, strict=True) if s == status]
            if status == "fail":
                named = [i for i in named if (i in timeline.by_choice) == (label == "lacks")]
            lines += _wrapped(label, ", ".join(named), width) if named else []
        return lines
    if point.mode != point.mode_before:
        lines += _wrapped("mode", f"{point.mode_before} to {point.reaches}", width)
    for label, items in (("lost", point.lost), ("gained", point.gained), ("told", point.told)):
        for line in changes(items):
            lines += _wrapped(label, line, width)
    if not point.changes:
        lines += _wrapped("same", f"nothing lost or gained; {differing(point.symbols)}", width)
    return lines


def _wrapped(label: str, text: str, width: int) -> list[str]:
    return wrap(
        text, width, initial_indent=f"    {label:<7}", subsequent_indent=" " * 11,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
