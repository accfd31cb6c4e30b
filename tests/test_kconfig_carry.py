"""What a config becomes on the kernel it is for: the models that ship, held against kernels that were built."""

from dataclasses import replace
from pathlib import Path

import pytest

from kina_audit.api import audit, load_kernel
from kina_audit.cli import main
from kina_audit.kconfig.carry import carry, trees_of
from kina_audit.kconfig.lines import ARCHES, find_line, line_text, lines, near, origin_of, shipped_tree, stable_moves
from kina_audit.kconfig.loaded import read_tree
from kina_audit.kconfig.possible_tools import POSSIBLE_TOOLS
from kina_audit.kconfig.resolve import resolve
from kina_audit.kconfig.toolchain import Toolchain
from kina_audit.kernel.config import KernelConfig, Origin, SymbolState
from kina_audit.kernel.merge import merged
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.load import ProfileLibrary
from tests.conftest import config_text
from tests.kernel_sources import kernel_source, no_source

LIBRARY = ProfileLibrary()
NAMED = sorted({s for p in LIBRARY for r in p.requirements for s in r.symbols})
TOOLS = POSSIBLE_TOOLS[0][1]


def aimed(text: str, target: str, origin: Origin = Origin.INPUT) -> KernelConfig:
    return parse_config(text, origin=origin).with_target(KernelVersion.parse(target))


def apple(shared: Path, more: str = "") -> str:
    return config_text(shared / "kernels/apple-arm64-2f947e7.config.gz").decode() + more


def test_nine_lines_ship_for_two_architectures_each() -> None:
    assert [line_text(line) for line in lines()] == ["5.10", "6.1", "6.12", "6.17", "6.18", "6.19", "7.1", "7.2", "7.3"]
    for line in lines():
        assert origin_of(line).version.startswith(line_text(line))
        assert len(origin_of(line).digest) == 64
        for arch in ARCHES:
            assert "BPF_SYSCALL" in shipped_tree(line, arch, Toolchain.parse(TOOLS)).model.index
    assert near(KernelVersion.parse("6.6.1")) == ((6, 1), (6, 12))
    assert near(KernelVersion.parse("9.1")) == ((7, 3),)
    assert near(KernelVersion.parse("4.19")) == ()
    assert find_line("6.12.94") == (6, 12)


@pytest.mark.parametrize(
    ("lines", "target", "value"),
    [
        # NET_CLS_CGROUP selects it as before.
        ("# CONFIG_CGROUP_NET_CLASSID is not set\nCONFIG_NET_CLS_CGROUP=m\n", "6.12.117", "y"),
        ("# CONFIG_CGROUP_NET_CLASSID is not set\nCONFIG_NET_CLS_CGROUP=m\n", "6.12.120", "y"),
        # What it depends on is off.
        ("# CONFIG_CGROUPS is not set\n# CONFIG_SCHED_AUTOGROUP is not set\n", "6.12.117", "n"),
        ("# CONFIG_CGROUPS is not set\n# CONFIG_SCHED_AUTOGROUP is not set\n", "6.12.120", "n"),
        # NETFILTER_XT_MATCH_CGROUP alone: off as the file of this very release says, and unknown on others.
        ("# CONFIG_CGROUP_NET_CLASSID is not set\n# CONFIG_NET_CLS_CGROUP is not set\n", "6.12.117", "n"),
        ("# CONFIG_CGROUP_NET_CLASSID is not set\n# CONFIG_NET_CLS_CGROUP is not set\n", "6.12.120", None),
        ("# CONFIG_CGROUP_NET_CLASSID is not set\n# CONFIG_NET_CLS_CGROUP is not set\n", "6.12.107", "y"),
    ],
)
def test_a_select_that_a_stable_update_dropped_leaves_the_others(
    shared: Path, lines: str, target: str, value: str | None
) -> None:
    """A file that says 6.12.117 was believed, whatever a fragment made of it: a required symbol passed without CGROUPS."""
    text = config_text(shared / "corpus/debian/debian-6.12-config.amd64_none_cloud-amd64.config.gz").decode()
    config = carry(merged(aimed(text, target), [("x", lines)], "x"))
    assert config.fact("CGROUP_NET_CLASSID").value == value


