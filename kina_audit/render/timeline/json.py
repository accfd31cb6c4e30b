"""``timeline --format json``: described by ``data/schemas/timeline.schema.json``."""

from kina_audit.base.json_text import indented
from kina_audit.report.timeline import Timeline, timeline_document


def render(timeline: Timeline, _width: int) -> str:
    """Indented JSON, one trailing newline."""
    return indented(timeline_document(timeline))
