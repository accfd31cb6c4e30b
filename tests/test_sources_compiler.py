"""Asking a compiler on this machine, and running a trusted tree's own probes."""

import shutil
import subprocess
from pathlib import Path

import pytest

from kina_audit.errors import SourceError, SourceNotFoundError, UsageError
from kina_audit.kconfig.answers import ModelAnswers, makefile_variables
from kina_audit.kconfig.resolve import resolve
from kina_audit.kconfig.sensitive import assumptions
from kina_audit.kconfig.toolchain import Toolchain, measured_toolchain
from kina_audit.sources.options import SourceOptions
from kina_audit.sources.tree.compiler import ProbeAnswers, identify, measure
from kina_audit.sources.tree.toolchain import named_toolchain
from kina_audit.trees import open_kernel_tree
from tests.kernel_sources import missing_tools

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "kconfig" / "base"
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")


@needs_gcc
def test_a_compiler_tells_what_it_is_and_can() -> None:
    told = identify("gcc")
    assert told.kind == "gcc"
    assert told.version.count(".") == 2
    assert told.text
    answers = measure(
        "gcc", ["-fstack-protector", "-fno-such-flag-at-all"], ["--gc-sections", "--no-such"], ["nop", "no_such"]
    )
    assert answers == {
        "cc-option -fstack-protector": "y",
        "cc-option -fno-such-flag-at-all": "n",
        "ld-option --gc-sections": "y",
        "ld-option --no-such": "n",
        "as-instr nop": "y",
        "as-instr no_such": "n",
    }


def test_what_is_no_compiler() -> None:
    with pytest.raises(SourceNotFoundError):
        identify("no-such-compiler")
    with pytest.raises(SourceError, match="neither gcc nor clang"):
        identify("cat")


def test_probes_run_in_a_folder_of_their_own_without_the_users_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.chdir(tmp_path)
    probes = ProbeAnswers(tmp_path, "arm64", "aarch64-linux-gnu-gcc", makefile_variables)
    assert probes.shell("echo a; echo b") == "a b"
    assert probes.shell("touch here; ls") == "here"
    assert not (tmp_path / "here").exists()
    assert probes.shell("echo $GITHUB_TOKEN$LD") == "aarch64-linux-gnu-ld"
    assert probes.shell("exit 3") == ""
    assert probes.macro("cc-option", ["-x"]) is None


def test_probes_need_a_whole_tree_and_are_off_by_default(tmp_path: Path) -> None:
    root = Path(shutil.copytree(FIXTURE, tmp_path / "linux"))
    (root / "scripts").mkdir()
    marker = tmp_path / "ran"
    with open(root / "Kconfig", "a", encoding="utf-8") as file:
        file.write(f'config PROBED\n\tstring\n\tdefault "$(shell,touch {marker} && echo it ran)"\n')
    options = SourceOptions(cache=tmp_path / "cache")
    open_kernel_tree(str(root), arch="x86", options=options)
    assert not marker.exists()
    shutil.make_archive(str(tmp_path / "linux-6.12"), "tar", tmp_path, "linux")
    with pytest.raises(UsageError, match="whole source tree"):
        open_kernel_tree(str(tmp_path / "linux-6.12.tar"), arch="x86", run_probes=True, options=options)
    open_kernel_tree(str(root), arch="x86", run_probes=True, options=options)
    assert marker.exists()


def test_a_second_opening_reads_the_cache_only(tmp_path: Path) -> None:
    said: list[str] = []
    options = SourceOptions(cache=tmp_path / "cache", progress=said.append)
    first = open_kernel_tree(str(FIXTURE), arch="x86", options=options)
    second = open_kernel_tree(str(FIXTURE), arch="x86", options=options)
    assert len(said) == 1
    assert first.model == second.model
    open_kernel_tree(str(FIXTURE), arch="x86", toolchain="gcc-14", options=options)
    assert len(said) == 1  # one reading serves every toolchain


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, **programs: str) -> None:
    """Programs that print a line, first on the PATH."""
    for name, line in programs.items():
        (folder / name).write_text(f"#!/bin/sh\necho '{line}'\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


@pytest.mark.slow
@needs_gcc
@pytest.mark.parametrize(
    ("said", "fact"), [("v1.24", "1.24"), ("v1.30", "1.30"), ("1.27", "1.27"), ("no version at all", None)]
)
def test_pahole_tells_its_version_or_is_not_known(
    said: str, fact: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, monkeypatch, pahole=said)
    assert identify("gcc").facts.get("pahole") == fact
    tools = named_toolchain("cc:gcc", SourceOptions(cache=tmp_path / "cache"))
    model = ModelAnswers(tools, "x86_64", "6.12.0")
    assert model.shell("./scripts/pahole-version.sh pahole") == (fact or "1.24").replace(".", "")
    assert [q for q, _ in model.drain()] == ([] if fact else ["the version of pahole"])


@needs_gcc
def test_the_real_pahole_is_measured() -> None:
    if missing := missing_tools("pahole"):
        pytest.skip(missing)
    told = subprocess.run(["pahole", "--version"], capture_output=True, text=True, check=True).stdout
    assert f"v{identify('gcc').facts['pahole']}" == told.strip()


@pytest.mark.slow
@needs_gcc
def test_what_is_stated_goes_before_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, pahole="v1.24")
    options = SourceOptions(cache=tmp_path / "cache")
    tools = named_toolchain("cc:gcc,pahole=1.27,plugins=y", options)
    assert (tools.facts["pahole"], tools.facts["plugins"]) == ("1.27", "y")
    assert tools.measured
    assert named_toolchain("cc:gcc", options).facts["pahole"] == "1.24"


