"""A kernel's source archive, read as a stream: only what Kconfig needs stays on disk.

A release archive is 150 MB and unpacks to 1.5 GB; its Kconfig files are 6 MB.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from kina_audit.base.bounds import KCONFIG_BYTES, KCONFIG_FILE, TREE_DEPTH, TREE_FILES, TREE_FOLDERS, TREE_UNPACKED
from kina_audit.base.files import open_regular
from kina_audit.base.near import near_file
from kina_audit.errors import SourceError, SourceNotFoundError, SourceTooLargeError
from kina_audit.kernel.compression.corrupt import CorruptData
from kina_audit.kernel.compression.expansion import Expansion, compression_of
from kina_audit.kernel.compression.limits import ArchiveBudget, Limits
from kina_audit.kernel.compression.reader import CallReader, Reader
from kina_audit.sources.archive import tar

META = "kina-audit.json"
"""The file that says where a cached tree came from."""


def unpack_kconfig(archive: Path, target: Path, *, origin: str, say: Callable[[str], None]) -> Path:
    """Unpack an archive's Kconfig files and top Makefile into ``target``, which must not exist; atomic.

    Raises:
        SourceNotFoundError: no such file.
        SourceTooLargeError: a bound on untrusted input was hit.
        SourceError: it is no archive, corrupt, or holds no kernel tree.
    """
    with writable(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=".new-"))
    try:
        say(f"reading the Kconfig files of {origin}")
        try:
            with open_regular(archive) as file:
                scripts, root = _keep(_expanded(CallReader(file.read), origin), temporary, origin)
        except FileNotFoundError:
            raise SourceNotFoundError(
                f"{archive}: no such file{near_file(archive)}", "Give a tree, an archive or a version."
            ) from None
        except (CorruptData, OSError, ValueError) as error:
            raise SourceError(f"{archive}: no kernel source archive, or corrupt: {error}", "Fetch it again.") from error
        if root is None:
            raise SourceError(
                f"{archive}: holds no kernel tree: no Kconfig and Makefile at its top", "Give linux-*.tar.xz."
            )
        meta = {"origin": origin, "scripts": scripts}
        with writable(target.parent):
            (root / META).write_text(json.dumps(meta), encoding="utf-8")
            if target.exists() and not is_kept(target):
                shutil.rmtree(target)
            try:
                root.rename(target)
            except OSError:
                # Another process was faster; its tree is as good.
                if not is_kept(target):
                    raise
        return target
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def is_kept(folder: Path) -> bool:
    """Whether an unpacked tree is there, and whole as far as a glance tells."""
    return all((folder / name).is_file() for name in (META, "Kconfig", "Makefile"))


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Writing to the cache.

    Raises:
        SourceError: it cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise SourceError(
            f"{folder}: the cache cannot be written: {error.strerror}",
            "Set KINA_AUDIT_CACHE to a folder that can, or give an unpacked source folder.",
        ) from error


def _keep(archive: Reader, folder: Path, origin: str) -> tuple[list[str], Path | None]:
    """The names of the tree's scripts, and the folder of what was kept that is the tree: the archive's top, or one in it."""
    kept = unpacked = files = 0
    scripts: list[tuple[str, ...]] = []
    folders: set[PurePosixPath] = set()
    for member in tar.members(archive, origin):
        unpacked += member.size
        if unpacked > TREE_UNPACKED:
            raise SourceTooLargeError(f"{origin}: larger than a kernel's source")
        parts = PurePosixPath(member.name).parts
        if member.link or not parts or parts[0] == "/" or ".." in parts or META in parts:
            continue
        if parts[-2:-1] == ("scripts",) and len(parts) <= 3 and parts[-1].endswith(".sh"):
            scripts.append(parts)
        if not (parts[-1] == "Makefile" and len(parts) <= 2) and "Kconfig" not in parts[-1]:
            continue
        kept += member.size
        files += 1
        if member.size > KCONFIG_FILE or kept > KCONFIG_BYTES:
            raise SourceTooLargeError(f"{origin}: {member.name[:200]} is larger than any Kconfig file")
        inside = PurePosixPath(*parts[:-1])
        if len(parts) <= TREE_DEPTH:
            folders |= {inside, *inside.parents}
        if len(parts) > TREE_DEPTH or files > TREE_FILES or len(folders) > TREE_FOLDERS:
            raise SourceTooLargeError(f"{origin}: more or deeper folders with Kconfig files than a kernel's source has")
        target = folder.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(member.content.read_exactly(member.size))
    roots = [folder, *sorted(p for p in folder.iterdir() if p.is_dir())]
    root = next((p for p in roots if (p / "Kconfig").is_file() and (p / "Makefile").is_file()), None)
    if root is None:
        return [], None
    above = root.relative_to(folder).parts
    return sorted(p[-1] for p in scripts if p[:-2] == above), root


def _expanded(reader: Reader, origin: str) -> Reader:
    """The tar archive inside whatever compresses it."""
    compression = compression_of(reader.peek(16))
    if not compression:
        return reader
    limits = Limits()
    budget = ArchiveBudget(limits, origin, lambda: reader.offset)
    return Expansion(reader, compression, budget, where=f"its {compression} data", window=limits.window)
