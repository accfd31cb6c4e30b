"""Symbols that a tree defines for other architectures than the one it was read for, and which one some are of."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from kina_audit.kconfig.lines import ARCHES, lines, shipped_tree
from kina_audit.kconfig.loaded import KernelTree
from kina_audit.kconfig.toolchain import DEFAULT_TOOLCHAIN, Toolchain

_CONFIG = re.compile(rb"^[ \t]*(?:menu)?config[ \t]+(\w+)[ \t]*$", re.MULTILINE)
_MOST_FILES = 4000
_MOST_BYTES = 2 * 1024 * 1024


def other_architectures(tree: KernelTree, name: str) -> str:
    """A clause on where else a symbol is defined; empty: nowhere, as far as is known."""
    if any(tree.model.names[number] == name for number in tree.model.foreign):
        return "it is defined for other architectures only"
    if tree.root == Path():
        return ""
    found = _by_folder(tree.root).get(name, ())
    return f"it is defined for {', '.join(found)} only" if found else ""


def told_by(raw: Mapping[str, str]) -> str:
    """The architecture that ships and alone has all of a config's symbols; empty: that tells none.

    Args:
        raw: symbol to what is assigned.
    """
    # Arm, arm64 and RISC-V name families of boards alike.
    names = {name for name in raw if not name.startswith("ARCH_")}
    models = [shipped_tree(lines()[-1], arch, Toolchain.parse(DEFAULT_TOOLCHAIN)).model for arch in ARCHES]
    having = [a for a, m in zip(ARCHES, models, strict=True) if names.isdisjoint(m.names[n] for n in m.foreign)]
    return having[0] if len(having) == 1 and raw.get("64BIT") != "n" else ""


@cache
def _by_folder(root: Path) -> dict[str, tuple[str, ...]]:
    """Symbol to the folders under ``arch/`` that define it."""
    named: dict[str, dict[str, None]] = {}
    for path in sorted(root.glob("arch/*/**/Kconfig*"))[:_MOST_FILES]:
        folder = path.relative_to(root).parts[1]
        try:
            with open(path, "rb") as file:
                data = file.read(_MOST_BYTES)
        except OSError:
            continue
        for match in _CONFIG.finditer(data):
            named.setdefault(match[1].decode(), {})[folder] = None
    return {name: tuple(folders) for name, folders in named.items()}
