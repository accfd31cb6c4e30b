"""U-Boot's legacy uImage: a 64-byte header, then one image or several."""

from kina_audit.kernel.image.container import Container, Part, be32, text

# U-Boot's include/image.h, struct legacy_img_hdr; all numbers big-endian.
MAGIC = b"\x27\x05\x19\x56"
SIZE_AT, OS_AT, TYPE_AT, NAME_AT = 12, 28, 30, 32
HEADER = 64
OS_LINUX = 5  # IH_OS_LINUX
TYPE_KERNEL, TYPE_MULTI, TYPE_KERNEL_NOLOAD = 2, 4, 14  # IH_TYPE_*
MOST_PARTS = 16


def read_uimage(head: bytes | memoryview) -> Container | None:
    """Recognise a legacy uImage; of a multi-file one, the first file is the kernel."""
    if head[:4] != MAGIC or len(head) < HEADER:
        return None
    name = text(head[NAME_AT:HEADER])
    release = name.removeprefix("Linux-") if name.startswith("Linux-") else ""
    size, kind = be32(head, SIZE_AT), head[TYPE_AT]
    if kind in {TYPE_KERNEL, TYPE_KERNEL_NOLOAD}:
        return Container("uImage", (Part("kernel", HEADER, size),), release)
    if kind != TYPE_MULTI:
        return Container("uImage", problem=f"it is of type {kind}, which holds no kernel", release=release)
    sizes: list[int] = []
    while len(sizes) < MOST_PARTS and (length := be32(head, HEADER + 4 * len(sizes))):
        sizes.append(length)
    start = HEADER + 4 * (len(sizes) + 1)
    return Container("multi-file uImage", (Part("kernel", start, sizes[0]),) if sizes else (), release)
