"""The kernel this machine runs, from the places where distributions put its config."""

import os
import sys
from pathlib import Path

from kina_audit.base.datatype import replace
from kina_audit.errors import SourceError, SourceNotFoundError
from kina_audit.kernel.live import observed
from kina_audit.kernel.provenance import Kernel
from kina_audit.sources.local.file import open_file
from kina_audit.sources.local.machine import look
from kina_audit.sources.local.modules import beside
from kina_audit.sources.options import SourceOptions
from kina_audit.sources.target import aim_at_release

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
        SourceNotFoundError: not on Linux, or there is nothing at any of the places; the message lists them.
        SourceError: what is at one of them cannot be read; the message says why, for each.
    """
    if platform == "darwin":
        raise SourceNotFoundError(
            "this Mac runs Apple's XNU, not Linux: there is no running Linux kernel to read",
            "Use installed (the kernel that Apple container boots), container: (ask a container), apple, or a file.",
        )
    name = os.uname()
    release = release or name.release
    failed: list[SourceError] = []
    for place in PLACES:
        path = root / place.format(release=release)
        try:
            kernel = open_file(str(path), options, kind="running")
        except SourceError as error:
            if not isinstance(error, SourceNotFoundError):
                options.say(f"{error.message}; trying the next place")
            failed.append(error)
            continue
        seen = observed(release, name.machine, look(root))
        provenance = replace(kernel.provenance, source="running", ref=release, observed=seen)
        kernel = aim_at_release(replace(kernel, provenance=provenance), release, "uname -r")
        return beside(kernel, root, release, live=True)
    kind = SourceNotFoundError if all(isinstance(e, SourceNotFoundError) for e in failed) else SourceError
    raise kind(
        f"the running kernel {release} shows no config that can be read: {'; '.join(e.message for e in failed)}",
        "Load the module (modprobe configs), install the kernel's package with its /boot/config-*, or give a file.",
    )
