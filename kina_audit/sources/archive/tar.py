"""Tar, read forward. `tarfile` has no bounds, and takes a tenth of a millisecond for each header.

Layout: POSIX pax, "ustar Interchange Format" and "pax Interchange Format"; GNU tar manual, "Basic Tar Format".
"""

from collections.abc import Iterator

from kina_audit.base.bounds import MEMBER_HEADER
from kina_audit.base.datatype import datatype
from kina_audit.errors import SourceError, SourceTooLargeError
from kina_audit.kernel.compression.reader import Reader, SectionReader
from kina_audit.sources.archive.magics import TAR_BLOCK as BLOCK
from kina_audit.sources.archive.member import Guard, Member, clean, link_target

_LONGEST_NUMBER = 19
"""Digits of a size in a pax header; 2^63 has as many."""
_SPARSE_EXTENDED_AT, _SPARSE_MORE_AT = 482, 504  # GNU old sparse format: "isextended" of the header and of extensions
_NAME, _SIZE, _SUM, _TYPE = slice(0, 100), slice(124, 136), slice(148, 156), slice(156, 157)
_LINK_NAME, _USTAR, _PREFIX = slice(157, 257), slice(257, 263), slice(345, 500)
_POSIX = b"ustar\0"  # GNU's own header has blanks behind "ustar", and other things where POSIX has a prefix
_BLANK_SUM = 8 * ord(" ")  # the checksum is taken as if its own field held blanks
_BINARY = 0x80  # GNU: a number that octal digits have no room for, big-endian behind this byte
_FILES = {b"0", b"\0", b"7"}
_SYMLINK, _HARD_LINK = b"2", b"1"
_SPARSE = b"S"
_GNU_NAME, _GNU_LINK_NAME = b"L", b"K"
_PAX, _PAX_GLOBAL, _PAX_SOLARIS = b"x", b"g", b"X"
_EXTENSIONS = {_PAX, _PAX_GLOBAL, _PAX_SOLARIS, _GNU_NAME, _GNU_LINK_NAME}


@datatype(frozen=False)
class _Header:
    """What a member's own block says.

    Attributes:
        kind: the type flag.
        name: the path.
        link: what a link points to.
        size: bytes behind the block.
    """

    kind: bytes
    name: str
    link: str
    size: int


def members(reader: Reader, archive: str) -> Iterator[Member]:
    """The members, in order.

    Raises:
        SourceError: a damaged header, or the archive ends inside a member; the message gives the offset.
        SourceTooLargeError: more members, longer names or headers than a kernel archive has.
    """
    guard = Guard(archive)
    extended: dict[str, str] = {}
    begun = False
    while True:
        at = reader.offset
        block = reader.read_exactly(BLOCK)
        if not block:
            if begun:
                return
            raise SourceError(f"{archive}: the tar archive is empty", "Fetch or copy it again.")
        if len(block) < BLOCK:
            raise _truncated(archive, at)
        if not any(block):
            continue  # the end mark; a concatenated archive (Alpine's packages) may follow
        entry = _header(block)
        if entry is None:
            raise SourceError(f"{archive}: damaged tar header at {at:#x}", "Fetch or copy the archive again.")
        begun = True
        if entry.kind in _EXTENSIONS:
            guard.check("")
            found = _extension(reader, entry, archive, at)
            if entry.kind != _PAX_GLOBAL:
                extended |= found
            continue
        if entry.kind == _SPARSE:
            _skip_sparse_map(reader, block, archive, at)
        size = 0 if entry.kind == _HARD_LINK else _size(extended.get("size", ""), entry.size)
        raw_name = extended.get("path", entry.name)
        guard.check(raw_name)
        name = clean(raw_name)
        content = SectionReader(reader, size)
        if entry.kind in _FILES and name and not raw_name.endswith("/"):
            yield Member(name, size, content)
        elif entry.kind in (_SYMLINK, _HARD_LINK) and name:
            target = extended.get("linkpath", entry.link)
            yield Member(name, 0, content, link=True, target=link_target(name, target, hard=entry.kind == _HARD_LINK))
        if not reader.skip(content.left + -size % BLOCK):
            raise _truncated(archive, at)
        extended = {}


def _header(block: bytes) -> _Header | None:
    """A member's own block, or None when its checksum or its size is wrong."""
    size, total = _number(block[_SIZE]), _number(block[_SUM])
    if size is None or total is None:
        return None
    field = block[_SUM]
    if total != sum(block) - sum(field) + _BLANK_SUM:
        # Some old writers added signed bytes: each of 128 and more counts 256 less.
        high = sum(byte >= 0x80 for byte in block) - sum(byte >= 0x80 for byte in field)
        if total != sum(block) - sum(field) + _BLANK_SUM - 256 * high:
            return None
    name, link, prefix = (_text(block[part].split(b"\0", 1)[0]) for part in (_NAME, _LINK_NAME, _PREFIX))
    if block[_USTAR] == _POSIX and prefix:
        name = f"{prefix}/{name}"
    return _Header(block[_TYPE], name, link, size)


def _number(field: bytes) -> int | None:
    """A number in octal digits, or GNU's binary one; None when it is neither, or negative."""
    if field[0] == _BINARY:
        return int.from_bytes(field[1:], "big")
    digits = field.split(b"\0", 1)[0].strip()
    if not digits:
        return 0
    return int(digits, 8) if digits.isdigit() and not digits.strip(b"01234567") else None


def _extension(reader: Reader, entry: _Header, archive: str, at: int) -> dict[str, str]:
    """What a pax header or a GNU long name says of the member behind it."""
    if entry.size > MEMBER_HEADER:
        raise SourceTooLargeError(f"{archive}: the tar header at {at:#x} claims {entry.size} bytes of names")
    data = reader.read_exactly(entry.size)
    if len(data) < entry.size or not reader.skip(-entry.size % BLOCK):
        raise _truncated(archive, at)
    if entry.kind in (_GNU_NAME, _GNU_LINK_NAME):
        return {"path" if entry.kind == _GNU_NAME else "linkpath": _text(data.rstrip(b"\0"))}
    found: dict[str, str] = {}
    start = 0
    while (blank := data.find(b" ", start, start + _LONGEST_NUMBER)) > start and data[start:blank].isdigit():
        end = start + int(data[start:blank])
        if not blank < end <= len(data):
            break
        key, equals, value = data[blank + 1 : end].rstrip(b"\n").partition(b"=")
        if equals and key in (b"path", b"linkpath", b"size"):
            found[key.decode()] = _text(value)
        start = end
    return found


def _skip_sparse_map(reader: Reader, block: bytes, archive: str, at: int) -> None:
    more = block[_SPARSE_EXTENDED_AT]
    while more:
        block = reader.read_exactly(BLOCK)
        if len(block) < BLOCK:
            raise _truncated(archive, at)
        more = block[_SPARSE_MORE_AT]


def _size(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else default


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _truncated(archive: str, at: int) -> SourceError:
    return SourceError(
        f"{archive}: the tar archive ends inside the member at {at:#x}", "It is truncated; fetch or copy it again."
    )
