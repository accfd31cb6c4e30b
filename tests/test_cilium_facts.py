"""Row by row what is known of Cilium and the kernel: what one missing symbol, version or BTF does, release by release."""

from pathlib import Path

import pytest

from kina_audit.api import audit
from kina_audit.cilium.model import Mode, State
from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.report.model import Report
from tests.test_cilium_advice import WHOLE, advise, choice, states
from tests.test_cilium_ladder import synthetic
from tests.test_cilium_review import reviewed

LIBRARY = ProfileLibrary()
FATAL, BROKEN, DEGRADED, SILENT = State.FATAL, State.BROKEN, State.DEGRADED, State.SILENT
WORKS, UNVERIFIED, NO_PODS = State.WORKS, State.UNVERIFIED, State.NO_PODS
TC = ("NET_CLS_ACT", "NET_SCH_INGRESS", "NET_CLS_BPF")
DIAG = ("INET_DIAG", "INET_UDP_DIAG", "INET_DIAG_DESTROY")


@pytest.mark.parametrize(
    ("missing", "version", "release", "feature", "state"),
    [
        # the JIT: a warning before 1.18, and a documented requirement all the same
        ("BPF_JIT", "6.12.0", "1.18", "agent", FATAL),
        ("BPF_JIT", "6.12.0", "1.17", "agent", BROKEN),
        ("CGROUP_BPF", "6.12.0", "1.18", "agent", FATAL),
        ("CGROUP_BPF", "6.12.0", "1.17", "agent", WORKS),
        ("CGROUP_BPF", "6.12.0", "1.17", "kube-proxy-replacement", FATAL),
        # tc, and tcx in its place
        *[((*TC, "NET_XGRESS"), "6.1.0", release, "agent", FATAL) for release in ("1.14", "1.16", "1.18", "1.20.2")],
        (TC, "6.6.0", "1.14", "agent", FATAL),
        (TC, "6.6.0", "1.15", "agent", FATAL),
        *[(TC, "6.6.0", release, "agent", DEGRADED) for release in ("1.16", "1.17", "1.18", "1.20.2")],
        *[(TC[1:], "6.6.0", release, "agent", WORKS) for release in ("1.16", "1.17", "1.18", "1.20.2")],
        # the agent lists queueing disciplines with tcx, too
        (("NET_SCHED", *TC), "6.6.0", "1.16", "agent", FATAL),
        *[(("NET_SCHED", *TC), "6.6.0", release, "agent", NO_PODS) for release in ("1.17", "1.18", "1.20.2")],
        *[(TC[1:], "6.12.0", release, "agent", WORKS) for release in ("1.18", "1.20.0", "1.20.2")],
        # sockets of families that nobody uses: 1.16.10 and 1.17.4 mended one place, 1.18 brought it back
        *[("XFRM_USER", "6.12.0", release, "agent", state) for release, state in (
            ("1.14", FATAL), ("1.16.9", FATAL), ("1.16.10", FATAL), ("1.17.0", NO_PODS), ("1.17", NO_PODS), ("1.18", FATAL),
            ("1.19", FATAL), ("1.20.0", FATAL), ("1.20.2", FATAL))],
        *[("NETFILTER_NETLINK", "6.12.0", release, "agent", state) for release, state in (
            ("1.16.9", FATAL), ("1.16.10", WORKS), ("1.17.3", FATAL), ("1.17.4", WORKS), ("1.18", FATAL), ("1.20.2", FATAL))],
        # a helper that the kernel offers to socket programs with this symbol only
        *[("CGROUP_NET_CLASSID", "6.12.0", release, "agent", state) for release, state in (
            ("1.17", WORKS), ("1.18", WORKS), ("1.19.2", FATAL), ("1.20.0", FATAL), ("1.20.2", FATAL))],
        *[(symbol, "6.12.0", "1.17", "no-conntrack-rules", WORKS) for symbol in ("CGROUP_NET_CLASSID", "NETFILTER_NETLINK")],
        ("NETFILTER_XT_TARGET_CT", "6.12.0", "1.17", "no-conntrack-rules", BROKEN),
        # perf events: signals of the programs, whether or not Hubble is on
        *[("PERF_EVENTS", "6.12.0", release, "agent", FATAL) for release in ("1.14", "1.17", "1.18", "1.19", "1.20.2")],
        # the agent's own iptables rules, whatever is switched on
        *[(symbol, "6.12.0", "1.20.2", feature, state) for symbol in (
            "NETFILTER_XT_TARGET_CT", "NETFILTER_XT_MATCH_COMMENT", "NETFILTER_XT_MARK", "NFT_NAT")
          for feature, state in (("agent", DEGRADED), ("iptables", BROKEN), ("l7-proxy", BROKEN),
                                 ("iptables-masquerade", BROKEN), ("bpf-masquerade", WORKS))],
        *[("NETFILTER_XT_MATCH_CONNTRACK", "6.12.0", release, feature, state) for release in ("1.16", "1.18", "1.20.2")
          for feature, state in (("iptables-masquerade", BROKEN), ("agent", WORKS), ("bpf-masquerade", WORKS))],
        # IP sets: with native routing only
        (("IP_SET", "NETFILTER_XT_SET"), "6.12.0", "1.20.2", "iptables-masquerade", WORKS),
        (("IP_SET", "VXLAN", "GENEVE"), "6.12.0", "1.20.2", "iptables-masquerade", WORKS),
        # IPv6: targets for nftables too, modules by name before 1.18, programs that need BTF or a newer kernel
        ("IP6_NF_IPTABLES", "6.12.0", "1.20.2", "ipv6", BROKEN),
        ("IP6_NF_IPTABLES", "6.6.56", "1.20.2", "ipv6", WORKS),
        ("NF_TABLES_IPV6", "6.12.0", "1.18", "ipv6", WORKS),
        (("NF_TABLES_IPV6", "IP6_NF_RAW"), "6.12.0", "1.18", "ipv6", FATAL),
        ("IP6_NF_RAW", "6.12.0", "1.17", "ipv6", FATAL),
        *[(("NF_TABLES_IPV6", "IP6_NF_NAT"), "6.12.0", release, "ipv6", BROKEN) for release in ("1.16", "1.18", "1.20.2")],
        (("NFT_NAT", "IP6_NF_NAT"), "6.12.0", "1.20.2", "ipv6", BROKEN),
        ("IP6_NF_RAW", "6.12.0", "1.18", "ipv6", WORKS),
        ("", "6.6.58", "1.18", "ipv6", BROKEN),
        ("", "6.6.59", "1.18", "ipv6", WORKS),
        ("DEBUG_INFO_BTF", "6.12.0", "1.19.6", "ipv6", WORKS),
        ("DEBUG_INFO_BTF", "6.12.0", "1.19.7", "ipv6", NO_PODS),
        ("DEBUG_INFO_BTF", "6.12.0", "1.20.0", "ipv6", NO_PODS),
        ("", "5.10.0", "1.20.0", "ipv6", NO_PODS),
        ("", "5.10.0", "1.20.1", "ipv6", UNVERIFIED),
        ("", "5.10.0", "1.19.7", "ipv6", WORKS),
        ("", "5.12.0", "1.20.0", "ipv6", WORKS),
        # socket termination: listing apart from closing
        ("INET_DIAG", "6.12.0", "1.17", "kube-proxy-replacement", DEGRADED),
        ("INET_DIAG", "6.12.0", "1.18.9", "kube-proxy-replacement", BROKEN),  # it panics when a back-end goes
        ("INET_DIAG", "6.12.0", "1.18", "kube-proxy-replacement", DEGRADED),
        ("INET_DIAG_DESTROY", "6.12.0", "1.18", "kube-proxy-replacement", SILENT),
        # 1.19 ends sockets by BPF where it can, without asking netlink first
        (DIAG, "6.12.0", "1.19", "kube-proxy-replacement", WORKS),
        (DIAG, "6.5.0", "1.19", "kube-proxy-replacement", WORKS),
        (DIAG, "6.4.0", "1.19", "kube-proxy-replacement", DEGRADED),
        (DIAG, "6.4.0", "1.19.3", "kube-proxy-replacement", BROKEN),
        ((*DIAG, "DEBUG_INFO_BTF"), "6.12.0", "1.19", "kube-proxy-replacement", DEGRADED),
        ((*DIAG, "DEBUG_INFO_BTF"), "6.12.0", "1.19.3", "kube-proxy-replacement", BROKEN),
        ("DEBUG_INFO_BTF", "6.12.0", "1.19.3", "kube-proxy-replacement", WORKS),
        ("BPF_EVENTS", "6.12.0", "1.19", "kube-proxy-replacement", SILENT),
        (DIAG, "6.12.0", "1.20.2", "kube-proxy-replacement", DEGRADED),
        # DSR through IPIP makes a tunnel device for each family that is on
        ("IPV6_TUNNEL", "6.12.0", "1.20.2", "dsr-ipip", WORKS),
        ("NET_IPIP", "6.12.0", "1.20.2", "dsr-ipip", NO_PODS),
        ("IPV6_SEG6_LWTUNNEL", "6.12.0", "1.20.2", "srv6", WORKS),
        ("INET_DIAG", "6.12.0", "1.20.0", "kube-proxy-replacement", UNVERIFIED),
        ("INET_DIAG", "6.12.0", "1.20.1", "kube-proxy-replacement", DEGRADED),
        ("INET_UDP_DIAG", "6.12.0", "1.20.0", "kube-proxy-replacement", DEGRADED),
        ("TCP_CONG_CUBIC", "6.12.0", "1.20.2", "bandwidth-manager", FATAL),
        ("TCP_CONG_CUBIC", "6.12.0", "1.20.2", "bbr", WORKS),
        ("NET_SCH_FQ", "6.12.0", "1.20.2", "bbr", FATAL),
        *[(s, "6.12.0", "1.20.2", "ztunnel", BROKEN) for s in
          ("NETFILTER_XT_CONNMARK", "NETFILTER_XT_TARGET_REDIRECT", "IP_MULTIPLE_TABLES")],
        ("NETFILTER_XT_TARGET_TPROXY", "6.12.0", "1.20.2", "ztunnel", WORKS),
        ("BPF_EVENTS", "6.12.0", "1.20.2", "hubble", SILENT),
        ("SCHEDSTATS", "6.12.0", "1.20.2", "clock-probe", BROKEN),
        ("SCHEDSTATS", "6.12.0", "1.20.2", "agent", WORKS),
        # routing and rules
        *[(symbol, "6.12.0", release, symbol.lower(), state) for symbol in ("VXLAN", "GENEVE")
          for release, state in (("1.14", FATAL), ("1.16", FATAL), ("1.17", NO_PODS), ("1.18", NO_PODS), ("1.20.2", NO_PODS))],
        ("IP_MULTIPLE_TABLES", "6.12.0", "1.20.2", "agent", WORKS),
        ("IP_MULTIPLE_TABLES", "6.12.0", "1.20.2", "l7-proxy", FATAL),
        ("IP_MULTIPLE_TABLES", "6.12.0", "1.20.2", "bpf-tproxy", FATAL),
        ("NETFILTER_XT_TARGET_TPROXY", "6.12.0", "1.20.2", "l7-proxy", BROKEN),
        ("NETFILTER_XT_TARGET_TPROXY", "6.12.0", "1.20.2", "bpf-tproxy", WORKS),
        ("NETFILTER_XT_MATCH_SOCKET", "6.12.0", "1.20.2", "native-routing", DEGRADED),
        ("NETFILTER_XT_MATCH_SOCKET", "6.12.0", "1.20.2", "l7-proxy", DEGRADED),
        ("IPV6_MULTIPLE_TABLES", "6.12.0", "1.20.2", "ipv6", FATAL),
        ("INET_DIAG_DESTROY", "6.12.0", "1.20.2", "kube-proxy-replacement", DEGRADED),
        ("NET_SCH_FQ", "6.12.0", "1.20.2", "bandwidth-manager", FATAL),
        ("TCP_CONG_BBR", "6.12.0", "1.20.2", "bbr", FATAL),
        ("NETKIT", "6.12.0", "1.20.2", "netkit", FATAL),
        # BTF
        ("DEBUG_INFO_BTF", "6.12.0", "1.19.2", "bpf-masquerade-ipv6", WORKS),
        ("DEBUG_INFO_BTF", "6.12.0", "1.19.3", "bpf-masquerade-ipv6", NO_PODS),
        ("DEBUG_INFO_BTF", "6.12.0", "1.19.7", "bpf-masquerade", WORKS),
        ("DEBUG_INFO_BTF", "6.12.0", "1.20.0", "bpf-masquerade", NO_PODS),
        ("DEBUG_INFO_BTF", "6.12.0", "1.20.1", "kube-proxy-replacement", WORKS),
        ("DEBUG_INFO_BTF", "6.12.0", "1.20.2", "kube-proxy-replacement", NO_PODS),
        ("DEBUG_INFO_BTF", "6.12.0", "1.20.2", "socket-lb", NO_PODS),
        ("DEBUG_INFO_BTF", "6.12.0", "1.20.2", "agent", UNVERIFIED),
        ("DEBUG_INFO_BTF", "6.12.0", "1.18.12", "kube-proxy-replacement", WORKS),
        ("DEBUG_INFO_BTF", "6.12.0", "1.18.13", "kube-proxy-replacement", UNVERIFIED),
        ("DEBUG_INFO_BTF", "6.12.0", "1.19.7", "kube-proxy-replacement", WORKS),
        ("DEBUG_INFO_BTF", "6.12.0", "1.19.8", "kube-proxy-replacement", UNVERIFIED),
        # kernel versions
        ("", "6.7.0", "1.20.2", "netkit", DEGRADED),
        ("", "6.8.0", "1.20.2", "netkit", WORKS),
        ("", "5.17.0", "1.20.2", "bbr", FATAL),
        ("", "5.18.0", "1.20.2", "bbr", WORKS),
        ("", "5.18.0", "1.20.2", "big-tcp-ipv6", BROKEN),
        ("", "5.19.0", "1.20.2", "big-tcp-ipv6", WORKS),
        ("", "6.2.0", "1.20.2", "big-tcp-ipv4", BROKEN),
        ("", "6.3.0", "1.20.2", "big-tcp-ipv4", WORKS),
        ("", "5.15.0", "1.20.2", "multicast", BROKEN),
        ("", "6.0.0", "1.20.2", "multicast", WORKS),
        ("", "5.9.0", "1.17", "bpf-host-routing", BROKEN),
        ("", "5.6.0", "1.17", "session-affinity", DEGRADED),
        ("", "5.6.0", "1.17", "bpf-tproxy", BROKEN),
        ("", "5.0.0", "1.15", "bandwidth-manager", BROKEN),
        ("", "5.0.0", "1.17", "bandwidth-manager", FATAL),
        ("", "5.1.0", "1.15", "egress-gateway", FATAL),
        ("", "5.4.0", "1.15", "egress-gateway", WORKS),
        ("", "5.9.0", "1.18", "agent", FATAL),
        ("", "5.3.0", "1.16", "agent", FATAL),
        ("", "5.4.0", "1.16", "agent", WORKS),
    ],
)  # fmt: skip
def test_a_row(missing: str | tuple[str, ...], version: str, release: str, feature: str, state: State) -> None:
    gone = (missing,) if isinstance(missing, str) else missing
    assert states(advise(synthetic(*WHOLE, version=version, missing=gone), release))[feature] is state


