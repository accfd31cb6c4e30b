"""Device nodes, opened."""

import os
from collections.abc import Callable

from kina_audit.probe.model import Bench, MissingError, outside, reading
from kina_audit.probe.modprobe import device


def _device(node: str, misc: str, module: str) -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        bench.doing(f"open {node}")
        os.close(os.open(device(bench.scratch, node, misc, module), os.O_RDWR | os.O_CLOEXEC))

    return run


for _name, _symbol, _given in (
    ("dev_fuse", "FUSE_FS", ("/dev/fuse", "fuse", "fuse")),
    ("device_mapper", "BLK_DEV_DM", ("/dev/mapper/control", "device-mapper", "dm_mod")),
    ("loop_dev", "BLK_DEV_LOOP", ("/dev/loop-control", "loop-control", "loop")),
    ("dev_net_tun", "TUN", ("/dev/net/tun", "tun", "tun")),
    ("vhost_net", "VHOST_NET", ("/dev/vhost-net", "vhost-net", "vhost_net")),
):
    outside(_name, _symbol, f"opens {_given[0]}, after asking for the module")(_device(*_given))


@reading("kvm", "KVM", "opens /dev/kvm")
def _kvm(bench: Bench) -> None:
    # Its module depends on the processor, and does not load without virtualization in hardware.
    bench.doing("open /dev/kvm")
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        raise MissingError(f"/dev/kvm: {error.strerror}; the processor may not virtualize") from error
