"""``--format configmap``: the ``cilium-config`` keys that the advice sets, as a manifest."""

from shlex import quote

from kina_audit.render import RenderOptions
from kina_audit.render.commands import CONFIG_MAP, RESTART, VERIFY
from kina_audit.render.helm_values import commented, preamble
from kina_audit.render.yaml import comment, dump
from kina_audit.report.model import Report


def render(report: Report, options: RenderOptions) -> str:
    """A v1 ConfigMap of the keys that the advice sets, and how to apply it; comments alone when there is nothing to configure."""
    advice = report.advice
    if advice is None:
        return comment("No recommendation was asked for.")
    if not advice.config_map:
        return preamble(report, advice)
    how = [
        f"kubectl -n kube-system patch configmap cilium-config --patch-file {quote(options.path or CONFIG_MAP)}",
        RESTART,
        VERIFY,
    ]
    said = comment(
        "The chart writes this ConfigMap anew at every upgrade; what is to stay belongs into its values (helm-values)."
    )
    said += commented("Change the keys of a Cilium that is there", how)
    return (
        preamble(report, advice)
        + said
        + dump(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "cilium-config", "namespace": "kube-system"},
                "data": dict(advice.config_map),
            }
        )
    )
