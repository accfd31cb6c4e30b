"""The library as a whole: selecting from it, alternatives, conditions written once, the researched table of verdicts."""

import re
from pathlib import Path

import pytest

from kina_audit.api import audit
from kina_audit.engine.evaluate import Evaluator
from kina_audit.engine.finding import Status
from kina_audit.errors import ProfileError
from kina_audit.kconfig.carry import carry
from kina_audit.kernel.config import Completeness, KernelConfig, Origin
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.load import PART_TAG, ProfileLibrary
from kina_audit.render import RenderOptions, render
from tests.conftest import config_text

LIBRARY = ProfileLibrary()
TABLE_ROW = re.compile(r"\| ([\w-]+) \| (\w+) [\d/ ]+\| (\w+) [\d/ ]+\| (\w+) [\d/ ]+\| (\w+) [\d/ ]+\|")


def ids(*names: str) -> list[str]:
    return [p.id for p in LIBRARY.select(names)]


def test_a_profile_goes_by_id_or_by_path() -> None:
    assert ids("flannel-vxlan") == ids("cni/flannel-vxlan") == ["flannel-vxlan"]
    assert ids("storage/nfs") == ["storage-nfs"]
    assert ids("vxlan", "kernel/vxlan") == ["vxlan"]


def test_patterns_tags_and_all() -> None:
    assert set(ids("kube-proxy/*")) == {
        "kube-proxy", "kube-proxy-iptables", "kube-proxy-ipvs", "kube-proxy-nftables",
    }  # fmt: skip
    assert "flannel" not in ids("cni/*")
    assert len(ids("tag:seed")) == 10
    assert set(ids("all")) == {p.id for p in LIBRARY if PART_TAG not in p.tags}
    assert ids("tag:part")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cni/flanel-vxlan", "did you mean"),
        ("tag:sead", "did you mean seed"),
        ("nothing/*", "no profile matches"),
        ("vxlna", "vxlan"),
    ],
)
def test_a_selector_that_matches_nothing_is_an_error(name: str, words: str) -> None:
    with pytest.raises(ProfileError, match=words):
        LIBRARY.select([name])


def test_no_condition_is_written_twice_in_the_folders_of_features() -> None:
    """A condition with its versions stands in one file; the others say same_as or include it."""
    seen: dict[tuple[str, str, tuple[str, ...]], str] = {}
    twice = []
    for profile in LIBRARY:
        document = LIBRARY._document(profile.id)
        if "cilium" in profile.tags:
            continue
        for table in document.get("requirement", ()):
            if "same_as" in table or "variant" in table or table.get("expr") == "n":
                continue
            key = (
                str(table.get("expr") or table.get("way") or table["live"]),
                table.get("kernel", ""),
                tuple(table.get("arch", ())),
            )
            if key in seen:
                twice.append((key, seen[key], profile.id))
            seen[key] = profile.id
    assert twice == []


def test_symbols_that_left_the_kernel_are_never_required() -> None:
    """Lists of other projects still carry them; facts/profiles.md 7 says which."""
    stale = {
        "NF_CONNTRACK_IPV4", "NF_NAT_IPV4", "NF_NAT_NEEDED", "NFT_MASQ_IPV4", "INET_XFRM_MODE_TUNNEL", "MEMCG_SWAP",
        "HAVE_BPF_JIT", "EXT3_FS_XATTR", "NETFILTER_XT_MATCH_RPFILTER", "NETFILTER_XT_TARGET_REJECT",
        "IP_NF_MATCH_MULTIPORT", "AUFS_FS", "OVERLAYFS_FS", "KVM_CLOCK", "NET_SCH_CBQ",
    }  # fmt: skip
    named = {s for p in LIBRARY for r in p.requirements for s in r.symbols}
    assert not named & stale


