"""Whoever fills a folder chooses its names. A file that was found is read as that file: no program, no guest, no network, no other kernel."""

import os
from pathlib import Path

import pytest

from kina_audit.cli import main
from kina_audit.cli.pre_commit import hook
from kina_audit.sources import named_file
from kina_audit.sources.expand import expand

CONFIG = (
    "#\n# Linux/arm64 6.12.1 Kernel Configuration\n#\nCONFIG_MODULES=y\nCONFIG_NET=y\nCONFIG_INET=y\nCONFIG_VXLAN=m\n"
)
NAMES = (
    "docker:x.config", "docker:image/x.config", "podman:x.config", "container:x.config", "ssh:host.config", "kubectl:node.config",
    "apple@x.config", "recorded:apple", "running", "installed", "apple", "HEAD:x.config", "@list.config", "-", "a!b.config",
    "x*[0].config", "https:x.config",
)  # fmt: skip
PROGRAMS = ("docker", "podman", "container", "ssh", "kubectl", "git")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files of such names; every program that could be run leaves a mark instead."""
    (tmp_path / "bin").mkdir()
    for program in PROGRAMS:
        (tmp_path / "bin" / program).write_text(f"#!/bin/sh\necho {program} >>{tmp_path}/ran\n")
        (tmp_path / "bin" / program).chmod(0o755)
    folder = tmp_path / "checkout"
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(CONFIG)
    (folder / "list.config").write_text("docker:listed\nssh:listed\n")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("KINA_AUDIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("sources", [["."], ["*"], ["docker:image"], ["docker:*"], ["[a-z]*"]])
def test_what_a_folder_or_pattern_finds_is_a_file(sources: list[str], checkout: Path) -> None:
    found = [n.source for n in expand(sources)]
    assert found
    for name in found:
        assert named_file(name) == name, name
        assert (checkout / name).is_file()


def test_a_matrix_of_a_checkout_reads_its_files_alone(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["matrix", ".", "-q", "-p", "vxlan", "-f", "csv", "-j", "1"]) == 1
    rows = capsys.readouterr().out.splitlines()[1:]
    assert sum("6.12.1,arm64" in row for row in rows) == len(NAMES), rows
    assert not (checkout.parent / "ran").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["docker:image/x.config", "ssh:host.config", "recorded:apple"])
def test_a_hook_reads_the_file_it_is_given(name: str, checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hook(["check", "--profile=vxlan", name])
    out = capsys.readouterr()
    assert "Linux 6.12.1, arm64" in out.out, out
    assert not (checkout.parent / "ran").exists()


def test_names_that_are_plain_stay_as_they_are() -> None:
    for name in ("a.config", "d/docker", "/x/running", "./x", ".config", "a b"):
        assert named_file(name) == name
