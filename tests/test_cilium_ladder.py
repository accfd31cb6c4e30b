"""The ladder: every kernel of the research data by release, the way up one rung at a time, and never down by adding."""

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kina_audit.api import audit
from kina_audit.cilium.model import LADDER, Advice, Mode
from kina_audit.cilium.release import find_release
from kina_audit.errors import UsageError
from kina_audit.kconfig.carry import carry
from kina_audit.kconfig.lines import shipped_tree
from kina_audit.kconfig.possible_tools import POSSIBLE_TOOLS
from kina_audit.kconfig.resolve import resolve
from kina_audit.kconfig.toolchain import Toolchain
from kina_audit.kernel.config import KernelConfig, Origin
from kina_audit.kernel.merge import merged
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.load import ProfileLibrary
from tests.conftest import config_text, examples

LIBRARY = ProfileLibrary()
AGENT = [LIBRARY.get("cilium-agent")]
RELEASES = ["1.16", "1.17", "1.18", "1.19", "1.20.0", "1.20.2"]
GOLDEN = Path(__file__).parent / "data/cilium-modes.txt"
SYMBOLS = sorted({s for p in LIBRARY.tagged("cilium") for r in p.requirements for s in r.symbols})


def advice(config: KernelConfig, release: str) -> Advice:
    found = audit(Kernel(config, Provenance("test", "file", "test")), AGENT, cilium=release, library=LIBRARY).advice
    assert found is not None
    return found


def with_symbols(config: KernelConfig, symbols: Iterable[str]) -> KernelConfig:
    """A built kernel with more symbols on, whatever they depend on."""
    return replace(config, raw={**config.raw, **dict.fromkeys(symbols, "y")})


def rebuilt(config: KernelConfig, lines: Iterable[str]) -> KernelConfig:
    """What is built from a config with a fragment, with the tools that fragments are proven with."""
    return carry(merged(config, [("fragment", "\n".join(lines) + "\n")], "test"), POSSIBLE_TOOLS[0][1])


def synthetic(*symbols: str, version: str = "6.18.5", missing: tuple[str, ...] = ()) -> KernelConfig:
    """A complete built config with exactly the given symbols on."""
    lines = [f"# Linux/arm64 {version} Kernel Configuration", "CONFIG_ARM64=y"]
    lines += [f"CONFIG_HAVE_THING_{i}=y" for i in range(40)]
    lines += [f"CONFIG_{s}=y" for s in dict.fromkeys(symbols) if s not in missing]
    return parse_config("\n".join(lines) + "\n")


def real(*symbols: str, missing: tuple[str, ...] = ()) -> KernelConfig:
    """A kernel that Linux 6.18 builds when it is asked for the given symbols, as far as it lets anybody have them."""
    tree = shipped_tree((6, 18), "arm64", Toolchain.parse(POSSIBLE_TOOLS[0][1]))
    asked = ["MODULES", "NETDEVICES", "NET_CORE", *symbols]
    lines = [f"# CONFIG_{s} is not set" if s in missing else f"CONFIG_{s}=y" for s in asked]
    return parse_config(resolve(tree, "\n".join(lines) + "\n").text)


def rank(mode: Mode) -> float:
    """Higher is better; what nobody knows is better than what does not start, and worse than anything that does."""
    if mode is Mode.UNKNOWN:
        return 0.5 - LADDER.index(Mode.UNSUPPORTED)
    return -LADDER.index(mode)


def kernels(shared: Path) -> dict[str, KernelConfig]:
    found = {}
    for path in sorted((shared / "kernels").glob("*.gz")):
        name = path.name.removesuffix(".config.gz")
        config = parse_config(config_text(path))
        if name.startswith("apple") and "resolved" not in name:
            config = replace(config, origin=Origin.INPUT).with_target(KernelVersion.parse("6.18.5"))
        found[name] = config
    return found


