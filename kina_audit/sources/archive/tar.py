"""Tar, read forward. The header is decoded by `tarfile`; the walk is ours, because tarfile's own has no bounds.

Layout: POSIX pax, "pax Interchange Format"; GNU tar manual, "Basic Tar Format".
"""

import tarfile
from collections.abc import Iterator

from kina_audit.errors import SourceError, SourceTooLargeError
from kina_audit.kernel.compression.reader import Reader, SectionReader
from kina_audit.sources.archive.magics import TAR_BLOCK as BLOCK
from kina_audit.sources.archive.member import Guard, Member, clean, link_target

_MOST_EXTENDED = 1024 * 1024
"""Bytes of a pax header or a long name; real ones have some hundred."""
_SPARSE_EXTENDED_AT, _SPARSE_MORE_AT = 482, 504  # GNU old sparse format: "isextended" of the header and of extensions
_FILES = {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE}
_LINKS = {tarfile.SYMTYPE, tarfile.LNKTYPE}


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
        try:
            entry = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except (tarfile.HeaderError, ValueError) as error:
            raise SourceError(
                f"{archive}: damaged tar header at {at:#x}: {error}", "Fetch or copy the archive again."
            ) from error
        begun = True
        size = entry.size
        if entry.type in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, b"L", b"K"):
            found = _extension(reader, entry, archive, at)
            if entry.type != tarfile.XGLTYPE:
                extended |= found
            continue
        if entry.type == tarfile.GNUTYPE_SPARSE:
            _skip_sparse_map(reader, block, archive, at)
        size = 0 if entry.type == tarfile.LNKTYPE else _size(extended.get("size", ""), size)
        raw_name = extended.get("path", entry.name)
        guard.check(raw_name)
        name = clean(raw_name)
        content = SectionReader(reader, size)
        if entry.type in _FILES and name and not raw_name.endswith("/"):
            yield Member(name, size, content)
        elif entry.type in _LINKS and name:
            target = extended.get("linkpath", entry.linkname)
            yield Member(
                name, 0, content, link=True, target=link_target(name, target, hard=entry.type == tarfile.LNKTYPE)
            )
        if size < 0 or not reader.skip(content.left + -size % BLOCK):
            raise _truncated(archive, at)
        extended = {}


def _extension(reader: Reader, entry: tarfile.TarInfo, archive: str, at: int) -> dict[str, str]:
    """What a pax header or a GNU long name says of the member behind it."""
    if not 0 <= entry.size <= _MOST_EXTENDED:
        raise SourceTooLargeError(f"{archive}: the tar header at {at:#x} claims {entry.size} bytes of names")
    data = reader.read_exactly(entry.size)
    if len(data) < entry.size or not reader.skip(-entry.size % BLOCK):
        raise _truncated(archive, at)
    if entry.type in (b"L", b"K"):
        return {"path" if entry.type == b"L" else "linkpath": _text(data.rstrip(b"\0"))}
    found = {}
    while data:
        length, _, _ = data.partition(b" ")
        if not length.isdigit() or not 0 < len(length) < int(length) <= len(data):
            break
        record, data = data[: int(length)], data[int(length) :]
        key, equals, value = record[len(length) + 1 :].rstrip(b"\n").partition(b"=")
        if equals and key in (b"path", b"linkpath", b"size"):
            found[key.decode()] = _text(value)
    return found


def _skip_sparse_map(reader: Reader, block: bytes, archive: str, at: int) -> None:
    more = block[_SPARSE_EXTENDED_AT]
    while more:
        block = reader.read_exactly(BLOCK)
        if len(block) < BLOCK:
            raise _truncated(archive, at)
        more = block[_SPARSE_MORE_AT]


def _size(text: str, default: int) -> int:
    return int(text) if text.isdigit() and len(text) < 20 else default


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _truncated(archive: str, at: int) -> SourceError:
    return SourceError(
        f"{archive}: the tar archive ends inside the member at {at:#x}", "It is truncated; fetch or copy it again."
    )
