"""A kernel's source archive, read as a stream: only what Kconfig needs stays on disk.

A release archive is 150 MB and unpacks to 1.5 GB; its Kconfig files are 6 MB.
"""

import json
import lzma
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any
from zlib import error as zlib_error

from kina_audit.errors import SourceError, SourceNotFoundError, SourceTooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_MEMBERS = 400_000
MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_KEPT_BYTES = 64 * 1024 * 1024
MAX_UNPACKED_BYTES = 8 * 1024 * 1024 * 1024
META = "kina-audit.json"
"""The file that says where a cached tree came from."""


def unpack_kconfig(archive: Path, target: Path, *, origin: str, say: Callable[[str], None]) -> Path:
    """Unpack an archive's Kconfig files and top Makefile into ``target``, which must not exist; atomic.

    Raises:
        SourceNotFoundError: no such file.
        SourceTooLargeError: a bound on untrusted input was hit.
        SourceError: it is no archive, corrupt, or holds no kernel tree.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=".new-"))
    try:
        say(f"reading the Kconfig files of {origin}")
        try:
            with _opened(archive) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
                scripts = _keep(tar, temporary, origin)
        except FileNotFoundError:
            raise SourceNotFoundError(f"{archive}: no such file", "Give a tree, an archive or a version.") from None
        except _broken() as error:
            raise SourceError(f"{archive}: no kernel source archive, or corrupt: {error}", "Fetch it again.") from error
        if not (temporary / "Kconfig").is_file() or not (temporary / "Makefile").is_file():
            raise SourceError(
                f"{archive}: holds no kernel tree: no Kconfig and Makefile at its top", "Give linux-*.tar.xz."
            )
        meta = {"origin": origin, "scripts": scripts}
        (temporary / META).write_text(json.dumps(meta), encoding="utf-8")
        try:
            temporary.rename(target)
        except OSError:
            # Another process was faster; its tree is as good.
            if not (target / "Kconfig").is_file():
                raise
        return target
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _keep(tar: tarfile.TarFile, folder: Path, origin: str) -> list[str]:
    kept = unpacked = members = 0
    scripts: list[str] = []
    for member in tar:
        members += 1
        unpacked += member.size
        if members > MAX_MEMBERS or unpacked > MAX_UNPACKED_BYTES:
            raise SourceTooLargeError(f"{origin}: more files than a kernel's source has")
        path = PurePosixPath(member.name)
        parts = path.parts[1:]
        if not member.isreg() or not parts or path.is_absolute() or ".." in path.parts:
            continue
        if parts[0] == "scripts" and len(parts) == 2 and parts[1].endswith(".sh"):
            scripts.append(parts[1])
        if parts != ("Makefile",) and "Kconfig" not in parts[-1]:
            continue
        kept += member.size
        if member.size > MAX_FILE_BYTES or kept > MAX_KEPT_BYTES:
            raise SourceTooLargeError(f"{origin}: {member.name} is larger than any Kconfig file")
        file = tar.extractfile(member)
        if file is None:
            continue
        target = folder.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read(MAX_FILE_BYTES))
    return sorted(scripts)


@contextmanager
def _opened(archive: Path) -> "Iterator[IO[bytes]]":
    """The archive's tar stream, decompressed while it is read."""
    with open(archive, "rb") as file:
        start = file.read(6)
        file.seek(0)
        opener = next((make for magic, make in _OPENERS if start.startswith(magic)), None)
        if opener is None:
            yield file
            return
        with opener(file) as stream:
            yield stream


def _gzip(file: IO[bytes]) -> Any:
    import gzip

    return gzip.GzipFile(fileobj=file)


def _bzip2(file: IO[bytes]) -> Any:
    import bz2

    return bz2.BZ2File(file)


def _zstd_file(file: IO[bytes]) -> Any:
    return _zstd().ZstdFile(file)


_OPENERS: tuple[tuple[bytes, Callable[[IO[bytes]], Any]], ...] = (
    (b"\xfd7zXZ", lzma.LZMAFile),
    (b"\x1f\x8b", _gzip),
    (b"BZh", _bzip2),
    (b"\x28\xb5\x2f\xfd", _zstd_file),
)


def _zstd() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def _broken() -> tuple[type[Exception], ...]:
    """Everything that a damaged archive raises."""
    return (tarfile.TarError, lzma.LZMAError, zlib_error, EOFError, OSError, _zstd().ZstdError)
