"""What some bytes are, told by content: config text, a kernel image, or an archive; and the config out of the first two."""

from enum import StrEnum

from kina_audit.base.bounds import CONFIG_BYTES
from kina_audit.base.datatype import datatype
from kina_audit.errors import SourceError, SourceTooLargeError
from kina_audit.kernel.compression.corrupt import CorruptData
from kina_audit.kernel.compression.expansion import Expansion, compression_of
from kina_audit.kernel.compression.limits import Budget, Limits
from kina_audit.kernel.compression.reader import Reader, ViewReader
from kina_audit.kernel.image.extract import extract_config
from kina_audit.kernel.parse import UTF_16
from kina_audit.sources.archive.magics import ARCHIVES, looks_like_tar

HEAD = 1024 * 1024
"""How much of compressed data is looked into: bzip2 gives nothing before a block of up to 900 kB is complete."""

_INSIDE = 4096


class Kind(StrEnum):
    """What a source's bytes are."""

    TEXT = "config"
    IMAGE = "image"
    ARCHIVE = "archive"


@datatype
class Content:
    """A config's text, and where it was found.

    Attributes:
        data: the text's bytes.
        kind: what it was found in.
        found_in: the layers around it, outermost first; empty for plain text.
        kernel_release: what the image it was in says it is, or an empty string.
    """

    data: bytes
    kind: Kind
    found_in: tuple[str, ...] = ()
    kernel_release: str = ""


def kind_of(reader: Reader) -> Kind:
    """What comes out of a reader, without taking it."""
    head = reader.peek(_INSIDE)
    if head.startswith(ARCHIVES):
        return Kind.ARCHIVE
    compression = compression_of(head)
    if not compression:
        if looks_like_tar(head):
            return Kind.ARCHIVE
        return Kind.TEXT if _is_text(head) else Kind.IMAGE
    packed = ViewReader(memoryview(reader.peek(HEAD)))
    try:
        start = Expansion(packed, compression, Budget(Limits(), ""), where="", window=Limits().window).peek(_INSIDE)
    except CorruptData:
        start = b"\0"  # reading it as an image says what is wrong with it
    if looks_like_tar(start) or start.startswith(ARCHIVES):
        return Kind.ARCHIVE
    return Kind.TEXT if _is_text(start) and not compression_of(start) else Kind.IMAGE


def _is_text(start: bytes | memoryview) -> bool:
    """UTF-16 has a zero in every other byte, and a mark of its own at its start."""
    return b"\0" not in bytes(start) or bytes(start[:2]) in UTF_16


def read_config(reader: Reader, name: str, budget: Budget) -> Content:
    """The config that is in text (compressed or not) or in a kernel image.

    Raises:
        SourceError: truncated, corrupt, too large, or an image without a config.
    """
    try:
        if kind_of(reader) is Kind.TEXT:
            return _read_text(reader, name, budget)
    except CorruptData as error:
        raise corrupt(name, error) from error
    found = extract_config(reader.view if isinstance(reader, ViewReader) else reader, name, budget=budget)
    return Content(found.config_text, Kind.IMAGE, found.found_in, found.kernel_release or "")


def _read_text(reader: Reader, name: str, budget: Budget) -> Content:
    compression = compression_of(reader.peek(16))
    plain: Reader = reader
    if compression:
        window = budget.limits.window
        plain = Expansion(
            reader, compression, budget, where=f"the {compression} data", window=window, concatenated=True
        )
    data = plain.read_exactly(CONFIG_BYTES + 1)
    if len(data) > CONFIG_BYTES:
        packed = " once decompressed" if compression else ""
        raise SourceTooLargeError(
            f"{name}: more than {CONFIG_BYTES // 1024 // 1024} MiB{packed}, which no kernel config is",
            "Give the kernel's .config, or its image.",
        )
    return Content(data, Kind.TEXT, (f"{compression} data",) if compression else ())


def corrupt(name: str, error: CorruptData) -> SourceError:
    """The user's error for damaged data."""
    return SourceError(
        f"{name}: {error.reason}", error.hint or "The file is truncated or damaged; fetch or copy it again."
    )
