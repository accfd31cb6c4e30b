"""x86's bzImage: real-mode code with the setup header, then a decompressor with the compressed ELF kernel in it."""

from kina_audit.kernel.image.container import Container, Part, text, u16, u32

# Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header".
SETUP_SECTS_AT = 0x1F1  # size of the real-mode code in sectors, 0 means 4
BOOT_FLAG_AT, BOOT_FLAG = 0x1FE, 0xAA55
MAGIC_AT, MAGIC = 0x202, b"HdrS"
VERSION_AT = 0x206  # boot protocol
KERNEL_VERSION_AT = 0x20E  # less 0x200: where the version text stands
PAYLOAD_OFFSET_AT = 0x248  # from the start of the protected-mode code
PAYLOAD_LENGTH_AT = 0x24C
WITH_PAYLOAD = 0x0208  # the first protocol with the two fields above (2.6.26)
SECTOR = 512
HEADER_END = 0x250


def read_bzimage(head: bytes | memoryview) -> Container | None:
    """Recognise a bzImage by ``HdrS`` and the boot flag."""
    if head[MAGIC_AT : MAGIC_AT + 4] != MAGIC or u16(head, BOOT_FLAG_AT) != BOOT_FLAG:
        return None
    version_at = u16(head, KERNEL_VERSION_AT)
    release = text(head[version_at + 0x200 : version_at + 0x200 + 256]).split(" ")[0] if version_at else ""
    if u16(head, VERSION_AT) < WITH_PAYLOAD:
        return Container("x86 bzImage of an old boot protocol", release=release)
    protected_mode = ((head[SETUP_SECTS_AT] or 4) + 1) * SECTOR
    offset, length = u32(head, PAYLOAD_OFFSET_AT), u32(head, PAYLOAD_LENGTH_AT)
    return Container("x86 bzImage", (Part("payload", protected_mode + offset, length),), release)
