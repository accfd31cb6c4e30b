"""The kernel that runs, when no config tells anything about it."""

import os

from kina_audit.kernel.config import Completeness
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.kernel.version import KernelVersion


def nothing_known() -> Kernel:
    """A kernel of the running version and architecture, of which no symbol is known."""
    from kina_audit.base.datatype import replace

    name = os.uname()
    arch = {"aarch64": "arm64"}.get(name.machine, name.machine)
    config = replace(
        parse_config(b"CONFIG_NOTHING_IS_KNOWN=y\n"),
        target=KernelVersion.found_in(name.release),
        arch=arch,
        completeness=Completeness.PARTIAL,
    )
    return Kernel(config, Provenance("none", "none", "none"))