def test_memory_is_not_brought_online_where_a_fragment_takes_hotplug_away(shared: Path) -> None:
    """The choice came with an update of 6.12 that its model is older than, so the file was believed about it."""
    text = config_text(shared / "corpus/debian/debian-6.12-config.amd64_none_cloud-amd64.config.gz").decode()
    for fragment, status in (("CONFIG_MEMORY_HOTPLUG=y\n", "pass"), ("# CONFIG_MEMORY_HOTPLUG is not set\n", "warn")):
        kernel = Kernel(carry(merged(aimed(text, "6.12.117"), [("x", fragment)], "x")), Provenance("k", "file", "k"))
        report = audit(kernel, [LIBRARY.get("vm-kata")], cilium=None)
        [found] = [f for r in report.results for f in r.findings if f.requirement.id == "mhp-online"]
        assert found.status == status


@pytest.mark.slow
@pytest.mark.parametrize("raw", ["apple-arm64-2f947e7", "apple-x86_64-2f947e7"])
def test_every_symbol_of_apples_file_is_what_the_build_makes_of_it(shared: Path, raw: str) -> None:
    arch = "arm64" if "arm64" in raw else "x86_64"
    built = parse_config(config_text(shared / f"kernels/apple-{arch}-resolved-6.18.5.config.gz"))
    config = carry(aimed(config_text(shared / f"kernels/{raw}.config.gz").decode(), "6.18.5"))
    model = shipped_tree((6, 18), arch, Toolchain.parse(TOOLS)).model
    wrong, open_ = [], []
    for name in model.index.keys() | built.raw.keys():
        told, is_ = config.fact(name), built.written(name).value
        if told.value is None:
            assert "the compiler and tools decide" in told.note
            open_.append(name)
        elif told.value != is_ and not name.startswith("RUSTC"):  # that machine had a rustc
            wrong.append((name, told.value, is_))
    assert wrong == []
    assert not set(NAMED).intersection(open_)
    assert len(open_) < 70


# One-line edits that the same file denies, on which lines, and the symbol that is then off there.
DENIED = [
    ("BPF_JIT", "y", "MODULES", ("5.10", "6.1")),
    ("VXLAN", "y", "INET", ("6.1", "6.12", "6.18", "7.3")),
    ("IP_MULTIPLE_TABLES", "y", "IP_ADVANCED_ROUTER", ("6.1", "6.12", "6.18", "7.3")),
    ("NET_CLS_BPF", "y", "NET_SCHED", ("6.1", "6.12", "7.2")),
    ("CGROUP_BPF", "y", "BPF_SYSCALL", ("6.1", "6.12", "7.2")),
    ("NETFILTER_XT_TARGET_TPROXY", "y", "NETFILTER_ADVANCED", ("6.1", "6.12", "7.2")),
    ("NFT_MASQ", "y", "NF_TABLES", ("6.1", "6.12", "7.2")),
    ("INET6_ESP", "y", "IPV6", ("6.1", "6.12", "7.2")),
    ("BRIDGE_NETFILTER", "y", "BRIDGE", ("6.1", "6.12", "7.2")),
    ("BPF_LSM", "y", "BPF_EVENTS", ("6.1", "6.12", "7.2")),
    ("IP_NF_NAT", "y", "IP_NF_IPTABLES_LEGACY", ("6.18", "7.2", "7.3")),
    ("NET_CLS_ACT", "m", "", ("6.1", "6.12", "7.2")),
    ("BPF_SYSCALL", "m", "", ("6.1", "6.12", "7.2")),
    ("NETKIT", "y", "BPF_SYSCALL", ("6.1", "6.12", "7.2")),
]


