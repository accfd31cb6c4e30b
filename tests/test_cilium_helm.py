"""What the advice says of its Helm values is what Helm renders of them: presets, modes and every feature that can be wanted."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from kina_audit.cilium.keys import Given, keys
from kina_audit.cilium.model import Advice
from kina_audit.cilium.presets import preset_rows
from kina_audit.cilium.release import find_release
from kina_audit.cilium.review import effective
from kina_audit.errors import UsageError
from kina_audit.sources.cilium_values import HELM
from tests.helm_charts import CHARTS, config_map, manifests, need_helm, version, workload
from tests.test_cilium_advice import WHOLE, advise
from tests.test_cilium_ladder import synthetic
from tests.test_cilium_review import flat

pytestmark = pytest.mark.slow
RENDERED = tomllib.loads(
    Path(__file__).with_name("data").joinpath("cilium-presets-rendered.toml").read_text(encoding="utf-8")
)
KERNELS = {"whole": synthetic(*WHOLE), "without netkit": synthetic(*WHOLE, missing=("NETKIT",))}
RECORDED = [chart for chart in CHARTS if version(chart) >= "1.16"]
"""The presets are recorded for these."""
OURS = [chart for chart in CHARTS if version(chart) < "1.21"] or [Path("cilium-none.tgz")]


@pytest.fixture(autouse=True)
def helm() -> None:
    need_helm()


def parts(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """What presets change beside the ConfigMap, under the names of the data file."""
    pod = workload(objects, "DaemonSet", "cilium")["template"]["spec"]
    agent = next(c for c in pod["containers"] if c["name"] == "cilium-agent")
    inits = {c["name"]: c for c in pod["initContainers"]}
    return {
        "environment": {e["name"]: e.get("value") for e in agent["env"]},
        "capabilities": agent["securityContext"]["capabilities"]["add"],
        "clean": inits["clean-cilium-state"]["securityContext"]["capabilities"]["add"],
        "init": sorted(inits),
        "operators": workload(objects, "Deployment", "cilium-operator")["replicas"],
    }


@pytest.mark.parametrize("chart", RECORDED or OURS, ids=version)
@pytest.mark.parametrize("preset", preset_rows(), ids=lambda row: str(row["id"]))
def test_a_preset_renders_what_is_recorded(preset: dict[str, Any], chart: Path) -> None:
    row = RENDERED[preset["id"]]
    plain, ours = manifests(chart, {}), manifests(chart, preset["values"])
    before, after = config_map(plain), config_map(ours)
    assert {k: v for k, v in after.items() if before.get(k) != v} == row.get("config", {})
    assert sorted(before.keys() - after.keys()) == row.get("gone", [])
    was, found = parts(plain), parts(ours)
    environment = found["environment"].items() - was["environment"].items()
    assert dict(environment) == row.get("environment", {})
    assert sorted({*was["init"]} - {*found["init"]}) == row.get("init", [])
    for name in ("capabilities", "clean", "operators"):
        assert found[name] == row.get(name, was[name]), name


def asked(release: str) -> list[Advice]:
    """Advice of every kind that a release gives: each preset and each feature, with and without IPv6 and kube-proxy."""
    wishes: list[dict[str, Any]] = [{"preset": row["id"]} for row in preset_rows()]
    wishes += [{"want": [c.feature]} for c in advise(KERNELS["whole"], release).capabilities]
    wishes += [{"avoid": [c.feature]} for c in advise(KERNELS["whole"], release).capabilities]
    found = []
    for wish in [{}, *wishes]:
        for more in ({}, {"ipv6": True}, {"keep_kube_proxy": True}):
            for kernel in KERNELS.values():
                try:
                    found.append(advise(kernel, release, **wish, **more))
                except UsageError:  # wanted and avoided at once
                    continue
    return [a for a in found if a.helm_values]


@pytest.mark.parametrize("chart", OURS, ids=version)
def test_the_config_keys_of_an_advice_are_those_that_helm_renders(chart: Path) -> None:
    default = config_map(manifests(chart, {}))
    seen: dict[str, Advice] = {}
    for advice in asked(version(chart)):
        seen.setdefault(json.dumps(advice.helm_values, sort_keys=True), advice)
    assert len(seen) > 30
    for values, advice in seen.items():
        rendered = config_map(manifests(chart, json.loads(values)))
        claimed = dict(advice.config_map)
        assert {k: rendered.get(k) for k in claimed} == claimed, values
        changed = {k for k, v in rendered.items() if default.get(k) != v}
        assert changed <= claimed.keys(), values


@pytest.mark.parametrize("chart", OURS, ids=version)
def test_the_default_rendering_is_the_recorded_one(chart: Path, shared: Path) -> None:
    recorded = shared / "cilium" / f"configmap-{version(chart)}.json"
    if not recorded.is_file():
        pytest.skip(f"no rendering of {version(chart)} was recorded")
    document = json.loads(recorded.read_text(encoding="utf-8"))
    values = {"k8sServiceHost": "10.0.0.1", "k8sServicePort": 6443}
    assert config_map(manifests(chart, values)) == document["default_configmap"]


@pytest.mark.parametrize("chart", OURS, ids=version)
@pytest.mark.parametrize(
    "values",
    [
        {"eni": {"enabled": True}},
        {"eni": {"enabled": True}, "routingMode": "native"},
        {"eni": {"enabled": True}, "enableIPv4Masquerade": True},
        {"gke": {"enabled": True}, "ipv4NativeRoutingCIDR": "10.0.0.0/8"},
        {"cni": {"chainingMode": "aws-cni"}},
        {"cni": {"chainingMode": "portmap"}},
        {"cni": {"chainingMode": "generic-veth"}, "bpf": {"hostLegacyRouting": False}},
        {"cni": {"chainingMode": "none"}},
        {"egressMasqueradeInterfaces": "eth0"},
        {"bandwidthManager": {"enabled": True, "bbr": True, "bbrHostNamespaceOnly": True}},
        {"hubble": {"enabled": False}},
        {"ipv4": {"enabled": False}, "ipv6": {"enabled": True}},
        {"eni": {"enabled": True}, "upgradeCompatibility": "1.14"},
        {"eni": {"enabled": True}, "upgradeCompatibility": "1.18"},
        {
            "azure": {
                "enabled": True,
                "resourceGroup": "x",
                "subscriptionID": "x",
                "tenantID": "x",
                "clientID": "x",
                "clientSecret": "x",
            }
        },
        {"alibabacloud": {"enabled": True}},
        {"cni": {"chainingTarget": "x"}},
        {"loadBalancer": {"standalone": True}},
        {"enableTunnelBIGTCP": True},
    ],
    ids=str,
)
def test_what_a_review_takes_values_for_is_what_helm_renders(values: dict[str, Any], chart: Path) -> None:
    known = keys(find_release(version(chart)))
    rendered = config_map(manifests(chart, values))
    given = [Given(key, value, line) for line, (key, value) in enumerate(flat(values), 1)]
    taken, _, _ = effective(given, HELM, known)
    unset = {key.config: ("", "auto", key.unset) for key in known}
    wrong = {
        key: (value, rendered.get(key))
        for key, value in taken.items()
        if value != str(rendered.get(key)) and (key in rendered or value not in unset[key])
    }
    assert not wrong
