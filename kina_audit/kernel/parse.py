"""Config text to `KernelConfig`, read the way the kernel's own reader (``scripts/kconfig/confdata.c``) reads it.

Oddities kept on purpose: the first character of a value decides a tristate (``=yes`` is y); an indented or spaced
line is no assignment; ``# CONFIG_X=y`` is a comment; the last of two assignments wins; ``=m`` in a kernel without
``CONFIG_MODULES`` becomes y. A regular file is read with two regular expressions; a file with anything unusual in it
is read again line by line, so that every oddity gets its line number.
"""

import re

from kina_audit.base.bounds import CONFIG_BYTES, CONFIG_LINE, CONFIG_LINES, CONFIG_WARNINGS, KIB, MIB
from kina_audit.errors import NotAConfigError, SourceTooLargeError
from kina_audit.kernel.config import (
    Completeness,
    ConfigWarning,
    Header,
    KernelConfig,
    Origin,
)
from kina_audit.kernel.shape import cut, looks_complete, refuse_foreign, without_end
from kina_audit.kernel.version import KernelVersion

_MAX_MALFORMED = 8
"""More lines than this that the kernel's reader would call unexpected data: this is some other kind of file."""

# Every regular line, found behind the newline before it: a literal start makes these twice as fast as ^ does.
_SET = re.compile(r"\nCONFIG_(\w+)=(.+)", re.ASCII)
_NOT_SET = re.compile(r"\n# CONFIG_(\w+) is not set$", re.MULTILINE | re.ASCII)
_SYMBOL = re.compile(r"[A-Za-z0-9_]+")
# Possessive: a string is read once, and no place to go back to is kept for each of its characters.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"')
_LINE_END = re.compile(r"(?<!\r)\r++(?:\n|\Z)")
_NUMBER = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|[0-9a-fA-F]+)")

_HEADER_FORMS = (
    re.compile(
        r"^# (?:Linux/|User Mode Linux/)?(?P<arch>[\w-]+) (?P<version>\d+\.\d+\S*) Kernel Configuration", re.MULTILINE
    ),
    re.compile(r"^# Linux kernel version: (?P<version>\d+\.\d+\S*)", re.MULTILINE),
    re.compile(r"^# (?:Linux/|User Mode Linux/)(?P<arch>[\w-]+) [^\n]*Kernel Configuration", re.MULTILINE),
)
_COMPILER_COMMENT = re.compile(r"^# Compiler: (.+)$", re.MULTILINE)

# UML comes first: its configs have the symbols of the architecture it runs on, too.
_ARCH_SYMBOLS = {
    "UML": "um", "ARM64": "arm64", "X86_64": "x86_64", "X86_32": "x86", "RISCV": "riscv", "ARM": "arm",
    "PPC": "powerpc", "PPC64": "powerpc", "S390": "s390", "LOONGARCH": "loongarch", "MIPS": "mips", "SPARC": "sparc",
    "PARISC": "parisc",
}  # fmt: skip

