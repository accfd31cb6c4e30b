"""``diff --format json``: described by ``kina-audit schema diff``."""

from kina_audit.base.json_text import indented
from kina_audit.render import RenderOptions
from kina_audit.report.difference import Difference, difference_document


def render(found: Difference, _options: RenderOptions) -> str:
    """The difference as indented JSON, one trailing newline."""
    return indented(difference_document(found))
