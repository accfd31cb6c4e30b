"""``--format policyreport``: the same as `openreports`, in the group wgpolicyk8s.io/v1alpha2 that came before it."""

from kina_audit.base.json_text import indented
from kina_audit.render import RenderOptions
from kina_audit.render.openreports import body, metadata
from kina_audit.report.model import Report


def render(report: Report, _options: RenderOptions) -> str:
    """A ClusterPolicyReport."""
    document = {
        "apiVersion": "wgpolicyk8s.io/v1alpha2",
        "kind": "ClusterPolicyReport",
        "metadata": metadata(report),
        **body(report),
    }
    return indented(document)
