"""What is no kernel config, and what it is instead."""

from kina_audit.base.bounds import CONFIG_LINE, CONFIG_LINES, KIB
from kina_audit.errors import NotAConfigError, SourceTooLargeError
from kina_audit.kernel.config import ConfigWarning

_IMAGE_ITSELF = "Give the image itself as the source."
_LOOKS_LIKE = (
    (0, (b"\x7fELF",), "an ELF file", _IMAGE_ITSELF),
    (0, (b"MZ",), "a PE or EFI image", _IMAGE_ITSELF),
    (56, (b"ARMd",), "an arm64 kernel Image", _IMAGE_ITSELF),
    (0, (b"\x1f\x8b", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"BZh"), "compressed data", "It is compressed more than once."),
    (0, (b"!<arch>",), "an ar archive or .deb package", "Take the /boot/config-* member out of it first."),
)
"""What stands at which place of a file, what the file is then, and what to do."""
_TEXT_LIKE = (
    ((b"<!doctype html", b"<html"), "an HTML page", "Use the raw file's address, not its page."),
    ((b"{", b"["), "JSON", "Give the kernel's .config text."),
)
"""The same of texts, behind any blanks and in any case."""


def refuse_binary(data: bytes, name: str) -> None:
    """Raise when bytes are empty or of a kind of file that is known, or no text.

    Raises:
        NotAConfigError: they are.
    """
    if not data.strip():
        raise NotAConfigError(f"{name} is empty", "Check the path; a kernel config has a few thousand lines.")
    head = data[:4096]
    text = head.lstrip().lower()
    seen = [(what, hint) for place, starts, what, hint in _LOOKS_LIKE if head.startswith(starts, place)]
    seen += [(what, hint) for starts, what, hint in _TEXT_LIKE if text.startswith(starts)]
    if seen:
        what, hint = seen[0]
        raise NotAConfigError(f"{name} does not look like a kernel config: it is {what}", hint)
    if b"\0" in data[:65536]:
        raise NotAConfigError(
            f"{name} does not look like a kernel config: it is binary data", "Give the kernel's .config text."
        )


def refuse_shape(text: str, name: str) -> None:
    """Raise when a text has more or longer lines than any config, before something is kept for each.

    Raises:
        SourceTooLargeError: it has.
    """
    if len(text) > CONFIG_LINES and text.count("\n") + (not text.endswith("\n")) > CONFIG_LINES:
        raise SourceTooLargeError(f"{name}: more than {CONFIG_LINES:,} lines, which no kernel config has")
    start = 0
    while len(text) - start > CONFIG_LINE:
        end = text.rfind("\n", start, start + CONFIG_LINE + 1)
        if end < 0:
            raise SourceTooLargeError(
                f"{name}:{text.count(chr(10), 0, start) + 1}: a line of more than {CONFIG_LINE // KIB} KiB, "
                "which no kernel config has"
            )
        start = end + 1


def not_a_config(text: str, name: str, warnings: list[ConfigWarning], count: int) -> NotAConfigError:
    """The error for a text that has no or too few assignments, with the first of ``count`` lines that are none."""
    if not text.strip():
        return NotAConfigError(f"{name} is empty", "Check the path; a kernel config has a few thousand lines.")
    where = f"; line {warnings[0].line}: {warnings[0].text}" if warnings else ""
    return NotAConfigError(
        f"{name} does not look like a kernel config: no CONFIG_ lines that its reader would accept{where}"
        if count < 2
        else f"{name} does not look like a kernel config: {count} lines are not assignments{where}",
        "A kernel config has lines such as CONFIG_NET=y and '# CONFIG_VETH is not set'.",
    )
