"""Files, stdin and the running kernel: every compression, and one clear error for everything else."""

import bz2
import gzip
import lzma
import os
import sys
from pathlib import Path
from threading import Thread

import pytest

from kina_audit.base.bounds import CONFIG_BYTES
from kina_audit.cli import main
from kina_audit.errors import NotAConfigError, SourceError, SourceNotFoundError, SourceTooLargeError
from kina_audit.kernel.provenance import Provenance
from kina_audit.sources import open_source
from kina_audit.sources.local.file import open_file, read_bytes
from kina_audit.sources.local.running import open_running
from kina_audit.sources.options import SourceOptions

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = ("# Linux/x86 6.12.3 Kernel Configuration\nCONFIG_X86_64=y\nCONFIG_NET=y\n" + "\n" * 500).encode()
COMPRESSORS = {
    "plain": lambda b: b,
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "lzma": lambda b: lzma.compress(b, lzma.FORMAT_ALONE),
    "bzip2": bz2.compress,
    "zstd": zstd.compress,
}


@pytest.mark.parametrize("kind", COMPRESSORS)
def test_compression_is_told_by_content(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "config.misleading"
    path.write_bytes(COMPRESSORS[kind](TEXT))
    kernel = open_source(str(path))
    assert kernel.config.fact("NET").value == "y"
    assert str(kernel.config.target) == "6.12.3"
    assert kernel.config.arch == "x86_64"


@pytest.mark.parametrize("kind", [k for k in COMPRESSORS if k != "plain"])
def test_truncated_and_corrupt_data_is_one_error(kind: str) -> None:
    data = COMPRESSORS[kind](os.urandom(4000) + TEXT)
    for broken in (data[:-20], data[: len(data) // 2], data[:40]):
        with pytest.raises(SourceError):
            read_bytes(broken, Provenance("config", "file", "config"), SourceOptions())


@pytest.mark.slow
@pytest.mark.parametrize("kind", [k for k in COMPRESSORS if k != "plain"])
def test_a_bomb_stops_at_the_bound(kind: str) -> None:
    bomb = COMPRESSORS[kind](b"#" * (CONFIG_BYTES + 10_000_000))
    with pytest.raises(SourceTooLargeError):
        read_bytes(bomb, Provenance("bomb", "file", "bomb"), SourceOptions())


def test_what_is_no_file(tmp_path: Path) -> None:
    for source in (str(tmp_path / "missing"), str(tmp_path), "", "a\0b"):
        with pytest.raises(SourceError):
            open_source(source)
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(NotAConfigError, match="empty"):
        open_source(str(tmp_path / "empty"))


@pytest.mark.parametrize(
    ("source", "meant"), [("runing", "running"), ("Running", "running"), ("aple", "apple"), ("x", "")]
)
def test_a_misspelled_name_is_understood(source: str, meant: str) -> None:
    with pytest.raises(SourceNotFoundError) as caught:
        open_source(source)
    assert ("did you mean" in caught.value.message) is bool(meant)
    assert meant in caught.value.message


def test_an_endless_file_ends() -> None:
    with pytest.raises(SourceTooLargeError, match="more than 32 MiB"):
        open_source("/proc/self/pagemap", SourceOptions(max_decompressed=32))
    with pytest.raises(SourceError, match="is a device or a socket"):
        open_source("/dev/zero")


def test_running_looks_where_distributions_put_it(tmp_path: Path) -> None:
    release = "6.12.3-vendor"
    with pytest.raises(SourceNotFoundError) as caught:
        open_running(SourceOptions(), root=tmp_path, platform="linux", release=release)
    for place in ("proc/config.gz", f"boot/config-{release}", f"lib/modules/{release}/config"):
        assert place in caught.value.message
    modules = tmp_path / "usr/lib/modules" / release
    modules.mkdir(parents=True)
    (modules / "config").write_bytes(TEXT)
    kernel = open_running(SourceOptions(), root=tmp_path, platform="linux", release=release)
    assert kernel.provenance.location.endswith(f"{release}/config")
    assert str(kernel.config.target) == "6.12.3"
    assert kernel.provenance.observed is not None
    assert kernel.provenance.observed.release == release
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/config.gz").write_bytes(gzip.compress(TEXT))
    assert open_running(SourceOptions(), root=tmp_path, platform="linux", release=release).provenance.location.endswith(
        "config.gz"
    )


def test_a_place_that_cannot_be_read_is_not_the_last(tmp_path: Path) -> None:
    release = "6.12.3-vendor"
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/config.gz").write_bytes(gzip.compress(TEXT)[:-30])
    (tmp_path / "boot").mkdir()
    (tmp_path / f"boot/config-{release}").write_bytes(b"")
    said: list[str] = []
    options = SourceOptions(say=said.append)
    with pytest.raises(SourceError) as caught:
        open_running(options, root=tmp_path, platform="linux", release=release)
    assert not isinstance(caught.value, SourceNotFoundError)
    for reason in ("proc/config.gz: gzip data", f"config-{release} is empty", "lib/modules", "no such file"):
        assert reason in caught.value.message
    (tmp_path / f"boot/config-{release}").write_bytes(TEXT)
    kernel = open_running(options, root=tmp_path, platform="linux", release=release)
    assert kernel.provenance.location.endswith(f"boot/config-{release}")
    assert "trying the next place" in said[-1]


@pytest.mark.parametrize("kind", COMPRESSORS)
def test_a_file_that_cannot_be_mapped_is_read(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_named: object) -> None:
        raise OSError(5, "Input/output error")  # fs/proc/inode.c, pde_mmap

    monkeypatch.setattr("mmap.mmap", refuse)
    (tmp_path / "config").write_bytes(COMPRESSORS[kind](TEXT))
    assert open_source(str(tmp_path / "config")).config_bytes == TEXT
    image = Path(__file__).resolve().parents[1] / "fixtures/images/bzImage-xz"
    assert b"CONFIG_" in open_source(str(image)).config_bytes


def test_a_mac_is_told_what_to_use() -> None:
    with pytest.raises(SourceNotFoundError) as caught:
        open_running(SourceOptions(), platform="darwin")
    assert "installed" in caught.value.hint


def test_a_target_on_another_line_makes_the_file_an_input(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(TEXT)
    assert open_source(str(path), SourceOptions(target_kernel="6.18.5")).config.origin == "input"
    assert open_source(str(path), SourceOptions(target_kernel="6.12.9")).config.origin == "input"
    assert open_source(str(path), SourceOptions(built=True, target_kernel="6.18.5")).config.origin == "input"
    assert open_source(str(path), SourceOptions(built=True, target_kernel="6.12.9")).config.origin == "built"


@pytest.mark.parametrize("place", ["boot/config-6.12.1", "lib/modules/6.12.1/config"])
def test_a_config_where_kernels_keep_theirs_is_the_kernels_own(tmp_path: Path, place: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_bytes(TEXT)
    assert open_source(str(path)).config.origin == "built"


def test_a_named_pipe_is_read_once_somebody_writes_to_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    text = "# Linux/arm64 6.18.5 Kernel Configuration\nCONFIG_NET=y\n" + "".join(
        f"CONFIG_HAVE_THING_{i}=y\n" for i in range(40)
    )
    for data in (text.encode(), gzip.compress(text.encode())):
        writer = Thread(target=(tmp_path / "pipe").write_bytes, args=[data])
        writer.start()
        kernel = open_file(str(tmp_path / "pipe"), SourceOptions())
        writer.join()
        assert kernel.config.raw["NET"] == "y"


def test_a_pipe_that_nobody_writes_to_is_an_error_and_no_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kina_audit.sources.local.file.PIPE_SECONDS", 0)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="a pipe that nobody wrote to within 0 seconds") as caught:
        open_file(str(tmp_path / "pipe"), SourceOptions())
    assert caught.value.exit_code == 3
    assert main(["check", str(tmp_path / "pipe"), "-q"]) == 3
