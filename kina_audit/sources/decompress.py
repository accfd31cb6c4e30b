"""Bounded decompression of config text: gzip, xz, lzma, bzip2 and zstd, told by their first bytes."""

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable
from typing import Any

from kina_audit.errors import SourceError, SourceTooLargeError
from kina_audit.kernel.parse import MAX_CONFIG_BYTES

_MAGICS = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\x5d\x00\x00", "lzma"),
)


def compression_of(data: bytes) -> str:
    """The name of the compression that ``data`` starts with, or an empty string."""
    return next((name for magic, name in _MAGICS if data.startswith(magic)), "")


def decompress(data: bytes, name: str, limit: int = MAX_CONFIG_BYTES) -> bytes:
    """``data`` decompressed once, or as it is when it is not compressed.

    Args:
        data: the bytes as read.
        name: what to call them in messages.
        limit: the most bytes that may come out.

    Raises:
        SourceTooLargeError: more than ``limit`` bytes would come out.
        SourceError: the data is truncated or corrupt.
    """
    kind = compression_of(data)
    if not kind:
        return data
    try:
        plain, finished = _READERS[kind](data, limit + 1)
    except (zlib.error, OSError, ValueError, EOFError, lzma.LZMAError, _zstd_error()) as error:
        raise SourceError(f"{name}: corrupt {kind} data: {error}", "Fetch or copy the file again.") from error
    if len(plain) > limit:
        raise SourceTooLargeError(
            f"{name}: more than {limit // 1024 // 1024} MiB once decompressed, which no kernel config is"
        )
    if not finished:
        raise SourceError(f"{name}: the {kind} data ends too early", "The file is truncated; fetch or copy it again.")
    return plain


def _gunzip(data: bytes, most: int) -> tuple[bytes, bool]:
    engine = zlib.decompressobj(wbits=31)
    return engine.decompress(data, most), engine.eof


def _engine(make: Callable[[], Any]) -> Callable[[bytes, int], tuple[bytes, bool]]:
    def read(data: bytes, most: int) -> tuple[bytes, bool]:
        engine = make()
        out = engine.decompress(data, max_length=most)
        while len(out) < most and not engine.eof and not engine.needs_input:
            out += engine.decompress(b"", max_length=most - len(out))
        return out, engine.eof

    return read


def _zstd_module() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def _zstd_error() -> type[Exception]:
    """Zstd's own exception, without loading zstd for data that is not zstd."""
    for name in ("compression.zstd", "backports.zstd"):
        if name in sys.modules:
            error: type[Exception] = sys.modules[name].ZstdError
            return error
    return EOFError


def _lzma() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(memlimit=128 * 1024 * 1024)


_READERS: dict[str, Callable[[bytes, int], tuple[bytes, bool]]] = {
    "gzip": _gunzip,
    "xz": _engine(_lzma),
    "lzma": _engine(_lzma),
    "bzip2": _engine(bz2.BZ2Decompressor),
    "zstd": _engine(lambda: _zstd_module().ZstdDecompressor()),
}
