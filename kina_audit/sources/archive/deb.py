"""Debian packages: an ar archive with a ``data.tar.*`` in it (deb(5), ar(5))."""

from kina_audit.errors import SourceError
from kina_audit.kernel.compression.reader import Reader, SectionReader
from kina_audit.sources.archive.magics import AR

HEADER = 60
_NAME, _SIZE, _END = slice(0, 16), slice(48, 58), b"`\n"
_DATA = b"data.tar"


def data_member(reader: Reader, archive: str) -> Reader:
    """The bytes of the package's ``data.tar``, compressed as they are.

    Raises:
        SourceError: no Debian package, or it is truncated.
    """
    reader.skip(len(AR))
    while header := reader.read_exactly(HEADER):
        at = reader.offset - len(header)
        if len(header) < HEADER or header[58:60] != _END or not header[_SIZE].strip().isdigit():
            raise SourceError(f"{archive}: damaged ar header at {at:#x}", "Fetch or copy the package again.")
        size = int(header[_SIZE])
        if header[_NAME].startswith(_DATA):
            return SectionReader(reader, size)
        if not reader.skip(size + size % 2):
            break
    raise SourceError(f"{archive}: no data.tar in it", "Give a Debian package (.deb) that is complete.")
