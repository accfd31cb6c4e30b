"""The hand-written tree, parsed once a process."""

import shutil
import tempfile
from functools import cache
from pathlib import Path

from kina_audit.kconfig.loaded import KernelTree, read_tree
from kina_audit.kconfig.toolchain import Toolchain

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "kconfig" / "base"


@cache
def fixture_tree(patchlevel: int = 12, more: str = "") -> KernelTree:
    """The tree as Linux 6.12 on x86, or as another 6.x: before 6.11 choices are symbols.

    Args:
        patchlevel: of 6.x.
        more: Kconfig text behind the rest.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(shutil.copytree(FIXTURE, Path(folder) / "linux"))
        makefile = (
            (root / "Makefile").read_text(encoding="utf-8").replace("PATCHLEVEL = 12", f"PATCHLEVEL = {patchlevel}")
        )
        (root / "Makefile").write_text(makefile, encoding="utf-8")
        with open(root / "Kconfig", "a", encoding="utf-8") as file:
            file.write(more)
        return read_tree(root, "fixture", "x86", Toolchain.parse("gcc-12"))[0]
