"""What a config's text shows of itself before any symbol counts: another program's file, a complete config, a cut one."""

import re
from itertools import islice

from kina_audit.errors import NotAConfigError

# A configurator's heading: what it generates, and for what. The kernel's says "Linux/x86_64 6.12.0 Kernel Configuration".
_HEADING = re.compile(r"\A(?:#[ \t]*\n)?# Automatically generated[^\n]*\n#[ \t]+(?P<title>\S[^\n]*)")
_FOREIGN = re.compile(
    r"^#[ \t]+(?P<title>(?:U-Boot|Busybox|Toybox|OpenWrt|LEDE|Buildroot|Zephyr|barebox|coreboot|Xen|uClibc|crosstool-NG"
    r"|Espressif|NuttX)\b[^\n]*)$",
    re.MULTILINE | re.IGNORECASE,
)
_HEAD = 1024

# Promptless symbols that some "depends on" or "select" decides: a configurator writes dozens of them into a complete
# config, and `make savedefconfig` or a person writing a fragment writes none or a handful.
_PROMPTLESS = re.compile(
    r"^CONFIG_(?:HAVE|ARCH_HAS|ARCH_HAVE|ARCH_SUPPORTS|ARCH_WANT|GENERIC|CC_HAS)_[A-Z0-9_]+=y", re.MULTILINE
)
_COMPLETE_FROM = 25

# Every kernel of every architecture has these menus, one of the first and one of the last; since Linux 5.4 their ends are
# written, too (held against every file of the research corpus, 4.14 to 7.2).
_MENU = "\n# {}\n#\n"
_END = "\n# end of {}\n"
_FIRST, _LAST = "General setup", "Kernel hacking"


def refuse_foreign(text: str, name: str) -> None:
    """Stop at the configuration of another program, which has CONFIG_ lines, too.

    Raises:
        NotAConfigError: of U-Boot, BusyBox, OpenWrt, or whatever its heading says.
    """
    head = text[:_HEAD]
    heading = _HEADING.search(head)
    title = heading["title"].strip() if heading else ""
    if "linux" in title.lower():
        return
    found = _FOREIGN.search(head)
    if found or title.endswith("Configuration"):
        told = title or (found["title"].strip() if found else "")
        raise NotAConfigError(
            f"{name} is no kernel's config: its heading says {told[:60]!r}",
            "Give the kernel's own .config; its heading says 'Linux/... Kernel Configuration'.",
        )


def looks_complete(text: str) -> bool:
    """Whether a configurator wrote the text: it has what people and ``savedefconfig`` leave out."""
    return sum(1 for _ in islice(_PROMPTLESS.finditer(text), _COMPLETE_FROM)) == _COMPLETE_FROM


def cut(text: str) -> tuple[int, str]:
    """The line, and what shows there that a generated config is only a part of one; (0, "") when nothing does."""
    generated = _HEADING.search(text[:_HEAD]) is not None
    ends = "\n# end of " in text
    if not generated and not ends:
        return 0, ""
    last = text.rstrip("\n").count("\n") + 1
    if ends and _END.format(_LAST) not in text + "\n":
        return (
            last,
            f"the file is cut: it ends before '# end of {_LAST}', which is among the last lines of a kernel's config",
        )
    if ends and _END.format(_FIRST) not in text:
        return (
            1,
            f"the file is cut: the menu {_FIRST!r}, with which a kernel's config begins, is not there or not whole",
        )
    if not ends and _MENU.format(_FIRST) in text and _MENU.format(_LAST) not in text:
        return last, f"the file is cut: it has no menu {_LAST!r}, which is one of the last of every kernel's config"
    return 0, ""


def without_end(text: str) -> bool:
    """Whether the last line of a generated config has no end, as that of a copy that broke off has none."""
    return not text.endswith("\n") and _HEADING.search(text[:_HEAD]) is not None
