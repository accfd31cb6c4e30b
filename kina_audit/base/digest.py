"""Digests as Python has them built in, for texts of kilobytes; ``hashlib`` would load OpenSSL, a fourth of bare Python's start."""

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


def sha256_hex(data: bytes) -> str:
    """The digest in 64 hexadecimal digits."""
    return _hex(_sha256(data))


def git_blob_id(data: bytes) -> str:
    """The id that git gives these bytes, in 40 hexadecimal digits."""
    return _hex(_sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False))


def _hex(digest: Any) -> str:
    text: str = digest.hexdigest()
    return text
