"""The data files that ship with the package, in a wheel, an editable install or a plain checkout.

Profiles and other knowledge are TOML for people. Parsing it is slow, so a build puts every document as JSON into one
file, under a checksum and an index of what each was made from. In a checkout a document whose TOML has changed since is
parsed again, so an edit is seen at once; what an installer put there is taken as it was built. A compiled file that is
not whole (a full disk, a build that was killed, another version's) is as none.
"""

import json
import os
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

_PACKAGE = Path(__file__).resolve().parents[1]
_COMPILED = "compiled.jsonl"


class Listed:
    """A packaged TOML file, as far as it is known without reading it.

    Attributes:
        path: the file.
        name: its path below its folder, without the suffix.
        id: what its document says of that; empty: nothing.
        tags: those of its document.
    """

    def __init__(self, path: str, name: str, id: str, tags: Sequence[str]) -> None:  # noqa: A002
        self.path, self.name, self.id, self.tags = path, name, id, tags


def data_file(name: str) -> Path:
    """The path of a file or folder in the package's own ``data`` folder."""
    return _PACKAGE / "data" / name


@cache
def profiles_folder() -> Path:
    """The folder of built-in profiles: inside an installed wheel, else the checkout's top-level ``profiles``."""
    installed = data_file("profiles")
    return installed if installed.is_dir() else _PACKAGE.parent / "profiles"


def toml_document(path: Path | str) -> dict[str, Any]:
    """A packaged TOML file as a dictionary, which is the caller's to read and nobody's to change.

    Raises:
        OSError: it cannot be read.
        tomllib.TOMLDecodeError: it is not TOML (in a checkout being edited).
    """
    return _document(str(path))


def listed_profiles() -> Iterator[Listed]:
    """Every file below `profiles_folder`, in no order.

    Raises:
        OSError: one cannot be read.
        tomllib.TOMLDecodeError: one is not TOML (in a checkout being edited).
    """
    base = str(profiles_folder())
    for path in _files(base):
        entry = _current(path)
        document = _document(path) if entry is None else entry
        yield Listed(
            path, path[len(base) + 1 : -5].replace(os.sep, "/"), document.get("id", ""), document.get("tags", ())
        )


def compile_documents(target: Path | None = None) -> Path:
    """Write the compiled file for every packaged TOML file; called by the build.

    Keys stay in the order of the files: what is said of several keys is said in that order.
    """
    index: dict[str, Any] = {}
    lines: list[bytes] = []
    start = 0
    for path in sorted(p for folder in (str(profiles_folder()), str(data_file(""))) for p in _files(folder)):
        state = _state(path)  # before what it says: an edit between the two is seen
        data = Path(path).read_bytes()
        document = _parsed(data)
        try:
            line = json.dumps(document, separators=(",", ":")).encode("ascii")
        except TypeError:  # TOML dates have no JSON form; such a file is parsed at run time
            continue
        entry = {"from": state, "digest": _digest(data), "place": [start, start + len(line)]}
        index[_key(path)] = entry | {k: document[k] for k in ("id", "tags") if k in document}
        lines.append(line)
        start += len(line) + 1
    target = target or data_file(_COMPILED)
    _replace(target, b"\n".join([json.dumps(index, separators=(",", ":")).encode("ascii"), *lines]) + b"\n")
    return target


def _replace(target: Path, content: bytes) -> None:
    """Write the file under its checksum; who reads it meanwhile has the old one."""
    beside = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        beside.write_bytes(b"%08x\n" % crc32(content) + content)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _files(folder: str) -> Iterator[str]:
    """The TOML files below a folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".toml"):
                yield entry.path
            elif entry.is_dir():
                yield from _files(entry.path)


def _state(path: str) -> list[int]:
    """What differs once a file was written again: its times in nanoseconds, and its size in bytes.

    The time of the last change too, which no ``touch -r``, ``cp -p`` or ``rsync -t`` sets back.
    """
    held = os.stat(path)  # noqa: PTH116  (two hundred of them at every start)
    return [held.st_mtime_ns, held.st_ctime_ns, held.st_size]


def _current(path: str) -> dict[str, Any] | None:
    """What the index says of a file, if that is still what was compiled."""
    entry: dict[str, Any] | None = _compiled()[0].get(_key(path))
    if entry is None or _is_installed() or entry["from"] == _state(path):
        return entry
    return entry if entry["digest"] == _digest(Path(path).read_bytes()) else None


def _document(path: str) -> dict[str, Any]:
    entry = _current(path)
    return _parsed(Path(path).read_bytes()) if entry is None else _part(*entry["place"])


@cache
def _part(start: int, end: int) -> dict[str, Any]:
    _, held, first = _compiled()
    document: dict[str, Any] = json.loads(held[first + start : first + end])
    return document


@cache
def _parsed(data: bytes) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(data.decode("utf-8"))


@cache
def _is_installed() -> bool:
    return profiles_folder().is_relative_to(_PACKAGE)


@cache
def _bases() -> tuple[tuple[str, str], ...]:
    return ((f"{profiles_folder()}{os.sep}", "profiles/"), (f"{data_file('')}{os.sep}", ""))


def _key(path: str) -> str:
    """A name that is the same in a checkout and in a wheel, where ``profiles`` moves into ``data``."""
    for base, prefix in _bases():
        if path.startswith(base):
            return prefix + path[len(base) :].replace(os.sep, "/")
    return ""


def _digest(data: bytes) -> str:
    from hashlib import blake2b

    return blake2b(data, digest_size=16).hexdigest()


@cache
def _compiled() -> tuple[dict[str, Any], bytes, int]:
    """The index, the whole file, and where the documents begin in it; nothing where the file is not what a build wrote."""
    try:
        held = data_file(_COMPILED).read_bytes()
    except OSError:
        return {}, b"", 0
    head = held.find(b"\n") + 1
    if held[: head - 1] != b"%08x" % crc32(memoryview(held)[head:]):
        return {}, b"", 0
    first = held.find(b"\n", head) + 1
    return json.loads(held[head:first]), held, first
