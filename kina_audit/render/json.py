"""``--format json``: the report's contract, see docs/report.md."""

from kina_audit.json_text import indented
from kina_audit.render import RenderOptions
from kina_audit.report.document import to_document
from kina_audit.report.model import Report


def render(report: Report, _options: RenderOptions) -> str:
    """The report as indented JSON, one trailing newline."""
    return indented(to_document(report))
