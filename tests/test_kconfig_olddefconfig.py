"""Against ``make olddefconfig`` and ``merge_config.sh`` on whole kernel trees: agreement, explanations, fragments."""

import csv
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from kina_audit.api import audit, load_profiles
from kina_audit.fixing import fix_mode, fix_profiles
from kina_audit.kconfig.answers import ModelAnswers
from kina_audit.kconfig.dotconfig import read_assignments
from kina_audit.kconfig.explain import explain
from kina_audit.kconfig.loaded import KernelTree, read_tree
from kina_audit.kconfig.reasons import Cause
from kina_audit.kconfig.resolve import resolve
from kina_audit.kconfig.text import fragment_text
from kina_audit.kconfig.toolchain import Toolchain, measured_toolchain, questions
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.sources.options import SourceOptions
from kina_audit.sources.tree.compiler import identify, measure
from kina_audit.trees import open_kernel_tree, shipped_trees
from tests.conftest import SHARED, config_text
from tests.kernel_sources import kernel_source, missing_tools, no_source

pytestmark = pytest.mark.slow

PREFIX = {"arm64": "aarch64-linux-gnu-", "x86_64": "x86_64-linux-gnu-"}
MACHINE = {"BPFILTER_UMH", "CC_CAN_LINK", "CC_CAN_LINK_STATIC", "GCC_PLUGINS", "HAVE_GCC_PLUGINS"}
"""Symbols that say what else is installed on a machine; the model only assumes it."""

APPLE = (
    "apple-arm64-2f947e7",
    "apple-arm64-502dab6",
    "apple-arm64-9d2b579",
    "apple-arm64-f2dda5d",
    "apple-x86_64-2f947e7",
)
DEBUG_INFO = ("DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT", "DEBUG_INFO_DWARF4")
PAHOLE = "1.25"


@dataclass
class Machine:
    """One tree and architecture, ours and the kernel's own tools."""

    tree: KernelTree
    source: Path
    out: Path
    make: Callable[..., None]

    def olddefconfig(self, text: str) -> str:
        (self.out / ".config").write_text(text, encoding="utf-8")
        self.make("olddefconfig")
        return (self.out / ".config").read_text(encoding="utf-8")

    def merged(self, text: str, fragment: str) -> str:
        """merge_config.sh, then olddefconfig."""
        (self.out / "base").write_text(text, encoding="utf-8")
        (self.out / "fragment").write_text(fragment, encoding="utf-8")
        words = [str(self.source / "scripts/kconfig/merge_config.sh"), "-m", "-O", str(self.out), "base", "fragment"]
        subprocess.run(["bash", *words], cwd=self.out, check=True, capture_output=True)
        self.make("olddefconfig")
        return (self.out / ".config").read_text(encoding="utf-8")


