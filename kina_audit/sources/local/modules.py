"""The module files beside a kernel's config: in a root file system, or on this machine."""

import os
import stat
from dataclasses import replace
from pathlib import Path

from kina_audit.kernel.config import Origin
from kina_audit.kernel.modules import (
    COMMAND_LINE,
    Modules,
    command_line_settings,
    lines_against,
    listed,
    module_name,
    needed,
    with_installed,
)
from kina_audit.kernel.provenance import Kernel

FOLDERS = ("lib/modules", "usr/lib/modules")
SETTINGS = ("etc/modprobe.d", "run/modprobe.d", "usr/local/lib/modprobe.d", "usr/lib/modprobe.d", "lib/modprobe.d")
"""Where modprobe's settings are, first come first served (modprobe.d(5))."""

_MOST_TEXT = 16 * 1024 * 1024
_MOST_SETTINGS = 1 << 20
_MOST_FILES = 1000
_MOST_ENTRIES = 200_000


def beside(kernel: Kernel, root: Path, release: str, *, live: bool) -> Kernel:
    """A kernel whose ``=m`` symbols are held against the module files of its machine, where those can be seen.

    Args:
        kernel: as its config tells.
        root: the file system's root.
        release: the kernel's.
        live: ``root`` is that of the machine that runs it, so that what is loaded tells, too.
    """
    return as_it_runs(kernel, _read(root, release, live=live))


def as_it_runs(kernel: Kernel, modules: Modules | None) -> Kernel:
    """A kernel with its module files and what it shows told of its config; one that is still to be built has neither."""
    if kernel.config.origin is not Origin.BUILT:
        return kernel
    seen = kernel.provenance.observed
    config = replace(kernel.config, live=dict(seen.facts)) if seen and seen.facts else kernel.config
    return replace(kernel, config=with_installed(config, modules))


def _read(root: Path, release: str, *, live: bool) -> Modules | None:
    """What is installed; None where that cannot be seen: a container, a folder that holds a config and no modules."""
    root = root.resolve()
    if not release or "/" in release or release in (".", ".."):
        return None
    folder = next((f for base in FOLDERS if _is_folder(f := root / base / release, root)), None)
    if folder is None:
        return None
    index = _text(folder / "modules.dep", root)
    files = listed(index) if index is not None else _walked(folder)
    builtin = _text(folder / "modules.builtin", root)
    if not files and not live and index is None and builtin is None:
        return None
    return Modules(
        folder=f"/{folder.relative_to(root)}",
        files=files,
        builtin=listed(builtin or ""),
        # What was unpacked and not installed has had no depmod.
        indexed=index is not None or not live,
        blocked=lines_against(_settings(root, live=live)),
        loaded=_loaded(root) if live else None,
        closed=live and _first_line(root / "proc/sys/kernel/modules_disabled") == "1",
        helper=_first_line(root / "proc/sys/kernel/modprobe") if live else None,
        needs=needed(index or ""),
    )


def _settings(root: Path, *, live: bool) -> list[tuple[str, str]]:
    """(name, text) of each of modprobe's settings; the kernel's command line has some, too."""
    found: dict[str, tuple[str, str]] = {}
    for place in SETTINGS:
        folder = root / place
        if not _is_folder(folder, root):
            continue
        try:
            names = sorted(f.name for f in folder.iterdir() if f.suffix == ".conf")[:_MOST_FILES]
        except OSError:
            continue
        for name in names:
            if name not in found:
                found[name] = (f"/{place}/{name}", _text(folder / name, root, _MOST_SETTINGS) or "")
    texts = [found[name] for name in sorted(found)]
    if live:
        texts.append((COMMAND_LINE, command_line_settings(_text(root / "proc/cmdline", root) or "")))
    return texts


def _loaded(root: Path) -> frozenset[str] | None:
    text = _text(root / "proc/modules", root)
    return None if text is None else frozenset(line.partition(" ")[0] for line in text.splitlines())


def _walked(folder: Path) -> frozenset[str]:
    """The module files below a folder; links are not followed."""
    names: set[str] = set()
    count = 0
    for _, _, files in os.walk(folder):
        names.update(filter(None, map(module_name, files)))
        count += 1 + len(files)
        if count > _MOST_ENTRIES:
            break
    return frozenset(names)


def _is_folder(path: Path, root: Path) -> bool:
    """Whether a folder is there, can be seen, and lies in the root."""
    try:
        return stat.S_ISDIR(path.stat().st_mode) and _inside(path, root)
    except OSError:
        return False


def _inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # a link in a circle
        return False


def _text(path: Path, root: Path, most: int = _MOST_TEXT) -> str | None:
    """A file's text; None when there is none that can be read, or it leads out of the root."""
    try:
        if not stat.S_ISREG(path.stat().st_mode) or not _inside(path, root):
            return None
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except (OSError, ValueError):
        return None
    return data.decode("utf-8", "replace") if len(data) <= most else None


def _first_line(path: Path) -> str | None:
    text = _text(path, Path("/"), 4096)
    return None if text is None else text.split("\n", 1)[0].strip()
