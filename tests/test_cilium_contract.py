"""What the advice claims of a chart is what Helm renders from it: keys, values and names, release by release."""

import json
from pathlib import Path
from typing import Any

import pytest

from kina_audit.cilium.model import Choice
from kina_audit.cilium.release import find_release
from kina_audit.cilium.values import settings

CHARTS = ["1.14.19", "1.15.19", "1.16.19", "1.17.18", "1.18.12", "1.19.6", "1.20.0"]
EVERY = {s["id"] for c in CHARTS for s in find_release(c).facts("setting")}


def rendered(shared: Path, chart: str, values: dict[str, Any]) -> dict[str, str] | None:
    """The ConfigMap that Helm rendered for exactly these values, or None when it was not recorded."""
    document = json.loads((shared / "cilium" / f"configmap-{chart}.json").read_text(encoding="utf-8"))
    for toggle in document["toggles"]:
        if toggle["values"] == values and "configmap_changes" in toggle:
            config = dict(document["default_configmap"])
            for key, value in toggle["configmap_changes"].items():
                config.pop(key, None) if value is None else config.__setitem__(key, value)
            return config
    return None


def flat(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Each leaf of nested values as a nested map of its own."""
    leaves: list[dict[str, Any]] = []
    for key, value in values.items():
        inner = flat(value) if isinstance(value, dict) else [value]
        leaves += [{key: leaf} for leaf in inner]
    return leaves


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("setting", sorted(EVERY))
def test_config_keys_are_those_that_helm_renders(shared: Path, chart: str, setting: str) -> None:
    name, _, value = setting.partition("/")
    values, config = settings([Choice(name, value, "")], find_release(chart))
    if not values:
        pytest.skip(f"the chart {chart} does not know {setting}")
    whole = rendered(shared, chart, values)
    parts = [whole] if whole is not None else [rendered(shared, chart, leaf) for leaf in flat(values)]
    known = [p for p in parts if p is not None]
    if not known:
        pytest.skip(f"no rendering of {values} was recorded for {chart}")
    for key, expected in config.items():
        assert any(str(p.get(key)) == expected for p in known), (key, expected, [p.get(key) for p in known])


@pytest.mark.parametrize("chart", [c for c in CHARTS if c >= "1.16"])
def test_value_names_are_in_the_charts_schema(shared: Path, chart: str) -> None:
    schema = json.loads((shared / "cilium" / f"values.schema-{chart}.json").read_text(encoding="utf-8"))
    # Left out of these charts' schemas although their templates read them.
    unlisted = {"kubeProxyReplacement", "k8sServiceHost", "k8sServicePort"}
    for setting in find_release(chart).facts("setting"):
        for leaf in flat(setting["values"]):
            node, path = schema, leaf
            while isinstance(path, dict):
                [(key, path)] = path.items()
                if key in unlisted and key not in node.get("properties", {}):
                    break
                assert key in node["properties"], (chart, setting["id"], key)
                node = node["properties"][key]


@pytest.mark.parametrize("chart", [c for c in CHARTS if c >= "1.16"])
def test_values_follow_the_charts_schema(shared: Path, chart: str) -> None:
    from jsonschema import Draft7Validator

    schema = json.loads((shared / "cilium" / f"values.schema-{chart}.json").read_text(encoding="utf-8"))
    for setting in find_release(chart).facts("setting"):
        assert list(Draft7Validator(schema).iter_errors(setting["values"])) == [], setting["id"]


@pytest.mark.parametrize("chart", CHARTS)
def test_the_seeds_seven_lines_are_reproduced(chart: str) -> None:
    """datapath-mode veth, routing-mode tunnel, tunnel-protocol vxlan, BPF masquerade, socket LB, L7 proxy, Hubble."""
    choices = [
        Choice(n, v, "")
        for n, v in (
            ("routing", "tunnel-vxlan"), ("kube-proxy-replacement", "on"), ("masquerade", "bpf"),
            ("datapath-device", "veth"), ("l7-proxy", "on"), ("hubble", "on"),
        )
    ]  # fmt: skip
    _, config = settings(choices, find_release(chart))
    wanted = {
        "routing-mode": "tunnel", "tunnel-protocol": "vxlan", "enable-bpf-masquerade": "true", "bpf-lb-sock": "true",
        "enable-l7-proxy": "true", "enable-hubble": "true",
    }  # fmt: skip
    if chart >= "1.16":
        wanted["datapath-mode"] = "veth"
    assert wanted.items() <= config.items()
