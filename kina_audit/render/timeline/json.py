"""``timeline --format json``: described by ``data/schemas/timeline.schema.json``."""

import json

from kina_audit.report.timeline import Timeline, timeline_document


def render(timeline: Timeline, _width: int) -> str:
    """Indented JSON, one trailing newline."""
    return json.dumps(timeline_document(timeline), indent=2) + "\n"
