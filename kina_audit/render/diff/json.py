"""``diff --format json``: described by ``kina-audit schema diff``."""

import json

from kina_audit.render import RenderOptions
from kina_audit.report.difference import Difference, difference_document


def render(found: Difference, _options: RenderOptions) -> str:
    """The difference as indented JSON, one trailing newline."""
    return json.dumps(difference_document(found), indent=2) + "\n"
