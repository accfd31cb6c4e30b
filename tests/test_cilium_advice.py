"""Wishes, features, releases and the command: what the advisor promises beyond the ladder."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kina_audit.api import advise_every_release, audit, load_kernel, load_profiles
from kina_audit.cilium.advise import best_release
from kina_audit.cilium.evidence import Basis
from kina_audit.cilium.features import feature_ids, features
from kina_audit.cilium.keys import charted, keys, on_when
from kina_audit.cilium.model import Advice, Mode, State
from kina_audit.cilium.release import find_release, known_releases
from kina_audit.cilium.request import make_request
from kina_audit.cli import main
from kina_audit.errors import UsageError
from kina_audit.kernel.config import Header, KernelConfig
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.profiles.load import ProfileLibrary
from tests.conftest import examples
from tests.test_cilium_ladder import BASE, SYMBOLS, synthetic

LIBRARY = ProfileLibrary()
WHOLE = [
    *BASE, "BPF_JIT", "PERF_EVENTS", "IP_MULTIPLE_TABLES", "DEBUG_INFO_BTF", "BPF_EVENTS", "INET_DIAG", "INET_UDP_DIAG",
    "INET_DIAG_DESTROY", "NETKIT", "WIREGUARD", "INET_ESP", "INET6_ESP", "XFRM_STATISTICS", "NET_SCH_FQ",
    "TCP_CONG_BBR", "TCP_CONG_CUBIC", "GENEVE", "IPV6", "IPV6_MULTIPLE_TABLES", "NF_TABLES_IPV6", "NETFILTER_XT_MATCH_SOCKET", "NET_IPIP",
    "IPV6_TUNNEL", "SCHEDSTATS", "IP_SCTP", "NET_UDP_TUNNEL", "DST_CACHE",
    "IP6_NF_IPTABLES", "IP6_NF_FILTER", "IP6_NF_MANGLE", "IP6_NF_RAW", "IP6_NF_NAT", "NETFILTER_XT_CONNMARK", "NETFILTER_XT_TARGET_REDIRECT",
]  # fmt: skip


def advise(config: KernelConfig, release: str = "1.20.2", **wishes: Any) -> Advice:
    kernel = Kernel(config, Provenance("test", "file", "test"))
    found = audit(
        kernel, [LIBRARY.get("cilium-agent")], cilium=release, library=LIBRARY, request=make_request(**wishes)
    )
    assert found.advice is not None
    return found.advice


def states(advice: Advice) -> dict[str, State]:
    return {c.feature: c.state for c in advice.capabilities}


def choice(advice: Advice, name: str) -> str:
    return next(c.value for c in advice.choices if c.name == name)


def test_every_fact_names_what_exists() -> None:
    """Profiles, requirements, features and releases of the data files are there, and every fact has its evidence."""
    profiles = {p.id: {r.id for r in p.requirements} for p in LIBRARY.tagged("cilium")}
    for release in known_releases():
        rows = features(release)
        for row in rows.values():
            for need in row.needs:
                if need.profile:
                    assert need.profile in profiles, row.id
                if need.requirement:
                    profile, _, requirement = need.requirement.partition("/")
                    assert requirement in profiles[profile], (row.id, need.requirement)
                if need.feature:
                    assert need.feature in rows, (row.id, need.feature)
                assert need.link.startswith("https://") or need.observed, row.id
                assert need.when.keys() <= charted(release).keys(), (row.id, need.when)
            assert {c.other for c in row.conflicts} <= rows.keys()
        assert on_when().keys() <= rows.keys()
        known = {k.config for k in keys(release)}
        for name, groups in on_when().items():
            for part in (part for group in groups for part in group):
                assert set(part.split("|")) & known or not rows[name].available or name == "tcx", (name, part)


def test_features_of_the_issue_are_there() -> None:
    wanted = """agent hubble vxlan geneve native-routing l7-proxy bpf-tproxy iptables-legacy iptables-nft iptables-masquerade
    bpf-masquerade kube-proxy-replacement socket-lb session-affinity dsr-opt dsr-geneve dsr-ipip xdp bpf-host-routing tcx
    netkit bandwidth-manager bbr big-tcp-ipv4 big-tcp-ipv6 wireguard ipsec egress-gateway host-firewall local-redirect
    l2-announcements multicast vtep sctp nat46x64 pmtu ipv6 no-conntrack-rules clock-probe ztunnel srv6 cluster-mesh
    mutual-auth"""
    assert set(wanted.split()) <= set(feature_ids())


def test_on_a_kernel_that_has_everything_everything_works() -> None:
    advice = advise(synthetic(*WHOLE))
    assert advice.mode is Mode.FULL_EBPF
    off = {k: v for k, v in states(advice).items() if v is not State.WORKS}
    assert off == {"iptables-legacy": State.BROKEN}
    assert choice(advice, "datapath-device") == "netkit"


@pytest.mark.parametrize("feature", [f for f in feature_ids() if f not in ("agent", "ztunnel")])
def test_wanting_a_feature_changes_no_state_and_is_granted_or_explained(feature: str) -> None:
    config = synthetic(*WHOLE)
    before, after = advise(config), advise(config, want=[feature])
    assert states(before) == states(after)
    [wish] = after.wishes
    assert wish.granted == (states(before)[feature] not in (State.BROKEN, State.FATAL, State.UNAVAILABLE)), wish
    assert wish.because


@pytest.mark.parametrize(
    ("want", "choice_name", "value"),
    [
        ("geneve", "routing", "tunnel-geneve"), ("native-routing", "routing", "native"), ("dsr-opt", "routing", "native"),
        ("dsr-geneve", "routing", "tunnel-geneve"), ("big-tcp-ipv4", "routing", "native"),
        ("iptables-masquerade", "masquerade", "iptables"), ("bpf-tproxy", "datapath-device", "veth"),
        ("wireguard", "encryption", "wireguard"), ("ipsec", "encryption", "ipsec"),
    ],
)  # fmt: skip
def test_wishes_decide_choices(want: str, choice_name: str, value: str) -> None:
    assert choice(advise(synthetic(*WHOLE), want=[want]), choice_name) == value


@pytest.mark.parametrize(
    ("wishes", "granted", "why"),
    [
        (["ipsec", "bandwidth-manager"], [True, False], "IPsec"),
        (["wireguard", "ipsec"], [True, False], "encryption"),
        (["vtep", "dsr-opt"], [True, False], "routing"),
        (["netkit", "bpf-tproxy"], [True, False], "veth"),
        (["dsr-opt", "dsr-ipip"], [True, False], "dsr-dispatch"),
        (["bbr", "ipsec"], [True, False], "bandwidth manager"),
        (["wireguard", "bandwidth-manager", "bbr", "egress-gateway"], [True] * 4, ""),
    ],
)
def test_wishes_that_exclude_each_other(wishes: list[str], granted: list[bool], why: str) -> None:
    advice = advise(synthetic(*WHOLE), want=wishes)
    assert [w.granted for w in advice.wishes] == granted
    assert why in advice.wishes[1].because or not why
    assert advice.fulfilled is all(granted)


def test_ipsec_costs_host_routing_before_1_19() -> None:
    config = synthetic(*WHOLE)
    assert advise(config, "1.18", want=["ipsec"]).mode is Mode.HYBRID
    assert advise(config, "1.19.7", want=["ipsec"]).mode is Mode.FULL_EBPF


def test_keeping_kube_proxy_and_a_least_mode() -> None:
    config = synthetic(*WHOLE)
    kept = advise(config, keep_kube_proxy=True)
    assert kept.mode is Mode.COMPAT
    assert kept.config_map["kube-proxy-replacement"] == "false"
    assert advise(config, keep_kube_proxy=True, min_mode="compat").fulfilled
    assert not advise(config, keep_kube_proxy=True, min_mode="hybrid").fulfilled


def test_a_feature_that_is_not_wanted_costs_no_mode() -> None:
    advice = advise(synthetic(*WHOLE), avoid=["l7-proxy", "hubble"])
    assert advice.mode is Mode.FULL_EBPF
    assert advice.config_map["enable-l7-proxy"] == "false"


@settings(max_examples=examples(60))
@given(on=st.sets(st.sampled_from(SYMBOLS)), wishes=st.sets(st.sampled_from(feature_ids()), max_size=3))
def test_wishes_never_change_what_features_do(on: set[str], wishes: set[str]) -> None:
    config = synthetic(*on)
    assert states(advise(config)) == states(advise(config, want=sorted(wishes)))


def test_unverified_facts_never_fail_anything() -> None:
    """1.20.2 without BTF and without what needs it: nobody is known to have run one, and it is a caution."""
    bare = advise(synthetic(*WHOLE, missing=("DEBUG_INFO_BTF",)))
    assert states(bare)["agent"] is State.UNVERIFIED
    assert bare.mode not in (Mode.UNSUPPORTED, Mode.UNKNOWN)
    for release in known_releases():
        for row in features(release).values():
            if row.needs and all(n.basis is Basis.UNVERIFIED for n in row.needs):
                found = advise(synthetic("NET"), str(release))
                assert states(found)[row.id] in (State.UNVERIFIED, State.UNAVAILABLE, State.FATAL), row.id


@pytest.mark.parametrize(
    ("release", "lost"),
    [("1.18", set()), ("1.19.2", set()), ("1.19.3", {"bpf-masquerade-ipv6"}), ("1.20.0", {"bpf-masquerade"}),
     ("1.20.2", {"bpf-masquerade", "kube-proxy-replacement", "socket-lb"})],
)  # fmt: skip
def test_what_is_lost_without_btf_by_release(release: str, lost: set[str]) -> None:
    with_it, without = (
        states(advise(synthetic(*WHOLE), release)),
        states(advise(synthetic(*WHOLE, missing=("DEBUG_INFO_BTF",)), release)),
    )
    gone = {f for f in with_it if with_it[f] is State.WORKS and without[f] is not State.WORKS}
    assert lost <= gone
    assert bool(lost) == bool(gone)


def test_every_release_and_the_best_of_them() -> None:
    no_btf = Kernel(synthetic(*WHOLE, missing=("DEBUG_INFO_BTF",)), Provenance("test", "file", "test"))
    rows = advise_every_release(no_btf)
    assert [a.release for a in rows] == [str(r) for r in known_releases()]
    best = best_release(rows)
    assert best is not None
    assert (best.release, best.mode) == ("1.19.7", Mode.FULL_EBPF)
    new = Kernel(synthetic(*WHOLE, version="7.2.0"), Provenance("test", "file", "test"))
    best = best_release(advise_every_release(new))
    assert best is not None
    assert best.release == "1.20.2"
    assert best_release(advise_every_release(Kernel(synthetic("NET"), Provenance("test", "file", "test")))) is None


def test_unknown_features_are_refused_with_near_names() -> None:
    with pytest.raises(UsageError, match="no feature 'wiregard'") as found:
        make_request(["wiregard"])
    assert "wireguard" in found.value.hint
    with pytest.raises(UsageError, match="both wanted and avoided"):
        make_request(["netkit"], ["netkit"])
    with pytest.raises(UsageError, match="--min-mode best"):
        make_request(min_mode="best")


@pytest.fixture
def config(tmp_path: Path, built: None) -> Path:
    lines = ["# Linux/arm64 6.18.5 Kernel Configuration", "CONFIG_ARM64=y"]
    lines += [f"CONFIG_HAVE_THING_{i}=y" for i in range(40)] + [f"CONFIG_{s}=y" for s in WHOLE]
    path = tmp_path / "config"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_command_writes_what_helm_and_the_cli_take(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values, cli = tmp_path / "values.yaml", tmp_path / "install.sh"
    status = main(
        ["cilium", str(config), "--cilium", "1.20.0", "--want", "wireguard", "-o", f"helm-values={values}",
         "-o", f"cilium-cli={cli}", "-o", f"configmap={tmp_path / 'cm.yaml'}", "-f", "json"]
    )  # fmt: skip
    assert status == 0
    report = json.loads(capsys.readouterr().out)
    found = yaml.safe_load(values.read_text())
    assert found == report["advice"]["helm_values"]
    assert found["encryption"] == {"enabled": True, "type": "wireguard"}
    assert yaml.safe_load((tmp_path / "cm.yaml").read_text())["data"] == report["advice"]["config_map"]
    text = cli.read_text()
    assert "--set encryption.enabled=true" in text
    assert "--set-string encryption.type=wireguard" in text
    assert "--version 1.20.0" in text


def test_the_command_ends_with_1_when_a_wish_is_refused(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cilium", str(config), "--want", "ipsec", "--want", "big-tcp-ipv4"]) == 1
    assert "REFUSED" in capsys.readouterr().out
    assert main(["cilium", str(config), "--want", "nothing"]) == 2
    assert main(["cilium", str(config), "--all-releases"]) == 0
    assert "Take 1.20.2: full-ebpf" in capsys.readouterr().out
    assert main(["cilium", str(config), "--all-releases", "-f", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["best"] == "1.20.2"


@pytest.mark.parametrize("release", ["1.14", "1.15", "1.16", "1.17", "1.18", "1.19.7", "1.20.0"])
def test_the_seeds_seven_lines_come_out_for_a_kernel_that_carries_them(release: str) -> None:
    kernel = synthetic(*WHOLE, missing=("NETKIT",))
    found = advise(kernel, release).config_map
    seed = {
        "datapath-mode": "veth", "routing-mode": "tunnel", "tunnel-protocol": "vxlan", "enable-bpf-masquerade": "true",
        "bpf-lb-sock": "true", "enable-l7-proxy": "true", "enable-hubble": "true",
    }  # fmt: skip
    assert {k: found.get(k) for k in seed} == seed


def test_releases_are_those_whose_charts_are_known() -> None:
    assert str(find_release("1.20")) == "1.20.2"
    assert not find_release("1.18.5").charted


def test_a_row_that_fails_for_another_rows_reason_names_that_row() -> None:
    from kina_audit.api import audit, load_kernel, load_profiles
    from kina_audit.render import RenderOptions, cilium
    from kina_audit.sources.options import SourceOptions

    jit = SourceOptions(fragments=(("jit", "CONFIG_BPF_JIT=y\n"),))
    report = audit(load_kernel("recorded:apple", jit), load_profiles(["bpf"]), cilium="1.20.2")
    short = cilium.render(report, RenderOptions())
    assert "It needs bpf-host-routing, which needs kube-proxy-replacement." in short
    whole = " ".join(cilium.render(report, RenderOptions(verbose=True)).split())
    assert "It needs bpf-host-routing: It needs kube-proxy-replacement: " in whole


def test_an_agent_that_does_not_start_is_told_once_and_features_say_how_they_would_stand() -> None:
    from kina_audit.api import audit, load_kernel, load_profiles
    from kina_audit.render import RenderOptions, render
    from kina_audit.sources.options import SourceOptions

    report = audit(load_kernel("recorded:apple", SourceOptions()), load_profiles(["bpf"]), cilium="1.20.2")
    assert report.advice is not None
    would = {c.feature: c.with_agent for c in report.advice.capabilities}
    assert would["agent"] is None
    assert would["vxlan"] is not None
    assert would["vxlan"].words == "would work"
    assert would["hubble"] is not None
    assert would["hubble"].words == "would lack CONFIG_FTRACE=y"
    lacks = [
        c.feature for c in report.advice.capabilities if c.with_agent and "CONFIG_BPF_JIT=y" in c.with_agent.unlock
    ]
    assert lacks == []
    for verbose in (False, True):
        text = render("cilium", report, RenderOptions(verbose=verbose))
        assert "It needs agent" not in text
        assert "vxlan                    would work" in text
    html = render("html", report)
    assert "It needs agent" not in html
    assert ">would work<" in html
    # With the JIT they stand as was said.
    jit = SourceOptions(fragments=(("jit", "CONFIG_BPF_JIT=y\n"),))
    built = audit(load_kernel("recorded:apple", jit), load_profiles(["bpf"]), cilium="1.20.2").advice
    assert built is not None
    then = {c.feature: c.state for c in built.capabilities}
    assert {n: w.state for n, w in would.items() if w and n not in lacks} == {
        n: then[n] for n, w in would.items() if w and n not in lacks
    }


def test_a_kernel_of_unknown_version_is_not_waved_through(shared: Path) -> None:
    """The agent of every release asks for a version, so nobody can say that it starts."""
    kernel = load_kernel(str(shared / "corpus/debian/debian-6.1-config.amd64_none_amd64.config.gz"))
    kernel = replace(kernel, config=replace(kernel.config, target=None, header=Header()))
    report = audit(kernel, load_profiles(["vxlan"]), cilium="1.14")
    assert report.advice is not None
    assert (report.advice.mode, report.advice.starts) == (Mode.UNKNOWN, None)
    assert report.verdict == "unknown"
