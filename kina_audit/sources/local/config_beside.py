"""The config that stands beside a kernel image which holds none: ``config-X`` of ``vmlinuz-X``, as distributions install them."""

import re
import stat
from pathlib import Path

from kina_audit.base.datatype import replace
from kina_audit.errors import NoIkconfigError, SourceError
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.kernel.version import KernelVersion
from kina_audit.sources.options import SourceOptions

_NAME = re.compile(r"(?:vmlinu[xz]|[bz]?Image|kernel|linux)-(.+)")


def open_beside(image: Path, error: NoIkconfigError, provenance: Provenance, options: SourceOptions) -> Kernel:
    """The kernel of the one config beside an image that is certainly of the same kernel.

    Args:
        image: holds no config.
        error: says so, and which kernel it is.
        provenance: of the image.
        options: how sources are read.

    Raises:
        NoIkconfigError: there is none, or none that is certain; the hint names what is there.
    """
    near = _candidates(image, error.release)
    found = [(path, _kernel(path, options)) for path in near]
    fits = [(path, kernel) for path, kernel in found if kernel is not None and _same_line(kernel, error.release)]
    if len(near) == 1 and fits:
        [(path, kernel)] = fits
        note = f"{image} holds no config; the one beside it is audited, {path.name}, of the same Linux {error.release}"
        options.say(note)
        return replace(
            kernel,
            provenance=replace(
                kernel.provenance,
                source=provenance.source,
                kind=provenance.kind or "file",
                kernel_release=error.release,
                notes=(*kernel.provenance.notes, note),
            ),
        )
    if not near:
        raise error
    named = ", ".join(f"{path} ({_version(kernel)})" for path, kernel in found)
    raise NoIkconfigError(error.message, f"Beside it, and not certainly its own: {named}. {error.hint}", error.release)


def _candidates(image: Path, release: str) -> list[Path]:
    """Files beside an image that may be its config, by its name and by the release it names."""
    named = _NAME.fullmatch(image.name)
    names = [f"config-{release}" if release else "", f"config-{named[1]}" if named else ""]
    if release and image.resolve().parent.name == release:  # /lib/modules/RELEASE/vmlinuz
        names.append("config")
    paths = [image.parent / name for name in dict.fromkeys(names) if name]
    return [path for path in paths if _is_file(path)]


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _kernel(path: Path, options: SourceOptions) -> Kernel | None:
    from kina_audit.sources.local.file import open_file

    try:
        return open_file(str(path), replace(options, built=True))
    except SourceError:
        return None


def _same_line(kernel: Kernel, release: str) -> bool:
    """Whether a config's header is of the release's line: a distribution's has no patch number of upstream's."""
    header, own = kernel.config.header.version, KernelVersion.found_in(release)
    return header is not None and own is not None and own.triple[:2] == header.triple[:2]


def _version(kernel: Kernel | None) -> str:
    if kernel is None:
        return "no config"
    header = kernel.config.header.version
    return f"Linux {header}" if header else "no version in its header"
