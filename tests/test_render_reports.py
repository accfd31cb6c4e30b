"""Kubernetes' report resources against the shapes that their CRDs accept, written out here in this project's own form.

Read from crd/openreports.io/v1alpha1/openreports.io_clusterreports.yaml of openreports/reports-api (6e36367) and
policy-report/crd/v1alpha2/wgpolicyk8s.io_clusterpolicyreports.yaml of kubernetes-sigs/wg-policy-prototypes (037274b); of them
the fields that this project writes, and nothing else: kubectl refuses unknown ones.
"""

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from kina_audit.api import audit, load_kernel
from kina_audit.engine.finding import UNMET
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.render import render
from kina_audit.render.openreports import MOST_RESULTS
from kina_audit.report.model import Report
from tests.sample_report import held, sample

LIBRARY = ProfileLibrary()
TEXT = {"type": "string"}
STRINGS = {"type": "object", "additionalProperties": TEXT}
NAME = {
    "type": "string",
    "maxLength": 253,
    "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
}
# apimachinery: a prefix that is a DNS name, a slash, at most 63 characters that begin and end with a letter or digit.
ANNOTATIONS = {
    **STRINGS,
    "propertyNames": {"pattern": r"^[a-z0-9.-]{1,253}/(?=.{1,63}$)[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"},
}
# A result needs its policy; properties are texts; the words of result and severity are closed lists.
SEVERITIES = {"openreports": ["critical", "high", "low", "medium", "info"], "policyreport": ["high", "low", "medium"]}
RESULT: dict[str, Any] = {
    "type": "object",
    "required": ["policy"],
    "additionalProperties": False,
    "properties": {
        "source": TEXT,
        "policy": TEXT,
        "rule": TEXT,
        "category": TEXT,
        "result": {"enum": ["pass", "fail", "warn", "error", "skip"]},
        "scored": {"type": "boolean"},
        "message": TEXT,
        "properties": STRINGS,
    },
}
SHAPE: dict[str, Any] = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata"],
    "additionalProperties": False,
    "properties": {
        "apiVersion": TEXT,
        "kind": TEXT,
        "metadata": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": False,
            "properties": {"name": NAME, "labels": STRINGS, "annotations": ANNOTATIONS},
        },
        "scope": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"apiVersion": TEXT, "kind": TEXT, "name": TEXT},
        },
        "summary": {
            "type": "object",
            "additionalProperties": False,
            "properties": {n: {"type": "integer"} for n in ("pass", "fail", "warn", "error", "skip")},
        },
    },
}
GROUPS = {
    "openreports": ("openreports.io/v1alpha1", "ClusterReport"),
    "policyreport": ("wgpolicyk8s.io/v1alpha2", "ClusterPolicyReport"),
}


def shape(name: str) -> dict[str, Any]:
    result = {**RESULT, "properties": {**RESULT["properties"], "severity": {"enum": SEVERITIES[name]}}}
    # Who reports is said at the top by the newer group only.
    source = {"source": TEXT} if name == "openreports" else {}
    return {**SHAPE, "properties": {**SHAPE["properties"], **source, "results": {"type": "array", "items": result}}}


def read(name: str, report: Report) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(render(name, report))
    assert list(Draft202012Validator(shape(name)).iter_errors(document)) == []
    assert (document["apiVersion"], document["kind"]) == GROUPS[name]
    return document


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("report", [sample(), held()], ids=["sample", "baseline"])
def test_the_resource_has_the_shape_that_its_crd_accepts(name: str, report: Report) -> None:
    document = read(name, report)
    assert ("source" in document) == (name == "openreports")
    assert "scope" not in document
    findings = [f for r in report.results for f in r.findings]
    assert len(document["results"]) == len(findings) == sum(document["summary"].values())
    for shown, found in zip(document["results"], findings, strict=True):
        if found.waiver:
            assert shown["result"] == "skip"
            assert "waived" in shown["properties"]
        elif found.status in UNMET:
            decides = f"{shown['policy']}/{shown['rule']}" in {item.name for item in report.deciding}
            assert shown["result"] == (("error" if found.status == "unknown" else "fail") if decides else "warn")
        else:
            assert shown["result"] == found.status


@pytest.mark.parametrize("name", GROUPS)
def test_a_node_is_named_only_when_asked(name: str) -> None:
    document = read(name, replace(sample(), labels=(("node", "worker-1.example"), ("team", "net"))))
    assert document["scope"] == {"apiVersion": "v1", "kind": "Node", "name": "worker-1.example"}
    assert document["metadata"]["annotations"]["kina-audit.dev/label-team"] == "net"
    assert document["metadata"]["name"].startswith("kina-audit-worker-1")
    other = read(name, replace(sample(), labels=(("node", "worker-1-example"),)))
    assert other["metadata"]["name"] != document["metadata"]["name"]


@pytest.mark.parametrize("name", GROUPS)
def test_any_label_makes_a_name_that_kubernetes_takes(name: str) -> None:
    keys = ["Team", "team", "a" * 39 + "-" + "b" * 60, "a" * 39 + "-" + "c" * 60, "é", "-", "x.y/z", "\u202e"]
    document = read(name, replace(sample(), labels=tuple((key, f"{key}!") for key in keys)))
    kept = [k for k in document["metadata"]["annotations"] if k.startswith("kina-audit.dev/label-")]
    assert len(kept) == len(keys)
    for node in ("UPPER", "x" * 400, "a..b", "é"):
        assert read(name, replace(sample(), labels=(("node", node),)))["scope"]["kind"] == "Node"


@pytest.mark.parametrize("name", GROUPS)
def test_every_profile_still_fits_into_etcd(name: str) -> None:
    report = audit(load_kernel("recorded:apple"), LIBRARY.select(["all"]), library=LIBRARY)
    text = render(name, report)
    document = read(name, report)
    assert len(text.encode()) < 1_400_000
    assert len(document["results"]) <= MOST_RESULTS
    failing = sum(f.status == "fail" for r in report.results for f in r.findings)
    assert sum(r["result"] == "fail" for r in document["results"]) == failing == document["summary"]["fail"]
    assert "met or skipped" in document["metadata"]["annotations"]["kina-audit.dev/left-out"]
