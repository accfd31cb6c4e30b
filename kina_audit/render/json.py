"""``--format json``: the report's contract, see docs/report.md."""

from collections.abc import Sequence

from kina_audit.base.json_text import indented
from kina_audit.render import RenderOptions
from kina_audit.report.document import to_document
from kina_audit.report.many import Outcome, Unread, verdict
from kina_audit.report.model import Report


def render(report: Report, _options: RenderOptions) -> str:
    """The report as indented JSON, one trailing newline."""
    return indented(to_document(report))


def render_many(found: Sequence[Outcome], _options: RenderOptions) -> str:
    """The reports of many sources, each by the contract, in one document, and why others have none."""
    unread = [{"source": o.source, "error": o.message} for o in found if isinstance(o, Unread)]
    reports = [to_document(o) for o in found if isinstance(o, Report)]
    return indented({"verdict": verdict(found), "unread": unread, "reports": reports})
