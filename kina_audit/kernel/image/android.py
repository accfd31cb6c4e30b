"""Android boot images: a header page, then the kernel (usually compressed), a ramdisk and more."""

from kina_audit.kernel.image.container import Container, Part, u32

# AOSP's system/tools/mkbootimg include/bootimg/bootimg.h
MAGIC = b"ANDROID!"
VENDOR_MAGIC = b"VNDRBOOT"
KERNEL_SIZE_AT = 8  # all versions
PAGE_SIZE_AT = 36  # versions 0 to 2
HEADER_VERSION_AT = 40  # versions 0 to 2, and 3 and 4, whose pages are fixed
FIXED_PAGE = 4096
PAGE_SIZES = tuple(1 << n for n in range(11, 17))  # 2048 to 65536
NEWEST = 4


def read_android(head: bytes | memoryview) -> Container | None:
    """Recognise an Android boot image of header versions 0 to 4."""
    if head[:8] == VENDOR_MAGIC:
        return Container("Android vendor_boot image", problem="it holds a ramdisk and no kernel; give boot.img")
    if head[:8] != MAGIC:
        return None
    version = u32(head, HEADER_VERSION_AT)
    if version > NEWEST:  # before there were versions, the field was the size of a device tree
        version = 0
    page = FIXED_PAGE if version >= 3 else u32(head, PAGE_SIZE_AT)
    kind = f"Android boot image v{version}"
    length = u32(head, KERNEL_SIZE_AT)
    if page not in PAGE_SIZES:
        return Container(kind, problem=f"its header gives an impossible page size of {page}")
    if not length:
        return Container(kind, problem="it holds a ramdisk and no kernel (an init_boot image); give boot.img")
    return Container(kind, (Part("kernel", page, length),))
