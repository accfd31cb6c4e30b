"""Row by row what is known of Cilium and the kernel: what one missing symbol, version or BTF does, release by release."""

import pytest

from kina_audit.cilium.model import Mode, State
from tests.test_cilium_advice import WHOLE, advise, choice, states
from tests.test_cilium_ladder import synthetic

FATAL, BROKEN, DEGRADED, SILENT = State.FATAL, State.BROKEN, State.DEGRADED, State.SILENT
WORKS, UNVERIFIED = State.WORKS, State.UNVERIFIED
TC = ("NET_CLS_ACT", "NET_SCH_INGRESS", "NET_CLS_BPF")


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
        *[(TC, "6.6.0", release, "agent", UNVERIFIED) for release in ("1.16", "1.17", "1.18", "1.20.2")],
        # XFRM, without IPsec
        ("XFRM", "6.12.0", "1.16", "agent", FATAL),
        ("XFRM", "6.12.0", "1.17", "agent", UNVERIFIED),
        ("XFRM", "6.12.0", "1.18", "agent", WORKS),
        # perf events
        ("PERF_EVENTS", "6.12.0", "1.17", "hubble", FATAL),
        ("PERF_EVENTS", "6.12.0", "1.18", "hubble", BROKEN),
        ("BPF_EVENTS", "6.12.0", "1.20.2", "hubble", SILENT),
        ("SCHEDSTATS", "6.12.0", "1.20.2", "clock-probe", BROKEN),
        ("SCHEDSTATS", "6.12.0", "1.20.2", "agent", WORKS),
        # routing and rules
        ("VXLAN", "6.12.0", "1.20.2", "vxlan", FATAL),
        ("IP_MULTIPLE_TABLES", "6.12.0", "1.20.2", "agent", WORKS),
        ("IP_MULTIPLE_TABLES", "6.12.0", "1.20.2", "l7-proxy", FATAL),
        ("IP_MULTIPLE_TABLES", "6.12.0", "1.20.2", "bpf-tproxy", FATAL),
        ("NETFILTER_XT_TARGET_TPROXY", "6.12.0", "1.20.2", "l7-proxy", BROKEN),
        ("NETFILTER_XT_TARGET_TPROXY", "6.12.0", "1.20.2", "bpf-tproxy", WORKS),
        ("NETFILTER_XT_MATCH_SOCKET", "6.12.0", "1.20.2", "native-routing", DEGRADED),
        ("NETFILTER_XT_MATCH_SOCKET", "6.12.0", "1.20.2", "l7-proxy", UNVERIFIED),
        ("IPV6_MULTIPLE_TABLES", "6.12.0", "1.20.2", "ipv6", FATAL),
        ("IP6_NF_RAW", "6.12.0", "1.20.2", "ipv6", UNVERIFIED),
        ("INET_DIAG_DESTROY", "6.12.0", "1.20.2", "kube-proxy-replacement", DEGRADED),
        ("NET_SCH_FQ", "6.12.0", "1.20.2", "bandwidth-manager", FATAL),
        ("TCP_CONG_BBR", "6.12.0", "1.20.2", "bbr", FATAL),
        ("NETKIT", "6.12.0", "1.20.2", "netkit", FATAL),
        # BTF
        ("DEBUG_INFO_BTF", "6.12.0", "1.19.2", "bpf-masquerade-ipv6", WORKS),
        ("DEBUG_INFO_BTF", "6.12.0", "1.19.3", "bpf-masquerade-ipv6", FATAL),
        ("DEBUG_INFO_BTF", "6.12.0", "1.19.7", "bpf-masquerade", WORKS),
        ("DEBUG_INFO_BTF", "6.12.0", "1.20.0", "bpf-masquerade", FATAL),
        ("DEBUG_INFO_BTF", "6.12.0", "1.20.1", "kube-proxy-replacement", WORKS),
        ("DEBUG_INFO_BTF", "6.12.0", "1.20.2", "kube-proxy-replacement", FATAL),
        ("DEBUG_INFO_BTF", "6.12.0", "1.20.2", "socket-lb", FATAL),
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
        ("", "5.0.0", "1.15", "bandwidth-manager", FATAL),
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


def test_what_is_untested_is_said_first() -> None:
    found = advise(synthetic(*WHOLE, missing=TC))
    assert "Untested: this kernel has tcx" in found.summary
    assert "Untested: this kernel has tcx" in found.cautions[0]


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
