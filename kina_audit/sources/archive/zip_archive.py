"""Zip archives, read from their end, so they need a file.

`zipfile` reads the directory. Members are expanded here: it expands all it has read at once, and 40 bytes of bzip2 make 45 MB.
"""

import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, cast

from kina_audit.base.bounds import MEMBER_NAME, MIB, ZIP_DIRECTORY
from kina_audit.errors import SourceError, SourceTooLargeError
from kina_audit.kernel.compression.corrupt import CorruptData
from kina_audit.kernel.compression.expansion import Expansion
from kina_audit.kernel.compression.limits import Budget
from kina_audit.kernel.compression.reader import CallReader, Reader, SectionReader
from kina_audit.sources.archive.magics import ZIP
from kina_audit.sources.archive.member import Guard, Member, clean, link_target

_LOCAL_HEADER = 30  # 4.3.7
_NAME_LENGTH_AT, _EXTRA_LENGTH_AT = 26, 28
_ENCRYPTED = 0x1  # 4.4.4, general purpose bit 0
_METHODS = {0: "", 8: "deflate", 12: "bzip2", 93: "zstd", 95: "xz"}  # 4.4.5
_LINK, _TYPE = 0o120000, 0o170000


class _Directory:
    """A zip file as zipfile sees it while it reads the directory, the size of which is not believed."""

    def __init__(self, file: BinaryIO, archive: str) -> None:
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self._file, self._archive = file, archive

    def read(self, size: int = -1) -> bytes:
        """As a file's ``read``.

        Raises:
            SourceTooLargeError: more than any directory's size is asked for.
        """
        if size > ZIP_DIRECTORY:
            raise SourceTooLargeError(
                f"{self._archive}: its directory has more than {ZIP_DIRECTORY // MIB} MiB",
                "Take the kernel out of it.",
            )
        return self._file.read(size)


class _MemberReader(Reader):
    """A member's plain bytes, counted against the budget and held against its checksum at the end."""

    def __init__(self, file: BinaryIO, info: zipfile.ZipInfo, budget: Budget) -> None:
        super().__init__()
        self._file, self._at, self._info, self._budget = file, info.header_offset, info, budget
        self._plain: Reader | None = None
        self._left, self._sum = info.file_size, 0

    def _more(self, size: int) -> bytes:
        if self._left <= 0:
            return b""
        if self._plain is None:
            self._plain = self._open()
        data = self._plain.read(min(size, self._left))
        self._left -= len(data)
        self._sum = zlib.crc32(data, self._sum)
        if not data:
            raise CorruptData("it is shorter than the zip archive's directory says")
        if not self._left and self._sum != self._info.CRC:
            raise CorruptData("its checksum is wrong")
        return data

    def _open(self) -> Reader:
        info = self._info
        if info.flag_bits & _ENCRYPTED:
            raise CorruptData("it is encrypted", "Unpack the archive with its password first.")
        if info.compress_type not in _METHODS:
            raise CorruptData(f"zip's method {info.compress_type} is not read here", "Unpack the archive first.")
        packed = SectionReader(CallReader(self._read), info.compress_size + _LOCAL_HEADER + 2 * 0xFFFF)
        header = packed.read_exactly(_LOCAL_HEADER) if self._at >= 0 else b""
        if len(header) < _LOCAL_HEADER or not header.startswith(ZIP):
            raise CorruptData(
                f"no zip member at {info.header_offset:#x}, where the archive's directory says there is one"
            )
        lengths = (header[at : at + 2] for at in (_NAME_LENGTH_AT, _EXTRA_LENGTH_AT))
        packed.skip(sum(int.from_bytes(length, "little") for length in lengths))
        packed.left = info.compress_size
        method = _METHODS[info.compress_type]
        if not method:
            return packed
        window = self._budget.limits.window
        return Expansion(packed, method, self._budget, where=info.filename, window=window)

    def _read(self, size: int) -> bytes:
        self._file.seek(self._at)
        data = self._file.read(size)
        self._at += len(data)
        return data


def members(file: BinaryIO, archive: str, budget: Budget) -> Iterator[Member]:
    """The members, in the order of the archive's directory.

    Raises:
        SourceError: damaged, encrypted or truncated.
        SourceTooLargeError: a directory larger than any kernel archive has.
    """
    guard = Guard(archive)
    try:
        with zipfile.ZipFile(cast("BinaryIO", _Directory(file, archive))) as opened:
            entries = opened.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise SourceError(f"{archive}: damaged zip archive: {error}", "Fetch or copy it again.") from error
    for info in entries:
        guard.check(info.filename)
        name, content = clean(info.filename), _MemberReader(file, info, budget)
        if not name or info.filename.endswith("/"):
            continue
        if (info.external_attr >> 16) & _TYPE == _LINK and info.file_size <= MEMBER_NAME:
            target = content.read_exactly(info.file_size).decode("utf-8", "surrogateescape")
            yield Member(name, 0, content, link=True, target=link_target(name, target))
        else:
            yield Member(name, info.file_size, content)
