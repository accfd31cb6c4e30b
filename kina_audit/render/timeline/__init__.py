"""A timeline in: one module a format, each with ``render(timeline, width)``."""

from importlib import import_module

from kina_audit.report.timeline import Timeline

TIMELINE_FORMATS = {
    "table": "kina_audit.render.timeline.table",
    "json": "kina_audit.render.timeline.json",
    "svg": "kina_audit.render.timeline.svg",
    "html": "kina_audit.render.timeline.html",
}
"""Format name to the module that renders it."""


def render_timeline(name: str, timeline: Timeline, width: int = 80) -> str:
    """A timeline in one format.

    Raises:
        KeyError: there is no format of that name.
    """
    text: str = import_module(TIMELINE_FORMATS[name]).render(timeline, width)
    return text
