"""The kernel that Apple ``container`` boots on this Mac.

``container`` keeps kernels in its application folder and boots the one that the link ``default.kernel-<arch>`` names
(apple/container, KernelService.swift). It installs one only when there is none, so an upgrade keeps the old kernel
(SystemStart.swift; issue 2120).
"""

import os
import re
from pathlib import Path

from kina_audit.base.datatype import replace
from kina_audit.errors import NoIkconfigError, SourceError, SourceNotFoundError
from kina_audit.kernel.provenance import SET_RECOMMENDED, Kernel
from kina_audit.kernel.version import KernelVersion
from kina_audit.sources import recorded
from kina_audit.sources.local.command import run
from kina_audit.sources.local.file import open_file
from kina_audit.sources.options import SourceOptions

ROOT_VARIABLE = "CONTAINER_APP_ROOT"
DEFAULT_ROOT = "Library/Application Support/com.apple.container"
ARCHES = {"arm64": "arm64", "x86_64": "amd64"}
"""Kconfig's name of an architecture, and the one in the link's name."""

DEFAULT_ARCH = "arm64"
"""The architecture that ``container`` has a kernel of its own choice for (ContainerSystemConfig.swift, KernelConfig)."""

_RELEASE = re.compile(r"\bversion (\d+\.\d+\.\d+)")
_SECONDS, _MOST_OUTPUT = 10.0, 4096


def open_installed(options: SourceOptions, *, home: Path | None = None) -> Kernel:
    """The kernel behind ``default.kernel-<arch>``, its version read from the image and never from the file's name.

    Args:
        options: ``arch`` says which link.
        home: the user's home folder; None: ask.

    Raises:
        SourceNotFoundError: ``container`` has installed no kernel here.
        SourceError: the link leads nowhere, or the image cannot be read.
    """
    root = os.environ.get(ROOT_VARIABLE)
    folder = Path(root) if root else (home or Path.home()) / DEFAULT_ROOT
    link = folder / "kernels" / f"default.kernel-{ARCHES[options.project_arch()]}"
    if not os.path.lexists(link):
        raise SourceNotFoundError(
            f"container has installed no kernel for {options.arch} here: there is no {link}",
            f"`container system start` offers to install one; {ROOT_VARIABLE} names another application folder.",
        )
    if not link.exists():
        raise SourceError(
            f"{link} leads to {link.readlink()}, which is not there",
            f"Install a kernel again: {set_command(_container_release(options), options.arch)}",
        )
    release = _container_release(options)
    try:
        kernel = open_file(os.path.realpath(link), options, kind="installed")
    except NoIkconfigError as error:
        raise NoIkconfigError(
            error.message,
            f"{error.hint} The kernel that container would choose has its config in it: {set_command(release, options.arch)}"
            if options.arch == DEFAULT_ARCH
            else error.hint,
        ) from error
    notes = _age(kernel, release) if options.arch == DEFAULT_ARCH else ()
    for note in notes:
        options.say(note)
    provenance = replace(kernel.provenance, source="installed", ref=release, notes=(*kernel.provenance.notes, *notes))
    return replace(kernel, provenance=provenance)


def set_command(release: str, arch: str = DEFAULT_ARCH) -> str:
    """The command with which a ``container`` release installs the kernel it would choose, or one the user has.

    ``--recommended`` is in every release, ignores ``--arch``, and knows arm64's kernel only; from 0.5.0 on a kernel file
    of the same name is kept unless ``--force`` is given (apple/container d6b2243c).
    """
    force = " --force" if not release or _parts(release) >= (0, 5, 0) else ""
    if arch == DEFAULT_ARCH:
        return f"{SET_RECOMMENDED}{force}"
    return f"container system kernel set --arch {ARCHES[arch]} --binary FILE{force}"


def _age(kernel: Kernel, release: str) -> tuple[str, ...]:
    """What to say when the installed kernel is not the one that the installed ``container`` would choose."""
    version = kernel.config.header.version
    if not release or version is None:
        return ()
    chosen = [r for r in recorded.records() if r.family == "kata" and r.booted_by(release)]
    if not chosen:
        newest = recorded.newest("kata", "arm64")
        return (
            f"which kernel container {release} chooses is not known here; {newest.boots} is the newest range known",
        )
    target = KernelVersion.parse(chosen[-1].ranges[-1].target)
    if version.triple >= target.triple:
        return ()
    note = (
        f"the installed kernel is Linux {version}, and container {release} would choose {target}: upgrades of container "
        f"never replace an installed kernel. To install it: {set_command(release)} "
        "(existing containers keep the kernel they were created with)"
    )
    return (note,)


def _container_release(options: SourceOptions) -> str:
    """The release of the ``container`` on PATH, or an empty string."""
    command = ["container", "--version"]
    if options.verbose:
        options.say(f"running: {' '.join(command)}")
    try:
        done = run(command, timeout=_SECONDS, most=_MOST_OUTPUT)
    except OSError:
        return ""
    match = _RELEASE.search(done.out.decode("utf-8", "replace")) if done.in_time else None
    return match[1] if match else ""


def _parts(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split("."))
