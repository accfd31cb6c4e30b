"""The data files that ship with the package, in a wheel, an editable install or a plain checkout.

Profiles and other knowledge are TOML for people. Parsing it is slow, so a build puts every document into one JSON file,
each with the digest of its TOML; a document whose TOML has changed since is parsed again, so an edit in a checkout is
seen at once.
"""

import json
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parents[1]
_COMPILED = "compiled.json"


def data_file(name: str) -> Path:
    """The path of a file or folder in the package's own ``data`` folder."""
    return _PACKAGE / "data" / name


@cache
def profiles_folder() -> Path:
    """The folder of built-in profiles: inside an installed wheel, else the checkout's top-level ``profiles``."""
    installed = data_file("profiles")
    return installed if installed.is_dir() else _PACKAGE.parent / "profiles"


def toml_document(path: Path) -> dict[str, Any]:
    """A packaged TOML file as a dictionary.

    Raises:
        OSError: it cannot be read.
        tomllib.TOMLDecodeError: it is not TOML (in a checkout being edited).
    """
    data = path.read_bytes()
    entry = compiled.get(_key(path)) if (compiled := _compiled()) else None
    if entry is not None and entry["digest"] == _digest(data):
        document: dict[str, Any] = entry["document"]
        return document
    return _parsed(data)


@cache
def _parsed(data: bytes) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(data.decode("utf-8"))


def compile_documents(target: Path | None = None) -> Path:
    """Write the compiled file for every packaged TOML file; called by the build.

    Keys stay in the order of the files: what is said of several keys is said in that order.
    """
    entries = {}
    for path in [*sorted(profiles_folder().rglob("*.toml")), *sorted(data_file("").rglob("*.toml"))]:
        data = path.read_bytes()
        document = _parsed(data)
        try:
            json.dumps(document)
        except TypeError:  # TOML dates have no JSON form; such a file is parsed at run time
            continue
        entries[_key(path)] = {"digest": _digest(data), "document": document}
    target = target or data_file(_COMPILED)
    target.write_text(json.dumps(entries, separators=(",", ":")), encoding="utf-8")
    return target


def _key(path: Path) -> str:
    """A name that is the same in a checkout and in a wheel, where ``profiles`` moves into ``data``."""
    for base, prefix in ((profiles_folder(), "profiles/"), (data_file(""), "")):
        if path.is_relative_to(base):
            return prefix + path.relative_to(base).as_posix()
    return ""


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()


@cache
def _compiled() -> dict[str, Any]:
    try:
        text = data_file(_COMPILED).read_bytes()
    except OSError:
        return {}
    entries: dict[str, Any] = json.loads(text)
    return entries
