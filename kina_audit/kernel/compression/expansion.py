"""Incremental, bounded decompression of everything a kernel image, a module or an archive is compressed with.

The libraries do the work; here they get one interface, one exception, and limits on time and memory.
"""

import sys
import zlib
from collections.abc import Callable
from typing import Any, Protocol

from kina_audit.base.bounds import MIB
from kina_audit.kernel.compression import lz4_legacy, lzop
from kina_audit.kernel.compression.corrupt import CorruptData
from kina_audit.kernel.compression.limits import Budget
from kina_audit.kernel.compression.reader import Reader

INPUT = 128 * 1024
"""How much compressed data is fed at a time."""

MAGICS = (
    (b"\x1f\x8b\x08", "gzip"),  # RFC 1952 2.3.1: ID1, ID2, CM=deflate
    (b"\xfd7zXZ\x00", "xz"),  # xz-file-format.txt 2.1.1.1
    (b"\x28\xb5\x2f\xfd", "zstd"),  # RFC 8878 3.1.1: 0xFD2FB528, little-endian
    (b"BZh", "bzip2"),  # bzip2's decompress.c: BZ_HDR_B, BZ_HDR_Z, BZ_HDR_h
    (lzop.MAGIC, "lzo"),
    (lz4_legacy.MAGIC, "lz4 legacy"),
    (b"\x04\x22\x4d\x18", "lz4"),  # lz4_Frame_format.md: 0x184D2204, little-endian
    (b"\x5d\x00\x00", "lzma"),  # lzma-file-format.txt: lc=3 lp=0 pb=2, low bytes of a dictionary size
)
"""First bytes, strongest first."""


_OVER_THE_WINDOW = ("Memory usage limit exceeded", "requires too much memory")
"""What liblzma and libzstd say of data that asks for more history than they may hold."""

_LONGEST_MAGIC = max(len(magic) for magic, _ in MAGICS)


class Engine(Protocol):
    """What ``bz2.BZ2Decompressor`` and its kin have in common."""

    @property
    def eof(self) -> bool:
        """The end mark of the compressed data was read."""

    @property
    def needs_input(self) -> bool:
        """Nothing more can come out before more goes in."""

    @property
    def unused_data(self) -> bytes:
        """What followed the end mark."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take more input; give at most ``max_length`` bytes."""


class _Deflate:
    """``zlib`` with the interface of the other decompressors; ``wbits`` says what is around the data."""

    def __init__(self, wbits: int) -> None:
        self._engine = zlib.decompressobj(wbits=wbits)

    @property
    def eof(self) -> bool:
        return self._engine.eof

    @property
    def needs_input(self) -> bool:
        return not self._engine.unconsumed_tail and not self._engine.eof

    @property
    def unused_data(self) -> bytes:
        return self._engine.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        tail = self._engine.unconsumed_tail
        return self._engine.decompress(tail + data if tail else data, max_length)


def compression_of(head: bytes) -> str:
    """The name of the compression that ``head`` starts with, or an empty string."""
    return next((name for magic, name in MAGICS if head.startswith(magic)), "")


def new_engine(compression: str, window: int) -> Engine:
    """A decompressor that keeps at most ``window`` bytes of history.

    Raises:
        CorruptData: the library for it is not installed.
    """
    return _ENGINES[compression](window)


def _xz(window: int) -> Engine:
    import lzma

    return lzma.LZMADecompressor(memlimit=window + 2 * MIB)


def _bzip2(_window: int) -> Engine:
    import bz2

    return bz2.BZ2Decompressor()


def _zstd(window: int) -> Engine:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    log = max(10, min(31, window.bit_length() - 1))
    engine: Engine = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: log})
    return engine


def _lz4_frame(_window: int) -> Engine:
    import lz4.frame

    engine: Engine = lz4.frame.LZ4FrameDecompressor()
    return engine


