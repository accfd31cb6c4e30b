"""What a config's text shows of itself before any symbol counts: another program's file, a complete config, a cut one."""

import re
from itertools import islice
from typing import TYPE_CHECKING

from kina_audit.errors import NotAConfigError

if TYPE_CHECKING:
    from kina_audit.kernel.config import KernelConfig

# A configurator's heading: what it generates, and for what. The kernel's says "Linux/x86_64 6.12.0 Kernel Configuration".
_HEADING = re.compile(r"\A(?:#[ \t]*\n)?# Automatically generated[^\n]*\n#[ \t]+(?P<title>\S[^\n]*)")
_FOREIGN = (
    r"(?mi)^#[ \t]+(?P<title>(?:U-Boot|Busybox|Toybox|OpenWrt|LEDE|Buildroot|Zephyr|barebox|coreboot|Xen|uClibc|crosstool-NG"
    r"|Espressif|NuttX)\b[^\n]*)$"
)
_HEAD = 1024

# Promptless symbols that some "depends on" or "select" decides: a configurator writes dozens of them into a complete
# config, and `make savedefconfig` or a person writing a fragment writes none or a handful.
_PROMPTLESS = re.compile(
    r"^CONFIG_(?:HAVE|ARCH_HAS|ARCH_HAVE|ARCH_SUPPORTS|ARCH_WANT|GENERIC|CC_HAS)_[A-Z0-9_]+=y", re.MULTILINE
)
_COMPLETE_FROM = 25

# Every kernel of every architecture has these menus, in this order; since Linux 5.4 their ends are written, too (held
# against every file of the research corpus, 4.9 to 7.2).
_MENUS = ("General setup", "File systems", "Security options", "Library routines", "Kernel hacking")
# Found behind the newline before it: a literal start is twice as fast as ^.
_FRAME = re.compile(r"\n#(?:\n# (\S[^\n]*)\n#$| end of (\S[^\n]*)$)", re.MULTILINE)
_MENU_OF_ALL = rf"(?m)^#\n# (?:{'|'.join(_MENUS)})\n#$"
_FEWEST = 500
"""Symbols that a generated config has at least; with everything off, Linux 5.10 to 7.3 write 830 and more."""


CUT = "the file is cut"
"""How every sentence begins on what shows that."""


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
    found = re.search(_FOREIGN, head)
    if found or title.endswith("Configuration"):
        told = title or (found["title"].strip() if found else "")
        raise NotAConfigError(
            f"{name} is no kernel's config: its heading says {told[:60]!r}",
            "Give the kernel's own .config; its heading says 'Linux/... Kernel Configuration'.",
        )


def looks_complete(text: str) -> bool:
    """Whether a configurator wrote the text: it has what people and ``savedefconfig`` leave out."""
    return sum(1 for _ in islice(_PROMPTLESS.finditer(text), _COMPLETE_FROM)) == _COMPLETE_FROM


def cut(text: str, symbols: int) -> tuple[int, str]:
    """The line, and what shows there that a generated config is only a part of one; (0, "") when nothing does.

    Args:
        text: the config.
        symbols: how many it has.
    """
    generated = _HEADING.search(text[:_HEAD]) is not None
    ends = "\n# end of " in text
    # Without either, only what has what a configurator alone writes is one's: people put such headings into fragments.
    if not generated and not ends and not (re.search(_MENU_OF_ALL, text) and looks_complete(text)):
        return 0, ""
    open_: list[str] = []
    seen: set[str] = set()
    for place, (menu, end) in enumerate(_FRAME.findall(f"\n{text}")):
        if menu:
            open_.append(menu)
            seen.add(menu)
            continue
        if end not in open_:
            found = next(islice(_FRAME.finditer(f"\n{text}"), place, None))
            line = text.count("\n", 0, found.start()) + 1
            return line, f"{CUT}: it has the end of the menu {end!r}, and not its beginning"
        # What is above it and still open was a comment, or an empty menu of a kernel that writes no end of those.
        while open_.pop() != end:
            pass
    lost = ""
    if ends and (ending := next((m for m in open_ if m in _MENUS), "")):
        lost = f"it ends before '# end of {ending}', which every whole config has"
    # What `kina-audit resolve` makes by a model that ships has no menus at all.
    elif seen and (menu := next((m for m in _MENUS if m not in seen), "")):
        lost = f"it has no menu {menu!r}, which every kernel's config has"
    elif generated and symbols < _FEWEST:
        lost = f"it has {symbols} symbol{'' if symbols == 1 else 's'}, and no generated config has fewer than {_FEWEST}"
    return (text.rstrip("\n").count("\n") + 1, f"{CUT}: {lost}") if lost else (0, "")


def says_cut(config: "KernelConfig") -> bool:
    """Whether a config's warnings say that it is cut, which is all that a stored report keeps of that."""
    return any(warning.text.startswith(f"{CUT}: ") for warning in config.warnings)


def without_end(text: str) -> bool:
    """Whether the last line of a generated config has no end, as that of a copy that broke off has none."""
    return not text.endswith("\n") and _HEADING.search(text[:_HEAD]) is not None
