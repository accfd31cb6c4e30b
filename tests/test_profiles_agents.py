"""Rows of Cilium, of the meshes and of what traces with BPF that a reading of their code found too mild, or not true on a line."""

import pytest

from kina_audit.engine.finding import Status
from tests.test_profiles_levels import LIBRARY, status

COUNTED = [
    # Neither the legacy tables nor the counter: iptables-nft is refused every rule before it became part of the core.
    ("cilium-iptables-backend", "NFT_COUNTER IP_NF_FILTER", "backend"),
    ("cilium-iptables-masquerade", "NFT_COUNTER IP_NF_NAT", "backend"),
    ("cilium-iptables-nft", "NFT_COUNTER", "nft-compat"),
    ("cilium-ipv6", "NFT_COUNTER IP6_NF_NAT", "ipv6-nat"),
    ("cilium-ipv6", "NFT_COUNTER IP6_NF_RAW", "ipv6-nat"),
    ("cilium-ztunnel", "NFT_COUNTER IP_NF_MANGLE", "ztunnel-tables"),
]


@pytest.mark.parametrize(
    ("version", "expected"), [("5.10.250", Status.FAIL), ("5.14.0", Status.PASS), ("5.15.9", Status.FAIL), ("6.1.9", Status.PASS)]
)  # fmt: skip
@pytest.mark.parametrize(("name", "off", "row"), COUNTED)
def test_no_rule_of_ciliums_goes_through_nft_without_the_counter(
    name: str, off: str, row: str, version: str, expected: Status
) -> None:
    assert status(name, off, row, version=version) is expected


@pytest.mark.parametrize(
    ("name", "off", "row", "expected"),
    [
        # With l7Proxy, which is on by default, the agent exits where it cannot add its rule.
        ("cilium-agent", "IP_MULTIPLE_TABLES", "policy-routing", Status.FAIL),
        # The last masquerading rule is refused, and the whole set is given up.
        ("cilium-iptables-masquerade", "NETFILTER_XT_MATCH_CONNTRACK", "conntrack-match", Status.FAIL),
        ("cilium-iptables-backend", "NETFILTER_XT_MATCH_CONNTRACK", "conntrack-match", Status.WARN),
        # The tables do not depend on NETFILTER_ADVANCED; the comment match does, which has a row of its own.
        ("cilium-iptables-backend", "NETFILTER_ADVANCED", "backend", Status.PASS),
        # Pods' rules for ztunnel need a table to stand in.
        ("cilium-ztunnel", "IP_NF_MANGLE NFT_COMPAT", "ztunnel-tables", Status.FAIL),
        # IPv6 is off by default.
        ("cilium-ipsec", "INET6_ESP", "esp6", Status.WARN), ("cilium-ztunnel", "IPV6_MULTIPLE_TABLES", "ztunnel-rules6", Status.WARN),
        # DNS capture puts connections into zones, and is on for ambient pods, off for sidecars.
        ("istio-ambient", "NF_CONNTRACK_ZONES", "zones", Status.FAIL), ("istio-sidecar", "NF_CONNTRACK_ZONES", "zones", Status.WARN),
        # Istio's own nft rules of the ambient mode neither look up sockets nor use TPROXY; they are in the inet family.
        ("istio-ambient", "NFT_SOCKET NFT_TPROXY", "nft-alt", Status.PASS), ("istio-ambient", "NF_TABLES_INET", "nft-alt", Status.WARN),
        # The operator's proxies translate addresses with DNAT and SNAT.
        ("tailscale", "NETFILTER_XT_NAT NFT_MASQ", "firewall", Status.WARN), ("tailscale", "NETFILTER_XT_NAT", "firewall", Status.PASS),
        ("tailscale", "IP_NF_MANGLE NFT_COMPAT NFT_CT", "connmark", Status.WARN),
        # Gadgets' containers are found by permission events of fanotify, else from the API server.
        ("inspektor-gadget", "FANOTIFY_ACCESS_PERMISSIONS", "fanotify", Status.WARN),
        ("inspektor-gadget", "FTRACE_SYSCALLS", "ftrace-syscalls", Status.WARN),
        # Tetragon's exit probe has two functions to choose from, and it ends where there is neither.
        ("tetragon", "BSD_PROCESS_ACCT", "exit", Status.PASS), ("tetragon", "BSD_PROCESS_ACCT TTY", "exit", Status.FAIL),
        # Pixie does not look for the headers that the kernel itself carries, but for its configuration.
        ("pixie", "IKHEADERS", "headers", Status.PASS), ("pixie", "IKCONFIG_PROC MODULES", "headers", Status.WARN),
        # Falco closes the race for 32-bit programs by kprobes, where the kernel runs such programs.
        ("falco-modern-ebpf", "KPROBE_EVENTS", "kprobes", Status.WARN),
        ("falco-modern-ebpf", "KPROBE_EVENTS IA32_EMULATION", "kprobes", Status.PASS),
        # Off-CPU profiles and network flows by tc have to be asked for, and tcx serves for those.
        ("parca-otel-profiler", "KPROBE_EVENTS", "kprobe", Status.WARN), ("beyla-obi", "NET_CLS_BPF", "tc", Status.PASS),
    ],
)  # fmt: skip
def test_what_a_reading_of_the_code_found(name: str, off: str, row: str, expected: Status) -> None:
    assert status(name, off, row) is expected


@pytest.mark.parametrize(
    ("name", "off", "row", "expected"),
    [
        ("istio-ambient", "NFT_COUNTER IP6_NF_RAW", "nft-counter6", Status.FAIL),
        ("istio-ambient", "NFT_COUNTER", "nft-counter6", Status.PASS), ("istio-ambient", "NFT_COUNTER", "nft-alt", Status.SKIP),
        ("tailscale", "NFT_COUNTER IP_NF_FILTER", "nft-counter", Status.WARN), ("envoy", "NONE", "iouring", Status.WARN),
    ],
)  # fmt: skip
def test_what_linux_5_10_is_asked_besides(name: str, off: str, row: str, expected: Status) -> None:
    assert status(name, off, row, version="5.10.250") is expected


def test_confidentiality_takes_the_probes_that_beyla_does_not_do_without() -> None:
    found = {r.id: r for r in LIBRARY.get("beyla-obi").requirements}
    assert (found["lockdown"].level, found["lockdown-kprobes"].level) == ("recommended", "required")
    assert found["lockdown-kprobes"].expr.text.startswith("!LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY || ")


def test_ip6tables_lists_its_tables_without_the_counter() -> None:
    """The agent looks for them by listing, and exits where there are none: without the counter it runs, and its rules are refused."""
    assert status("cilium-ipv6", "NFT_COUNTER IP6_NF_RAW", "ipv6-backend", version="5.10.250") is Status.PASS


@pytest.mark.parametrize(
    "name",
    ["bcc", "bpftrace", "falco-modern-ebpf", "inspektor-gadget", "parca-otel-profiler", "pixie", "tetragon", "tracee"],
)
def test_confidentiality_takes_what_reads_kernel_memory(name: str) -> None:
    [row] = [r for r in LIBRARY.get(name).requirements if r.id == "lockdown"]
    assert row.level == "required"
    assert row.expr.text.startswith("!LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY || ")
