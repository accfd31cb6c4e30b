"""``--format configmap``: the ``cilium-config`` keys that the advice sets, as a manifest."""

from kina_audit.render import RenderOptions
from kina_audit.render.helm_values import preamble
from kina_audit.render.yaml import comment, dump
from kina_audit.report.model import Report


def render(report: Report, _options: RenderOptions) -> str:
    """A v1 ConfigMap; its data is empty when there is nothing to configure, and comments say why."""
    advice = report.advice
    head = preamble(report, advice) if advice else comment("No recommendation was asked for.")
    return head + dump(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "cilium-config", "namespace": "kube-system"},
            "data": dict(advice.config_map) if advice else {},
        }
    )