@pytest.mark.parametrize(
    ("release", "with_btf", "without"),
    [
        ("1.16", Mode.UNSUPPORTED, Mode.UNSUPPORTED), ("1.18.12", Mode.UNSUPPORTED, Mode.UNSUPPORTED),
        ("1.18.13", Mode.UNKNOWN, Mode.UNKNOWN), ("1.19.7", Mode.UNSUPPORTED, Mode.UNSUPPORTED),
        ("1.19.8", Mode.UNKNOWN, Mode.UNKNOWN), ("1.20.1", Mode.UNSUPPORTED, Mode.UNSUPPORTED),
        ("1.20.2", Mode.FULL_EBPF, Mode.UNKNOWN), ("1.20.3", Mode.FULL_EBPF, Mode.UNKNOWN),
    ],
)  # fmt: skip
def test_linux_7_2_by_release_and_btf(release: str, with_btf: Mode, without: Mode) -> None:
    assert advise(synthetic(*WHOLE, version="7.2.0"), release).mode is with_btf
    found = advise(synthetic(*WHOLE, version="7.2.0", missing=("DEBUG_INFO_BTF",)), release)
    assert found.mode is without
    assert "verified" in found.summary or found.mode is Mode.UNSUPPORTED


@pytest.mark.parametrize(
    ("release", "mode"),
    [("1.18.12", Mode.FULL_EBPF), ("1.18.13", Mode.UNKNOWN), ("1.19.7", Mode.FULL_EBPF), ("1.19.8", Mode.UNKNOWN),
     ("1.20.0", Mode.HYBRID), ("1.20.1", Mode.HYBRID), ("1.20.2", Mode.COMPAT)],
)  # fmt: skip
def test_modes_without_btf(release: str, mode: Mode) -> None:
    found = advise(synthetic(*WHOLE, version="6.12.0", missing=("DEBUG_INFO_BTF",)), release)
    assert found.mode is mode
    if mode is Mode.UNKNOWN:
        assert "CONFIG_DEBUG_INFO_BTF" in str(found.unlock)


