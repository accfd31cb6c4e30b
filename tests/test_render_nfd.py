"""Labels for Node Feature Discovery: by its parser's rules, its CRD, and Kubernetes' syntax of labels; never a false true."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from kina_audit.api import audit, load_kernel, load_profiles
from kina_audit.cilium.model import Capability
from kina_audit.cli import main
from kina_audit.engine.finding import Status
from kina_audit.render import render
from kina_audit.render.nfd import FEATURES, PREFIX
from kina_audit.report.model import Report
from tests.sample_report import held, sample

# kubernetes-sigs/node-feature-discovery, deployment/base/nfd-crds/nfd-api-crds.yaml at 078619cf24e8: what its NodeFeature
# requires of what is written here.
TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
ELEMENTS = {
    "type": "object",
    "required": ["elements"],
    "properties": {"elements": TEXTS},
    "additionalProperties": False,
}
NODE_FEATURE = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "nfd.k8s-sigs.io/v1alpha1"},
        "kind": {"const": "NodeFeature"},
        "metadata": {
            "type": "object",
            "properties": {"labels": TEXTS, "annotations": TEXTS, "name": {"type": "string"}},
        },
        "spec": {
            "type": "object",
            "properties": {
                "features": {
                    "type": "object",
                    "properties": {"attributes": {"type": "object", "additionalProperties": ELEMENTS}},
                    "additionalProperties": False,
                },
                "labels": TEXTS,
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
PART = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
DNS = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def features_d(text: str) -> dict[str, str]:
    """A file as NFD's worker reads it: blank lines and comments go, a line without = is true, the name has a namespace."""
    assert len(text.encode()) <= 64 * 1024
    found = {}
    for line in map(str.strip, text.split("\n")):
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        name = name if "/" in name else f"feature.node.kubernetes.io/{name}"
        assert name not in found
        found[name] = value if equals else "true"
    return found


def check_labels(labels: dict[str, str]) -> None:
    for key, value in labels.items():
        namespace, slash, name = key.partition("/")
        assert slash
        assert DNS.fullmatch(namespace)
        assert len(namespace) <= 253
        assert PART.fullmatch(name)
        assert not value or PART.fullmatch(value)
        # NFD's master takes these without a setting: its own namespace and those below it.
        assert namespace.endswith((".feature.node.kubernetes.io",))
    assert len([k for k in labels if k.partition("/")[2] in FEATURES]) <= 20


def apple() -> Report:
    return audit(load_kernel("recorded:apple"), load_profiles(), cilium="1.18")


@pytest.mark.parametrize("report", [sample(), held(), apple()], ids=["sample", "baseline", "apple"])
def test_both_forms_say_the_same_in_valid_syntax(report: Report) -> None:
    report = replace(report, labels=(("node", "worker-1.example"),))
    labels = features_d(render("nfd", report))
    check_labels(labels)
    document = json.loads(render("nodefeature", report))
    Draft202012Validator.check_schema(NODE_FEATURE)
    assert list(Draft202012Validator(NODE_FEATURE).iter_errors(document)) == []
    assert document["spec"]["labels"] == labels
    assert document["metadata"]["labels"]["nfd.node.kubernetes.io/node-name"] == "worker-1.example"
    assert document["metadata"]["name"] == "kina-audit-worker-1.example"
    assert labels[f"{PREFIX}/verdict"] == report.verdict


def test_a_feature_is_true_only_when_it_works_in_full() -> None:
    report = apple()
    assert report.advice is not None
    for status, value in ((Status.PASS, "true"), (Status.WARN, "degraded"), (Status.FAIL, "false"), (Status.SKIP, "false"),
                          (Status.UNKNOWN, "unknown")):  # fmt: skip
        one = Capability("cilium-wireguard", "WireGuard", status, "because")
        labels = features_d(render("nfd", replace(report, advice=replace(report.advice, capabilities=(one,)))))
        assert labels[f"{PREFIX}/wireguard"] == value
    assert {c.feature for c in report.advice.capabilities} >= set(FEATURES), "every one exists"
    assert f"{PREFIX}/wireguard" not in features_d(render("nfd", replace(report, advice=None)))


def test_a_hostile_version_and_name_make_no_label() -> None:
    report = apple()
    assert report.advice is not None
    hostile = "1.18\nx=y #é" + "9" * 100
    labels = features_d(
        render("nfd", replace(report, tool_version=hostile, advice=replace(report.advice, release=hostile)))
    )
    check_labels(labels)
    assert set(labels) == set(features_d(render("nfd", report)))


@pytest.mark.parametrize("name", ["", "ä", "a/b", "-x", "Node_1", "a" * 64])
def test_a_resource_that_no_node_gets_is_no_output(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """NFD passes over one without its node, the cluster refuses an odd one, and the node keeps its old labels."""
    label = ["--label", f"node={name}"] if name else []
    words = ["check", "recorded:apple", "-p", "vxlan", "--cilium", "none", *label]
    assert main([*words, "-f", "nodefeature"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "--label node=worker-1" in said.err
    assert main([*words, "-q", "-f", "json", "-o", f"nfd={tmp_path / 'file'}"]) == 0, "a file of the node needs no name"
    (tmp_path / "report.json").write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["render", str(tmp_path / "report.json"), "-f", "nodefeature"]) == 2
    assert main([*words, "--label", "node=worker-1.eu", "-f", "nodefeature"]) == 0


@pytest.mark.parametrize("name", ["worker_1!", "Worker-1", "a/b", "-x"])
@pytest.mark.parametrize("format_", ["openreports", "policyreport"])
def test_a_report_of_a_node_that_cannot_be_called_so_is_none(
    name: str, format_: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--label node=worker_1!` made a report whose scope is no node of any cluster."""
    words = ["check", "recorded:apple", "-p", "vxlan", "--cilium", "none", "--exit-zero"]
    assert main([*words, "--label", f"node={name}", "-f", format_]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "no node is called" in said.err
    assert main([*words, "--label", "node=worker-1.eu", "-f", format_]) == 0
    assert main([*words, "-f", format_]) == 0
