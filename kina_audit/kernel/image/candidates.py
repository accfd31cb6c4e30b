"""Places in an unknown image where compressed data may start, for boot wrappers that have no header of their own."""

import lzma
from collections.abc import Callable

from kina_audit.kernel.compression.expansion import MAGICS
from kina_audit.kernel.compression.limits import Limits
from kina_audit.kernel.image.markers import find

MOST_EACH = 64
"""Candidates tried for one kind of compression; a real image has one or two of each, chance gives a few more."""

_GZIP_RESERVED = 0xE0  # RFC 1952 2.3.1: these flag bits are always zero
_BZIP2_BLOCK = b"1AY&SY"  # the first block's magic, behind "BZh" and a level
_LZMA_HEADER = 13  # lzma-file-format.txt: properties, dictionary size, uncompressed size
_XZ_CHECKS = {lzma.CHECK_NONE, lzma.CHECK_CRC32, lzma.CHECK_CRC64, lzma.CHECK_SHA256}
_LZMA_UNKNOWN = b"\xff" * 8


def candidates(view: memoryview, limits: Limits) -> list[tuple[int, str]]:
    """(offset, compression) of everything that passes for the start of compressed data, in order."""
    found: list[tuple[int, str]] = []
    for magic, compression in MAGICS:
        plausible = _CHECKS.get(compression)
        at, count = -1, 0
        while count < MOST_EACH and (at := find(view, magic, at + 1)) >= 0:
            head = bytes(view[at : at + 16])
            if at and (plausible is None or plausible(head, limits)):
                found.append((at, compression))
                count += 1
    return sorted(found)


def _gzip(head: bytes, _limits: Limits) -> bool:
    return len(head) > 10 and not head[3] & _GZIP_RESERVED


def _bzip2(head: bytes, _limits: Limits) -> bool:
    return head[3:4] in b"123456789" and head[4:10] == _BZIP2_BLOCK


def _lzma(head: bytes, limits: Limits) -> bool:
    dictionary, size = int.from_bytes(head[1:5], "little"), head[5:_LZMA_HEADER]
    if len(size) < 8 or dictionary & (dictionary - 1) or dictionary > limits.window:
        return False
    return size == _LZMA_UNKNOWN or int.from_bytes(size, "little") <= limits.layer


def _xz(head: bytes, _limits: Limits) -> bool:
    return len(head) >= 12 and head[6] == 0 and head[7] in _XZ_CHECKS


_CHECKS: dict[str, Callable[[bytes, Limits], bool]] = {"gzip": _gzip, "bzip2": _bzip2, "lzma": _lzma, "xz": _xz}
