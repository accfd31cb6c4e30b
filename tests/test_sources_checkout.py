"""A config in a checkout: the kernel that is built from it, not the one that its header names, is audited."""

import gzip
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from kina_audit.api import audit, in_apple_container, load_profiles
from kina_audit.base.digest import git_blob_id
from kina_audit.cli import main
from kina_audit.sources import open_source, recorded
from kina_audit.sources.git.checkout import FROM_MAKEFILE
from kina_audit.sources.options import SourceOptions
from tests.conftest import SHARED

TEXT = ("# Linux/arm64 6.1.68 Kernel Configuration\nCONFIG_ARM64=y\nCONFIG_NET=y\n" + "CONFIG_X=y\n" * 60).encode()
MAKEFILE = "KVERSION ?= 6.18.5\nKSOURCE ?= https://kernel.example/v6.x/linux-6.18.5.tar.xz\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "kernel").mkdir()
    (tmp_path / "kernel/config-arm64").write_bytes(TEXT)
    (tmp_path / "kernel/Makefile").write_text(MAKEFILE)
    return tmp_path


@pytest.mark.parametrize("source", ["{}/kernel/config-arm64", "{}/kernel", "{}/kernel!config-arm64"])
def test_the_makefile_beside_it_says_what_is_built(checkout: Path, source: str) -> None:
    kernel = open_source(source.format(checkout))
    assert (str(kernel.config.target), kernel.config.origin) == ("6.18.5", "input")
    assert kernel.provenance.target_from == FROM_MAKEFILE
    assert str(kernel.config.header.version) == "6.1.68"


def test_the_user_knows_better(checkout: Path) -> None:
    kernel = open_source(f"{checkout}/kernel/config-arm64", SourceOptions(target_kernel="6.12.9"))
    assert (str(kernel.config.target), kernel.provenance.target_from) == ("6.12.9", "--target-kernel")


@pytest.mark.parametrize("makefile", ["VERSION = 6\nPATCHLEVEL = 12\n", ""])
def test_any_other_makefile_says_nothing(checkout: Path, makefile: str) -> None:
    (checkout / "kernel/Makefile").write_text(makefile)
    kernel = open_source(f"{checkout}/kernel/config-arm64")
    assert (str(kernel.config.target), kernel.config.origin) == ("6.1.68", "input")


@pytest.mark.parametrize("makefile", ["KSOURCE = ~/linux\n", "V = 6.18.5\nKSOURCE ?= https://x/linux-$(V).tar.xz\n"])
def test_a_source_that_cannot_be_read_leaves_the_version_open(checkout: Path, makefile: str) -> None:
    (checkout / "kernel/Makefile").write_text(makefile)
    kernel = open_source(f"{checkout}/kernel/config-arm64")
    assert kernel.config.target is None
    assert "names no version that can be read" in kernel.provenance.notes[-1]


def test_the_last_assignment_of_the_source_wins(checkout: Path) -> None:
    lines = "KSOURCE ?= https://x/linux-6.1.tar.xz\nKSOURCE = https://x/linux-7.2.1.tar.xz\n"
    (checkout / "kernel/Makefile").write_text(lines)
    assert str(open_source(f"{checkout}/kernel/config-arm64").config.target) == "7.2.1"


def test_a_makefile_that_is_no_file_is_left_alone(checkout: Path) -> None:
    makefile = checkout / "kernel/Makefile"
    makefile.unlink()
    os.mkfifo(makefile)
    assert str(open_source(f"{checkout}/kernel/config-arm64").config.target) == "6.1.68"


def test_a_makefile_says_nothing_of_another_file_beside_it(checkout: Path) -> None:
    shutil.move(checkout / "kernel/config-arm64", checkout / "kernel/.config")
    assert str(open_source(f"{checkout}/kernel").config.target) == "6.1.68"


