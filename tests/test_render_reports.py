"""Kubernetes' report resources against the shape that their CRDs accept, written out here in this project's own form."""

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from kina_audit.api import audit, load_kernel
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
# Both CRDs: a result needs its policy; properties are texts; the words of result and severity are closed lists.
RESULT = {
    "type": "object",
    "required": ["policy"],
    "additionalProperties": False,
    "properties": {
        "source": TEXT,
        "policy": TEXT,
        "rule": TEXT,
        "category": TEXT,
        "severity": {"enum": ["critical", "high", "low", "medium", "info"]},
        "result": {"enum": ["pass", "fail", "warn", "error", "skip"]},
        "scored": {"type": "boolean"},
        "message": TEXT,
        "properties": STRINGS,
    },
}
SHAPE = {
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
            "properties": {"name": NAME, "labels": STRINGS, "annotations": STRINGS},
        },
        "source": TEXT,
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
        "results": {"type": "array", "items": RESULT},
    },
}
GROUPS = {
    "openreports": ("openreports.io/v1alpha1", "ClusterReport"),
    "policyreport": ("wgpolicyk8s.io/v1alpha2", "ClusterPolicyReport"),
}


def read(name: str, report: Report) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(render(name, report))
    assert list(Draft202012Validator(SHAPE).iter_errors(document)) == []
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
        elif found.status == "unknown":
            assert shown["result"] == "error"
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
def test_every_profile_still_fits_into_etcd(name: str) -> None:
    report = audit(load_kernel("recorded:apple"), LIBRARY.select(["all"]), library=LIBRARY)
    text = render(name, report)
    document = read(name, report)
    assert len(text.encode()) < 1_400_000
    assert len(document["results"]) <= MOST_RESULTS
    failing = sum(f.status == "fail" for r in report.results for f in r.findings)
    assert sum(r["result"] == "fail" for r in document["results"]) == failing == document["summary"]["fail"]
    assert "met or skipped" in document["metadata"]["annotations"]["kina-audit.dev/left-out"]
