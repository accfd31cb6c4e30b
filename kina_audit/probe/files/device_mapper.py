"""Targets that the device mapper knows."""

import os
from collections.abc import Callable

from kina_audit.probe.model import Bench, MissingError, outside
from kina_audit.probe.modprobe import device


def _target(name: str) -> Callable[[Bench], None]:
    """Whether the device mapper knows a target (DM_GET_TARGET_VERSION, drivers/md/dm-ioctl.c); makes no device."""

    def run(bench: Bench) -> None:
        import fcntl
        import struct

        bench.doing("open /dev/mapper/control")
        try:
            node = device(bench.scratch, "/dev/mapper/control", "device-mapper", "dm_mod")
            control = os.open(node, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise MissingError(f"no device mapper: {error.strerror}") from error
        bench.doing(f"ask for the version of the target {name}")
        head = struct.pack("=3I7IQ", 4, 41, 0, 4096, 312, 0, 0, 0, 0, 0, 0)
        request = bytearray((head + name.encode().ljust(128, b"\0")).ljust(4096, b"\0"))
        fcntl.ioctl(control, 0xC138FD11, request)

    return run


for _name, _symbol, _wanted in (
    ("dm_crypt", "DM_CRYPT", "crypt"), ("dm_verity", "DM_VERITY", "verity"), ("dm_thin", "DM_THIN_PROVISIONING", "thin-pool"),
    ("dm_multipath", "DM_MULTIPATH", "multipath"),
):  # fmt: skip
    outside(_name, f"BLK_DEV_DM && {_symbol}", "asks the device mapper for a target's version")(_target(_wanted))