def test_a_recorded_file_is_recognised_by_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = recorded.newest("apple", "arm64")
    known = replace(real, document={**real.document, "blob": git_blob_id(TEXT)})
    monkeypatch.setattr(recorded, "records", lambda: (known,))
    (tmp_path / "copied").write_bytes(TEXT)
    (tmp_path / "edited").write_bytes(TEXT + b"\n")
    kernel = open_source(str(tmp_path / "copied"))
    assert (str(kernel.config.target), kernel.config.origin) == (known.ranges[-1].target, "input")
    assert "byte for byte kernel/config-arm64 of 0.38.0" in kernel.provenance.target_from
    assert in_apple_container(kernel.provenance)
    assert str(open_source(str(tmp_path / "edited")).config.target) == "6.1.68"
    other = replace(known.ranges[0], first="0.37.0", last="0.37.0", target="6.14.9")
    monkeypatch.setattr(recorded, "records", lambda: (replace(known, ranges=(other, *known.ranges)),))
    kernel = open_source(str(tmp_path / "copied"))
    assert (kernel.config.target, kernel.config.origin) == (None, "input")
    assert "Linux 6.14.9 (0.37.0 to 0.37.0)" in kernel.provenance.notes[0]


def test_apples_files_are_judged_as_their_records(shared: Path, tmp_path: Path) -> None:
    profiles = load_profiles(["iptables-legacy", "netfilter"])
    for name, tag in (("arm64-2f947e7", "apple@0.38.0"), ("x86_64-2f947e7", "apple-x86_64@0.38.0")):
        path = tmp_path / f"config-{name}"
        path.write_bytes(gzip.decompress((shared / f"kernels/apple-{name}.config.gz").read_bytes()))
        kernel, record = open_source(str(path)), open_source(f"recorded:{tag}")
        assert kernel.config.target == record.config.target
        assert kernel.provenance.blob == record.provenance.blob
        statuses = [r.status for r in audit(kernel, profiles, cilium=None).results]
        assert statuses == [r.status for r in audit(record, profiles, cilium=None).results]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_id_is_gits(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(TEXT)
    done = subprocess.run(["git", "hash-object", str(tmp_path / "f")], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == git_blob_id(TEXT)


@pytest.mark.parametrize("name", ["apple-arm64-f2dda5d", "apple-arm64-502dab6", "apple-x86_64-2f947e7"])
def test_an_edited_copy_of_a_recorded_file_says_what_it_looks_like(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One more line, and another kernel was judged without a word."""
    file = SHARED / f"kernels/{name}.config.gz"
    if not file.is_file():
        pytest.skip(f"../shared/kernels/{name}.config.gz is not here")
    text = gzip.decompress(file.read_bytes()).decode()
    path = tmp_path / "edited.config"
    path.write_text(text.replace("CONFIG_VXLAN=y\n", "CONFIG_VXLAN=y\nCONFIG_BPF_JIT=y\n"))
    main(["check", str(path)])
    out, err = capsys.readouterr()
    said = "which builds 6.18.5: give --target-kernel 6.18.5"
    assert said in " ".join(out.partition("verdict: ")[0].split())
    assert said in " ".join(err.split())
    main(["check", str(path), "--target-kernel", "6.18.5"])
    assert "looks like" not in "".join(capsys.readouterr())
    path.write_text(text)
    main(["check", str(path)])
    assert "looks like" not in "".join(capsys.readouterr())


@pytest.mark.parametrize("name", ["corpus/debian/debian-6.1-config.arm64_none_cloud-arm64", "kernels/apple-arm64-resolved-6.18.5",
                                  "kernels/kata-3.17.0-arm64"])  # fmt: skip
def test_another_file_looks_like_none(name: str, tmp_path: Path) -> None:
    file = SHARED / f"{name}.config.gz"
    if not file.is_file():
        pytest.skip(f"../shared/{name}.config.gz is not here")
    (tmp_path / "config").write_bytes(gzip.decompress(file.read_bytes()))
    assert open_source(str(tmp_path / "config")).provenance.doubt == ""
    text = (tmp_path / "config").read_text()
    (tmp_path / "config").write_text(text.replace(text.split("\n")[2], "# Linux/arm64 6.1.68 Kernel Configuration", 1))
    assert open_source(str(tmp_path / "config")).provenance.doubt == "", "the header alone says nothing"
