"""What proves a symbol where it is there, and nothing where it is not."""

from collections.abc import Callable
from pathlib import Path

from kina_audit.probe.model import Bench, MissingError, reading


def _sign(path: str, what: str) -> Callable[[Bench], None]:
    """Something that is there only with the symbol, and may be missing all the same."""

    def run(bench: Bench) -> None:
        bench.doing(f"look for {path}")
        if not Path(path).exists():
            raise MissingError(f"no {path}, which may be missing {what}")

    return run


for _name, _symbol, _path, _without in (
    ("btf_needs", "DEBUG_INFO && !DEBUG_INFO_NONE && !DEBUG_INFO_REDUCED && !DEBUG_INFO_SPLIT && !GCC_PLUGIN_RANDSTRUCT",
     "/sys/kernel/btf/vmlinux", "for another reason"),
    ("acpi", "ACPI", "/sys/bus/acpi", "because firmware or command line turn ACPI off"),
    ("devicetree", "OF", "/sys/firmware/devicetree", "because the firmware gives none"),
    ("selinuxfs", "SECURITY_SELINUX", "/sys/fs/selinux", "because SELinux is off"),
):  # fmt: skip
    reading(_name, _symbol, f"reads {_path}")(_sign(_path, _without))
