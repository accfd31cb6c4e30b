"""Public bug reports as small kernels (../shared/cases), and the kinds of fault that they were samples of."""

from collections.abc import Collection
from pathlib import Path

import pytest

from kina_audit.api import audit
from kina_audit.engine.evaluate import Evaluator
from kina_audit.engine.finding import Finding, Status
from kina_audit.kernel.config import Completeness, SymbolFact, SymbolState
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.profiles.model import Requirement
from kina_audit.render import RenderOptions, render
from kina_audit.report.model import Report
from tests.conftest import config_text

LIBRARY = ProfileLibrary()
ROWS = [
    r
    for p in LIBRARY
    for r in LIBRARY.get(p.id).requirements
    if r.profile == p.id and "cilium" not in p.tags and not r.alternatives
]


def case(shared: Path, name: str, *profiles: str) -> Report:
    config = parse_config(config_text(shared / "cases" / f"{name}.config.gz"))
    return audit(Kernel(config, Provenance(name, "file", name)), LIBRARY.select(profiles), cilium=None)


def finding(report: Report, name: str) -> Finding:
    [found] = [f for r in report.results for f in r.findings if f"{r.profile.id}/{f.requirement.id}" == name]
    return found


CASES = [
    ("antrea-7755-nft-only", ["antrea", "kube-proxy-iptables", "cni-bridge"], "pass", {}),
    (
        "calico-6744-ip-rules",
        ["calico-iptables", "calico-vxlan"],
        "fail",
        {"calico-iptables/policy-routing": "fail", "calico-vxlan/policy-routing": "fail"},
    ),
    ("felix-2360-ip6-rpfilter", ["calico-iptables"], "pass", {"calico-iptables/rpfilter6": "warn"}),
    (
        "k3s-7118-multiport",
        ["kube-router", "flannel-vxlan", "kube-proxy-iptables"],
        "fail",
        {"kube-router/multiport": "fail"},
    ),
    ("kernel-6.6.58-ip6-mark", ["kube-proxy-iptables"], "pass", {"kube-proxy-iptables/mark6-lost": "warn"}),
    ("moby-43221-xt-ipvs", ["docker-required"], "pass", {"docker-required/ipvs": "warn"}),
    (
        "pkgs-1296-java-cgroup",
        ["kubelet", "containerd", "runc-crun", "docker-required"],
        "pass",
        {f"{p}/java-v1": "warn" for p in ("kubelet", "containerd", "runc-crun", "docker-required")},
    ),
    ("pkgs-1326-ipvs-mh", ["kube-proxy-ipvs"], "pass", {"kube-proxy-ipvs/mh": "warn"}),
    ("pkgs-1624-nft-socket", ["ovn-kubernetes"], "pass", {"ovn-kubernetes/socket": "warn"}),
    ("reject-fix-noop", ["kube-proxy-iptables"], "fail", {"kube-proxy-iptables/reject": "fail"}),
    ("talos-13935-ip6tables-nft", ["netfilter"], "pass", {"netfilter/iptables-ipv6": "warn"}),
    ("kube-ovn-647-geneve", ["kube-ovn"], "fail", {"kube-ovn/ovs-geneve": "fail"}),
    ("wsl-13479-netavark-fib", ["podman"], "fail", {"podman/fib": "fail"}),
    ("talos-13935-fixed", ["netfilter"], "pass", {"netfilter/iptables-ipv6": "pass"}),
]


@pytest.mark.parametrize(("name", "profiles", "verdict", "statuses"), CASES, ids=[c[0] for c in CASES])
def test_a_report_comes_out_as_its_case_says(
    shared: Path, name: str, profiles: list[str], verdict: str, statuses: dict[str, str]
) -> None:
    report = case(shared, name, *profiles)
    assert {n: str(finding(report, n).status) for n in statuses} == statuses
    assert report.verdict == verdict


def test_the_back_end_that_is_left_is_said_for_each_component(shared: Path) -> None:
    text = render(
        "table", case(shared, "antrea-7755-nft-only", "antrea", "kube-proxy-iptables"), RenderOptions(width=200)
    )
    assert "antrea, kube-proxy-iptables: only iptables-nft works here" in text
    assert "can't initialize iptables table" in text


def test_what_a_case_says_is_the_cause_is_in_the_words(shared: Path) -> None:
    socket = finding(case(shared, "pkgs-1624-nft-socket", "ovn-kubernetes"), "ovn-kubernetes/socket")
    assert "crash-loops" in socket.requirement.why
    assert "segmentation" in socket.requirement.why
    reject = finding(case(shared, "reject-fix-noop", "kube-proxy-iptables"), "kube-proxy-iptables/reject")
    assert "CONFIG_IP_NF_IPTABLES=y and CONFIG_IP_NF_TARGET_REJECT=y" in reject.fix
    broken = finding(case(shared, "talos-13935-ip6tables-nft", "netfilter"), "netfilter/iptables-ipv6")
    assert "CONFIG_IP6_NF_IPTABLES=y" in broken.fix


