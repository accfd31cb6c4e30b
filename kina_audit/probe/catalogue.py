"""Every probe there is."""

from importlib import import_module

from kina_audit.probe.model import PROBES, Probe

MODULES = (
    "links", "routes", "tc", "nft", "xtables", "legacy", "ipset", "conntrack", "generic", "xfrm", "sockets",
    "bpf_maps", "bpf_programs", "bpf_helpers", "bpf_jit", "bpf_runs", "bpf_filesystem", "bpf_types", "bpf_attach",
    "packets.links", "packets.tunnels", "packets.masquerade", "packets.drops", "packets.tproxy", "namespaces",
    "files.filesystems", "files.shown", "files.devices", "files.drivers", "files.signs", "files.tracing",
    "files.device_mapper", "files.security", "syscalls",
)  # fmt: skip
"""The modules that register probes, in the order of lists."""


def every_probe() -> dict[str, Probe]:
    """All probes by name."""
    for name in MODULES:
        import_module(f"kina_audit.probe.{name}")
    return PROBES
