"""What a config tells of its kernel beside its symbols' values: version, architecture, compiler."""

import re

from kina_audit.kernel.config import Header
from kina_audit.kernel.version import KernelVersion

_HEADER_FORMS = (
    r"(?m)^# (?:Linux/|User Mode Linux/)?(?P<arch>[\w-]+) (?P<version>\d+\.\d+\S*) Kernel Configuration",
    r"(?m)^# Linux kernel version: (?P<version>\d+\.\d+\S*)",
    r"(?m)^# (?:Linux/|User Mode Linux/)(?P<arch>[\w-]+) [^\n]*Kernel Configuration",
)
_COMPILER_COMMENT = r"(?m)^# Compiler: (.+)$"

# UML comes first: its configs have the symbols of the architecture it runs on, too.
_ARCH_SYMBOLS = {
    "UML": "um", "ARM64": "arm64", "X86_64": "x86_64", "X86_32": "x86", "RISCV": "riscv", "ARM": "arm",
    "PPC": "powerpc", "PPC64": "powerpc", "S390": "s390", "LOONGARCH": "loongarch", "MIPS": "mips", "SPARC": "sparc",
    "PARISC": "parisc",
}  # fmt: skip


def header_of(text: str, raw: dict[str, str]) -> Header:
    """What the heading of a config says, and the symbol that names the compiler."""
    head = text[:4096]
    version: KernelVersion | None = None
    arch: str | None = None
    for form in _HEADER_FORMS:
        match = re.search(form, head)
        if match is None:
            continue
        found = match.groupdict()
        version = KernelVersion.found_in(found.get("version", ""))
        if version is None and "version" in found:
            continue
        arch = found.get("arch")
        break
    compiler = raw.get("CC_VERSION_TEXT", "").strip('"') or None
    if compiler is None and (comment := re.search(_COMPILER_COMMENT, head)):
        compiler = comment[1].strip()
    return Header(version, arch, compiler)


def arch_of(raw: dict[str, str], header: Header) -> str | None:
    """The architecture, by the symbol that every config of it has; else the heading's."""
    for symbol, arch in _ARCH_SYMBOLS.items():
        if raw.get(symbol) == "y":
            return arch
    return header.arch
