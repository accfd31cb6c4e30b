"""Kernel sources on this machine, for the tests that hold our answers against the kernel's own tools."""

import os
import shutil
import subprocess
from pathlib import Path

SOURCES = [Path("/usr/src"), *map(Path, filter(None, os.environ.get("KINA_AUDIT_KERNEL_SOURCES", "").split(":")))]
"""Where Debian's linux-source packages lie, and folders with more kernel sources or archives."""

_NEEDED = ("*/Kconfig*", "*/Makefile*", "*/scripts/*", "*/Kbuild*")


def kernel_source(version: str, folder: Path) -> Path | None:
    """A kernel's source: a tree as it is, or what building a config needs of an archive, unpacked into ``folder``."""
    for place in SOURCES:
        for name in (f"linux-source-{version}", f"linux-{version}"):
            if (place / name / "scripts/kconfig/conf.c").is_file():
                return place / name
            archive = place / f"{name}.tar.xz"
            if archive.is_file() and shutil.which("tar"):
                words = ["tar", "-xf", str(archive), "-C", str(folder), "--wildcards", *_NEEDED]
                subprocess.run(words, check=False, capture_output=True)
                found = list(folder.glob("*/scripts/kconfig/conf.c"))
                if found:
                    return found[0].parents[2]
    return None


def missing_tools(*names: str) -> str:
    """Which of these programs are not installed, as a reason to skip; empty: none."""
    missing = [name for name in names if shutil.which(name) is None]
    return f"{', '.join(missing)} is not installed" if missing else ""


def no_source(version: str) -> str:
    """The reason to skip without a source."""
    return f"no source of Linux {version}: install linux-source-{version}, or set KINA_AUDIT_KERNEL_SOURCES"
