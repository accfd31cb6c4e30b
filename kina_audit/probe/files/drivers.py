"""Drivers that registered on a bus, whether or not there is such a device."""

from collections.abc import Callable
from pathlib import Path

from kina_audit.probe.model import Bench, MissingError, RefusedError, reading
from kina_audit.probe.modprobe import modprobe


def _driver(path: str, module: str) -> Callable[[Bench], None]:
    """A driver that registered. The kernel loads it only when it finds such a device, so it is asked for by name."""

    def run(bench: Bench) -> None:
        bench.doing(f"look for {path}")
        if not Path("/sys/bus").is_dir():
            raise MissingError("no /sys/bus here")
        if not Path(path).is_dir():
            modprobe(module)
        if not Path(path).is_dir():
            raise RefusedError("it is not there")

    return run


for _name, _symbol, _path, _module in (
    ("virtio_net", "VIRTIO_NET", "/sys/bus/virtio/drivers/virtio_net", "virtio_net"),
    ("virtio_blk", "VIRTIO_BLK", "/sys/bus/virtio/drivers/virtio_blk", "virtio_blk"),
    ("virtio_console", "VIRTIO_CONSOLE", "/sys/bus/virtio/drivers/virtio_console", "virtio_console"),
    ("virtio_balloon", "VIRTIO_BALLOON", "/sys/bus/virtio/drivers/virtio_balloon", "virtio_balloon"),
    (
        "virtio_vsock",
        "VIRTIO_VSOCKETS",
        "/sys/bus/virtio/drivers/vmw_vsock_virtio_transport",
        "vmw_vsock_virtio_transport",
    ),
    ("virtio_rng", "HW_RANDOM_VIRTIO", "/sys/bus/virtio/drivers/virtio_rng", "virtio_rng"),
    ("virtio_scsi", "SCSI_VIRTIO", "/sys/bus/virtio/drivers/virtio_scsi", "virtio_scsi"),
    ("virtio_pci", "VIRTIO_PCI", "/sys/bus/pci/drivers/virtio-pci", "virtio_pci"),
    ("virtio_mmio", "VIRTIO_MMIO", "/sys/bus/platform/drivers/virtio-mmio", "virtio_mmio"),
    ("virtio_ccw", "S390_GUEST", "/sys/bus/ccw/drivers/virtio_ccw", "virtio_ccw"),
    ("scsi", "SCSI", "/sys/bus/scsi", "scsi_mod"),
    ("scsi_disk", "BLK_DEV_SD", "/sys/bus/scsi/drivers/sd", "sd_mod"),
    ("iscsi_tcp", "ISCSI_TCP", "/sys/class/iscsi_transport/tcp", "iscsi_tcp"),
    ("rbd", "BLK_DEV_RBD", "/sys/bus/rbd", "rbd"),
    ("nvme_tcp", "NVME_TCP", "/sys/module/nvme_tcp", "nvme_tcp"),
):
    reading(_name, _symbol, f"reads {_path}, after asking for the module")(_driver(_path, _module))