def test_what_is_certain_is_the_reason_before_what_nobody_has_verified() -> None:
    found = advise(synthetic(*WHOLE, version="7.2.0", missing=("BPF_JIT", "DEBUG_INFO_BTF")), "1.20.2")
    assert found.mode is Mode.UNSUPPORTED
    assert "Require support for the eBPF JIT" in found.summary
    assert "is known to work without" not in found.summary


def test_what_is_untested_is_said_first() -> None:
    found = advise(synthetic(*WHOLE, missing=("DEBUG_INFO_BTF",)))
    assert "call the kernel's BTF a requirement" in found.summary
    assert "call the kernel's BTF a requirement" in found.cautions[0]


def test_with_ipv6_dsr_through_ipip_needs_the_tunnel_of_ipv6() -> None:
    config = synthetic(*WHOLE, missing=("IPV6_TUNNEL",))
    assert [w.granted for w in advise(config, want=["dsr-ipip"]).wishes] == [True]
    for wishes in (["ipv6", "dsr-ipip"], ["dsr-ipip", "ipv6"]):
        first, second = advise(config, want=wishes).wishes
        assert first.granted
        assert not second.granted
        assert "tunnel device for each family" in second.because


def test_no_jit_before_1_18_is_not_said_to_crash() -> None:
    found = advise(synthetic(*WHOLE, missing=("BPF_JIT",)), "1.17")
    assert found.mode is Mode.UNSUPPORTED
    assert "does not support this kernel" in found.summary
    assert "only warns" in found.summary


