"""U-Boot's flat image tree (``image.fit``): a device tree whose ``/images`` nodes hold kernels and more."""

from kina_audit.kernel.image.container import Container, Part, be32, text

# The Devicetree Specification, chapter 5, "Flattened Devicetree (DTB) Format"; all numbers big-endian.
MAGIC = b"\xd0\x0d\xfe\xed"
TOTAL_SIZE_AT, STRUCTURE_AT, STRINGS_AT = 4, 8, 12
BEGIN_NODE, END_NODE, PROPERTY, NOP, END = 1, 2, 3, 4, 9
MOST_TOKENS = 65536
DEEPEST = 16
# U-Boot's doc/usage/fit/source_file_format.rst: "type" of an image node, and where its data is.
KERNEL_TYPES = {"kernel", "kernel_noload"}


def read_fit(head: bytes | memoryview) -> Container | None:
    """Recognise a flat image tree. All of it must be in ``head``: the names of its properties stand at its end."""
    if head[:4] != MAGIC:
        return None
    images = list(_images(head))
    # Data outside the tree starts at its end, aligned to 4.
    outside = (be32(head, TOTAL_SIZE_AT) + 3) & ~3
    parts = []
    for name, node in images:
        if text(node.get("type", (b"", 0))[0]) not in KERNEL_TYPES:
            continue
        named = text(node.get("compression", (b"", 0))[0])
        label = f"image {name}"
        if "data" in node:
            data, at = node["data"]
            parts.append(Part(label, at, len(data), named))
        elif "data-size" in node:
            start = be32(node["data-position"][0], 0) if "data-position" in node else outside
            start += be32(node["data-offset"][0], 0) if "data-offset" in node else 0
            parts.append(Part(label, start, be32(node["data-size"][0], 0), named))
    if not parts:
        return Container("device tree", problem="it is a device tree without a kernel in /images")
    return Container("flat image tree", tuple(parts))


Properties = dict[str, tuple[bytes | memoryview, int]]


def _images(tree: bytes | memoryview) -> list[tuple[str, Properties]]:
    """The children of ``/images`` with their properties, each with where its value stands."""
    at, strings = be32(tree, STRUCTURE_AT), be32(tree, STRINGS_AT)
    path: list[str] = []
    images: list[tuple[str, Properties]] = []
    for _ in range(MOST_TOKENS):
        token = be32(tree, at)
        at += 4
        if token == BEGIN_NODE:
            name = text(tree[at : at + 64])
            at = (at + len(name) + 4) & ~3
            path.append(name)
            if len(path) > DEEPEST:
                break
            if path[1:2] == ["images"] and len(path) == 3:
                images.append((name, {}))
        elif token == PROPERTY:
            length, name_at = be32(tree, at), be32(tree, at + 4)
            at += 8
            if at + length > len(tree):
                break
            if images and path[1:2] == ["images"] and len(path) == 3:
                name = text(tree[strings + name_at : strings + name_at + 32])
                images[-1][1][name] = (tree[at : at + length], at)
            at = (at + length + 3) & ~3
        elif token == END_NODE:
            if not path:
                break
            path.pop()
        elif token != NOP:
            break
    return images
