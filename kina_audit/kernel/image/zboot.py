"""EFI zboot (``vmlinuz.efi``): an EFI program that decompresses the flat Image inside it."""

from kina_audit.kernel.image.container import Container, Part, text, u32

# drivers/firmware/efi/libstub/zboot-header.S
MAGIC = b"MZ\0\0zimg"  # the PE magic as a long, then the image type
PAYLOAD_OFFSET_AT = 0x08
PAYLOAD_SIZE_AT = 0x0C
COMPRESSION_AT, COMPRESSION_LENGTH = 0x18, 32  # a text such as "gzip", then padding up to 0x38


def read_zboot(head: bytes | memoryview) -> Container | None:
    """Recognise an EFI zboot image."""
    if head[: len(MAGIC)] != MAGIC:
        return None
    named = text(head[COMPRESSION_AT : COMPRESSION_AT + COMPRESSION_LENGTH])
    return Container("EFI zboot", (Part("payload", u32(head, PAYLOAD_OFFSET_AT), u32(head, PAYLOAD_SIZE_AT), named),))
