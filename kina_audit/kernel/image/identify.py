"""Which container a piece of data is, by its first bytes."""

from collections.abc import Callable

from kina_audit.base.bounds import MIB
from kina_audit.kernel.compression.corrupt import CorruptData
from kina_audit.kernel.compression.expansion import Expansion, compression_of
from kina_audit.kernel.compression.limits import Budget, Limits
from kina_audit.kernel.compression.reader import ViewReader
from kina_audit.kernel.image.android import read_android
from kina_audit.kernel.image.bzimage import read_bzimage
from kina_audit.kernel.image.container import Container
from kina_audit.kernel.image.elf import read_elf
from kina_audit.kernel.image.fit import read_fit
from kina_audit.kernel.image.flat_image import read_flat_image
from kina_audit.kernel.image.uimage import read_uimage
from kina_audit.kernel.image.uki import read_uki
from kina_audit.kernel.image.zboot import read_zboot

HEAD = 64 * 1024
"""Enough for every header but a flat image tree's."""

# The EFI stub makes bzImage, Image and zboot images PE files too, so a mere PE file comes last.
_FORMATS: tuple[Callable[[bytes | memoryview], Container | None], ...] = (
    read_elf,
    read_bzimage,
    read_zboot,
    read_flat_image,
    read_android,
    read_uimage,
    read_fit,
    read_uki,
)

ARM_ZIMAGE_AT, ARM_ZIMAGE = 0x24, b"\x18\x28\x6f\x01"  # _magic_sig, arch/arm/boot/compressed/head.S
DOS_MAGIC = b"MZ"
_PEEK = 4096


def identify(head: bytes | memoryview) -> Container | None:
    """The container that data starting with ``head`` is, or None."""
    for read in _FORMATS:
        if found := read(head):
            return found
    return None


def looks_like_image(first: bytes) -> bool:
    """Whether data that starts with ``first`` (4 KiB or more are best) is a kernel image rather than a config.

    Compressed data is looked into: ``config.gz`` is no image, ``Image.gz`` is.
    """
    compression = compression_of(first)
    if not compression:
        return (
            identify(first) is not None
            or first[ARM_ZIMAGE_AT : ARM_ZIMAGE_AT + 4] == ARM_ZIMAGE
            or first.startswith(DOS_MAGIC)
        )
    try:
        inside = Expansion(
            ViewReader(memoryview(first)), compression, Budget(Limits(), ""), where="", window=Limits().window
        )
        plain = inside.read(_PEEK)
    except CorruptData:
        return compression in {"lzo", "lz4 legacy"}  # configs are not compressed with these
    return bool(plain) and (looks_like_image(plain) if compression_of(plain) else b"\0" in plain[:MIB])