@pytest.mark.slow
@pytest.mark.parametrize(("symbol", "value", "without", "on"), DENIED, ids=[row[0] for row in DENIED])
def test_a_line_that_the_same_file_denies_turns_nothing_on(
    shared: Path, symbol: str, value: str, without: str, on: tuple[str, ...]
) -> None:
    off = f"# CONFIG_{without} is not set\n" if without else ""
    text = apple(shared, f"{off}CONFIG_{symbol}={value}\n")
    for version in on:
        tree = shipped_tree(find_line(version), "arm64", Toolchain.parse(TOOLS))
        # Edited after that line wrote it, too.
        own = resolve(tree, apple(shared)).text + f"{off}CONFIG_{symbol}={value}\n"
        for edited in (text, own):
            fact = carry(aimed(edited, f"{version}.1")).fact(symbol)
            if value == "m":
                # A bool reads no m: it is as if there were no line, and whatever selects it or its default decides.
                assert fact.value != "m"
            else:
                assert fact.value == "n", (version, fact)
                assert fact.note.startswith(f"olddefconfig of Linux {version} makes it n: ")


def test_between_two_lines_what_both_say_is_told() -> None:
    config = load_kernel("recorded:apple").config.with_target(KernelVersion.parse("6.15.2"))
    told = carry(config)
    assert told.resolved is not None
    assert told.resolved.lines == ("6.12", "6.17")
    assert told.fact("BPF_JIT").value == "n"
    legacy = told.fact("IP_NF_NAT")
    assert legacy.value is None
    assert legacy.note == "it becomes y on Linux 6.12 but n on Linux 6.17, and Linux 6.15.2 lies between them"


def test_no_line_but_its_own_says_that_a_file_is_cut(shared: Path) -> None:
    """Linux 6.1 has prompts that Linux 6.6 no longer shows under the same symbols."""
    config = parse_config(config_text(shared / "kernels/apple-x86_64-2f947e7.config.gz"), origin=Origin.INPUT)
    assert str(config.target) == "6.6.9"
    told = carry(config)
    assert not told.cut
    assert told.resolved is not None
    assert told.resolved.lines == ("6.1", "6.12")


def test_of_a_cut_file_between_two_lines_only_what_both_allow_is_told(shared: Path) -> None:
    text = config_text(shared / "kernels/apple-x86_64-2f947e7.config.gz").decode() + "CONFIG_NETKIT=y\n"
    told = carry(replace(parse_config(text, origin=Origin.INPUT), cut="the file is cut: a test cut it"))
    assert told.fact("VXLAN").value == "y"
    netkit = told.fact("NETKIT")  # Linux 6.1 does not have it
    assert netkit.value is None
    assert netkit.note.startswith("the file is cut: a test cut it; it says y, and ")


def test_what_the_tools_decide_is_unknown_until_they_are_named(shared: Path) -> None:
    text = apple(shared, "CONFIG_DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT=y\nCONFIG_DEBUG_INFO_BTF=y\n")
    fact = carry(aimed(text, "6.18.5")).fact("DEBUG_INFO_BTF")
    assert fact.value is None
    assert "n with no pahole; name yours with --toolchain" in fact.note
    assert carry(aimed(text, "6.18.5"), "gcc-14,pahole=1.30").fact("DEBUG_INFO_BTF").value == "y"
    assert carry(aimed(text, "6.18.5"), "gcc-14,pahole=0").fact("DEBUG_INFO_BTF").value == "n"
    # A compiler's name says nothing of pahole.
    half = carry(aimed(text, "6.18.5"), "gcc-14").fact("DEBUG_INFO_BTF")
    assert half.value is None
    assert "n with gcc-14 and no pahole" in half.note