def test_without_policy_routing_more_than_the_proxy_is_said() -> None:
    found = advise(synthetic(*WHOLE, missing=("IP_MULTIPLE_TABLES",)))
    assert found.mode is Mode.MINIMAL
    assert found.config_map["enable-l7-proxy"] == "false"
    assert any("dnsproxy-enable-transparent-mode" in c for c in found.cautions)


def test_releases_before_1_16_attach_by_tc() -> None:
    assert choice(advise(synthetic(*WHOLE), "1.15"), "attachment") == "tc"
    assert choice(advise(synthetic(*WHOLE), "1.16"), "attachment") == "tcx"


def test_ipv6_does_not_load_programs_that_need_btf() -> None:
    """1.19.3 to 1.19.7 without BTF: IPv4 masquerades by BPF, IPv6 cannot."""
    config = synthetic(*WHOLE, missing=("DEBUG_INFO_BTF",))
    found = advise(config, "1.19.4", ipv6=True)
    assert found.config_map["enable-ipv6"] == "true"
    assert found.config_map["enable-bpf-masquerade"] == "false"
    both = advise(config, "1.19.4", want=["bpf-masquerade", "ipv6"])
    assert [w.granted for w in both.wishes] == [True, False]
    assert "1.19.3" in both.wishes[1].because


