"""The kernel this machine runs, from the places where distributions put its config."""

import os
import sys
from pathlib import Path

from kina_audit.errors import SourceNotFoundError
from kina_audit.kernel.config import Origin
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.kernel.version import KernelVersion
from kina_audit.sources.file import kernel_of, read_path
from kina_audit.sources.options import SourceOptions

PLACES = (
    "proc/config.gz",
    "boot/config-{release}",
    "lib/modules/{release}/config",
    "usr/lib/modules/{release}/config",
)
"""Tried in this order; the kernel's own copy (CONFIG_IKCONFIG_PROC) first."""


def open_running(
    options: SourceOptions, *, root: Path = Path("/"), platform: str = sys.platform, release: str = ""
) -> Kernel:
    """The running kernel's config.

    Args:
        options: how sources are read.
        root: the root of the file system to look in.
        platform: ``sys.platform``.
        release: ``uname -r``; empty: ask.

    Raises:
        SourceNotFoundError: not on Linux, or none of the places has it; the message lists them.
    """
    if platform == "darwin":
        raise SourceNotFoundError(
            "this Mac runs Apple's XNU, not Linux: there is no running Linux kernel to read",
            "Use apple (containerization's config), recorded:NAME (kernels that Apple container boots), or a file.",
        )
    release = release or os.uname().release
    tried = []
    for place in PLACES:
        path = root / place.format(release=release)
        tried.append(str(path))
        if not path.is_file():
            continue
        data = read_path(path)
        kernel = kernel_of(data, Provenance("running", "running", str(path), ref=release), options)
        if options.target_kernel or kernel.config.origin is Origin.INPUT:
            return kernel
        try:
            version = KernelVersion.parse(release)
        except ValueError:
            return kernel
        return Kernel(kernel.config.with_target(version), kernel.provenance)
    raise SourceNotFoundError(
        f"the running kernel {release} shows no config; tried {', '.join(tried)}",
        "Load the module (modprobe configs), install the kernel's package with its /boot/config-*, or give a file.",
    )