def test_a_kernels_own_config_is_the_truth_and_no_model_overrules_it(shared: Path) -> None:
    text = apple(shared, "CONFIG_BPF_JIT=y\n").replace(" 6.1.68 ", " 6.1.99 ")
    config = parse_config(text, origin=Origin.BUILT)
    assert carry(config) is config
    assert config.fact("BPF_JIT").value == "y"


def vendors(version: str = "6.12.9-100.vendor") -> str:
    """A whole config of 6.12 with VXLAN and a symbol that is a vendor's, without INET."""
    tree = shipped_tree((6, 12), "x86_64", Toolchain.parse(TOOLS))
    text = resolve(tree, "CONFIG_NET=y\nCONFIG_NETDEVICES=y\nCONFIG_MODULES=y\nCONFIG_KPROBES=y\n").text
    text = text.replace(f"{tree.model.version} Kernel", f"{version} Kernel")
    assert "CONFIG_INET" in text
    return text + "# CONFIG_INET is not set\nCONFIG_VXLAN=y\nCONFIG_VENDOR_THING=y\n"


def test_a_vendors_file_that_contradicts_its_line_is_not_overruled() -> None:
    config = parse_config(vendors(), origin=Origin.INPUT)
    fact = carry(config).fact("VXLAN")
    assert fact.value is None
    assert "Linux 6.12 as released would make it n" in fact.note


@pytest.mark.parametrize(
    ("target", "text", "how"),
    [
        ("4.19.1", "# Linux/arm64 4.19.1 Kernel Configuration\nCONFIG_ARM64=y\n", "Linux 4.19.1 is older than 5.10"),
        ("6.12.1", "# Linux/riscv 6.12.1 Kernel Configuration\nCONFIG_RISCV=y\n", "there is no model of riscv kernels"),
    ],
)
def test_where_no_line_tells_the_file_is_taken_as_written_and_that_is_said(target: str, text: str, how: str) -> None:
    config = carry(aimed(text + "CONFIG_VXLAN=y\n", target))
    assert config.resolved is not None
    assert how in config.resolved.how
    assert config.fact("VXLAN").value == "y"
    assert config.fact("GENEVE").value is None  # a fragment


def test_a_fragment_gets_the_lines_defaults() -> None:
    """The input of olddefconfig like any other: what it does not name has the line's default, arm64's and x86_64's alike."""
    config = carry(aimed("CONFIG_NET=y\nCONFIG_INET=y\nCONFIG_NETDEVICES=y\nCONFIG_VXLAN=y\n", "6.12.1"))
    assert config.fact("VXLAN").value == "y"
    assert config.fact("BPF").value == "y"  # selected by NET
    assert config.fact("WIREGUARD").value == "n"
    gate = carry(
        aimed("# CONFIG_NETFILTER_XTABLES_LEGACY is not set\nCONFIG_NETFILTER=y\nCONFIG_IP_NF_NAT=y\n", "6.18.1")
    )
    assert gate.fact("IP_NF_NAT").value == "n"


@pytest.mark.slow
def test_check_takes_a_fragment_on_its_base(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fragment = tmp_path / "cilium.fragment"
    assert main(["fix", "apple", "--offline", "--mode", "full-ebpf", "-q", "-o", str(fragment)]) == 0
    words = ["check", "apple", "--offline", "-q", "-F", str(fragment), "--format", "json"]
    capsys.readouterr()
    assert main([*words, "--toolchain", TOOLS]) == 0
    said = capsys.readouterr().out
    assert '"mode": "full-ebpf"' in said
    assert f'"toolchain": "{TOOLS}"' in said
    main(words)
    assert '"mode": "unknown"' in capsys.readouterr().out  # BTF needs a pahole, and nobody named one


def test_a_symbol_of_a_fragment_that_the_kernel_lacks_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "f").write_text("CONFIG_VXLAN=y\nCONFIG_BPF_JITT=y\n")
    main(["check", "apple", "--offline", "-q", "-p", "vxlan", "-F", str(tmp_path / "f"), "--format", "json"])
    assert (
        "f line 2: CONFIG_BPF_JITT=y is gone: nothing defines it on arm64 6.18.5; did you mean BPF_JIT"
        in capsys.readouterr().out
    )


