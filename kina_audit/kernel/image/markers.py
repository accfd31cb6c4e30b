"""The two things that are looked for in a kernel's plain bytes: its own config, and its version string."""

import re
import zlib

from kina_audit.base.bounds import CONFIG_BYTES
from kina_audit.base.datatype import datatype
from kina_audit.kernel.compression.corrupt import CorruptData
from kina_audit.kernel.compression.reader import Reader, ViewReader

CONFIG_START = b"IKCFG_ST\x1f\x8b\x08"  # kernel/configs.c: "IKCFG_ST", then kernel/config_data.gz
CONFIG_MARK = 8  # length of "IKCFG_ST"
BANNER = b"Linux version "  # linux_banner, init/version-timestamp.c (init/version.c before 6.1)
_BANNER = re.compile(rb"Linux version (\d{1,3}\.\d{1,5}[-+.~_0-9A-Za-z]{0,120})[ \0]")
LONGEST_BANNER = 160

WINDOW = 512 * 1024
"""How much of a layer is looked at at a time."""

_CONFIG_HAS = b"CONFIG_"
_MOST_MARKERS = 16
"""Markers that are tried: one that is none can stand in a kernel too, in an initramfs that holds a tool such as this one."""

_NEAR = 16 * 1024 * 1024
"""How far before its config a kernel's version string is looked for; both stand in .rodata."""


@datatype(frozen=False)
class Scan:
    """What one layer's plain bytes hold.

    Attributes:
        config: the config text, or None.
        at: where its marker stands in the layer.
        release: the kernel release of the version string, or an empty string.
        size: how many bytes were looked at.
    """

    config: bytes | None = None
    at: int = 0
    release: str = ""
    size: int = 0


def release_in(data: bytes | memoryview) -> str:
    """The kernel release of the first version string in ``data``, or an empty string."""
    match = _BANNER.search(data)
    return match[1].decode("ascii") if match else ""


def scan_reader(reader: Reader, found: Scan) -> None:
    """Read a layer up to its config, or to its end; what is known so far is in ``found`` even when reading fails.

    Raises:
        CorruptData: the layer cannot be read on, or the config in it is damaged.
    """
    tail = b""
    broken: list[CorruptData] = []
    while piece := reader.read(WINDOW):
        window = tail + piece if tail else piece
        base = found.size - len(tail)
        found.size += len(piece)
        at = window.find(CONFIG_START)
        if not found.release and BANNER in window:
            found.release = release_in(window)
        while at >= 0 and len(broken) < _MOST_MARKERS:
            try:
                found.config = _gunzip(window[at + CONFIG_MARK :], reader, base + at)
            except CorruptData as error:
                if not any(error.reason == earlier.reason for earlier in broken):  # seen again in the tail
                    broken.append(error)
                at = window.find(CONFIG_START, at + 1)
                continue
            found.at = base + at
            return
        tail = window[-LONGEST_BANNER:]
    if broken:
        raise broken[0]


def scan_view(view: memoryview, found: Scan) -> None:
    """As `scan_reader`, for bytes in memory: the version string is looked for only near the config, if there is one.

    Raises:
        CorruptData: the config is damaged.
    """
    found.size = len(view)
    broken: list[CorruptData] = []
    at = find(view, CONFIG_START)
    while at >= 0 and len(broken) < _MOST_MARKERS:
        try:
            found.config = _gunzip(b"", ViewReader(view[at + CONFIG_MARK :]), at)
        except CorruptData as error:
            broken.append(error)
            at = find(view, CONFIG_START, at + 1)
            continue
        found.at = at
        found.release = _release_near(view, max(0, at - _NEAR), at)
        return
    found.release = _release_near(view, 0, len(view))
    if broken:
        raise broken[0]


def find(view: memoryview, wanted: bytes, start: int = 0, end: int | None = None) -> int:
    """``bytes.find`` for a view, which has none, without copying more than a window."""
    end = len(view) if end is None else end
    while start < end:
        at = bytes(view[start : min(end, start + WINDOW + len(wanted) - 1)]).find(wanted)
        if at >= 0:
            return start + at
        start += WINDOW
    return -1


def _release_near(view: memoryview, start: int, end: int) -> str:
    while (at := find(view, BANNER, start, end)) >= 0:
        if release := release_in(bytes(view[at : at + LONGEST_BANNER])):
            return release
        start = at + len(BANNER)
    return ""


def _gunzip(head: bytes, reader: Reader, at: int) -> bytes:
    """The config that starts with ``head`` and goes on in ``reader``; what was read of that is put back on failure."""
    engine = zlib.decompressobj(wbits=31)
    pieces: list[bytes] = []
    taken: list[bytes] = []
    size = 0
    feed = head
    try:
        while feed := feed or _next(reader, taken):
            piece = engine.decompress(feed, CONFIG_BYTES + 1 - size)
            size += len(piece)
            pieces.append(piece)
            if size > CONFIG_BYTES:
                raise CorruptData(f"the config at {at:#x} has more than {CONFIG_BYTES // 1024 // 1024} MiB")
            if engine.eof:
                text = b"".join(pieces)
                if _CONFIG_HAS not in text:
                    raise CorruptData(f"the config at {at:#x} sets no symbol")
                return text
            feed = engine.unconsumed_tail
        raise CorruptData(f"the config at {at:#x} ends too early")
    except zlib.error as error:
        reader.unread(b"".join(taken))
        raise CorruptData(f"the config at {at:#x} is corrupt: {error}") from error
    except CorruptData:
        reader.unread(b"".join(taken))
        raise


def _next(reader: Reader, taken: list[bytes]) -> bytes:
    piece = reader.read(WINDOW)
    taken.append(piece)
    return piece
