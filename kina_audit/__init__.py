"""Answer: will this Linux kernel run the networking my Kubernetes nodes need, and in which Cilium mode.

The public library interface, which the command line uses too::

    from kina_audit import audit, load_kernel, load_profiles

    kernel = load_kernel("recorded:kata@3.17.0")
    report = audit(kernel, load_profiles(), cilium="1.18")
    print(report.verdict, report.advice.mode)

Names are imported on first use, so that ``import kina_audit`` costs next to nothing.
"""

from typing import TYPE_CHECKING, Any

from kina_audit.base.version import __version__

__all__ = [
    "Finding",
    "KernelConfig",
    "KinaAuditError",
    "Profile",
    "Report",
    "Requirement",
    "__version__",
    "audit",
    "compare_kernels",
    "load_kernel",
    "load_profiles",
    "parse_config",
]

if TYPE_CHECKING:
    from kina_audit.api import audit, compare_kernels, load_kernel, load_profiles
    from kina_audit.engine.finding import Finding
    from kina_audit.errors import KinaAuditError
    from kina_audit.kernel.config import KernelConfig
    from kina_audit.kernel.parse import parse_config
    from kina_audit.profiles.model import Profile, Requirement
    from kina_audit.report.model import Report

_HOMES = {
    "Finding": "kina_audit.engine.finding",
    "KernelConfig": "kina_audit.kernel.config",
    "KinaAuditError": "kina_audit.errors",
    "Profile": "kina_audit.profiles.model",
    "Report": "kina_audit.report.model",
    "Requirement": "kina_audit.profiles.model",
    "audit": "kina_audit.api",
    "compare_kernels": "kina_audit.api",
    "load_kernel": "kina_audit.api",
    "load_profiles": "kina_audit.api",
    "parse_config": "kina_audit.kernel.parse",
}


def __getattr__(name: str) -> Any:
    """Import a public name from the room it lives in, the first time it is asked for."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
