"""RPM packages: a lead and two headers to skip, then a compressed cpio archive (rpm's docs, "RPM V4 Package format")."""

from kina_audit.errors import SourceError
from kina_audit.kernel.compression.reader import Reader

LEAD = 96
_HEADER_MAGIC = b"\x8e\xad\xe8\x01"
_INTRODUCTION = 16  # magic, reserved, number of index entries, bytes of data; both big-endian
_ENTRY = 16
_MOST = 256 * 1024 * 1024


def skip_to_payload(reader: Reader, archive: str) -> None:
    """Read past the lead, the signature and the header.

    Raises:
        SourceError: no RPM package, or it is truncated.
    """
    whole = reader.skip(LEAD)
    for pad in (8, 1):  # the signature is padded to 8 bytes
        at = reader.offset
        introduction = reader.read_exactly(_INTRODUCTION)
        entries, data = int.from_bytes(introduction[8:12], "big"), int.from_bytes(introduction[12:16], "big")
        size = entries * _ENTRY + data
        if not whole or not introduction.startswith(_HEADER_MAGIC) or size > _MOST:
            raise SourceError(f"{archive}: damaged RPM header at {at:#x}", "Fetch or copy the package again.")
        whole = reader.skip(size + (-size % pad))
    if not whole:
        raise SourceError(f"{archive}: the RPM package ends in its header", "It is truncated; fetch or copy it again.")
