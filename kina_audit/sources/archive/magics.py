"""How archives and packages begin; apart from their readers, which most runs do not need."""

ZIP = b"PK\x03\x04"  # APPNOTE.TXT 4.3.7: local file header
AR = b"!<arch>\n"  # deb(5): a Debian package is an ar archive
RPM = b"\xed\xab\xee\xdb"  # rpm's lib/rpmlead.c: lead_magic
CPIO = (b"070701", b"070702")  # cpio(5), new ASCII format: without and with checksums
ARCHIVES = (ZIP, AR, RPM, *CPIO)

TAR_BLOCK = 512
_USTAR_AT, _USTAR = 257, b"ustar"  # POSIX ustar header: magic
_CHECKSUM = slice(148, 156)  # POSIX ustar header: chksum, octal, counted as if it were spaces


def looks_like_tar(head: bytes) -> bool:
    """Whether ``head`` (512 bytes or more) starts a tar archive; the oldest kind is told by its header's checksum."""
    if head[_USTAR_AT : _USTAR_AT + len(_USTAR)] == _USTAR:
        return True
    block = head[:TAR_BLOCK]
    digits = block[_CHECKSUM].strip(b" \0")
    if len(block) < TAR_BLOCK or not digits.isdigit() or b"8" in digits or b"9" in digits or not block[0]:
        return False
    return int(digits, 8) == sum(block) - sum(block[_CHECKSUM]) + 8 * ord(" ")