def test_native_routing_has_a_cidr_for_each_family() -> None:
    values = advise(synthetic(*WHOLE), want=["native-routing"], ipv6=True).helm_values
    assert values["ipv4NativeRoutingCIDR"]
    assert values["ipv6NativeRoutingCIDR"]
    assert "ipv6NativeRoutingCIDR" not in advise(synthetic(*WHOLE), want=["native-routing"]).helm_values


def test_bpf_tproxy_stands_in_for_iptables() -> None:
    config = synthetic(*WHOLE, missing=("NETFILTER_XT_TARGET_TPROXY",))
    assert advise(config).mode is Mode.MINIMAL
    found = advise(config, want=["bpf-tproxy"])
    assert found.mode is Mode.FULL_EBPF
    assert found.config_map["enable-l7-proxy"] == "true"
    assert choice(found, "datapath-device") == "veth"
    assert not advise(config, want=["bpf-tproxy"], avoid=["l7-proxy"]).fulfilled


def test_without_masquerading_host_routing_is_bpf() -> None:
    found = advise(synthetic(*WHOLE), avoid=["bpf-masquerade", "iptables-masquerade"])
    assert choice(found, "masquerade") == "none"
    assert choice(found, "host-routing") == "bpf"
    assert found.config_map["enable-ipv4-masquerade"] == "false"


