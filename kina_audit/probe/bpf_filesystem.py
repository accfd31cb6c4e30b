"""The bpf file system, in which maps and programs outlive who made them."""

from pathlib import Path

from kina_audit.probe import bpf, libc
from kina_audit.probe.model import Bench, outside


def _bpffs(bench: Bench) -> Path:
    place = bench.folder("bpffs")
    bench.doing("mount a bpf file system")
    libc.mount("bpf", str(place), "bpf")
    return place


@outside("bpffs_mount", "BPF_SYSCALL", "a bpf file system, mounted privately")
def _mount(bench: Bench) -> None:
    libc.unmount(str(_bpffs(bench)))


@outside("bpffs_pin", "BPF_SYSCALL", "a map, pinned in a private bpf file system")
def _pin(bench: Bench) -> None:
    place = _bpffs(bench)
    bench.doing("pin a map")
    bpf.pin(bpf.create_map(bpf.ARRAY, 4, 4), str(place / "map"))
    libc.unmount(str(place))
