"""Folders: a build tree, a root file system, Kata's folder of kernels; nothing outside of them is read."""

from errno import EACCES
from pathlib import Path

import pytest

from kina_audit.errors import SourceError, SourceNotFoundError
from kina_audit.sources import open_source

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
CONFIG = (FIXTURES / "images.config").read_bytes()
OTHER = CONFIG + b"CONFIG_EFI=y\n"


def put(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def test_a_build_tree_gives_its_config_and_release(tmp_path: Path) -> None:
    put(tmp_path, {".config": CONFIG, "include/config/kernel.release": b"6.12.3-built\n", "boot/config-1": OTHER})
    kernel = open_source(str(tmp_path))
    assert kernel.provenance.location == f"{tmp_path}/.config"
    assert kernel.provenance.kernel_release == "6.12.3-built"
    assert kernel.provenance.kind == "directory"


@pytest.mark.parametrize(
    "place", ["boot/config-6.1", "lib/modules/6.1/config", "usr/lib/modules/6.1/config", "config-6.1"]
)
def test_a_root_file_system(tmp_path: Path, place: str) -> None:
    put(tmp_path, {place: CONFIG, "boot/vmlinuz-6.1": b"\x7fELF" + bytes(100)})
    kernel = open_source(str(tmp_path))
    assert kernel.provenance.location == f"{tmp_path}/{place}"
    assert kernel.config_bytes == CONFIG


def test_an_image_when_there_is_no_config(tmp_path: Path) -> None:
    put(tmp_path, {"boot/vmlinuz-6.1": (FIXTURES / "images/bzImage-zstd").read_bytes()})
    assert open_source(str(tmp_path)).provenance.found_in[0] == "x86 bzImage"


def test_several_are_listed(tmp_path: Path) -> None:
    put(tmp_path, {"boot/config-1": CONFIG, "boot/config-2": OTHER})
    with pytest.raises(SourceError, match="boot/config-1, boot/config-2") as caught:
        open_source(str(tmp_path))
    assert f"{tmp_path}/boot/config-1" in caught.value.hint


def test_katas_folder_follows_its_link(tmp_path: Path) -> None:
    put(tmp_path, {"vmlinux-1": (FIXTURES / "images/Image").read_bytes(), "config-1": CONFIG, "config-2": OTHER})
    (tmp_path / "vmlinux.container").symlink_to("vmlinux-1")
    assert open_source(str(tmp_path)).provenance.location == f"{tmp_path}/config-1"
    (tmp_path / "config-1").unlink()
    assert open_source(str(tmp_path)).provenance.location == f"{tmp_path}/vmlinux-1"


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = put(tmp_path / "outside", {"config": CONFIG})
    root = tmp_path / "root"
    (root / "boot").mkdir(parents=True)
    (root / "boot/config-1").symlink_to(outside / "config")
    with pytest.raises(SourceNotFoundError):
        open_source(str(root))
    (root / "lib").symlink_to(outside)
    put(outside, {"modules/6.1/config": CONFIG})
    with pytest.raises(SourceNotFoundError):
        open_source(str(root))


def test_an_absolute_link_is_taken_from_the_folders_own_root(tmp_path: Path) -> None:
    put(tmp_path, {"usr/share/config": CONFIG})
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot/config-1").symlink_to("/usr/share/config")
    assert open_source(str(tmp_path)).config_bytes == CONFIG


def test_a_file_in_a_folder_can_be_named(tmp_path: Path) -> None:
    put(tmp_path, {".config": CONFIG, "boot/config-2": OTHER, "odd/place": OTHER})
    for member in ("boot/config-2", "./boot/config-2", "config-2", "odd/place"):
        kernel = open_source(f"{tmp_path}!{member}")
        assert kernel.config_bytes == OTHER
    for member in ("boot/config-3", "../outside", "/etc/passwd"):
        with pytest.raises(SourceNotFoundError, match="no member"):
            open_source(f"{tmp_path}!{member}")
    assert open_source(f"{tmp_path}!.config").config_bytes == CONFIG


def test_a_link_that_leads_out_is_said_to(tmp_path: Path) -> None:
    put(tmp_path, {"config": CONFIG})
    root = put(tmp_path / "root", {"readme": b""})
    for target in ("../config", tmp_path / "config"):
        (root / ".config").symlink_to(target)
        with pytest.raises(SourceNotFoundError) as caught:
            open_source(str(root))
        assert "Links to what is not in it: .config." in caught.value.hint
        (root / ".config").unlink()


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match="no kernel config and no kernel image"):
        open_source(str(tmp_path))


def test_a_folder_that_cannot_be_read_is_not_called_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: object) -> object:
        raise PermissionError(EACCES, "Permission denied", str(path))

    monkeypatch.setattr("kina_audit.sources.local.directory.os.scandir", refused)
    with pytest.raises(SourceError, match="cannot be read: Permission denied"):
        open_source(str(tmp_path))


def test_a_folder_of_configs_by_other_names_is_told_so(tmp_path: Path) -> None:
    """It said that no kernel config is in it."""
    for name in ("node b.config", "a.config", "notes.txt"):
        (tmp_path / name).write_bytes(CONFIG)
    with pytest.raises(SourceNotFoundError, match=r"it has a\.config, node b\.config$") as caught:
        open_source(str(tmp_path))
    assert f"Name one, for example {tmp_path}/a.config; `kina-audit matrix {tmp_path}`" in caught.value.hint
    with pytest.raises(SourceNotFoundError, match="no member x"):
        open_source(f"{tmp_path}!x")
