"""File systems, and what /proc and /sys show."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

from kina_audit.probe import libc
from kina_audit.probe.model import Bench, MissingError, RefusedError, outside, reading
from kina_audit.probe.modprobe import device, modprobe


def _folder(bench: Bench, name: str) -> Path:
    place = bench.scratch / name
    place.mkdir(exist_ok=True)
    return place


def _known(kind: str) -> Callable[[Bench], None]:
    """Whether the kernel knows a file system: it answers ENODEV only when it does not."""

    def run(bench: Bench) -> None:
        place = _folder(bench, f"fs-{kind}")
        bench.doing(f"mount {kind} from nowhere")
        try:
            libc.mount("/nonexistent", str(place), kind)
        except OSError as error:
            if error.errno == errno.ENODEV:
                raise
            if error.errno in (errno.EPERM, errno.EACCES):
                # A security module is asked before the kernel looks the file system up.
                raise MissingError(f"{bench.step}: {error.strerror}") from error
            return
        libc.unmount(str(place))

    return run


for _kind, _symbol in (
    ("ext4", "EXT4_FS"), ("xfs", "XFS_FS"), ("btrfs", "BTRFS_FS"), ("erofs", "EROFS_FS"), ("nfs", "NFS_FS"),
    ("nfs4", "NFS_V4"), ("cifs", "CIFS"), ("ceph", "CEPH_FS"), ("virtiofs", "VIRTIO_FS"), ("9p", "9P_FS"),
    ("tmpfs", "TMPFS"), ("hugetlbfs", "HUGETLBFS"), ("devtmpfs", "DEVTMPFS"), ("sysfs", "SYSFS"), ("proc", "PROC_FS"),
    ("binfmt_misc", "BINFMT_MISC"), ("mqueue", "POSIX_MQUEUE"), ("securityfs", "SECURITYFS"), ("debugfs", "DEBUG_FS"),
    ("tracefs", "TRACING"), ("fuse", "FUSE_FS"), ("squashfs", "SQUASHFS"),
):  # fmt: skip
    outside(f"fs_{_kind}", _symbol, f"a {_kind} file system, asked for in private mounts")(_known(_kind))


@outside("fs_overlay", "OVERLAY_FS", "an overlay of folders of its own")
def _overlay(bench: Bench) -> None:
    lower, upper, work, place = (_folder(bench, f"overlay-{n}") for n in ("lower", "upper", "work", "merged"))
    (lower / "below").touch()
    bench.doing("mount the overlay")
    libc.mount("overlay", str(place), "overlay", 0, f"lowerdir={lower},upperdir={upper},workdir={work}")
    bench.doing("write through it")
    (place / "above").touch()
    seen = {p.name for p in place.iterdir()}
    libc.unmount(str(place))
    if seen != {"below", "above"}:
        raise RefusedError(f"it shows {sorted(seen)}")


_ALWAYS = {"/proc": "/proc/self", "/sys": "/sys/kernel"}
"""What is there wherever the file system is, and not when something empty covers it."""


def _shown(path: str) -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        bench.doing(f"look for {path}")
        sign = next(sign for start, sign in _ALWAYS.items() if path.startswith(start))
        if not Path(sign).is_dir():
            raise MissingError(f"no {sign} here")
        if not Path(path).exists():
            raise RefusedError("it is not there")

    return run


for _name, _symbol, _path in (
    ("proc_config_gz", "IKCONFIG_PROC", "/proc/config.gz"),
    ("modules_supported", "MODULES", "/proc/modules"),
    ("kallsyms", "KALLSYMS", "/proc/kallsyms"),
    ("schedstat", "SCHEDSTATS", "/proc/schedstat"),
    ("keys_proc", "KEYS", "/proc/keys"),
    ("psi", "PSI", "/proc/pressure/cpu"),
    ("swaps", "SWAP", "/proc/swaps"),
    ("proc_sys", "PROC_SYSCTL", "/proc/sys/kernel"),
    ("printk", "PRINTK", "/proc/sys/kernel/printk"),
    ("tty", "TTY", "/proc/tty/drivers"),
    ("proc_attr", "SECURITY", "/proc/self/attr"),
    ("kheaders", "IKHEADERS", "/sys/kernel/kheaders.tar.xz"),
    ("sys_apparmor", "SECURITY_APPARMOR", "/sys/module/apparmor"),
    ("pci", "PCI", "/sys/bus/pci"),
    ("proc_cpuset", "PROC_PID_CPUSET", "/proc/self/cpuset"),
):
    reading(_name, _symbol, f"reads {_path}")(_shown(_path))


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
    ("scsi", "SCSI", "/sys/bus/scsi", "scsi_mod"),
    ("scsi_disk", "BLK_DEV_SD", "/sys/bus/scsi/drivers/sd", "sd_mod"),
    ("iscsi_tcp", "ISCSI_TCP", "/sys/class/iscsi_transport/tcp", "iscsi_tcp"),
    ("rbd", "BLK_DEV_RBD", "/sys/bus/rbd", "rbd"),
    ("nvme_tcp", "NVME_TCP", "/sys/module/nvme_tcp", "nvme_tcp"),
):
    reading(_name, _symbol, f"reads {_path}, after asking for the module")(_driver(_path, _module))


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


def _in_tracefs(path: str, wanted: str = "") -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        place = _folder(bench, "tracing")
        bench.doing("mount tracefs")
        try:
            libc.mount("tracefs", str(place), "tracefs")
        except OSError as error:
            raise MissingError(f"no tracefs: {error.strerror}") from error
        bench.doing(f"look for {path} in tracefs")
        found = (place / path).exists()
        has = not wanted or (found and wanted in (place / path).read_text(encoding="ascii").split())
        libc.unmount(str(place))
        if not found or not has:
            raise RefusedError("it is not there" if not found else f"{wanted} is not among them")

    return run


for _name, _symbol, _path, _wanted in (
    ("tracefs_kprobe_events", "KPROBE_EVENTS", "kprobe_events", ""),
    ("tracefs_uprobe_events", "UPROBE_EVENTS", "uprobe_events", ""),
    ("ftrace_function", "FUNCTION_TRACER", "available_tracers", "function"),
    ("ftrace_dynamic", "DYNAMIC_FTRACE", "available_filter_functions", ""),
    ("tracepoint_syscalls", "FTRACE_SYSCALLS", "events/syscalls", ""),
    ("tracepoint_sched", "TRACEPOINTS", "events/sched/sched_switch", ""),
):
    outside(_name, _symbol, f"reads {_path} of a private tracefs")(_in_tracefs(_path, _wanted))


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


def _security_module(name: str) -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        place = _folder(bench, "security")
        bench.doing("mount securityfs")
        try:
            libc.mount("securityfs", str(place), "securityfs")
        except OSError as error:
            raise MissingError(f"no securityfs: {error.strerror}") from error
        bench.doing("read the list of security modules")
        listed = place / "lsm"
        found = listed.read_text(encoding="ascii").strip().split(",") if listed.exists() else None
        libc.unmount(str(place))
        if found is None:
            raise RefusedError("there is no list, so no security framework")
        if name not in found:
            raise RefusedError(f"{name} is not among those that are active: {', '.join(found)}")

    return run


for _lsm, _symbol in (("apparmor", "SECURITY_APPARMOR"), ("selinux", "SECURITY_SELINUX"), ("bpf", "BPF_LSM"),
                      ("landlock", "SECURITY_LANDLOCK"), ("smack", "SECURITY_SMACK")):  # fmt: skip
    outside(f"lsm_{_lsm}", f'{_symbol} && contains(LSM, "{_lsm}")', "reads the list of active security modules")(
        _security_module(_lsm)
    )
