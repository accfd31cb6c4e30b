"""What the advice claims of a chart is what Helm renders from it: keys, values and names, release by release."""

import json
from pathlib import Path
from typing import Any

import pytest

from kina_audit.cilium.model import Choice
from kina_audit.cilium.release import find_release
from kina_audit.cilium.values import settings

CHARTS = ["1.14.19", "1.15.19", "1.16.19", "1.17.18", "1.18.12", "1.19.6", "1.20.0"]
NOT_RENDERED = {"k8sServiceHost", "k8sServicePort"}
"""Set in every recorded rendering; they go into the agent's environment, not into the ConfigMap."""
UNLISTED = {
    "kubeProxyReplacement", "k8sServiceHost", "k8sServicePort", "loadBalancer.mode", "loadBalancer.dsrDispatch",
    "extraConfig.datapath-mode", "extraConfig.multicast-enabled",
}  # fmt: skip
"""Values that the charts' templates read and their schemas leave out (any key may stand under extraConfig)."""


UNRECORDED = {
    "ipv6NativeRoutingCIDR": ("ipv4NativeRoutingCIDR", "ipv6-native-routing-cidr"),
    "enableIPv6Masquerade": ("enableIPv4Masquerade", "enable-ipv6-masquerade"),
}
"""Values whose rendering was not recorded: the IPv4 twin whose rendering was, and the key, by the same template."""


def rows() -> list[tuple[str, int]]:
    return [(chart, i) for chart in CHARTS for i in range(len(find_release(chart).facts("setting")))]


def changes(shared: Path, chart: str, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]] | None:
    """(what these values change in the default ConfigMap, that ConfigMap) as Helm rendered it; None: not recorded."""
    document = json.loads((shared / "cilium" / f"configmap-{chart}.json").read_text(encoding="utf-8"))
    default = document["default_configmap"]
    if list(values) == ["extraConfig"]:
        return values["extraConfig"], default  # merged into the ConfigMap as it is (templates/cilium-configmap.yaml)
    if values.keys() <= UNRECORDED.keys():
        [(name, value)] = values.items()
        twin, key = UNRECORDED[name]
        recorded = [t["configmap_changes"] for t in document["toggles"] if twin in t["values"]]
        assert any(key.replace("ipv6", "ipv4") in found for found in recorded)
        return {key: str(value).lower()}, default
    for toggle in document["toggles"]:
        if toggle["values"] == values and toggle.get("configmap_changes") is not None:
            return toggle["configmap_changes"], default
    return None


def flat(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Each leaf of nested values as a nested map of its own."""
    leaves: list[dict[str, Any]] = []
    for key, value in values.items():
        inner = flat(value) if isinstance(value, dict) else [value]
        leaves += [{key: leaf} for leaf in inner]
    return leaves


@pytest.mark.parametrize(("chart", "row"), rows())
def test_config_keys_are_exactly_those_that_helm_renders(shared: Path, chart: str, row: int) -> None:
    setting = find_release(chart).facts("setting")[row]
    whole = changes(shared, chart, setting["values"])
    leaves = [leaf for leaf in flat(setting["values"]) if next(iter(leaf)) not in NOT_RENDERED]
    found = [whole] if whole else [changes(shared, chart, leaf) for leaf in leaves]
    assert None not in found, f"{setting['id']}: no rendering of {setting['values']} was recorded"
    parts = [part[0] for part in found if part]
    # A key that one value alone takes away stays when another value of the setting renders it.
    changed = {
        k: v for p in parts for k, v in p.items() if v is not None or all(k in q and q[k] is None for q in parts)
    }
    default = found[0][1] if found[0] else {}
    rendered = {**default, **changed}
    config = setting["config"]
    # Nothing is claimed that Helm does not render, and nothing that Helm changes is left out.
    assert {k: rendered.get(k) for k in config} == config
    assert {k for k, v in changed.items() if v is not None} <= config.keys()
    assert not [k for k, v in changed.items() if v is None and k in config]


@pytest.mark.parametrize("chart", [c for c in CHARTS if c >= "1.16"])
def test_value_names_are_in_the_charts_schema(shared: Path, chart: str) -> None:
    schema = json.loads((shared / "cilium" / f"values.schema-{chart}.json").read_text(encoding="utf-8"))
    for setting in find_release(chart).facts("setting"):
        for leaf in flat(setting["values"]):
            node, path, name = schema, leaf, ""
            while isinstance(path, dict):
                [(key, path)] = path.items()
                name = f"{name}.{key}".lstrip(".")
                if name in UNLISTED and key not in node.get("properties", {}):
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
    wanted["datapath-mode"] = "veth"
    assert wanted.items() <= config.items()