_ENGINES: dict[str, Callable[[int], Engine]] = {
    "gzip": lambda _window: _Deflate(31),
    "deflate": lambda _window: _Deflate(-15),  # a member of a zip archive; its size says where it ends
    "xz": _xz,
    "lzma": _xz,
    "bzip2": _bzip2,
    "zstd": _zstd,
    "lz4": _lz4_frame,
    "lz4 legacy": lambda _window: lz4_legacy.Lz4LegacyDecompressor(),
    "lzo": lambda _window: lzop.LzopDecompressor(),
}


def _failures() -> tuple[type[Exception], ...]:
    """The exceptions of the libraries loaded so far, without loading another."""
    found: list[type[Exception]] = [zlib.error, OSError, EOFError, ValueError, RuntimeError, MemoryError]
    for module, name in (("_lzma", "LZMAError"), ("backports.zstd", "ZstdError"), ("compression.zstd", "ZstdError")):
        loaded: Any = sys.modules.get(module)
        if loaded is not None:
            found.append(getattr(loaded, name))
    return tuple(found)


class Expansion(Reader):
    """What a compressed layer expands to, decompressed as it is read."""

    __slots__ = ("_budget", "_concatenated", "_engine", "_failures", "_input", "_window", "compression", "produced",
                 "upstream", "where")  # fmt: skip

    def __init__(
        self,
        upstream: Reader,
        compression: str,
        budget: Budget,
        *,
        where: str,
        window: int,
        concatenated: bool = False,
        step: int = INPUT,
    ) -> None:
        """Start decompressing.

        Args:
            upstream: the compressed bytes.
            compression: a name of `MAGICS`, or ``deflate``.
            budget: what may come out.
            where: the layer's name in messages.
            window: the history that may be held.
            concatenated: data may follow that is compressed in the same way and continues the plain text.
            step: how much compressed data to feed at a time.
        """
        super().__init__()
        self.upstream = upstream
        self.compression = compression
        self.where = where
        self.produced = 0
        self._budget = budget
        self._window = window
        self._concatenated = concatenated
        self._input = step
        self._engine = new_engine(compression, window)
        self._failures = _failures()

    @property
    def finished(self) -> bool:
        """The compressed data was read to its end mark."""
        return self._engine.eof

    def _more(self, size: int) -> bytes:
        while not self._engine.eof or self._restart():
            feed = b""
            if self._engine.needs_input:
                feed = self.upstream.read(self._input)
                if not feed:
                    if isinstance(self._engine, lz4_legacy.Lz4LegacyDecompressor) and self._engine.end_of_input():
                        return b""
                    raise self._corrupt(f"the {self.compression} data ends too early")
            try:
                out = self._engine.decompress(feed, size)
            except self._failures as error:
                if any(words in str(error) for words in _OVER_THE_WINDOW):
                    raise CorruptData(
                        f"the {self.compression} data asks for more memory than the {self._window // MIB} MiB it may have",
                        "No kernel's does. If it is real, decompress it first.",
                    ) from error
                raise self._corrupt(f"corrupt {self.compression} data: {error}") from error
            if out:
                self.produced += len(out)
                self._budget.spend(len(out), self.produced, self.where)
                return out
            if not feed and not self._engine.needs_input and not self._engine.eof:
                raise self._corrupt(f"corrupt {self.compression} data: no progress")
        return b""

    def _corrupt(self, reason: str) -> CorruptData:
        return CorruptData(f"{reason} (after {self.upstream.offset:#x} bytes of it)")

    def _restart(self) -> bool:
        """Whether more data of the same kind follows the end mark; zeros between are padding."""
        if not self._concatenated:
            return False
        self.upstream.unread(self._engine.unused_data or b"")  # lz4 says None where nothing is left
        while (rest := self.upstream.peek(_LONGEST_MAGIC)) and rest[0] == 0:
            padding = self.upstream.peek(self._input)
            self.upstream.skip(len(padding) - len(padding.lstrip(b"\0")))
        self._concatenated = compression_of(rest) == self.compression
        if self._concatenated:
            self._engine = new_engine(self.compression, self._window)
        return self._concatenated
