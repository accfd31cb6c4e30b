"""Where kernel trees come from: a source folder, an archive, or a version that kernel.org has."""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any

from kina_audit.base.bounds import CACHE_BYTES, TREE_ARCHIVE
from kina_audit.base.datatype import datatype
from kina_audit.base.files import read_regular
from kina_audit.base.json_text import read_json
from kina_audit.base.near import near_file
from kina_audit.errors import SourceError, SourceNotFoundError, UsageError
from kina_audit.sources.network.cache import cache_folder
from kina_audit.sources.options import SourceOptions
from kina_audit.sources.tree.archive import META, is_kept, unpack_kconfig, writable

KERNEL_HOSTS = ("cdn.kernel.org", "www.kernel.org", "kernel.org")
_VERSION = re.compile(r"v?(\d{1,2})\.(\d{1,3})(?:\.(\d{1,4}))?(-rc\d{1,2})?")
_SUM = re.compile(r"^([0-9a-f]{64})\s+(\S+)$", re.MULTILINE)


@datatype
class TreePlace:
    """A kernel tree's files on this machine.

    Attributes:
        root: the folder with Kconfig and Makefile.
        origin: what it is, for people: the path or archive, or ``Linux 6.18.5 from kernel.org``.
        complete: whether it is a whole source tree, so that its own probes could run.
    """

    root: Path
    origin: str
    complete: bool


def find_tree(spec: str, options: SourceOptions, *, transport: Any = None) -> TreePlace:
    """The tree that ``spec`` names: a folder, an archive, or a version.

    Args:
        spec: a path, or a version such as ``6.18.5``.
        options: cache folder, offline and progress.
        transport: an httpx transport, for tests.

    Raises:
        SourceNotFoundError: nothing there, or no such version.
        SourceError: it cannot be read, or its digest is not the published one.
        UsageError: empty.
    """
    if not spec:
        raise UsageError("--kernel-tree is empty", "Give a source tree, an archive of one, or a version.")
    path = Path(spec).expanduser()
    if path.is_dir():
        return TreePlace(path.resolve(), spec, complete=(path / "scripts").is_dir())
    trees = cache_folder(options.cache) / "trees"
    if path.is_file():
        status = path.stat()
        key = sha256(f"{path.resolve()}\0{status.st_size}\0{status.st_mtime_ns}".encode()).hexdigest()[:16]
        target = trees / f"{_plain(path.name)}-{key}"
        if not is_kept(target):
            unpack_kconfig(path, target, origin=spec, say=options.progress)
        return TreePlace(target, spec, complete=False)
    named = trees / spec
    if os.sep not in spec and is_kept(named):
        return TreePlace(named, _origin(named), complete=False)
    match = _VERSION.fullmatch(spec)
    if match is None:
        raise SourceNotFoundError(
            f"{spec}: no such kernel tree{near_file(spec)}",
            "Give a source folder, linux-*.tar.xz, or a version such as 6.18.5.",
        )
    version = f"{match[1]}.{match[2]}" + (f".{match[3]}" if match[3] and match[3] != "0" else "") + (match[4] or "")
    target = trees / f"linux-{version}"
    if not is_kept(target):
        if options.offline:
            raise SourceNotFoundError(f"Linux {version} is not in the cache, and --offline is given", "Drop --offline.")
        _fetch(version, match[1], target, options, transport)
    return TreePlace(target, f"Linux {version} from kernel.org", complete=False)


def _fetch(version: str, major: str, target: Path, options: SourceOptions, transport: Any) -> None:
    from kina_audit.sources.network.http import download

    if "-rc" in version:
        raise SourceNotFoundError(
            f"Linux {version}: kernel.org publishes no digests of release candidates", "Give a source tree instead."
        )
    base = f"https://cdn.kernel.org/pub/linux/kernel/v{major}.x"
    name = f"linux-{version}.tar.xz"
    sums: list[bytes] = []
    download(f"{base}/sha256sums.asc", sums.append, hosts=KERNEL_HOSTS, limit=4 * 1024 * 1024, transport=transport)
    published = {file: digest for digest, file in _SUM.findall(b"".join(sums).decode("utf-8", "replace"))}
    if name not in published:
        raise SourceNotFoundError(f"kernel.org has no {name}", "Check the version; longterm ones are there as 6.12.30.")
    digest = sha256()
    with ExitStack() as stack:
        with writable(target.parent):
            target.parent.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(tempfile.NamedTemporaryFile(dir=target.parent, prefix=".fetch-"))

        def sink(part: bytes) -> None:
            digest.update(part)
            with writable(target.parent):
                file.write(part)

        download(
            f"{base}/{name}", sink, hosts=KERNEL_HOSTS, limit=TREE_ARCHIVE, transport=transport,
            progress=_progress(name, options.progress),
        )  # fmt: skip
        file.flush()
        if digest.hexdigest() != published[name]:
            raise SourceError(
                f"{name}: its sha256 is not the one kernel.org publishes; not used", "Fetch again, or mind your proxy."
            )
        unpack_kconfig(Path(file.name), target, origin=f"Linux {version} from kernel.org", say=options.progress)


def _progress(name: str, say: Callable[[str], None]) -> Callable[[int, int], None]:
    told = -1

    def progress(done: int, total: int) -> None:
        nonlocal told
        part = done * 10 // total if total else done // (32 * 1024 * 1024)
        if part != told:
            told = part
            of = f" of {total // 1024 // 1024}" if total else ""
            say(f"fetching {name}: {done // 1024 // 1024}{of} MiB")

    return progress


def cached_trees(options: SourceOptions) -> Iterator[tuple[str, str, int]]:
    """(name, origin, bytes) of every tree in the cache."""
    folder = cache_folder(options.cache) / "trees"
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if (path / META).is_file():
            yield path.name, _origin(path), sum(p.stat().st_size for p in path.rglob("*") if p.is_file())


def remove_tree(name: str, options: SourceOptions) -> None:
    """Delete a cached tree.

    Raises:
        SourceNotFoundError: there is none of that name.
        SourceError: it cannot be deleted.
    """
    folder = cache_folder(options.cache) / "trees"
    for candidate in (name, f"linux-{name}"):
        if candidate in {n for n, _, _ in cached_trees(options)}:
            with writable(folder):
                shutil.rmtree(folder / candidate)
            return
    raise SourceNotFoundError(f"{name}: no such tree in the cache", "List them with `kina-audit tree list`.")


def _origin(path: Path) -> str:
    try:
        return str(read_json(read_regular(path / META, CACHE_BYTES))["origin"])
    except (OSError, ValueError, KeyError, TypeError):
        return path.name


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", name.split(".tar", maxsplit=1)[0])[:60]


def load_document(key: str, options: SourceOptions) -> str | None:
    """A cached document, or None."""
    try:
        return read_regular(cache_folder(options.cache) / "models" / f"{key}.json", CACHE_BYTES).decode()
    except (OSError, ValueError):
        return None


def save_document(key: str, text: str, options: SourceOptions) -> None:
    """Cache a document, atomically; a folder that cannot be written costs only the cache."""
    folder = cache_folder(options.cache) / "models"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".new-")
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(temporary).replace(folder / f"{key}.json")
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError:
        pass
