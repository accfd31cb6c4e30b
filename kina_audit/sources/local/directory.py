"""A folder: a kernel build tree, the root of a file system, or Kata's folder of kernels."""

import os
import re
import shlex
import stat
from itertools import islice
from pathlib import Path

from kina_audit.base.bounds import FOLDER_FILES, MIB
from kina_audit.base.datatype import replace
from kina_audit.base.files import open_regular
from kina_audit.errors import SourceError, SourceNotFoundError
from kina_audit.kernel.compression.limits import Budget, Limits
from kina_audit.kernel.compression.reader import CallReader, SectionReader
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.sources.archive.choose import CONFIG_NAME, IMAGE_NAME, KATA_LINK, Chooser, Redirect
from kina_audit.sources.archive.member import Member, link_target
from kina_audit.sources.local.modules import beside
from kina_audit.sources.options import SourceOptions
from kina_audit.sources.target import kernel_of

PLACES = (
    ".config",
    "vmlinux.container",
    "*/share/kata-containers/vmlinux.container",
    "opt/kata/share/kata-containers/vmlinux.container",
    "config-*",
    "opt/kata/share/kata-containers/config-*",
    "boot/config-*",
    "lib/modules/*/config",
    "usr/lib/modules/*/config",
    "proc/config.gz",
    "boot/vmlinuz-*",
    "boot/vmlinux-*",
    "lib/modules/*/vmlinuz",
    "usr/lib/modules/*/vmlinuz",
    "vmlinux*",
    "arch/*/boot/Image",
    "arch/*/boot/bzImage",
)
"""Where a config or a kernel stands in a folder, best first (Documentation/kbuild/kbuild.rst; FHS; Kata's releases)."""

BUILD_RELEASE = "include/config/kernel.release"
"""A build tree's kernel release (the kernel's Makefile, ``KERNELRELEASE``)."""

_RELEASE = re.compile(r"^(?:usr/)?lib/modules/([^/]+)/|^boot/(?:config|vmlinu[xz])-([^/]+)$")
_LONGEST_RELEASE = 256
_SHOWN = 5
_MOST_LISTED = 100 * FOLDER_FILES
"""Names of one place that are sorted; the best of them are looked at."""


def open_directory(folder: Path, options: SourceOptions, member: str = "") -> Kernel:
    """Find the config in a folder.

    Args:
        folder: where to look.
        options: how sources are read.
        member: the file in it that the user named behind a ``!``; empty: any that fits.

    Raises:
        SourceError: none in it, or several that fit; the message lists them.
    """
    bound = options.max_decompressed * MIB
    limits = Limits(layer=bound, total=bound)
    wanted = member
    root = folder.resolve()
    for _ in range(3):
        chooser = Chooser(str(folder), wanted, Budget(limits, str(folder)), separator="/")
        try:
            for path in _paths(root, chooser.wanted):
                if _offer(path, root, chooser):
                    break
            name, content = chooser.choose()
        except Redirect as redirect:
            wanted = redirect.member
            continue
        except SourceNotFoundError as error:
            if not wanted and (others := _others(root)):
                raise _by_another_name(folder, others) from error
            raise
        release = _build_release(root) if name == ".config" else ""
        provenance = Provenance(str(folder), "directory", f"{folder}/{name}")
        content = replace(content, kernel_release=content.kernel_release or release)
        # What a build tree has resolved is of that tree's version, whatever stands beside it.
        kernel = kernel_of(content, provenance, options, file=None if name == ".config" else root / name)
        return beside(kernel, root, content.kernel_release or _release_in(name), live=False)
    raise SourceError(f"{folder}: its links lead nowhere", "Give the path of a file.")


def _paths(root: Path, wanted: str) -> list[Path]:
    if wanted and os.path.lexists(root / wanted):
        return [root / wanted]
    seen: dict[Path, None] = {}
    for place in PLACES:
        for path in sorted(islice(root.glob(place), _MOST_LISTED)):
            seen[path] = None
            if len(seen) >= FOLDER_FILES:
                return list(seen)
    if not seen:
        os.scandir(root).close()  # a glob takes a folder that cannot be read for an empty one
    return list(seen)


def _offer(path: Path, root: Path, chooser: Chooser) -> bool:
    """Offer one file; what leads out of the folder is none of it."""
    name = path.relative_to(root).as_posix()
    try:
        if path.is_symlink():
            target = link_target(name, str(path.readlink()))
            chooser.offer(Member(name, 0, SectionReader(CallReader(lambda _: b""), 0), link=True, target=target))
            if not target or path.name == KATA_LINK:
                return False
            path = root / target
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or not path.resolve().is_relative_to(root):
            return False
        with open_regular(path) as file:
            # Files in /proc say they are empty.
            size = status.st_size or MIB
            return chooser.offer(Member(name, size, SectionReader(CallReader(file.read), size)))
    except FileNotFoundError:
        return False
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}", "Check its permissions.") from error


def _others(root: Path) -> list[str]:
    """Files whose names say that they are configs, and not by which name a kernel's config is known in a folder."""
    names = (p.name for p in islice(root.glob("*config*"), FOLDER_FILES) if not p.is_symlink() and p.is_file())
    return sorted(n for n in names if not (n.startswith(".") or CONFIG_NAME.search(n) or IMAGE_NAME.search(n)))


def _by_another_name(folder: Path, names: list[str]) -> SourceError:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return SourceNotFoundError(
        f"{folder}: no file of it has a name that says it is the config of the kernel here (.config, config-*); it has {', '.join(names[:_SHOWN])}{more}",
        f"Name one, for example {folder}/{names[0]}; `kina-audit matrix {shlex.quote(str(folder))}` audits all of a folder.",
    )


def _release_in(name: str) -> str:
    """The kernel release that a file's name in a root file system says; empty when it says none."""
    match = _RELEASE.search(name)
    return match[1] or match[2] if match else ""


def _build_release(root: Path) -> str:
    try:
        with open_regular(root / BUILD_RELEASE) as file:
            return file.read(_LONGEST_RELEASE).decode("utf-8", errors="replace").strip()
    except OSError:
        return ""