def holds(row: Requirement, *, off: Collection[str], prefix: str = "\0") -> bool:
    """Whether a requirement is met where everything it names is built in but these symbols, or those of a prefix."""

    def fact(symbol: str) -> SymbolFact:
        value = "n" if symbol in off or symbol.startswith(prefix) else "y"
        return SymbolFact(symbol, value, SymbolState.SET)

    return all(e.bounds(fact)[0] > 0 for e in [row.expr, *(v.expr for v in row.variants)])


def test_iptables_for_ipv6_over_nft_takes_its_extensions() -> None:
    """MARK, CT, TPROXY, addrtype ... register for IPv6 only under IP6_NF_IPTABLES (linux 6.12 net/netfilter/xt_mark.c:61)."""
    # One is about the counter; the matches of the firewall plug-in, kube-ovn and CRIU, such as comment, are of no family (xt_comment.c:29).
    # Istio's ask for the tables, and a row of its own for the halves, from the releases on that have it so.
    apart = {
        "iptables-backend/nft-counter6", "cni-firewall/filter-table6", "kube-ovn/mangle6", "criu/lock6",
        "istio-ambient/ip6", "istio-ambient/raw6", "istio-ambient/mangle6",
    }  # fmt: skip
    over_nft = [r for r in ROWS if "NFT_COMPAT" in r.symbols and f"{r.profile}/{r.id}" not in apart]
    offered = [r for r in over_nft if any(s.startswith("IP6_NF_") for s in r.symbols)]
    assert len(offered) >= 5
    assert [
        f"{r.profile}/{r.id}"
        for r in offered
        if holds(r, off={"NFT_FIB_IPV6", "NFT_MASQ", "NFT_TPROXY", "NFT_SOCKET"}, prefix="IP6_NF_")
    ] == []


def test_masquerading_is_known_by_its_old_name_too() -> None:
    """NETFILTER_XT_TARGET_MASQUERADE came with Linux 5.2, and RHEL 8 has IP_NF_TARGET_MASQUERADE."""
    named = [r for r in ROWS if "NETFILTER_XT_TARGET_MASQUERADE" in r.symbols]
    assert len(named) > 5
    old = {"NETFILTER_XT_TARGET_MASQUERADE", "NFT_MASQ"}
    assert [f"{r.profile}/{r.id}" for r in named if not holds(r, off=old)] == []


NO_BACK_END = """# Linux/x86_64 6.12.0 Kernel Configuration
CONFIG_NETFILTER_XTABLES=y
CONFIG_NETFILTER_XT_NAT=y
CONFIG_NETFILTER_XT_TARGET_MASQUERADE=y
CONFIG_NETFILTER_XT_MATCH_COMMENT=y
CONFIG_NETFILTER_XT_MATCH_ADDRTYPE=y
CONFIG_NETFILTER_XT_MATCH_MULTIPORT=y
CONFIG_NETFILTER_XT_MARK=y
CONFIG_BRIDGE=y
CONFIG_BRIDGE_NETFILTER=y
CONFIG_VXLAN=y
CONFIG_VETH=y
CONFIG_NET_NS=y
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("flannel-vxlan/masq", "fail"),
        ("cni-portmap/backend", "fail"),
        ("cni-ptp/masq", "warn"),
        ("cni-bridge/masq", "warn"),
    ],
)
def test_the_extensions_of_iptables_are_no_back_end(name: str, expected: str) -> None:
    """Without the legacy tables and without nftables there is no nat table to put a MASQUERADE rule into."""
    profile, _, _ = name.partition("/")
    config = parse_config(NO_BACK_END, completeness=Completeness.COMPLETE)
    report = audit(Kernel(config, Provenance("k", "file", "k")), LIBRARY.select([profile]), cilium=None)
    assert str(finding(report, name).status) == expected


def test_a_kubelet_without_keyrings_fails() -> None:
    """It reads kernel.keys.root_maxkeys when it starts, and exits when it cannot."""
    rows = {r.id: r.level for r in LIBRARY.get("kubelet").requirements}
    assert rows["keys"] == "required"


def test_what_ipvlan_l3s_asks_for_is_not_what_a_vrf_turns_on() -> None:
    [row] = [r for r in LIBRARY.get("ipvlan").requirements if r.id == "l3s"]
    config = parse_config("CONFIG_NET_L3_MASTER_DEV=y\nCONFIG_NET_VRF=y\n", completeness=Completeness.COMPLETE)
    assert Evaluator(config).requirement(row).status is Status.WARN


def test_a_requirement_whose_variants_differ_in_what_to_do_needs_no_version() -> None:
    [row] = [r for r in LIBRARY.get("iptables-legacy").requirements if r.id == "ip4-filter"]
    config = parse_config("# CONFIG_IP_NF_FILTER is not set\n", completeness=Completeness.COMPLETE)
    assert (row.gated, Evaluator(config).requirement(row).status) == (False, Status.FAIL)
