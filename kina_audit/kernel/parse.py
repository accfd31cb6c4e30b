"""Config text to `KernelConfig`; ``=m`` in a kernel without ``CONFIG_MODULES`` becomes y, as its own reader has it."""

import re

from kina_audit.base.bounds import CONFIG_BYTES, MIB
from kina_audit.errors import SourceTooLargeError
from kina_audit.kernel.assignments import read_fast, read_slowly
from kina_audit.kernel.config import Completeness, ConfigWarning, KernelConfig, Origin
from kina_audit.kernel.heading import arch_of, header_of
from kina_audit.kernel.refused import not_a_config, refuse_binary, refuse_shape
from kina_audit.kernel.shape import cut, looks_complete, refuse_foreign, without_end

_MAX_MALFORMED = 8
"""More lines than this that the kernel's reader would call unexpected data: this is some other kind of file."""

_LINE_END = r"(?<!\r)\r++(?:\n|\Z)"

NOT_UTF_8 = "bytes that are no UTF-8; they are shown and written as U+FFFD"
"""What is said of a config with such bytes: the kernel's own reader keeps them as they are."""

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""What PowerShell's ``>`` puts first."""


def parse_config(
    data: bytes | str,
    *,
    name: str = "config",
    origin: Origin = Origin.BUILT,
    completeness: Completeness | None = None,
) -> KernelConfig:
    """Read config text.

    Args:
        data: the text, or its bytes (UTF-8, or UTF-16 with a byte order mark; LF or CRLF).
        name: what to call the input in messages.
        origin: whether the text is a built kernel's config or what ``olddefconfig`` is fed with.
        completeness: whether absence means n, when that is known; None: the text itself tells.

    Raises:
        SourceTooLargeError: more than 16 MiB.
        NotAConfigError: another program's config, no assignment, or more than a few malformed lines: this does not look
            like a kernel config.
    """
    if len(data) > CONFIG_BYTES:
        raise SourceTooLargeError(f"{name}: more than {CONFIG_BYTES // MIB} MiB of text, which no kernel config is")
    warnings: tuple[ConfigWarning, ...] = ()
    if isinstance(data, str):
        text = data
    elif data[:2] in UTF_16:
        text = data.decode("utf-16", errors="replace")
        warnings += (ConfigWarning(0, "UTF-16 text, read as such; the kernel's own reader takes nothing of it"),)
    else:
        refuse_binary(data, name)
        text, warnings = _decoded(data)
    if "\r" in text:
        text = re.sub(_LINE_END, "\n", text)
    text, marked = _without_mark(text)
    warnings += marked
    refuse_shape(text, name)
    refuse_foreign(text, name)

    raw = read_fast(text)
    if raw is None:
        raw, found = read_slowly(text)
        if not raw or found.unexpected > max(_MAX_MALFORMED, len(raw) // 50):
            raise not_a_config(text, name, found.kept, found.count)
        warnings += found.told
    if not raw:
        raise not_a_config(text, name, [], 0)

    line, seen = cut(text, len(raw)) if completeness is None else (0, "")
    if seen:
        completeness = Completeness.PARTIAL
        warnings += (ConfigWarning(line, seen),)
    elif completeness is None and without_end(text):
        warnings += (ConfigWarning(text.count("\n") + 1, "the last line has no end: the file may be cut"),)
    if completeness is None:
        completeness = Completeness.COMPLETE if looks_complete(text) else Completeness.PARTIAL
    modules = raw.get("MODULES", "n" if completeness is Completeness.COMPLETE else None)
    if modules == "n" and "m" in raw.values():
        raw = {symbol: "y" if value == "m" else value for symbol, value in raw.items()}
        warnings += (ConfigWarning(0, "=m without CONFIG_MODULES=y: the kernel builds these symbols in, read as y"),)
    header = header_of(text, raw)
    return KernelConfig(
        raw=raw,
        header=header,
        completeness=completeness,
        origin=origin,
        target=header.version,
        arch=arch_of(raw, header),
        warnings=warnings,
        text=text,
        cut=seen,
    )


def _decoded(data: bytes) -> tuple[str, tuple[ConfigWarning, ...]]:
    """UTF-8 as text; bytes that are none are replaced, and that is told."""
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return data.decode("utf-8", errors="replace"), (ConfigWarning(line, NOT_UTF_8),)


def _without_mark(text: str) -> tuple[str, tuple[ConfigWarning, ...]]:
    """A text without its byte order mark, as the kernel's reader reads it: an assignment behind the mark is none."""
    if not text.startswith("\ufeff"):
        return text, ()
    first, newline, rest = text[1:].partition("\n")
    if not first.startswith("CONFIG_") and not first.startswith("# CONFIG_"):
        return text[1:], ()
    said = f"the kernel's own reader takes this line for no assignment: a byte order mark stands before {first[:60]}"
    return f"#{newline}{rest}", (ConfigWarning(1, said),)
