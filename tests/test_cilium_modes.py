"""What a mode rests on, values in place of a rebuild, and the values that a kind of cluster needs."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from kina_audit.api import advise_every_release, load_kernel
from kina_audit.cilium.keys import charted
from kina_audit.cilium.model import Mode
from kina_audit.cilium.presets import preset_rows
from kina_audit.cilium.release import find_release
from kina_audit.cilium.request import make_request
from kina_audit.cli import main
from kina_audit.errors import UsageError
from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.parse import parse_config
from kina_audit.sources.options import SourceOptions
from tests.test_cilium_advice import WHOLE, advise
from tests.test_cilium_contract import CHARTS, flat
from tests.test_cilium_evidence import PLACE
from tests.test_cilium_ladder import synthetic

PRESETS = {row["id"]: row for row in preset_rows()}
RENDERED = tomllib.loads(
    Path(__file__).with_name("data").joinpath("cilium-presets-rendered.toml").read_text(encoding="utf-8")
)


def on_x86(*symbols: str, version: str, missing: tuple[str, ...] = ()) -> KernelConfig:
    lines = [f"# Linux/x86_64 {version} Kernel Configuration", "CONFIG_X86_64=y"]
    lines += [f"CONFIG_HAVE_THING_{i}=y" for i in range(40)]
    lines += [f"CONFIG_{s}=y" for s in symbols if s not in missing]
    return parse_config("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("config", "release", "evidence"),
    [
        (on_x86(*WHOLE, version="6.12.0"), "1.20.0", "observed"),
        (on_x86(*WHOLE, version="6.1.0"), "1.20.0", "observed"),
        (on_x86(*WHOLE, version="6.18.0"), "1.20.0", "derived"),
        (synthetic(*WHOLE, version="6.12.0"), "1.20.0", "derived"),  # arm64, of which no agent was run
        (on_x86(*WHOLE, version="6.12.0"), "1.19", "source"),
        (on_x86(*WHOLE, version="6.12.0"), "1.18", "source"),
        (on_x86("NET", version="6.12.0"), "1.18", ""),
    ],
)
def test_a_mode_says_how_well_it_is_known(config: KernelConfig, release: str, evidence: str) -> None:
    found = advise(config, release)
    assert found.evidence == evidence
    assert bool(found.run) == (evidence == "observed")
    assert found.known.startswith({"observed": "Observed", "": ""}.get(evidence, "Read, not observed"))
    assert bool(found.rests) == bool(evidence)


def test_a_mode_rests_on_what_it_uses() -> None:
    found = advise(synthetic(*WHOLE), "1.20.0")
    facts = {(r.feature, r.fact) for r in found.rests}
    assert ("agent", "cilium-agent/classid") in facts
    assert ("netkit", "cilium-netkit/netkit-device") in facts
    assert not {f for f, _ in facts} & {"iptables-masquerade", "wireguard", "geneve"}
    assert "wireguard" in {r.feature for r in advise(synthetic(*WHOLE), "1.20.0", want=["wireguard"]).rests}


def test_the_command_explains_a_mode(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config"
    path.write_text(on_x86(*WHOLE, version="6.12.0").text)
    assert main(["cilium", str(path), "--cilium", "1.19", "--explain", "compat"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("compat rests on ")
    assert "iptables-masquerade: cilium-iptables-masquerade/nat" in said
    assert "requirements.go#L" in said
    assert main(["cilium", str(path), "--explain", "best"]) == 2


@pytest.mark.parametrize(
    ("missing", "release", "first", "mode"),
    [
        ("NETFILTER_XT_TARGET_TPROXY", "1.20.2", ("bpf.tproxy=true",), Mode.FULL_EBPF),
        ("NETFILTER_XT_TARGET_TPROXY", "1.18", ("bpf.tproxy=true",), Mode.FULL_EBPF),
        ("NETFILTER_XT_MATCH_SOCKET", "1.20.2", ("bpf.tproxy=true",), Mode.FULL_EBPF),
        ("IP_MULTIPLE_TABLES", "1.20.2", ("l7Proxy=false",), Mode.FULL_EBPF),
        ("INET_DIAG", "1.20.0", ("kubeProxyReplacement=false", "socketLB.enabled=false"), Mode.COMPAT),
    ],
)
def test_values_come_before_a_rebuild(missing: str, release: str, first: tuple[str, ...], mode: Mode) -> None:
    found = advise(synthetic(*WHOLE, missing=(missing,)), release)
    assert (found.instead[0].values, found.instead[0].mode) == (first, mode)


def test_the_mode_that_values_are_said_to_lead_to_is_reached() -> None:
    config = synthetic(*WHOLE, missing=("NETFILTER_XT_TARGET_TPROXY",))
    offers = advise(config).instead
    assert [o.values for o in offers] == [("bpf.tproxy=true",), ("l7Proxy=false",)]
    assert advise(config, want=["bpf-tproxy"]).mode is offers[0].mode
    assert advise(config, avoid=["l7-proxy"]).mode is offers[1].mode
    assert advise(config, avoid=["l7-proxy"]).instead == ()
    assert [o.values for o in advise(config, want=["netkit"]).instead] == [("l7Proxy=false",)]


def test_no_values_are_offered_where_none_help() -> None:
    assert advise(synthetic(*WHOLE)).instead == ()
    assert advise(synthetic(*WHOLE, missing=("BPF_JIT",))).instead == ()
    assert advise(synthetic(*WHOLE, missing=("PERF_EVENTS",))).instead == ()
    assert advise(synthetic(*WHOLE, version="7.2.0"), "1.18").instead == ()


def test_without_iptables_the_switch_that_ends_the_agent_is_not_offered() -> None:
    """Its own source refuses install-iptables-rules=false beside kube-proxy replacement from 1.20 on."""
    gone = ("NF_TABLES", "NFT_COMPAT", "IP_NF_FILTER", "IP_NF_NAT", "IP_NF_MANGLE", "IP_NF_RAW")
    new, old = (advise(synthetic(*WHOLE, missing=gone), r).cautions for r in ("1.20.2", "1.18"))
    assert any("Leave install-iptables-rules alone" in c for c in new)
    assert any("extraConfig.install-iptables-rules=false" in c for c in old)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_keeps_its_values_on_top(name: str) -> None:
    found = advise(synthetic(*WHOLE), "1.20.0", preset=name)
    plain = advise(synthetic(*WHOLE), "1.20.0")
    assert found.mode is plain.mode
    ours = {k: v for leaf in flat(found.helm_values) for k, v in [last(leaf)]}
    assert {k: v for leaf in flat(PRESETS[name]["values"]) for k, v in [last(leaf)]}.items() <= ours.items()
    assert found.helm_values["kubeProxyReplacement"] is True
    assert PRESETS[name]["config"].items() <= found.config_map.items()
    assert PRESETS[name]["caution"] in found.cautions
    at = PRESETS[name]["at"]
    assert all(p.partition("@")[2].count(":") == 2 or PLACE.fullmatch(p) for p in ([at] if isinstance(at, str) else at))


def last(leaf: Any, name: str = "") -> tuple[str, Any]:
    while isinstance(leaf, dict):
        [(key, leaf)] = leaf.items()
        name = f"{name}.{key}".lstrip(".")
    return name, str(leaf)


@pytest.mark.parametrize("chart", [c for c in CHARTS if c >= "1.16"])
@pytest.mark.parametrize("name", PRESETS)
def test_a_presets_values_follow_the_charts_schema(shared: Path, chart: str, name: str) -> None:
    from jsonschema import Draft7Validator

    schema = json.loads((shared / "cilium" / f"values.schema-{chart}.json").read_text(encoding="utf-8"))
    values = advise(synthetic(*WHOLE), chart, preset=name).helm_values
    assert list(Draft7Validator(schema).iter_errors(values)) == []
    for leaf in flat(PRESETS[name]["values"]):
        node: Any = schema
        for part in last(leaf)[0].split("."):
            node = node.get("properties", {}).get(part, {})
        assert node or last(leaf)[0].startswith("k8sService"), (chart, last(leaf)[0])


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("name", PRESETS)
def test_a_presets_keys_are_those_that_helm_renders(shared: Path, chart: str, name: str) -> None:
    """As tests/test_cilium_helm.py had Helm render it; keys that vanish are among those of the recorded rendering."""
    default = json.loads((shared / "cilium" / f"configmap-{chart}.json").read_text(encoding="utf-8"))[
        "default_configmap"
    ]
    row, preset = RENDERED[name], PRESETS[name]
    assert preset["config"] == row.get("config", {})
    assert sorted(k for k in default if k.startswith(tuple(preset["drops"]))) == row.get("gone", [])
    assert row.get("config", {}).keys() <= default.keys()
    config = advise(synthetic(*WHOLE), chart, preset=name, ipv6=True).config_map
    assert not [k for k in config if k.startswith(tuple(preset["drops"]))]
    assert row.get("config", {}).items() <= config.items()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("k3s", "--set-string 'ipam.operator.clusterPoolIPv4PodCIDRList={10.42.0.0/16}'"),
        ("talos", "--set-string 'securityContext.capabilities.cleanCiliumState={NET_ADMIN,SYS_ADMIN,SYS_RESOURCE}'"),
    ],
)
def test_a_list_is_written_as_helm_reads_one(name: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cilium", "recorded:kata@3.32.0-debug", "--for", name, "-f", "cilium-cli"]) == 0
    assert words in capsys.readouterr().out


def test_presets_are_named() -> None:
    assert list(PRESETS) == ["kina", "k3s", "talos", "kind", "kubeadm"]
    assert charted(find_release("1.20"))["ipam"] == "cluster-pool"
    with pytest.raises(UsageError, match="--for talus"):
        make_request(preset="talus")


@pytest.mark.parametrize("record", ["kata@3.32.0-debug", "kata@3.17.0", "apple@0.1.0"])
def test_a_choice_does_not_praise_what_is_degraded(record: str) -> None:
    """`l7-proxy: on. Policy routing and TPROXY rules work.` stood above `l7-proxy degraded`."""
    fragments = (("jit.fragment", "CONFIG_BPF_JIT=y\n"),)
    found = advise_every_release(load_kernel(f"recorded:{record}", SourceOptions(offline=True, fragments=fragments)))
    said = 0
    for advice in found:
        states = {c.feature: c for c in advice.capabilities}
        for choice in advice.choices:
            feature = states.get(choice.name)
            if feature is None or choice.value != "on" or feature.state not in ("degraded", "silent"):
                assert "Not in full" not in choice.because
                continue
            said += 1
            assert (
                f" Not in full: {feature.because.partition('. ')[0]}" in choice.because
                or "shows no L3/L4 flows" in choice.because
            )
    assert said
