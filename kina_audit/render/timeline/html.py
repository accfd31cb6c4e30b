"""``timeline --format html``: the picture, and below it what changed when and in which commit."""

from kina_audit.render.page import page
from kina_audit.render.sentences import changes, differing
from kina_audit.render.timeline.svg import drawing
from kina_audit.report.timeline import Timeline


def render(timeline: Timeline, _width: int) -> str:
    """One self-contained page; the same timeline gives the same bytes."""
    from markupsafe import Markup

    points = [
        {
            "point": p,
            "failing": [i for (i, _), s in zip(timeline.profiles, p.statuses, strict=bool(p.statuses)) if s == "fail"],
            "lost": changes(p.lost),
            "gained": changes(p.gained),
            "told": changes(p.told),
            "differing": "" if p.symbols is None else differing(p.symbols),
        }
        for p in timeline.points
    ]
    values = {
        "name": timeline.name,
        "release": timeline.release,
        "notes": timeline.notes,
        "version": timeline.tool_version,
        "points": points,
        # Every text in it was escaped when it was drawn.
        "picture": Markup(drawing(timeline)),  # noqa: S704
    }
    return page("timeline.html", (), values)