def kernel(text: str) -> Kernel:
    text = "# Linux/arm64 6.18.5 Kernel Configuration\n" + text
    return Kernel(parse_config(text, completeness=Completeness.COMPLETE), Provenance("k", "file", "k"))


NFT = "".join(
    f"CONFIG_{s}=y\n"
    for s in (
        "NF_TABLES", "NF_TABLES_IPV4", "NFT_COMPAT", "NFT_NAT", "NETFILTER_XTABLES", "NETFILTER_XT_NAT",
        "NETFILTER_XT_TARGET_MASQUERADE", "NETFILTER_XT_MATCH_COMMENT", "NETFILTER_XT_MATCH_CONNTRACK",
        "NETFILTER_XT_MATCH_ADDRTYPE", "NETFILTER_XT_MARK",
    )
)  # fmt: skip


def test_one_alternative_is_enough_and_is_named() -> None:
    report = audit(kernel(NFT), LIBRARY.select(["iptables"]), cilium=None)
    assert report.verdict == "pass"
    [finding] = report.results[0].findings
    assert finding.reason == "iptables-nft works"
    assert "features: pass iptables (iptables-nft)" in render("table", report, RenderOptions(width=100))
    by_profile = render("table", report, RenderOptions(width=100, by="profile"))
    assert "iptables by either back-end (iptables-nft" in by_profile
    assert "iptables-nft works" in render("json", report, RenderOptions())


def test_without_an_alternative_the_nearest_one_says_what_is_missing() -> None:
    report = audit(kernel(NFT.replace("CONFIG_NFT_NAT=y\n", "")), LIBRARY.select(["iptables"]), cilium=None)
    assert report.verdict == "fail"
    [finding] = report.results[0].findings
    assert [s.name for s in finding.symbols] == ["NFT_NAT"]
    assert finding.fix == "For iptables-nft: Set CONFIG_NF_CONNTRACK=y and CONFIG_NFT_NAT=y."
    assert "iptables-legacy lacks: legacy-gate" in finding.reason


def test_alternatives_nobody_can_tell_are_unknown() -> None:
    partial = Kernel(parse_config("CONFIG_NFT_NAT=y\n"), Provenance("k", "file", "k"))
    aimed = Kernel(partial.config.with_target(KernelVersion.parse("6.18")), partial.provenance)
    assert audit(aimed, LIBRARY.select(["iptables"]), cilium=None).verdict == "unknown"


def columns(shared: Path) -> list[KernelConfig]:
    """The kernels of the table's columns: Apple's file by its header, on 6.18.5, and as it was resolved twice."""

    def text(name: str) -> bytes:
        return config_text(shared / "kernels" / f"{name}.config.gz")

    raw = text("apple-arm64-2f947e7")
    aimed = parse_config(raw, origin=Origin.INPUT).with_target(KernelVersion.parse("6.18.5"))
    resolved = [parse_config(text(f"apple-arm64-resolved-{v}")) for v in ("6.12", "7.2")]
    return [parse_config(raw), carry(aimed), *resolved]


DECIDED_OTHERWISE = {
    # The draft asks for what Cilium's data path needs. Without BPF_EVENTS, bpf_event_output is the stub of
    # kernel/bpf/core.c, which returns ENOTSUPP, and Hubble shows no flow at all (github.com/cilium/cilium/pull/44042).
    "hubble": "fail",
    # The draft holds Docker to moby's list. A guest without xt_ipvs, or with v2 control groups alone, runs it.
    "docker-required": "pass",
    # A server that speaks NFSv3 or 4.0 mounts without NFS_V4_1.
    "storage-nfs": "warn",
    # The bridge plug-in turns VLAN filtering on only for a network with vlan or vlanTrunk (plugins/main/bridge/bridge.go:515).
    "cni-bridge": "pass",
    # Only Docker makes a dummy device, and only for a macvlan network without an uplink.
    "macvlan": "pass",
    # With its network policies, which are on by default, init.sh ends where a set or its match is refused (set -e).
    "weave": "fail",
}
"""Rows of the researched table that the kernel's source contradicts, and what every one of these kernels gets."""


