"""Every probe there is."""

from importlib import import_module

from kina_audit.probe.model import PROBES, Probe

MODULES = (
    "links", "routes", "tc", "nft", "xtables", "legacy", "ipset", "conntrack", "generic", "xfrm", "sockets",
    "bpf_objects", "bpf_attach", "packets", "namespaces", "files", "syscalls",
)  # fmt: skip
"""The modules that register probes, in the order of lists."""


def every_probe() -> dict[str, Probe]:
    """All probes by name."""
    for name in MODULES:
        import_module(f"kina_audit.probe.{name}")
    return PROBES