@pytest.mark.parametrize("arch", ["riscv", "arm", "s390", "powerpc"])
@pytest.mark.parametrize("release", ["1.16", "1.19", "1.20.2"])
def test_other_architectures_have_no_image(arch: str, release: str) -> None:
    """Each of them has an eBPF JIT, and everything else: full-ebpf was advised."""
    symbol = {"riscv": "RISCV", "arm": "ARM", "s390": "S390", "powerpc": "PPC64"}[arch]
    lines = [f"# Linux/{arch} 6.12.0 Kernel Configuration", *(f"CONFIG_{s}=y" for s in (symbol, *WHOLE))]
    lines += [f"CONFIG_HAVE_THING_{i}=y" for i in range(40)]
    found = advise(parse_config("\n".join(lines) + "\n"), release)
    assert found.mode is Mode.UNSUPPORTED
    assert "amd64 and arm64" in found.summary


@pytest.mark.parametrize(
    ("kernel", "release", "mode"),
    [
        ("4.14.35-2047.543.3.1.el7uek.x86_64", "1.18", Mode.UNSUPPORTED),
        ("5.4.17-2136.300.7.el8uek.x86_64", "1.20.2", Mode.UNSUPPORTED),
        ("4.18.0-553.el8_10.x86_64", "1.20.2", Mode.FULL_EBPF),
        ("4.18.0-372.9.1.el8.x86_64", "1.18", Mode.FULL_EBPF),
        ("4.18.0-372.9.1.el8.x86_64", "1.19", Mode.UNKNOWN),
        ("4.18.0-147.5.1.el8_1.x86_64", "1.18", Mode.UNKNOWN),
        ("5.14.0-427.el9.x86_64", "1.20.2", Mode.FULL_EBPF),
    ],
)
def test_vendor_kernels_are_judged_by_what_is_documented(kernel: str, release: str, mode: Mode) -> None:
    config = synthetic(*WHOLE).with_target(KernelVersion.parse(kernel))
    assert advise(config, release).mode is mode


def test_a_vendors_backports_are_doubted_feature_by_feature() -> None:
    found = states(advise(synthetic(*WHOLE).with_target(KernelVersion.parse("4.18.0-553.el8_10.x86_64")), "1.20.2"))
    assert found["agent"] is WORKS
    assert {found[n] for n in ("big-tcp-ipv6", "bbr", "multicast")} == {UNVERIFIED}


@pytest.mark.parametrize("symbol", ["NETFILTER_XT_TARGET_CT", "NETFILTER_XT_MATCH_COMMENT", "NFT_NAT"])
def test_the_agents_own_rules_are_asked_for_without_the_l7_proxy_too(symbol: str) -> None:
    config = synthetic(*WHOLE, missing=(symbol,))
    assert advise(config).mode is Mode.MINIMAL
    off = advise(config, avoid=["l7-proxy"])
    assert off.mode is Mode.EBPF_VETH
    assert advise(config, avoid=["l7-proxy"], keep_kube_proxy=True).config_map["enable-bpf-masquerade"] == "true"
    assert advise(config, "1.18", avoid=["l7-proxy"], keep_kube_proxy=True).mode is Mode.MINIMAL


def test_ip_sets_are_asked_for_with_native_routing_only() -> None:
    """Tunnels were said to have no masquerading, and native routing not to end the agent; both ran."""
    config = synthetic(*WHOLE, missing=("IP_SET", "NETFILTER_XT_SET"))
    kept = advise(config, keep_kube_proxy=True)
    assert (kept.mode, choice(kept, "masquerade"), choice(kept, "routing")) == (Mode.COMPAT, "iptables", "tunnel-vxlan")
    row = next(c for c in kept.capabilities if c.feature == "iptables-masquerade")
    assert any("With routing-mode native" in c and "the agent exits" in c for c in row.cautions)
    native = advise(config, "1.18", keep_kube_proxy=True, want=["native-routing"])
    assert choice(native, "masquerade") == "none"
    assert native.config_map["enable-ipv4-masquerade"] == "false"