def test_the_researched_verdicts_are_reproduced(shared: Path) -> None:
    """facts/profiles.md 10: every cell, or unknown, which is allowed for the file that is only olddefconfig's input."""
    rows = TABLE_ROW.findall((shared / "facts/profiles.md").read_text(encoding="utf-8").split("## 10.")[1])
    assert len(rows) == 108
    evaluators = [Evaluator(k) for k in columns(shared)]
    differ, open_ = [], []
    for name, *cells in rows:
        for number, (cell, evaluator) in enumerate(zip(cells, evaluators, strict=True)):
            status = evaluator.profile(LIBRARY.get(name)).status
            if status is Status.UNKNOWN and number == 1:
                open_.append(name)
            elif status != DECIDED_OTHERWISE.get(name, cell.lower()):
                differ.append((name, number, cell, status))
    assert differ == []
    assert len(open_) <= 4


def test_many_profiles_show_what_they_share_once() -> None:
    report = audit(kernel(NFT), LIBRARY.select(["all"]), cilium=None)
    text = render("table", report, RenderOptions(width=100))
    heads = re.findall(r"^(?:FAIL|WARN)\s+(\S.*)$", text, re.MULTILINE)
    assert len(heads) == len(set(heads))
    assert len(heads) == len(re.findall(r"^  fix      .*$", text, re.MULTILINE))
    assert text.count("pixie/kprobe (required)") == 1
    assert not re.search(r"^FAIL    pixie/kprobe", text, re.MULTILINE)
    by_profile = render("table", report, RenderOptions(width=100, by="profile"))
    assert re.search(r"^FAIL    pixie/kprobe \(", by_profile, re.MULTILINE)


def status(profile: str, row: str, text: str) -> Status:
    [requirement] = [r for r in LIBRARY.get(profile).requirements if r.id == row]
    return Evaluator(kernel(text).config).requirement(requirement).status


def test_group_scheduling_that_waits_for_the_command_line_is_harmless() -> None:
    """With RT_GROUP_SCHED_DEFAULT_DISABLED the cpu controller of cgroup v2 works like without RT_GROUP_SCHED."""
    on = "CONFIG_RT_GROUP_SCHED=y\n"
    assert status("kubelet", "rt-group", on) is Status.WARN
    assert status("kubelet", "rt-group", on + "CONFIG_RT_GROUP_SCHED_DEFAULT_DISABLED=y\n") is Status.PASS
    assert status("kubelet", "rt-group", "# CONFIG_RT_GROUP_SCHED is not set\n") is Status.PASS


def test_hubble_asks_for_what_makes_its_flows() -> None:
    """The profile and the Cilium advisor cannot disagree: Hubble without BPF_EVENTS shows nothing."""
    rows = {r.id: r.level for r in LIBRARY.get("hubble").requirements}
    assert rows["hubble-events"] == rows["hubble-perf-events"] == "required"


def test_what_depends_on_an_architecture_nobody_told_is_unknown() -> None:
    """A fragment that leaves KVM_GUEST off says nothing of an arm64 guest, for which the symbol does not exist."""
    fragment = parse_config("# CONFIG_KVM_GUEST is not set\n", completeness=Completeness.PARTIAL)
    rows = {r.id: r for r in LIBRARY.get("vm-firecracker").requirements}
    found = Evaluator(fragment).requirement(rows["kvm-guest"])
    assert (found.status, "--arch" in found.reason) == (Status.UNKNOWN, True)
    aimed = {arch: Evaluator(fragment.with_target(None, arch=arch)) for arch in ("x86_64", "arm64")}
    assert aimed["x86_64"].requirement(rows["kvm-guest"]).status is Status.WARN
    assert aimed["arm64"].requirement(rows["kvm-guest"]).status is Status.SKIP
