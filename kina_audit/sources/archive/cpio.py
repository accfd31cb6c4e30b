"""Cpio in the "new ASCII" format, which is what an RPM's payload is (cpio(5); rpm's lib/cpio.c)."""

from collections.abc import Iterator

from kina_audit.base.bounds import MEMBER_NAME
from kina_audit.errors import SourceError
from kina_audit.kernel.compression.reader import Reader, SectionReader
from kina_audit.sources.archive.magics import CPIO
from kina_audit.sources.archive.member import Guard, Member, clean, link_target

HEADER = 110  # the magic and 13 numbers of 8 hexadecimal digits
_MODE, _SIZE, _NAME_SIZE = 1, 6, 11  # which of the 13
_TYPE, _REGULAR, _LINK = 0o170000, 0o100000, 0o120000
_TRAILER = "TRAILER!!!"


def members(reader: Reader, archive: str) -> Iterator[Member]:
    """The members, in order.

    Raises:
        SourceError: a damaged header, or the archive ends too early.
        SourceTooLargeError: more members or longer names than a kernel archive has.
    """
    guard = Guard(archive)
    while True:
        at = reader.offset
        header = reader.read_exactly(HEADER)
        try:
            if len(header) < HEADER or not header.startswith(CPIO):
                raise ValueError(header[:6])
            numbers = [int(header[6 + 8 * i : 14 + 8 * i], 16) for i in range(13)]
        except ValueError:
            raise SourceError(
                f"{archive}: no cpio member where one should be, at {at:#x}", "Fetch or copy the archive again."
            ) from None
        name_size, size = numbers[_NAME_SIZE], numbers[_SIZE]
        if not 0 < name_size <= MEMBER_NAME:
            raise SourceError(f"{archive}: a cpio member at {at:#x} has a name of {name_size} bytes")
        name = reader.read_exactly(name_size).rstrip(b"\0").decode("utf-8", "surrogateescape")
        reader.skip(-(HEADER + name_size) % 4)
        if name == _TRAILER:
            return
        guard.check(name)
        content = SectionReader(reader, size)
        kind = numbers[_MODE] & _TYPE
        if kind == _REGULAR:
            yield Member(clean(name), size, content)
        elif kind == _LINK and size <= MEMBER_NAME:
            target = content.read_exactly(size).decode("utf-8", "surrogateescape")
            yield Member(clean(name), 0, content, link=True, target=link_target(clean(name), target))
        if not reader.skip(content.left) or not reader.skip(-size % 4):
            raise SourceError(
                f"{archive}: the archive ends inside the member at {at:#x}", "It is truncated; fetch or copy it again."
            )
