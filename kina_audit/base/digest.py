"""Digests of texts of kilobytes. ``hashlib`` loads OpenSSL, a fourth of bare Python's start, which pays from the third text on."""

from importlib import import_module
from typing import Any

_ENOUGH = 500_000
"""Bytes after which OpenSSL, several times as fast, is worth loading."""


def _built_in(name: str, *modules: str) -> Any:
    """An algorithm as Python has it built in: modules of that have other names in other versions, and may not be there."""
    for module in modules:
        try:
            return getattr(import_module(module), name)
        except ImportError:
            continue
    return getattr(import_module("hashlib"), name)


_left = _ENOUGH
_algorithms = {"sha1": _built_in("sha1", "_sha1"), "sha256": _built_in("sha256", "_sha2", "_sha256")}


def sha256_hex(data: bytes) -> str:
    """The digest in 64 hexadecimal digits."""
    return _hex("sha256", data)


def git_blob_id(data: bytes) -> str:
    """The id that git gives these bytes, in 40 hexadecimal digits."""
    return _hex("sha1", b"blob %d\0" % len(data) + data)


def _hex(name: str, data: bytes) -> str:
    global _left
    if _left > 0 >= (_left := _left - len(data)):
        import hashlib

        _algorithms.update(sha1=hashlib.sha1, sha256=hashlib.sha256)
    text: str = _algorithms[name](data, usedforsecurity=False).hexdigest()
    return text
