"""What the header of an image says: what it is, and where in it the kernel stands."""

from kina_audit.base.datatype import datatype


@datatype
class Part:
    """A piece of an image that holds the kernel, or something that holds it.

    Attributes:
        label: what to call it in messages.
        offset: where it starts in the image.
        length: how long the header says it is.
        named: the compression the header names; its own first bytes decide.
    """

    label: str
    offset: int
    length: int
    named: str = ""


@datatype
class Container:
    """An image, as its header describes it.

    Attributes:
        kind: what to call it.
        parts: where the kernel is; empty: the image itself is the kernel's plain bytes.
        release: the kernel release or version text that the header gives, or an empty string.
        module: it is a kernel module, whose plain bytes are all there is.
        problem: why nothing can be read from it, as a sentence; or an empty string.
    """

    kind: str
    parts: tuple[Part, ...] = ()
    release: str = ""
    problem: str = ""
    module: bool = False


def u16(data: bytes | memoryview, at: int) -> int:
    """A little-endian 16-bit number; 0 past the end."""
    return int.from_bytes(data[at : at + 2], "little")


def u32(data: bytes | memoryview, at: int) -> int:
    """A little-endian 32-bit number; 0 past the end."""
    return int.from_bytes(data[at : at + 4], "little")


def be32(data: bytes | memoryview, at: int) -> int:
    """A big-endian 32-bit number; 0 past the end."""
    return int.from_bytes(data[at : at + 4], "big")


def text(data: bytes | memoryview) -> str:
    """ASCII up to the first zero byte; anything else becomes ``?``."""
    head = bytes(data).split(b"\0", 1)[0]
    return "".join(chr(c) if 32 <= c < 127 else "?" for c in head)
