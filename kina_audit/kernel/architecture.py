"""Names of architectures: Kconfig's own, and what ``uname -m``, Debian and Go call them."""

from kina_audit.base.near import hint
from kina_audit.errors import UsageError

KNOWN = (
    "alpha", "arc", "arm", "arm64", "csky", "hexagon", "i386", "loongarch", "m68k", "microblaze", "mips", "nios2",
    "openrisc", "parisc", "parisc64", "powerpc", "riscv", "s390", "sh", "sparc", "sparc64", "um", "x86", "x86_64",
    "xtensa",
)  # fmt: skip
"""Values of ARCH: the folders under ``arch/`` in Linux 5.10 to 7.3, and the names that ``make ARCH=`` takes beside them."""

_ALSO_CALLED = {
    "aarch64": "arm64", "arm64v8": "arm64", "amd64": "x86_64", "x86-64": "x86_64", "x64": "x86_64", "i486": "i386",
    "i586": "i386", "i686": "i386", "armhf": "arm", "armel": "arm", "armv6l": "arm", "armv7": "arm", "armv7l": "arm",
    "ppc": "powerpc", "ppc64": "powerpc", "ppc64le": "powerpc", "ppc64el": "powerpc", "powerpc64": "powerpc",
    "s390x": "s390", "riscv64": "riscv", "riscv32": "riscv", "loongarch64": "loongarch", "loong64": "loongarch",
    "mipsel": "mips", "mips64": "mips", "mips64el": "mips", "mips64le": "mips",
}  # fmt: skip


def kconfig_arch(name: str) -> str:
    """Kconfig's name of an architecture, whatever it was called.

    Raises:
        UsageError: nobody calls one so.
    """
    low = name.strip().lower()
    found = low if low in KNOWN else _ALSO_CALLED.get(low)
    if found is None:
        meant = hint(low, [*KNOWN, *_ALSO_CALLED], 2, 0.6)
        raise UsageError(f"--arch {name[:40]}: no such architecture", meant or f"One of {', '.join(KNOWN)}.")
    return found
