"""Unified kernel images: a PE program with the kernel in its ``.linux`` section."""

from kina_audit.kernel.image.container import Container, Part, text, u16, u32

# Microsoft's "PE Format": DOS stub, file header and section table.
DOS_MAGIC = b"MZ"
PE_OFFSET_AT, PE_MAGIC = 0x3C, b"PE\0\0"
SECTION_COUNT_AT, OPTIONAL_HEADER_SIZE_AT, FILE_HEADER_END = 6, 20, 24  # from the PE magic
SECTION_SIZE = 40
VIRTUAL_SIZE_AT, RAW_SIZE_AT, RAW_OFFSET_AT = 8, 16, 20  # in a section's entry
MOST_SECTIONS = 96  # the format's own limit
# The UAPI group's "Unified Kernel Image" specification: section names.
KERNEL_SECTION, RELEASE_SECTION = ".linux", ".uname"


def read_uki(head: bytes | memoryview) -> Container | None:
    """Recognise a PE file with a ``.linux`` section; any other PE is none of ours."""
    if head[:2] != DOS_MAGIC:
        return None
    pe = u32(head, PE_OFFSET_AT)
    if head[pe : pe + 4] != PE_MAGIC:
        return None
    table = pe + FILE_HEADER_END + u16(head, pe + OPTIONAL_HEADER_SIZE_AT)
    parts, release = [], ""
    for index in range(min(u16(head, pe + SECTION_COUNT_AT), MOST_SECTIONS)):
        entry = head[table + index * SECTION_SIZE : table + (index + 1) * SECTION_SIZE]
        if len(entry) < SECTION_SIZE:
            break
        name, offset = text(entry[:8]), u32(entry, RAW_OFFSET_AT)
        # The raw size is rounded up to the file's alignment; the virtual size is the content's.
        length = min(u32(entry, VIRTUAL_SIZE_AT) or u32(entry, RAW_SIZE_AT), u32(entry, RAW_SIZE_AT))
        if name == KERNEL_SECTION:
            parts.append(Part(".linux section", offset, length))
        elif name == RELEASE_SECTION and offset + length <= len(head):
            release = text(head[offset : offset + min(length, 256)]).strip()
    return Container("unified kernel image", tuple(parts), release) if parts else None
