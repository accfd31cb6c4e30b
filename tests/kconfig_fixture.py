"""The hand-written tree, parsed once a process."""

from functools import cache
from pathlib import Path

from kina_audit.kconfig.loaded import KernelTree, read_tree
from kina_audit.kconfig.toolchain import Toolchain

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "kconfig" / "base"


@cache
def fixture_tree() -> KernelTree:
    """The tree as Linux 6.12 on x86."""
    return read_tree(FIXTURE, "fixture", "x86", Toolchain.parse("gcc-12"))[0]