@pytest.fixture(scope="session", params=["6.1", "6.12", "7.2"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if missing := missing_tools("make", "bison", "flex", "gcc", "bc"):
        pytest.skip(missing)
    found = kernel_source(request.param, tmp_path_factory.mktemp("source"))
    if found is None:
        pytest.skip(no_source(request.param))
    return found


@pytest.fixture(scope="session")
def pahole(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A stand-in that only tells a version, so that the tests need no pahole."""
    path = tmp_path_factory.mktemp("pahole") / "pahole"
    path.write_text(f"#!/bin/sh\necho v{PAHOLE}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture(scope="session", params=["arm64", "x86_64"])
def machine(
    request: pytest.FixtureRequest, source: Path, pahole: str, tmp_path_factory: pytest.TempPathFactory
) -> Machine:
    arch: str = request.param
    program = f"{PREFIX[arch]}gcc"
    if missing := missing_tools(program):
        pytest.skip(missing)
    out = tmp_path_factory.mktemp("build")

    def make(*targets: str) -> None:
        words = ["make", "-s", f"O={out}", f"ARCH={arch}", f"CROSS_COMPILE={PREFIX[arch]}", f"PAHOLE={pahole}"]
        environment = {**os.environ, "LC_ALL": "C"}
        done = subprocess.run(
            [*words, "RUSTC=no-rustc", *targets],
            cwd=source,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    told = identify(program)
    tools = measured_toolchain(
        "measured",
        told.kind,
        told.version,
        told.text,
        told.binutils,
        {"pahole": PAHOLE, "rustc": "0"},
        measure(program, *questions()),
    )
    return Machine(read_tree(source, source.name, arch, tools)[0], source, out, make)


@pytest.fixture(scope="session")
def named() -> set[str]:
    """Every symbol any profile names."""
    library = ProfileLibrary()
    return {s for name in library.ids() for r in library.get(name).requirements for s in r.symbols}


def corpus(arch: str) -> list[Path]:
    if not SHARED.is_dir():
        pytest.skip("the research data (../shared) is not beside this checkout")
    with open(SHARED / "corpus" / "INDEX.tsv", encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file, delimiter="\t") if r["arch"] == arch]
    chosen = rows[:: max(1, len(rows) // 22)]
    mine = [n for n in APPLE if f"-{arch}-" in n]
    return [SHARED / "corpus" / r["file"] for r in chosen] + [SHARED / "kernels" / f"{n}.config.gz" for n in mine]


def values(text: str) -> dict[str, str]:
    return {row.name: row.value for row in read_assignments(text)}


def test_configs_resolve_as_make_olddefconfig_does(machine: Machine, named: set[str]) -> None:
    differ: dict[str, str] = {}
    count = 0
    for path in corpus(machine.tree.model.arch):
        text = config_text(path).decode("utf-8", "replace")
        ours, theirs = values(resolve(machine.tree, text).text), values(machine.olddefconfig(text))
        count += len(theirs)
        for name in ours.keys() | theirs.keys():
            if ours.get(name) != theirs.get(name) and name not in MACHINE:
                differ[f"{path.name} {name}"] = f"{ours.get(name)} instead of {theirs.get(name)}"
    assert count > 50_000
    assert not {k: v for k, v in differ.items() if k.split()[-1] in named}
    assert len(differ) <= count * 0.001, differ


def test_the_data_files_model_answers_as_the_compiler_does(machine: Machine) -> None:
    told = identify(f"{PREFIX[machine.tree.model.arch]}gcc")
    if not told.version.startswith("12."):
        pytest.skip(f"the data file was measured with gcc 12, this is {told.version}")
    model = Toolchain.parse(f"gcc-12,pahole={PAHOLE},rustc=0,text={told.text}")
    named_ = read_tree(machine.source, "", machine.tree.model.arch, model)[0]
    text = config_text(SHARED / "kernels" / "apple-arm64-2f947e7.config.gz").decode() if SHARED.is_dir() else ""
    ours, measured = values(resolve(named_, text).text), values(resolve(machine.tree, text).text)
    # Whether gcc was built with zstd differs between Debian's native and cross compilers.
    assert {n for n in ours.keys() | measured.keys() if ours.get(n) != measured.get(n)} <= {
        "DEBUG_INFO_COMPRESSED_ZSTD"
    }


@pytest.mark.parametrize("how", ["measured", "probed"])
def test_the_tools_of_this_machine_are_found_as_make_finds_them(machine: Machine, how: str, tmp_path: Path) -> None:
    """With the real pahole, and whatever rustc there is: not one symbol differs."""
    if missing := missing_tools("pahole"):
        pytest.skip(missing)
    arch = machine.tree.model.arch
    program = f"{PREFIX[arch]}gcc"
    asked = "".join(f"CONFIG_{s}=y\n" for s in ("BPF_SYSCALL", "DEBUG_KERNEL", "DEBUG_INFO_BTF", *DEBUG_INFO))
    tree = open_kernel_tree(
        str(machine.source), arch=arch, toolchain=f"cc:{program}", run_probes=how == "probed",
        options=SourceOptions(cache=tmp_path / "cache"),
    )  # fmt: skip
    ours = resolve(tree, asked)
    (tmp_path / ".config").write_text(asked, encoding="utf-8")
    words = ["make", "-s", f"O={tmp_path}", f"ARCH={arch}", f"CROSS_COMPILE={PREFIX[arch]}", "olddefconfig"]
    subprocess.run(words, cwd=machine.source, check=True, capture_output=True)
    theirs = values((tmp_path / ".config").read_text(encoding="utf-8"))
    assert theirs["DEBUG_INFO_BTF"] == "y"
    mine = values(ours.text)
    differ = {n: (mine.get(n), theirs.get(n)) for n in mine.keys() | theirs.keys() if mine.get(n) != theirs.get(n)}
    assert differ == {}


def test_every_question_of_the_tree_is_known(machine: Machine) -> None:
    answers = ModelAnswers(
        Toolchain.parse("gcc-12,pahole=1.25,rustc=0"), machine.tree.model.arch, machine.tree.model.version
    )
    assert answers.drain() == []
    tree, _ = read_tree(machine.source, "", machine.tree.model.arch, Toolchain.parse("gcc-12,pahole=1.25,rustc=0"))
    allowed = {"whether the compiler can link programs", "whether the compiler can link 32-bit programs",
               "whether the compiler's plugin headers are installed", "$(cc-option,-gz=zstd)"}  # fmt: skip
    assert {row[0] for row in tree.model.assumed} <= allowed


def apple() -> Kernel:
    if not SHARED.is_dir():
        pytest.skip("the research data (../shared) is not beside this checkout")
    text = config_text(SHARED / "kernels" / "apple-arm64-2f947e7.config.gz")
    return Kernel(parse_config(text, name="config-arm64"), Provenance("config-arm64", "file", "config-arm64"))


def arm64(machine: Machine) -> Machine:
    if machine.tree.model.arch != "arm64":
        pytest.skip("Apple's file for arm64")
    return machine


def test_fragments_for_profiles_survive_the_kernels_own_tools(machine: Machine) -> None:
    machine, kernel = arm64(machine), apple()
    resolved = machine.olddefconfig(kernel.config.text)
    library = ProfileLibrary()
    failing = [
        r.profile
        for r in audit(built(resolved), library.select(["tag:default", "tag:cilium"]), cilium=None).results
        if r.status == "fail"
    ]
    assert failing
    fixed = 0
    for profile in failing:
        found = fix_profiles(kernel, machine.tree, [profile])
        if found.blocked:
            assert all(b.proven for b in found.blocked), (profile.id, found.blocked)
            continue
        fixed += 1
        again = machine.merged(kernel.config.text, fragment_text(found, profile.id))
        ours, theirs = values(found.resolution.text), values(again)
        # Whether a cross compiler can link depends on a package that builds of the kernel do not need.
        assert {n for n in ours.keys() | theirs.keys() if ours.get(n) != theirs.get(n)} <= MACHINE, profile.id
        assert audit(built(again), [profile], cilium=None).verdict == "pass", profile.id
    assert fixed


@pytest.mark.parametrize("mode", ["minimal", "compat", "hybrid", "ebpf-veth", "full-ebpf"])
def test_fragments_for_modes_survive_the_kernels_own_tools(machine: Machine, mode: str) -> None:
    machine, kernel = arm64(machine), apple()
    found = fix_mode(kernel, machine.tree, mode)
    assert found.changes
    assert not found.blocked
    again = machine.merged(kernel.config.text, fragment_text(found, mode))
    advice = audit(built(again), load_profiles()).advice
    assert advice is not None
    ladder = ["full-ebpf", "ebpf-veth", "hybrid", "compat", "minimal"]
    assert ladder.index(str(advice.mode)) <= ladder.index(mode)


@pytest.mark.parametrize("mode", ["ebpf-veth", "full-ebpf"])
def test_a_fragment_from_the_shipped_line_holds_on_the_real_tree(machine: Machine, mode: str) -> None:
    """Debian's tree is a few stable updates and patches away from the release that the model was made of."""
    machine, kernel = arm64(machine), apple()
    *also, tree = shipped_trees(KernelVersion.parse(machine.tree.model.version), "arm64", f"gcc-12,pahole={PAHOLE}")
    assert also == []
    found = fix_mode(kernel, tree, mode)
    assert found.changes
    again = machine.merged(kernel.config.text, fragment_text(found, mode))
    advice = audit(built(again), load_profiles()).advice
    assert advice is not None
    assert str(advice.mode) in ("full-ebpf", mode)


def built(text: str) -> Kernel:
    return Kernel(parse_config(text), Provenance("built", "file", "built"))


def leaves(causes: tuple[Cause, ...]) -> set[str]:
    return {t for c in causes for t in (leaves(c.causes) if c.causes else {c.text})}


def test_explanations_of_apples_config(machine: Machine) -> None:
    machine, kernel = arm64(machine), apple()
    version = tuple(map(int, machine.tree.model.version.split(".")[:2]))
    found = resolve(machine.tree, kernel.config.text)
    jit = explain(found, "BPF_JIT")
    assert jit.definitions[0].file == "kernel/bpf/Kconfig"
    assert definition(machine, jit.definitions[0].file, jit.definitions[0].line) == "BPF_JIT"
    if version < (6, 10):
        assert leaves(jit.causes) == {"MODULES is n"}
    else:
        assert jit.visible == "y"
        assert leaves(jit.causes) == {"BPF_JIT is n"}
    nat = explain(found, "IP_NF_NAT")
    if version >= (6, 17):
        assert nat.asked == "y"
        assert nat.value == "n"
        assert leaves(nat.causes) == {"NETFILTER_XTABLES_LEGACY is n"}
    else:
        assert nat.value == "y"
    events = explain(found, "BPF_EVENTS")
    assert events.hidden
    assert {"KPROBE_EVENTS", "UPROBE_EVENTS"} <= set(events.reached_by)
    assert "FTRACE is n" in leaves(events.causes)
    btf = explain(found, "DEBUG_INFO_BTF")
    assert any(c.symbol == "DEBUG_INFO" and "selected by" in c.note for c in btf.causes)
    rules = explain(found, "FIB_RULES")
    assert rules.hidden
    assert set(rules.selected_by) == {"IP_MULTIPLE_TABLES", "IPV6_MULTIPLE_TABLES"}


def definition(machine: Machine, file: str, line: int) -> str:
    return (machine.source / file).read_text(encoding="utf-8").split("\n")[line - 1].split()[1]
