"""``--format openreports``: a ``ClusterReport`` of openreports.io/v1alpha1, as JSON that ``kubectl apply -f -`` takes.

A kernel belongs to a node, so the report's scope is the Node that ``--label node=NAME`` names; without that label it has
none. There is no clock in it. `policyreport` is the same body in the older group wgpolicyk8s.io.
"""

import re
from typing import Any

from kina_audit.base.digest import sha256_hex
from kina_audit.base.json_text import indented
from kina_audit.engine.finding import UNMET, Finding, ProfileResult, Status
from kina_audit.profiles.model import Level
from kina_audit.render import RenderOptions, cut
from kina_audit.render.levels import mapping_of
from kina_audit.render.sentences import facts, headline, waived
from kina_audit.report.decision import GATE, Deciding, can_fail
from kina_audit.report.model import Report

NODE = "node"
"""The label that names the Node."""

MOST_RESULTS = 1000
"""A resource larger than etcd's 1.5 MiB is refused; met and skipped requirements are left out first, and counted."""

_MESSAGE = 800
_PROPERTY = 300
_GATE_RESULT = {Status.FAIL: "fail", Status.UNKNOWN: "error"}
_SEVERITY = {Level.REQUIRED: "high", Level.RECOMMENDED: "medium", Level.OPTIONAL: "low"}


def render(report: Report, _options: RenderOptions) -> str:
    """A ClusterReport."""
    document = {
        "apiVersion": "openreports.io/v1alpha1",
        "kind": "ClusterReport",
        "metadata": metadata(report),
        "source": "kina-audit",
        **body(report),
    }
    return indented(document)


def metadata(report: Report) -> dict[str, Any]:
    """Name, labels and annotations: the verdict, the kernel, the mode."""
    node = dict(report.labels).get(NODE, "")
    config = report.kernel.config
    annotations = {
        "kina-audit.dev/verdict": str(report.verdict),
        "kina-audit.dev/kernel": str(config.target or "unknown"),
        "kina-audit.dev/version": report.tool_version,
    }
    if report.settings:
        annotations["kina-audit.dev/settings"] = cut(report.settings, _PROPERTY)
    if report.audited:
        annotations["kina-audit.dev/audited"] = report.audited
    if report.advice is not None:
        annotations["kina-audit.dev/cilium-release"] = report.advice.release
        annotations["kina-audit.dev/cilium-mode"] = report.advice.reaches
    annotations |= {f"kina-audit.dev/label-{_slug(k, 50)}": cut(v, _PROPERTY) for k, v in report.labels if k != NODE}
    left_out = len(_pairs(report)) - len(_kept(report))
    if left_out:
        annotations["kina-audit.dev/left-out"] = f"{left_out} met or skipped requirements"
    return {
        "name": f"kina-audit-{_slug(node or report.kernel.provenance.source)}",
        "labels": {"app.kubernetes.io/created-by": "kina-audit"},
        "annotations": annotations,
    }


def body(report: Report) -> dict[str, Any]:
    """Scope, summary and results, which both groups have."""
    node = dict(report.labels).get(NODE, "")
    outcomes = [_outcome(report, r, f) for r, f in _pairs(report)] + [_GATE_RESULT[i.status] for i in report.gate]
    found: dict[str, Any] = {}
    if node:
        found["scope"] = {"apiVersion": "v1", "kind": "Node", "name": cut(node, 253)}
    found["summary"] = {name: outcomes.count(name) for name in ("pass", "fail", "warn", "error", "skip")}
    found["results"] = [_gate(item) for item in report.gate] + [_result(report, r, f) for r, f in _kept(report)]
    return found


def _pairs(report: Report) -> list[tuple[ProfileResult, Finding]]:
    return [(r, f) for r in report.results for f in r.findings]


def _kept(report: Report) -> list[tuple[ProfileResult, Finding]]:
    pairs, room = _pairs(report), max(0, MOST_RESULTS - len(report.gate))
    if len(pairs) <= room:
        return pairs
    unmet = [(r, f) for r, f in pairs if f.status in UNMET]
    return sorted(unmet, key=lambda pair: (not report.decides(*pair), pair[1].status is not Status.FAIL))[:room]


def _outcome(report: Report, result: ProfileResult, found: Finding) -> str:
    return mapping_of(report, result, found).policy


def _gate(item: Deciding) -> dict[str, Any]:
    return {
        "source": "kina-audit",
        "policy": GATE,
        "rule": cut(item.name, _PROPERTY),
        "category": str(item.kind),
        "result": _GATE_RESULT[item.status],
        "severity": "high",
        "scored": True,
        "message": cut(item.text, _MESSAGE),
    }


def _result(report: Report, result: ProfileResult, found: Finding) -> dict[str, Any]:
    row = found.requirement
    unmet = found.status in UNMET
    levels, asked = report.fail_on.levels, result.profile.asked or report.baseline is not None
    properties = {"needs": found.needs, "has": facts(found), "because": found.reason, "waived": waived(found)}
    if unmet:
        properties["fix"] = found.fix
    return {
        "source": "kina-audit",
        "policy": result.profile.id,
        "rule": row.id,
        "category": str(row.level),
        "result": _outcome(report, result, found),
        "severity": _SEVERITY[row.level],
        "scored": can_fail(row.level, levels, asked=asked),
        "message": cut(f"{headline(result, found)} {row.why}" if unmet else found.needs or found.reason, _MESSAGE),
        "properties": {k: cut(v, _PROPERTY) for k, v in properties.items() if v},
    }


_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def _slug(text: str, most: int = 200) -> str:
    """A name that Kubernetes takes.

    A Node's own name stays as it is, which deploy/kubernetes relies on; anything else becomes lower case, digits and dashes,
    with a digest that keeps apart what was changed.
    """
    if len(text) <= most and _SUBDOMAIN.fullmatch(text):
        return text
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return f"{slug[: most - 9].strip('-')}-{sha256_hex(text.encode('utf-8', 'replace'))[:8]}".strip("-")