@pytest.mark.slow
@needs_gcc
def test_a_newly_installed_pahole_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = SourceOptions(cache=tmp_path / "cache")
    for version in ("v1.24", "v1.25-and-more"):
        installed(tmp_path, monkeypatch, pahole=version)
        assert named_toolchain("cc:gcc", options).facts["pahole"] == version[1:5]


@needs_gcc
def test_what_could_not_be_asked_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kina_audit.sources.tree.compiler._linker", lambda *_: "no-such-linker")
    answers = measure("gcc", [], ["--gc-sections"], ["nop"])
    assert answers == {"as-instr nop": "y"}
    told = identify("gcc")
    with pytest.raises(UsageError, match="no linker"):
        measured_toolchain("cc:gcc", told.kind, told.version, told.text, told.binutils, told.facts, answers)


def test_whoever_answers_knows_the_same_variables(tmp_path: Path) -> None:
    names = makefile_variables(".", "cc", "", lambda _: "").keys()
    model = ModelAnswers(Toolchain.parse("gcc-12"), "x86", "7.2.0")
    probes = ProbeAnswers(tmp_path, "x86", "gcc", makefile_variables)
    assert names > {"CC", "CC_VERSION_TEXT", "PAHOLE_VERSION", "RUSTC_VERSION_TEXT"}
    assert [n for n in names if model.variable(n) is None or probes.variable(n) is None] == []


@pytest.mark.parametrize("probed", [False, True])
def test_a_version_that_the_makefile_exports_reaches_kconfig(
    probed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(shutil.copytree(FIXTURE, tmp_path / "linux"))
    (root / "scripts").mkdir()
    script = root / "scripts" / "pahole-version.sh"
    script.write_text('#!/bin/sh\n"$@" --version | tr -d v.\n')
    script.chmod(0o755)
    with open(root / "Kconfig", "a", encoding="utf-8") as file:
        file.write('config PAHOLE_VERSION\n\tint\n\tdefault "$(PAHOLE_VERSION)"\n')
    installed(tmp_path, monkeypatch, pahole="v1.31")
    options = SourceOptions(cache=tmp_path / "cache")
    tree = open_kernel_tree(str(root), arch="x86", run_probes=probed, options=options)
    found = resolve(tree, "")
    assert found.line("PAHOLE_VERSION") == ("CONFIG_PAHOLE_VERSION=131" if probed else "CONFIG_PAHOLE_VERSION=124")
    assert [row[:2] for row in tree.model.assumed] == ([] if probed else [("the version of pahole", "124")])
    told = [(a.question, a.symbols) for a in assumptions(found, ["PAHOLE_VERSION"])]
    assert told == ([] if probed else [("the version of pahole", ("PAHOLE_VERSION",))])
    if probed:
        installed(tmp_path, monkeypatch, pahole="v1.320")
        again = open_kernel_tree(str(root), arch="x86", run_probes=True, options=options)
        assert resolve(again, "").value("PAHOLE_VERSION") == "1320"


def test_a_variable_that_nobody_knows_is_told(tmp_path: Path) -> None:
    root = Path(shutil.copytree(FIXTURE, tmp_path / "linux"))
    with open(root / "Kconfig", "a", encoding="utf-8") as file:
        file.write('config ASKING\n\tstring\n\tdefault "$(NEW_IN_LINUX_9)"\n')
    tree = open_kernel_tree(str(root), arch="x86", options=SourceOptions(cache=tmp_path / "cache"))
    assert [row[:2] for row in tree.model.assumed] == [("what the Makefile sets $(NEW_IN_LINUX_9) to", "")]


@pytest.mark.parametrize("name", ["gcc-12", "cc:gcc,pahole=1.24"])
def test_probes_are_run_with_a_program_and_nothing_stated(name: str, tmp_path: Path) -> None:
    root = Path(shutil.copytree(FIXTURE, tmp_path / "linux"))
    (root / "scripts").mkdir()
    with pytest.raises(UsageError, match="the probes find out"):
        open_kernel_tree(str(root), arch="x86", toolchain=name, run_probes=True)
