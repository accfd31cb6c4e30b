"""The lzop container around LZO1X blocks, as the kernel's lib/decompress_unlzo.c reads it.

The LZO algorithm itself comes from the optional library lzallright (``pip install '.[lzo]'`` in a checkout).
"""

from typing import Any

from kina_audit.kernel.compression.corrupt import CorruptData

MAGIC = b"\x89LZO\x00\r\n\x1a\n"  # lzop_magic of lib/decompress_unlzo.c
BLOCK = 256 * 1024  # LZO_BLOCK_SIZE of lib/decompress_unlzo.c: the kernel refuses larger ones
HAS_FILTER = 0x800  # HEADER_HAS_FILTER of lib/decompress_unlzo.c
WITH_LEVEL = 0x940  # header versions from here on have a level byte and a high word of the time
LONGEST_HEADER = 9 + 7 + 1 + 8 + 8 + 4 + 1 + 255 + 4  # HEADER_SIZE_MAX of lib/decompress_unlzo.c
# lzop's own conf.h: which checksums stand between a block's sizes and its bytes.
ADLER32_PLAIN, ADLER32_PACKED, CRC32_PLAIN, CRC32_PACKED = 0x1, 0x2, 0x100, 0x200


def load_lzo() -> Any:
    """The LZO library's compressor class and its error.

    Raises:
        CorruptData: the optional library is not installed.
    """
    try:
        import lzallright
    except ImportError:
        raise CorruptData(
            "LZO needs a library that is not installed",
            "In the checkout that kina-audit was installed from: pip install '.[lzo]'",
        ) from None
    return lzallright


class LzopDecompressor:
    """Incremental, with the interface of ``bz2.BZ2Decompressor``; hands out a block at a time."""

    def __init__(self) -> None:
        self._library = load_lzo()
        self.eof = False
        self.needs_input = True
        self.unused_data = b""
        self._input = bytearray()
        self._flags: int | None = None
        self._plain = memoryview(b"")

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take more input; give at most ``max_length`` bytes."""
        self._input += data
        if self._flags is None:
            self._read_header()
        self._fill()
        out = bytes(self._plain[:max_length])
        self._plain = self._plain[max_length:]
        self._fill()
        self.needs_input = not self._plain and not self.eof
        return out

    def _fill(self) -> None:
        """Expand the next block, if all of it is here."""
        if self._flags is not None and not self._plain and not self.eof:
            self._next_block()

    def _read_header(self) -> None:
        data = bytes(self._input[:LONGEST_HEADER])
        if not MAGIC.startswith(data[: len(MAGIC)]):
            raise CorruptData("no lzop magic")
        at = len(MAGIC)
        version = int.from_bytes(data[at : at + 2], "big")
        at += 7 + (version >= WITH_LEVEL)
        flags = int.from_bytes(data[at : at + 4], "big")
        at += 8 if flags & HAS_FILTER else 4
        at += 8 + (4 if version >= WITH_LEVEL else 0)  # mode, time
        if at >= len(data):
            return
        at += 1 + data[at] + 4  # file name, checksum of the header
        if at <= len(data):
            self._flags = flags
            del self._input[:at]

    def _next_block(self) -> None:
        have = len(self._input)
        if have < 4:
            return
        plain_size = int.from_bytes(self._input[:4], "big")
        if plain_size == 0:
            self.eof = True
            self.unused_data = bytes(self._input[4:])
            return
        if have < 8:
            return
        packed_size = int.from_bytes(self._input[4:8], "big")
        if plain_size > BLOCK or not 0 < packed_size <= plain_size:
            raise CorruptData("impossible LZO block length")
        flags = self._flags or 0
        sums = bool(flags & ADLER32_PLAIN) + bool(flags & CRC32_PLAIN)
        if packed_size < plain_size:
            sums += bool(flags & ADLER32_PACKED) + bool(flags & CRC32_PACKED)
        start = 8 + 4 * sums
        if have < start + packed_size:
            return
        block = bytes(self._input[start : start + packed_size])
        del self._input[: start + packed_size]
        self._plain = memoryview(block if packed_size == plain_size else self._expand(block, plain_size))

    def _expand(self, block: bytes, size: int) -> bytes:
        try:
            plain: bytes = self._library.LZOCompressor.decompress(block, output_size_hint=size)
        except (self._library.LZOError, ValueError, MemoryError) as error:
            raise CorruptData(f"bad LZO block: {error}") from error
        if len(plain) != size:
            raise CorruptData(f"an LZO block has {len(plain)} bytes where its header says {size}")
        return plain
