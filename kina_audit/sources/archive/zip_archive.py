"""Zip archives, through `zipfile`; they are read from their end, so they need a file."""

import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from kina_audit.errors import SourceError, SourceTooLargeError
from kina_audit.kernel.compression.corrupt import CorruptData
from kina_audit.kernel.compression.limits import Budget
from kina_audit.kernel.compression.reader import Reader
from kina_audit.sources.archive.member import LONGEST_NAME, Guard, Member, clean, link_target

MAGIC = b"PK\x03\x04"
_END, _END_SIZE, _LONGEST_COMMENT = b"PK\x05\x06", 22, 65535  # APPNOTE.TXT 4.3.16
_MOST_DIRECTORY = 32 * 1024 * 1024
_LINK, _TYPE = 0o120000, 0o170000


class _MemberReader(Reader):
    """A member as zipfile decompresses it, counted against the budget."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> None:
        super().__init__()
        self._archive, self._info, self._budget = archive, info, budget
        self._file: zipfile.ZipExtFile | None = None
        self._count = 0

    def _more(self, size: int) -> bytes:
        try:
            if self._file is None:
                self._file = self._archive.open(self._info)  # type: ignore[assignment]
            data: bytes = self._file.read(size)  # type: ignore[union-attr]
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            ValueError,
            RuntimeError,
            NotImplementedError,
        ) as error:
            raise CorruptData(str(error)) from error
        self._count += len(data)
        self._budget.spend(len(data), self._count, self._info.filename)
        return data


def members(file: BinaryIO, archive: str, budget: Budget) -> Iterator[Member]:
    """The members, in the order of the archive's directory.

    Raises:
        SourceError: damaged, encrypted or truncated.
        SourceTooLargeError: a directory larger than any kernel archive has.
    """
    _check_directory(file, archive)
    guard = Guard(archive)
    try:
        with zipfile.ZipFile(file) as opened:
            for info in opened.infolist():
                guard.check(info.filename)
                name, content = clean(info.filename), _MemberReader(opened, info, budget)
                if not name or info.filename.endswith("/"):
                    continue
                if (info.external_attr >> 16) & _TYPE == _LINK and info.file_size <= LONGEST_NAME:
                    target = content.read_exactly(info.file_size).decode("utf-8", "surrogateescape")
                    yield Member(name, 0, content, link=True, target=link_target(name, target))
                else:
                    yield Member(name, info.file_size, content)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise SourceError(f"{archive}: damaged zip archive: {error}", "Fetch or copy it again.") from error


def _check_directory(file: BinaryIO, archive: str) -> None:
    """Refuse a huge directory before zipfile builds an object for each of its entries."""
    end = file.seek(0, 2)
    file.seek(max(0, end - _END_SIZE - _LONGEST_COMMENT))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0:
        raise SourceError(f"{archive}: the zip archive has no directory", "It is truncated; fetch or copy it again.")
    if int.from_bytes(tail[at + 12 : at + 16], "little") > _MOST_DIRECTORY:
        raise SourceTooLargeError(f"{archive}: its directory has more than {_MOST_DIRECTORY // 1024 // 1024} MiB")
    file.seek(0)
