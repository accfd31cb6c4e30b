"""The module files beside a kernel's config: in a root file system, or on this machine."""

import os
import stat
from pathlib import Path

from kina_audit.base.bounds import MODPROBE_BYTES, MODPROBE_FILES, MODULE_FILES, MODULES_BYTES
from kina_audit.base.datatype import replace
from kina_audit.base.files import open_regular
from kina_audit.errors import SourceTooLargeError
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
        return replace(kernel, provenance=replace(kernel.provenance, observed=None))
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
    left = MODPROBE_BYTES
    for place in SETTINGS:
        folder = root / place
        if not _is_folder(folder, root):
            continue
        try:
            names = sorted(f.name for f in folder.iterdir() if f.suffix == ".conf")[: MODPROBE_FILES + 1]
        except OSError:
            continue
        if len(names) > MODPROBE_FILES:
            raise SourceTooLargeError(f"{folder}: more than {MODPROBE_FILES:,} files of modprobe's settings")
        for name in names:
            if name not in found:
                text = _text(folder / name, root, left) or ""
                left -= len(text)
                found[name] = (f"/{place}/{name}", text)
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
        if count > MODULE_FILES:
            raise SourceTooLargeError(f"{folder}: more than {MODULE_FILES:,} names, which no folder of modules has")
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


def _text(path: Path, root: Path, most: int = MODULES_BYTES) -> str | None:
    """A file's text; None when there is none that can be read, or it leads out of the root.

    Raises:
        SourceTooLargeError: it has more than ``most`` bytes; without them, what is installed would be told wrongly.
    """
    try:
        if not _inside(path, root):
            return None
        with open_regular(path) as file:
            data = file.read(most + 1)
    except (OSError, ValueError):
        return None
    if len(data) > most:
        raise SourceTooLargeError(f"{path}: larger than any file of modules or of modprobe's settings")
    return data.decode("utf-8", "replace")


def _first_line(path: Path) -> str | None:
    text = _text(path, Path("/"), 4096)
    return None if text is None else text.split("\n", 1)[0].strip()