@pytest.mark.slow
def test_every_kernel_by_release(shared: Path) -> None:
    """The table of docs/cilium-kernels.md, reviewed by hand there; KINA_AUDIT_UPDATE=1 rewrites it."""
    lines = ["kernel".ljust(34) + "  ".join(r.ljust(11) for r in RELEASES)]
    for name, config in kernels(shared).items():
        modes = [str(advice(config, r).mode).ljust(11) for r in RELEASES]
        lines.append(name.ljust(34) + "  ".join(modes))
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    if os.environ.get("KINA_AUDIT_UPDATE"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_the_reviewed_table_is_in_the_docs() -> None:
    page = (Path(__file__).parents[1] / "docs/cilium-kernels.md").read_text(encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") in page


def test_the_file_and_the_kernel_get_the_same_mode(shared: Path) -> None:
    found = kernels(shared)
    for release in RELEASES:
        built = advice(found["apple-arm64-resolved-6.18.5"], release).mode
        assert advice(found["apple-arm64-2f947e7"], release).mode in (built, Mode.UNKNOWN)


BASE = [
    "NET",
    "INET",
    "VETH",
    "BPF_SYSCALL",
    "HAVE_EBPF_JIT",
    "CGROUPS",
    "CGROUP_BPF",
    "NET_SCHED",
    "NET_CLS_ACT",
    "NET_SCH_INGRESS",
    "NET_CLS_BPF",
    "NET_XGRESS",
    "NETFILTER",
    "NETFILTER_ADVANCED",
    "NETFILTER_XTABLES",
    "NF_CONNTRACK",
    "NF_NAT",
    "NF_TABLES",
    "NF_TABLES_IPV4",
    "NFT_COMPAT",
    "NFT_NAT",
    "NFT_COUNTER",  # built in since Linux 5.17
    "VXLAN",
    "NETFILTER_XT_NAT",
    "NETFILTER_XT_TARGET_MASQUERADE",
    "NETFILTER_XT_MATCH_COMMENT",
    "NETFILTER_XT_MATCH_CONNTRACK",
    "NETFILTER_XT_MARK",
    "NETFILTER_XT_TARGET_TPROXY",
    "NETFILTER_XT_TARGET_CT",
    "IP_SET",
    "IP_SET_HASH_IP",
    "NETFILTER_XT_SET",
    "XFRM_USER",
    "NETFILTER_NETLINK",
    "CGROUP_NET_CLASSID",
]


@pytest.mark.parametrize(
    ("release", "steps"),
    [
        (
            "1.20.0",
            [
                ([], Mode.UNSUPPORTED),
                (["BPF_JIT", "PERF_EVENTS"], Mode.MINIMAL),
                (["IP_MULTIPLE_TABLES"], Mode.UNKNOWN),
                (["INET_DIAG"], Mode.HYBRID),
                (["DEBUG_INFO_BTF"], Mode.EBPF_VETH),
                (["BPF_EVENTS", "INET_UDP_DIAG", "INET_DIAG_DESTROY"], Mode.FULL_EBPF),
            ],
        ),
        (
            "1.20.2",
            [
                ([], Mode.UNSUPPORTED),
                (["BPF_JIT", "PERF_EVENTS"], Mode.MINIMAL),
                (["IP_MULTIPLE_TABLES"], Mode.COMPAT),
                (["DEBUG_INFO_BTF"], Mode.EBPF_VETH),
                (["BPF_EVENTS", "INET_DIAG", "INET_UDP_DIAG", "INET_DIAG_DESTROY"], Mode.FULL_EBPF),
            ],
        ),
    ],
)
def test_the_climb(release: str, steps: list[tuple[list[str], Mode]]) -> None:
    have = list(BASE)
    for added, expected in steps:
        have += added
        assert advice(synthetic(*have), release).mode is expected, added


@pytest.mark.parametrize("release", RELEASES)
def test_apples_kernel_climbs_by_the_advice_it_is_given(shared: Path, release: str) -> None:
    """From what the Makefile builds to the top: each step sets just what the advice names, and reaches what it says."""
    config = kernels(shared)["apple-arm64-resolved-6.18.5"]
    seen = [advice(config, release).mode]
    while (found := advice(config, release)).unlock is not None:
        config = rebuilt(config, found.unlock.symbols)
        after = advice(config, release).mode
        assert after is found.unlock.mode
        assert rank(after) > rank(found.mode)
        seen.append(after)
    assert seen[-1] is Mode.FULL_EBPF
    assert seen[0] is Mode.UNSUPPORTED
    assert len(seen) >= 3


def test_kinas_nine_symbols_make_full_ebpf(shared: Path) -> None:
    """Reported working in the field: Apple's file plus nine symbols, Cilium 1.18.10, three nodes."""
    nine = "BPF_JIT BPF_JIT_ALWAYS_ON BPF_EVENTS FTRACE KPROBES BPF_STREAM_PARSER CRYPTO_USER_API_HASH SCHEDSTATS"
    config = with_symbols(kernels(shared)["apple-arm64-resolved-6.18.5"], [*nine.split(), "INET_DIAG_DESTROY"])
    assert advice(config, "1.18.10").mode is Mode.FULL_EBPF
    assert advice(config, "1.20.0").mode is Mode.HYBRID


def test_the_jit_alone_is_enough_for_tunnels(shared: Path) -> None:
    """Reported working in the field: Apple's file plus the JIT, Cilium 1.19.4, without BTF and BPF_EVENTS."""
    config = with_symbols(kernels(shared)["apple-arm64-resolved-6.18.5"], ["BPF_JIT"])
    found = advice(config, "1.19.2")
    assert found.mode is Mode.EBPF_VETH
    assert found.config_map["tunnel-protocol"] == "vxlan"


def test_katas_debug_kernel_does_without_tc_and_inet_diag(shared: Path) -> None:
    config = kernels(shared)["kata-3.32.0-debug-arm64-on6.12"]
    assert advice(config, "1.20.0").mode is Mode.UNKNOWN  # no INET_DIAG, of which that agent may die
    found = advice(config, "1.20.2")
    assert found.mode is Mode.EBPF_VETH
    assert not any("Untested" in c for c in found.cautions)
    assert advice(config, "1.18").mode is Mode.EBPF_VETH
    assert advice(config, "1.19").mode is Mode.FULL_EBPF  # BPF ends sockets, without asking netlink


@settings(max_examples=examples(60))
@given(st.data())
def test_setting_a_symbol_never_lowers_the_mode(data: st.DataObject) -> None:
    have = data.draw(st.sets(st.sampled_from(SYMBOLS)))
    more = data.draw(st.sampled_from(SYMBOLS))
    release = data.draw(st.sampled_from(RELEASES))
    config = synthetic(*BASE, *have)
    before, after = advice(config, release).mode, advice(with_symbols(config, [more]), release).mode
    assert rank(after) >= rank(before)


@pytest.fixture(scope="module")
def a_tree_was_read() -> None:
    """The first tree raises the recursion limit for good, and Hypothesis wants none raised in the middle of a property."""
    assert real(*BASE).fact("NET").value == "y"


@pytest.mark.slow
@pytest.mark.usefixtures("a_tree_was_read")
@settings(max_examples=examples(40))
@given(st.data())
def test_what_the_advice_names_reaches_what_it_says(data: st.DataObject) -> None:
    missing = data.draw(st.sets(st.sampled_from(BASE), max_size=6))
    config = real(*BASE, "BPF_JIT", missing=tuple(missing))
    found = advice(config, "1.20.0")
    assert found.unlock is not None or found.mode is Mode.FULL_EBPF
    for rung in found.ladder:
        assert rank(advice(rebuilt(config, rung.symbols), "1.20.0").mode) >= rank(rung.mode)


@pytest.mark.parametrize("version", ["7.2.0", "7.2.13", "7.3.0-rc1"])
def test_linux_7_2_stops_releases_before_1_20_2(version: str) -> None:
    config = synthetic(*SYMBOLS, version=version)
    for release in ("1.18", "1.19", "1.20.0", "1.20.1"):
        found = advice(config, release)
        assert found.mode is Mode.UNSUPPORTED
        assert "FnSetRetval" in found.summary
        assert found.unlock is None
    assert advice(config, "1.20.2").mode is Mode.FULL_EBPF


def test_a_version_alone_never_refuses_a_vendor_kernel() -> None:
    new = synthetic(*SYMBOLS, version="4.18.0")
    assert advice(new, "1.19").mode is Mode.UNSUPPORTED
    rhel = new.with_target(KernelVersion.parse("4.18.0-553.el8_10.x86_64"))
    assert advice(rhel, "1.19").mode is not Mode.UNSUPPORTED


def test_a_partial_config_gets_no_mode() -> None:
    found = advice(parse_config("CONFIG_BPF_SYSCALL=y\nCONFIG_NET=y\n"), "1.18")
    assert found.mode is Mode.UNKNOWN
    assert found.helm_values == {}
    assert "CONFIG_" in found.summary or "version" in found.summary


def test_an_unknown_that_cannot_matter_does_not() -> None:
    """Without the JIT a kernel is unsupported, whatever else is not known of it."""
    config = parse_config("# Linux/arm64 6.18.5 Kernel Configuration\n# CONFIG_BPF_JIT is not set\n")
    assert advice(config, "1.18").mode is Mode.UNSUPPORTED


def test_models_and_advice_agree_on_a_record() -> None:
    from kina_audit.api import load_kernel

    kernel = load_kernel("recorded:apple")
    assert advice(carry(kernel.config), "1.18").mode is Mode.UNSUPPORTED


@pytest.mark.parametrize(
    ("text", "found"), [("", "1.20.2"), ("1.18", "1.18.12"), ("v1.18.12", "1.18.12"), ("1.19.5", "1.19.5")]
)
def test_releases(text: str, found: str) -> None:
    assert str(find_release(text)) == found


@pytest.mark.parametrize("text", ["1", "1.99", "2.0", "latest", "1.18.x"])
def test_unknown_releases_list_the_known_ones(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_release(text)
    assert "1.18" in caught.value.hint
