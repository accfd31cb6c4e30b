"""``--format nfd``: labels for the scheduler, as the file that Node Feature Discovery's worker reads from ``features.d``.

The facts are from kubernetes-sigs/node-feature-discovery: a line is ``NAME=VALUE``, ``#`` starts a comment, a file has at most
64 KiB (source/local/local.go); labels below ``feature.node.kubernetes.io`` need no setting of its master (docs, "Label
namespace"). `nodefeature` is the same as a resource.
"""

import re

from kina_audit.engine.finding import Status
from kina_audit.render import RenderOptions, cut
from kina_audit.render.sentences import deciding_line
from kina_audit.report.model import Report

PREFIX = "kina-audit.feature.node.kubernetes.io"
FEATURES = (
    "wireguard", "ipsec", "vxlan", "geneve", "kube-proxy-replacement", "socket-lb", "bpf-masquerade", "bpf-host-routing",
    "bandwidth-manager", "bbr", "netkit", "tcx", "xdp", "egress-gateway", "host-firewall", "l7-proxy", "sctp", "srv6",
    "multicast", "ipv6",
)  # fmt: skip
"""The features of Cilium that workloads ask nodes for; every label of a node is read by every scheduler, so no more."""

MOST_NAMES = 200
"""Things that keep the audit from passing, as comments; the label ``deciding`` counts all of them."""

_VALUE = {Status.PASS: "true", Status.WARN: "degraded", Status.UNKNOWN: "unknown"}
_LONGEST = 63


def render(report: Report, _options: RenderOptions) -> str:
    """Lines of ``NAME=VALUE`` behind comments that say what keeps the audit from passing."""
    head = [f"# kina-audit {cut(report.tool_version, 40)}; verdict {report.verdict}"]
    if report.settings:
        head.append(f"# {cut(report.settings, 400)}")
    if said := deciding_line(report):
        head.append(f"# {said}:")
    head += [f"# {item.status} {cut(item.name, 200)}" for item in report.deciding[:MOST_NAMES]]
    return "\n".join([*head, *[f"{name}={value}" for name, value in labels(report).items()]]) + "\n"


def labels(report: Report) -> dict[str, str]:
    """Label to value. A feature is ``true`` only when it works in full; what cannot be told is ``unknown``, never true."""
    found = {"verdict": str(report.verdict), "deciding": str(len(report.deciding))}
    advice = report.advice
    if advice is not None:
        found |= {"cilium-mode": str(advice.mode), "cilium-release": _value(advice.release)}
        if advice.untested:
            found["cilium-mode-untested"] = "true"
        states = {c.feature: c.status for c in advice.capabilities}
        found |= {f: _VALUE.get(states[f], "false") for f in FEATURES if f in states}
    return {f"{PREFIX}/{name}": value for name, value in found.items()}


def _value(text: str) -> str:
    """Text as a label's value."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text)[:_LONGEST].strip("-_.")
