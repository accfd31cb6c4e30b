"""The kernel that Apple container boots: the link decides, the image tells its version."""

import time
from pathlib import Path

import pytest

from kina_audit.errors import NoIkconfigError, SourceError, SourceNotFoundError
from kina_audit.sources import open_source
from kina_audit.sources.local.installed import open_installed, set_command
from kina_audit.sources.options import SourceOptions
from kina_audit.sources.recorded import records

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


@pytest.fixture
def app_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An application folder whose link leads to a kernel with a misleading name, and no `container` on PATH."""
    kernels = tmp_path / "app" / "kernels"
    kernels.mkdir(parents=True)
    (kernels / "vmlinux-9.9.9-1").write_bytes((FIXTURES / "images/Image").read_bytes())
    (kernels / "default.kernel-arm64").symlink_to(kernels / "vmlinux-9.9.9-1")
    monkeypatch.setenv("CONTAINER_APP_ROOT", str(tmp_path / "app"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def fake_container(folder: Path, version: str) -> None:
    (folder / "bin").mkdir(exist_ok=True)
    program = folder / "bin" / "container"
    program.write_text(f"#!/bin/sh\necho 'container CLI version {version} (build: release, commit: 0123456)'\n")
    program.chmod(0o755)


def test_the_version_is_the_images_own(app_root: Path) -> None:
    kernel = open_source("installed")
    assert str(kernel.config.target) == "6.12.3"
    assert kernel.provenance.kind == "installed"
    assert kernel.provenance.location.endswith("vmlinux-9.9.9-1")
    assert kernel.provenance.notes == ()


def test_an_old_kernel_under_a_new_container_is_said_with_the_command(app_root: Path) -> None:
    fake_container(app_root, "1.4.1")
    said: list[str] = []
    kernel = open_source("installed", SourceOptions(say=said.append))
    (note,) = kernel.provenance.notes
    assert "Linux 6.12.3, and container 1.4.1 would choose 6.18.35" in note
    assert "container system kernel set --recommended --force" in note
    assert note in said


@pytest.mark.parametrize(("version", "notes"), [("0.1.0", 1), ("9.9.9", 1)])
def test_other_releases(app_root: Path, version: str, notes: int) -> None:
    fake_container(app_root, version)
    found = open_source("installed").provenance.notes
    assert len(found) == notes
    assert ("--force" in found[0]) is False


def test_a_kernel_as_new_as_chosen_needs_nothing(app_root: Path) -> None:
    image = (FIXTURES / "images/Image-no-banner").read_bytes()
    assert b"6.12.3" not in image  # compressed: only the config's header tells
    fake_container(app_root, "0.8.0")  # chooses 6.12.28
    assert "would choose 6.12.28" in open_source("installed").provenance.notes[0]


def test_what_is_not_there(app_root: Path) -> None:
    with pytest.raises(SourceNotFoundError, match=r"no kernel for x86_64.*default\.kernel-amd64"):
        open_source("installed", SourceOptions(arch="x86_64"))
    link = app_root / "app/kernels/default.kernel-arm64"
    link.unlink()
    link.symlink_to("/nowhere/vmlinux")
    with pytest.raises(SourceError, match="leads to /nowhere/vmlinux"):
        open_source("installed")


def test_the_usual_place_is_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONTAINER_APP_ROOT", raising=False)
    monkeypatch.setenv("PATH", "")
    kernels = tmp_path / "Library/Application Support/com.apple.container/kernels"
    kernels.mkdir(parents=True)
    (kernels / "default.kernel-amd64").write_bytes((FIXTURES / "images/bzImage-gzip").read_bytes())
    assert open_installed(SourceOptions(arch="x86_64"), home=tmp_path).provenance.found_in[0] == "x86 bzImage"


def test_flags_differ_by_release() -> None:
    assert set_command("0.4.1") == "container system kernel set --recommended"
    assert set_command("0.5.0").endswith("--force")

    assert set_command("1.4.1", "x86_64") == "container system kernel set --arch amd64 --binary FILE --force"


def test_container_chooses_no_kernel_for_x86(app_root: Path) -> None:
    """The kernels it chooses are arm64's, and --recommended would install one of those."""
    link = app_root / "app/kernels/default.kernel-amd64"
    link.symlink_to(FIXTURES / "images/bzImage-gzip")
    fake_container(app_root, "1.4.1")
    options = SourceOptions(arch="x86_64")
    assert open_source("installed", options).provenance.notes == ()
    link.unlink()
    link.symlink_to("/nowhere/vmlinux")
    with pytest.raises(SourceError) as caught:
        open_source("installed", options)
    assert "container system kernel set --arch amd64 --binary FILE --force" in caught.value.hint


def test_a_kernel_without_its_config_names_the_command_too(app_root: Path) -> None:
    fake_container(app_root, "1.4.1")
    (app_root / "app/kernels/vmlinux-9.9.9-1").write_bytes((FIXTURES / "images/Image-no-ikconfig").read_bytes())
    with pytest.raises(NoIkconfigError, match=r"Linux 6\.12\.3-fixture was built without") as caught:
        open_source("installed")
    assert "container system kernel set --recommended --force" in caught.value.hint


@pytest.mark.slow
def test_a_container_that_does_not_answer_is_none(app_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kina_audit.sources.local import installed

    (app_root / "bin").mkdir()
    program = app_root / "bin/container"
    program.write_text("#!/bin/sh\n/bin/sleep 30 & wait\n")
    program.chmod(0o755)
    monkeypatch.setattr(installed, "_SECONDS", 0.5)
    begun = time.monotonic()
    assert open_source("installed").provenance.notes == ()
    assert time.monotonic() - begun < 20


def test_every_default_kernel_of_container_is_known() -> None:
    kata = [r for r in records() if r.family == "kata"]
    for release, target in (("0.8.0", "6.12.28"), ("0.11.0", "6.18.5"), ("1.2.2", "6.18.15"), ("1.4.1", "6.18.35")):
        (record,) = [r for r in kata if r.booted_by(release)]
        assert record.ranges[-1].target.startswith(f"{target}-")
