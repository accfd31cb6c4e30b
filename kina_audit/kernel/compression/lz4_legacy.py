"""The LZ4 legacy frame, which the kernel's own decompressor reads and ``lz4.frame`` refuses.

lz4's doc/lz4_Frame_format.md, "Legacy frame": the magic, then blocks of a little-endian length and that many bytes of
one raw LZ4 block. Every block but the last expands to 8 MiB. There is no end mark: the kernel's lib/decompress_unlz4.c
stops at the end of its input, or at the four bytes of uncompressed size that the kernel's build appends.
"""

from kina_audit.kernel.compression.corrupt import CorruptData

MAGIC = b"\x02\x21\x4c\x18"  # lz4_Frame_format.md: 0x184C2102, little-endian; ARCHIVE_MAGICNUMBER of decompress_unlz4.c
BLOCK = 8 * 1024 * 1024  # LZ4_DEFAULT_UNCOMPRESSED_CHUNK_SIZE of lib/decompress_unlz4.c
LARGEST_BLOCK = BLOCK + BLOCK // 255 + 16  # LZ4_COMPRESSBOUND of include/linux/lz4.h


class Lz4LegacyDecompressor:
    """Incremental, with the interface of ``bz2.BZ2Decompressor``; a block is handed out in pieces."""

    def __init__(self) -> None:
        self.eof = False
        self.needs_input = True
        self.unused_data = b""
        self._input = bytearray()
        self._started = False
        self._last = False
        self._plain = memoryview(b"")

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take more input; give at most ``max_length`` bytes."""
        self._input += data
        if not self._plain and not self.eof:
            self._next_block()
        out = bytes(self._plain[:max_length])
        self._plain = self._plain[max_length:]
        self.needs_input = not self._plain and not self.eof and not self._block_ready()
        return out

    def end_of_input(self) -> bool:
        """Whether the data may end here: no block is begun, except for the appended size."""
        return self._started and len(self._input) <= 4

    def _block_ready(self) -> bool:
        if not self._started or self._last:
            return len(self._input) >= 4
        return len(self._input) >= 4 and (
            len(self._input) - 4 >= (size := int.from_bytes(self._input[:4], "little")) or size > LARGEST_BLOCK
        )

    def _next_block(self) -> None:
        while len(self._input) >= 4 and (not self._started or self._last or self._input[:4] == MAGIC):
            if self._input[:4] != MAGIC:
                if not self._started:
                    raise CorruptData("no LZ4 legacy magic")
                self._end()
                return
            self._started, self._last = True, False
            del self._input[:4]
        if not self._block_ready() or not self._started:
            return
        size = int.from_bytes(self._input[:4], "little")
        if not 0 < size <= LARGEST_BLOCK:
            self._end()
            return
        import lz4.block

        try:
            plain = lz4.block.decompress(bytes(self._input[4 : 4 + size]), uncompressed_size=BLOCK)
        except (lz4.block.LZ4BlockError, ValueError, MemoryError) as error:
            raise CorruptData(f"bad LZ4 block: {error}") from error
        del self._input[: 4 + size]
        self._plain = memoryview(plain)
        self._last = len(plain) < BLOCK

    def _end(self) -> None:
        self.eof = True
        self.unused_data = bytes(self._input)
        self._input.clear()