@pytest.mark.parametrize(
    ("values", "exits"),
    [
        ("enableIPv4Masquerade: false\nipv6: {enabled: true}", True),
        ("enableIPv4Masquerade: false", False),
        ("enableIPv4Masquerade: false\nenableIPv6Masquerade: false\nipv6: {enabled: true}", False),
    ],
)
def test_ip_sets_are_made_for_either_family(values: str, exits: bool, tmp_path: Path) -> None:
    config = synthetic(*WHOLE, missing=("IP_SET", "NETFILTER_XT_SET"))
    found = reviewed(f"routingMode: native\n{values}\n", config, tmp_path, "1.18")
    assert any("cilium_node_set_v4" in r.says for r in found.remarks if r.state is State.FATAL) is exits
    assert found.prediction.masquerading == ("iptables" if exits else "Disabled")


def test_netkit_is_taken_wherever_host_routing_is_bpf() -> None:
    """The reason given for veth was false on a kernel without iptables, where netkit ran."""
    gone = ("NF_TABLES", "NFT_COMPAT", "IP_NF_FILTER", "IP_NF_NAT", "IP_NF_MANGLE", "IP_NF_RAW")
    found = advise(synthetic(*WHOLE, missing=gone))
    assert found.mode is Mode.MINIMAL
    assert choice(found, "datapath-device") == "netkit"
    hybrid = advise(synthetic(*WHOLE), avoid=["bpf-host-routing"])
    assert "BPF host routing" in next(c.because for c in hybrid.choices if c.name == "datapath-device")


def checked(config: KernelConfig, release: str) -> Report:
    return audit(
        Kernel(config, Provenance("test", "file", "test")),
        [LIBRARY.get("cilium-agent")],
        cilium=release,
        library=LIBRARY,
    )


@pytest.mark.parametrize(
    ("kernel", "release", "status"),
    [
        ("7.2.13", "1.18", "fail"), ("7.2.13", "1.20.1", "fail"), ("7.2.13", "1.20.2", "pass"), ("7.2.13", "1.19.8", "unknown"),
        ("6.12.1", "1.18", "pass"), ("5.4.1", "1.17", "pass"), ("5.4.1", "1.18", "fail"),
        ("4.18.0-553.el8_10.x86_64", "1.20.2", "pass"), ("4.18.0-147.5.1.el8_1.x86_64", "1.18", "unknown"),
        ("5.4.17-2136.el8uek.x86_64", "1.18", "fail"),
    ],
)  # fmt: skip
def test_the_profile_of_the_agent_knows_release_and_kernel(kernel: str, release: str, status: str) -> None:
    """It passed, exit 0, beside "Cilium 1.18: unsupported"."""
    found = checked(synthetic(*WHOLE).with_target(KernelVersion.parse(kernel)), release)
    [row] = [f for f in found.results[0].findings if f.requirement.id == "release"]
    assert row.status == status
    assert found.results[0].status == status
    assert "Cilium" in row.reason


def test_the_profile_of_the_agent_asks_what_the_release_asks() -> None:
    config = synthetic(*WHOLE, missing=("CGROUP_NET_CLASSID", "XFRM_USER"))
    status = {
        r: {f.requirement.id: f.status for f in checked(config, r).results[0].findings}
        for r in ("1.17", "1.18", "1.19")
    }
    assert [status[r]["classid"] for r in status] == ["skip", "skip", "fail"]
    assert [status[r]["netlink-xfrm"] for r in status] == ["fail", "fail", "fail"]
    assert checked(synthetic(*WHOLE, missing=("CGROUP_NET_CLASSID",)), "1.17").results[0].status == "pass"


def test_without_a_release_the_newest_is_asked() -> None:
    config = synthetic(*WHOLE, missing=("CGROUP_NET_CLASSID",))
    kernel = Kernel(config, Provenance("test", "file", "test"))
    assert audit(kernel, [LIBRARY.get("cilium-agent")], cilium=None, library=LIBRARY).results[0].status == "fail"


@pytest.mark.parametrize(
    ("missing", "said"), [(("NF_TABLES",), True), ((), False), (("NF_TABLES", "IP_NF_NAT"), False)]
)
def test_which_iptables_program_the_image_picks(missing: tuple[str, ...], said: bool) -> None:
    legacy = ("IP_NF_FILTER", "IP_NF_MANGLE", "IP_NF_RAW", "IP_NF_NAT")
    found = advise(synthetic(*WHOLE, *legacy, version="6.12.0", missing=missing))
    assert any("picks legacy" in c for c in found.cautions) is said
