"""What is no kernel config, and what it is instead."""

import re

from kina_audit.base.bounds import CONFIG_LINE, CONFIG_LINES, KIB
from kina_audit.errors import NotAConfigError, SourceTooLargeError
from kina_audit.kernel.config import ConfigWarning

_LOOKS_LIKE = (
    (
        re.compile(rb"\A\s*(?:<!doctype html|<html)", re.IGNORECASE),
        "an HTML page",
        "Use the raw file's address, not its page.",
    ),
    (re.compile(rb"\A\x7fELF"), "an ELF file", "Give the image itself as the source."),
    (re.compile(rb"\AMZ"), "a PE or EFI image", "Give the image itself as the source."),
    (
        re.compile(rb"\A.{56}ARMd", re.DOTALL),
        "an arm64 kernel Image",
        "Give the image itself as the source.",
    ),
    (
        re.compile(rb"\A(?:\x1f\x8b|\xfd7zXZ|\x28\xb5\x2f\xfd|BZh)"),
        "compressed data",
        "It is compressed more than once.",
    ),
    (re.compile(rb"\A\s*[{\[]"), "JSON", "Give the kernel's .config text."),
    (re.compile(rb"\A!<arch>"), "an ar archive or .deb package", "Take the /boot/config-* member out of it first."),
)


def refuse_binary(data: bytes, name: str) -> None:
    """Raise when bytes are empty or of a kind of file that is known, or no text.

    Raises:
        NotAConfigError: they are.
    """
    if not data.strip():
        raise NotAConfigError(f"{name} is empty", "Check the path; a kernel config has a few thousand lines.")
    for pattern, what, hint in _LOOKS_LIKE:
        if pattern.match(data[:4096]):
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