@pytest.mark.slow
def test_fix_knows_what_a_kernel_lacks_beside_its_config(
    tmp_path: Path, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No fragment mends a module that is configured and not installed."""
    modules = tmp_path / "lib/modules/6.12.117"
    modules.mkdir(parents=True)
    (modules / "modules.dep").write_text("kernel/x.ko:\n")
    (tmp_path / "boot").mkdir()
    config = config_text(shared / "truth/debian-6.12.117+deb12-cloud-amd64.config.gz")
    (tmp_path / "boot/config-6.12.117").write_bytes(config)
    assert main(["fix", str(tmp_path), "-p", "vxlan", "-q"]) == 1
    said = capsys.readouterr().out
    assert "No fragment gives profile vxlan." in said
    assert "no line of a config mends it\n  - CONFIG_VXLAN=m, and no module file vxlan.ko is in" in said


def test_the_advice_names_every_mode_above(shared: Path) -> None:
    report = audit(load_kernel("recorded:apple"), [LIBRARY.get("cilium-agent")], cilium="1.20.2", library=LIBRARY)
    assert report.advice is not None
    assert [str(u.mode) for u in report.advice.ladder] == ["compat", "ebpf-veth", "full-ebpf"]
    assert all(u.because == f"Proven on the model of Linux 6.18.5 ({TOOLS})." for u in report.advice.ladder)
    assert report.advice.ladder[0].symbols == ("CONFIG_BPF_JIT=y",)


@pytest.mark.slow
@pytest.mark.parametrize("line", ["6.12", "5.10"])
def test_a_line_is_made_again_byte_for_byte(shared: Path, tmp_path: Path, line: str) -> None:
    import subprocess
    import sys
    import zlib

    from kina_audit.base.packaged import data_file

    [archive] = (shared / "ktrees").glob(f"linux-{line}.*.kconfig.tar.xz")
    script = Path(__file__).parents[1] / "scripts/kernel_line.py"
    subprocess.run([sys.executable, str(script), str(archive), "-o", str(tmp_path)], check=True, capture_output=True)
    fresh, shipped = (tmp_path / f"{line}.line").read_bytes(), (data_file("lines") / f"{line}.line").read_bytes()
    if zlib.ZLIB_RUNTIME_VERSION.startswith("1.2"):
        assert fresh == shipped
    # Another zlib may compress otherwise; what it holds is the same.
    from kina_audit.kconfig.packed import PackedLine

    one, other = PackedLine(fresh), PackedLine(shipped)
    names = ["shared", "files", *(f"{kind} {arch}" for kind in ("values", "places") for arch in ARCHES)]
    assert {n: one.chunk(n) for n in names} == {n: other.chunk(n) for n in names}


@pytest.mark.slow
@pytest.mark.parametrize("arch", ARCHES)
@pytest.mark.parametrize("version", ["6.1", "6.12"])
def test_every_config_becomes_what_its_target_makes_of_it(
    shared: Path, version: str, arch: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """All of the corpus, carried to a line: each symbol that a profile names as the real tree has it, or unknown by its tools.

    The tree resolves as the kernel's own conf does (tests/test_kconfig_olddefconfig.py).
    """
    root = kernel_source(version, tmp_path_factory.mktemp("source"))
    if root is None:
        pytest.skip(no_source(version))
    tree = read_tree(root, version, arch, Toolchain.parse(TOOLS))[0]
    target = KernelVersion.parse(tree.model.version)
    wrong, asked, unknown = [], 0, 0
    # What data/stable.toml says that an update of this line moved is unknown on purpose, and so measures nothing.
    moved = {
        s
        for after, symbols, _ in stable_moves()
        for s in symbols
        if (after.major, after.minor) == (target.major, target.minor)
    }
    named = [name for name in NAMED if name not in moved]
    for path in sorted((*shared.glob("corpus/*/*.gz"), *shared.glob("kernels/*.gz"))):
        config = parse_config(config_text(path), origin=Origin.INPUT)
        if config.arch != arch:
            continue
        told, truth = carry(config.with_target(target)), resolve(tree, config.text)
        assert {s: told.fact(s).value for s in moved if told.fact(s).value not in (None, truth.value(s) or "n")} == {}
        for name in named:
            fact, is_ = told.fact(name), truth.value(name) if truth.line(name) else "n"
            asked += 1
            unknown += fact.value is None and "the compiler and tools decide" not in fact.note
            if fact.value not in (None, is_):
                wrong.append((path.name, name, fact.value, is_))
    assert wrong == []
    assert asked > 10_000
    assert unknown / asked < 0.005


@pytest.mark.slow
@pytest.mark.parametrize("left_out", [(6, 12), (6, 18), (7, 1)])
def test_neighbours_predict_a_line_that_is_left_out(
    shared: Path, left_out: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    others = tuple(line for line in lines() if line != left_out)
    monkeypatch.setattr("kina_audit.kconfig.lines.lines", lambda: others)
    wrong, asked, unknown = [], 0, 0
    for path in sorted((*shared.glob("corpus/*/*.gz"), *shared.glob("kernels/*.gz")))[::3]:
        config = parse_config(config_text(path), origin=Origin.INPUT)
        if config.arch not in ARCHES:
            continue
        tree = shipped_tree(left_out, config.arch, Toolchain.parse(TOOLS))
        told = carry(config.with_target(KernelVersion.parse(tree.model.version)))
        truth = resolve(tree, config.text)
        for name in NAMED:
            fact, is_ = told.fact(name), truth.value(name) if truth.line(name) else "n"
            asked += 1
            unknown += fact.value is None and "the compiler and tools decide" not in fact.note
            if fact.value not in (None, is_):
                wrong.append((path.name, name, fact.value, is_))
    assert wrong == []
    assert unknown / asked < 0.06


def test_trees_of_a_kernel_without_a_version_are_none() -> None:
    config = parse_config("CONFIG_NET=y\n")
    assert trees_of(config) == ()
    assert carry(replace(config, origin=Origin.INPUT)).fact("NET").state is SymbolState.SET


def test_a_version_that_is_not_known_leaves_the_file_as_it_is_written(shared: Path) -> None:
    text = apple(shared).replace("# Linux/arm64 6.1.68 Kernel Configuration", "#")
    kernel = Kernel(parse_config(text, origin=Origin.INPUT), Provenance("x", "file", "x"))
    report = audit(kernel, [LIBRARY.get("vxlan")], cilium=None)
    assert report.kernel.config.resolved is not None
    assert "which kernel version it is for is not known" in report.kernel.config.resolved.how
    assert report.verdict == "pass"


@pytest.mark.parametrize("line", ["CONFIG_VXLAN=", 'CONFIG_VXLAN="x', "CONFIG_VXLAN=what"])
def test_a_fragments_line_that_no_reader_takes_takes_its_bases_line_away(shared: Path, line: str) -> None:
    """As scripts/kconfig/merge_config.sh does, which deletes by the name alone."""
    base = parse_config(apple(shared), origin=Origin.INPUT)
    assert base.raw["VXLAN"] == "y"
    assert "VXLAN" not in merged(base, [("f", f"{line}\nCONFIG_NET=y\n")], "x").raw
    kept = merged(base, [("f", "CONFIG_VXLAN = n\n# CONFIG_VXLAN=n\n CONFIG_VXLAN=n\nCONFIG_NET=y\n")], "x")
    assert kept.raw["VXLAN"] == "y"
