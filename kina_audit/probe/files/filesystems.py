"""File systems, mounted where nobody else sees it."""

import errno
from collections.abc import Callable

from kina_audit.probe import libc
from kina_audit.probe.model import Bench, MissingError, RefusedError, outside


def _known(kind: str) -> Callable[[Bench], None]:
    """Whether the kernel knows a file system: it answers ENODEV only when it does not."""

    def run(bench: Bench) -> None:
        place = bench.folder(f"fs-{kind}")
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
    lower, upper, work, place = (bench.folder(f"overlay-{n}") for n in ("lower", "upper", "work", "merged"))
    (lower / "below").touch()
    bench.doing("mount the overlay")
    libc.mount("overlay", str(place), "overlay", 0, f"lowerdir={lower},upperdir={upper},workdir={work}")
    bench.doing("write through it")
    (place / "above").touch()
    seen = {p.name for p in place.iterdir()}
    libc.unmount(str(place))
    if seen != {"below", "above"}:
        raise RefusedError(f"it shows {sorted(seen)}")
