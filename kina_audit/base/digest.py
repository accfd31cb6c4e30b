"""Digests of texts of kilobytes. ``hashlib`` loads OpenSSL, a fourth of bare Python's start, which pays from the third text on."""

from typing import Any

try:
    from _sha1 import sha1 as _sha1  # type: ignore[import-not-found,unused-ignore]

    from _sha2 import sha256 as _sha256  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    try:
        from _sha1 import sha1 as _sha1  # type: ignore[import-not-found,unused-ignore]
        from _sha256 import sha256 as _sha256  # type: ignore[import-not-found,unused-ignore]  # Python 3.11
    except ImportError:
        from hashlib import sha1 as _sha1
        from hashlib import sha256 as _sha256

_ENOUGH = 500_000
"""Bytes after which OpenSSL, several times as fast, is worth loading."""
_left = _ENOUGH


def sha256_hex(data: bytes) -> str:
    """The digest in 64 hexadecimal digits."""
    return _hex(_sha256, data)


def git_blob_id(data: bytes) -> str:
    """The id that git gives these bytes, in 40 hexadecimal digits."""
    return _hex(_sha1, b"blob %d\0" % len(data) + data)


def _hex(algorithm: Any, data: bytes) -> str:
    global _left, _sha1, _sha256
    if _left > 0 >= (_left := _left - len(data)):
        import hashlib

        # Another thread may have been here meanwhile.
        algorithm = {_sha1: hashlib.sha1, _sha256: hashlib.sha256}.get(algorithm, algorithm)
        _sha1, _sha256 = hashlib.sha1, hashlib.sha256
    text: str = algorithm(data, usedforsecurity=False).hexdigest()
    return text
