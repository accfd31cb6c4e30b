"""Asking a compiler on this machine, and running a trusted tree's own probes."""

import shutil
from pathlib import Path

import pytest

from kina_audit.errors import SourceError, SourceNotFoundError, UsageError
from kina_audit.sources.compiler import ProbeAnswers, identify, measure
from kina_audit.sources.options import SourceOptions
from kina_audit.trees import open_kernel_tree

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
    probes = ProbeAnswers(tmp_path, "arm64", "aarch64-linux-gnu-gcc", "text")
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
    options = SourceOptions(cache=tmp_path / "cache", say=said.append)
    first = open_kernel_tree(str(FIXTURE), arch="x86", options=options)
    second = open_kernel_tree(str(FIXTURE), arch="x86", options=options)
    assert len(said) == 1
    assert first.model == second.model
    open_kernel_tree(str(FIXTURE), arch="x86", toolchain="gcc-14", options=options)
    assert len(said) == 2