NOT_UTF_8 = "bytes that are no UTF-8; they are shown and written as U+FFFD"
"""What is said of a config with such bytes: the kernel's own reader keeps them as they are."""

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""What PowerShell's ``>`` puts first."""

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
        _refuse_binary(data, name)
        text, warnings = _decoded(data)
    if "\r" in text:
        text = _LINE_END.sub("\n", text)
    text, marked = _without_mark(text)
    warnings += marked
    refuse_shape(text, name)
    refuse_foreign(text, name)

    raw = _read_fast(text)
    if raw is None:
        raw, found = _read_slowly(text)
        if not raw or found.unexpected > max(_MAX_MALFORMED, len(raw) // 50):
            raise _not_a_config(text, name, found.kept, found.count)
        warnings += found.told
    if not raw:
        raise _not_a_config(text, name, [], 0)

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
    header = _header(text, raw)
    return KernelConfig(
        raw=raw,
        header=header,
        completeness=completeness,
        origin=origin,
        target=header.version,
        arch=_arch(raw, header),
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


def refuse_shape(text: str, name: str) -> None:
    """Raise when a text has more or longer lines than any config, before something is kept for each.

    Raises:
        SourceTooLargeError: it has.
    """
    if text.count("\n") + (not text.endswith("\n")) > CONFIG_LINES:
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


def _read_fast(text: str) -> dict[str, str] | None:
    """Symbol to value of a config in which every line is regular; None when one may not be.

    Counting lines by their first character proves that the expression missed none of them.
    """
    text = "\n" + text
    pairs = _SET.findall(text)
    not_set = _NOT_SET.findall(text)
    raw: dict[str, str] = dict(pairs)
    values = set(raw.values())
    raw.update(dict.fromkeys(not_set, "n"))
    if len(raw) != len(pairs) + len(not_set):
        return None
    lines = text.count("\n")
    comments = text.count("\n#")
    blanks = text.count("\n\n") + text.endswith("\n")
    if lines - comments - blanks != len(pairs) or text.count(" is not set") != len(not_set):
        return None
    for value in values:
        if value not in ("y", "m", "n") and (value[0] in "ymn" or _value_problem(value)):
            return None
    return raw


class _Warnings:
    """The first warnings, and how many there are."""

    def __init__(self) -> None:
        self.kept: list[ConfigWarning] = []
        self.count = 0
        self.unexpected = 0
        """How many of the lines are nothing that a config has."""

    def add(self, line: int, text: str) -> None:
        """One more."""
        self.count += 1
        if self.count <= CONFIG_WARNINGS:
            self.kept.append(ConfigWarning(line, text))

    @property
    def told(self) -> tuple[ConfigWarning, ...]:
        """Those that were kept, and a sentence about the others."""
        more = self.count - len(self.kept)
        return (*self.kept, *([ConfigWarning(0, f"and {more:,} more lines like these")] if more else []))


def _read_slowly(text: str) -> tuple[dict[str, str], _Warnings]:
    raw: dict[str, str] = {}
    lines: dict[str, int] = {}
    warnings = _Warnings()
    for number, line in enumerate(text.split("\n"), 1):
        if not line:
            continue
        if line[0] == "#":
            if not line.startswith("# CONFIG_"):
                continue
            symbol, space, rest = line[9:].partition(" ")
            if not space or rest.rstrip() != "is not set":
                continue
            value = "n"
        else:
            symbol, equals, value = line[7:].partition("=")
            if not line.startswith("CONFIG_") or not equals or not _SYMBOL.fullmatch(symbol):
                if line.strip():
                    warnings.unexpected += 1
                    warnings.add(number, f"unexpected data: {line.strip()[:80]}")
                continue
            problem = _value_problem(value)
            if problem:
                warnings.add(number, f"{problem} for CONFIG_{symbol[:80]}: {value[:60]}")
                continue
            if value[0] in "ymn":
                if len(value) > 1:
                    warnings.add(number, f"CONFIG_{symbol[:80]}={value[:20]} is read as {value[0]}")
                value = value[0]
        if symbol in lines:
            warnings.add(
                number, f"CONFIG_{symbol[:80]} is assigned on lines {lines[symbol]} and {number}; the last wins"
            )
        raw[symbol] = value
        lines[symbol] = number
    return raw, warnings


def _value_problem(value: str) -> str:
    if not value:
        return "empty value"
    if value[0] in "ymn":
        return ""
    if value[0] == '"':
        return "" if _STRING.match(value) else "invalid string"
    return "" if _NUMBER.fullmatch(value.rstrip()) else "invalid value"


def _without_mark(text: str) -> tuple[str, tuple[ConfigWarning, ...]]:
    """A text without its byte order mark, as the kernel's reader reads it: an assignment behind the mark is none."""
    if not text.startswith("\ufeff"):
        return text, ()
    first, newline, rest = text[1:].partition("\n")
    if not first.startswith("CONFIG_") and not first.startswith("# CONFIG_"):
        return text[1:], ()
    said = f"the kernel's own reader takes this line for no assignment: a byte order mark stands before {first[:60]}"
    return f"#{newline}{rest}", (ConfigWarning(1, said),)


def _header(text: str, raw: dict[str, str]) -> Header:
    head = text[:4096]
    version: KernelVersion | None = None
    arch: str | None = None
    for form in _HEADER_FORMS:
        match = form.search(head)
        if match is None:
            continue
        found = match.groupdict()
        version = KernelVersion.found_in(found.get("version", ""))
        if version is None and "version" in found:
            continue
        arch = found.get("arch")
        break
    compiler = raw.get("CC_VERSION_TEXT", "").strip('"') or None
    if compiler is None and (comment := _COMPILER_COMMENT.search(head)):
        compiler = comment[1].strip()
    return Header(version, arch, compiler)


def _arch(raw: dict[str, str], header: Header) -> str | None:
    for symbol, arch in _ARCH_SYMBOLS.items():
        if raw.get(symbol) == "y":
            return arch
    return header.arch


def _refuse_binary(data: bytes, name: str) -> None:
    if not data.strip():
        raise NotAConfigError(f"{name} is empty", "Check the path; a kernel config has a few thousand lines.")
    for pattern, what, hint in _LOOKS_LIKE:
        if pattern.match(data[:4096]):
            raise NotAConfigError(f"{name} does not look like a kernel config: it is {what}", hint)
    if b"\0" in data[:65536]:
        raise NotAConfigError(
            f"{name} does not look like a kernel config: it is binary data", "Give the kernel's .config text."
        )


def _not_a_config(text: str, name: str, warnings: list[ConfigWarning], count: int) -> NotAConfigError:
    if not text.strip():
        return NotAConfigError(f"{name} is empty", "Check the path; a kernel config has a few thousand lines.")
    where = f"; line {warnings[0].line}: {warnings[0].text}" if warnings else ""
    return NotAConfigError(
        f"{name} does not look like a kernel config: no CONFIG_ lines that its reader would accept{where}"
        if count < 2
        else f"{name} does not look like a kernel config: {count} lines are not assignments{where}",
        "A kernel config has lines such as CONFIG_NET=y and '# CONFIG_VETH is not set'.",
    )
