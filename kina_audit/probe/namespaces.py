"""Namespaces, cgroup controllers."""

from collections.abc import Callable
from pathlib import Path

from kina_audit.probe import libc
from kina_audit.probe.model import Bench, MissingError, RefusedError, outside, probe

_NEEDS = ("SYS_ADMIN",)
_SHOWN = Path("/proc/self/ns")

for _word, _symbol, _flag in (
    ("net", "NET_NS", libc.CLONE_NEWNET),
    ("uts", "UTS_NS", libc.CLONE_NEWUTS),
    ("ipc", "IPC_NS", libc.CLONE_NEWIPC),
    ("pid", "PID_NS", libc.CLONE_NEWPID),
    ("user", "USER_NS", libc.CLONE_NEWUSER),
    ("cgroup", "CGROUPS", libc.CLONE_NEWCGROUP),
    ("time", "TIME_NS", libc.CLONE_NEWTIME),
):

    def _run(bench: Bench, word: str = _word, flag: int = _flag) -> None:
        bench.doing(f"unshare the {word} namespace")
        libc.unshare(flag)
        # Without control groups the kernel takes the flag and does nothing (include/linux/cgroup.h, copy_cgroup_ns).
        if not _SHOWN.is_dir():
            raise MissingError(f"no {_SHOWN} here, so nothing shows whether there is one now")
        if not (_SHOWN / word).exists():
            raise RefusedError("it is not there")

    probe(
        f"ns_{_word}", _symbol, f"a new {_word} namespace", capabilities=() if _word == "user" else _NEEDS, net=False
    )(_run)


def _controllers(bench: Bench) -> set[str]:
    """Controllers of cgroup v2, and those of v1 that are enabled: a controller belongs to one of them."""
    found: set[str] = set()
    if bench.cgroup is not None:
        found |= set((bench.cgroup.parent / "cgroup.controllers").read_text(encoding="ascii").split())
    listed = Path("/proc/cgroups")
    if listed.exists():
        rows = [line.split() for line in listed.read_text(encoding="ascii").splitlines() if not line.startswith("#")]
        found |= {row[0] for row in rows if row[3] == "1"}
    return found


def _controller(name: str) -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        bench.doing(f"look for the controller {name}")
        found = _controllers(bench)
        # v1 calls io blkio.
        if name not in found and not (name == "io" and "blkio" in found):
            raise RefusedError("neither cgroup v2 nor v1 has it")

    return run


for _name, _symbol, _controlled in (
    ("cgroup2_ctl_cpuset", "CPUSETS", "cpuset"),
    ("cgroup2_ctl_cpu", "CGROUP_SCHED", "cpu"),
    ("cgroup2_ctl_io", "BLK_CGROUP", "io"),
    ("cgroup2_ctl_memory", "MEMCG", "memory"),
    ("cgroup2_ctl_hugetlb", "CGROUP_HUGETLB", "hugetlb"),
    ("cgroup2_ctl_pids", "CGROUP_PIDS", "pids"),
    ("cgroup_subsys_devices", "CGROUP_DEVICE", "devices"),
    ("cgroup_subsys_freezer", "CGROUP_FREEZER", "freezer"),
    ("cgroup_subsys_cpuacct", "CGROUP_CPUACCT", "cpuacct"),
    ("cgroup_subsys_perf_event", "CGROUP_PERF", "perf_event"),
    ("cgroup_subsys_net_prio", "CGROUP_NET_PRIO", "net_prio"),
    ("cgroup_subsys_net_cls", "CGROUP_NET_CLASSID", "net_cls"),
):
    outside(_name, _symbol, "reads the list of cgroup controllers")(_controller(_controlled))


@outside("cgroup2_mount", "CGROUPS", "a cgroup v2 file system, mounted privately")
def _mount(bench: Bench) -> None:
    place = bench.folder("cgroup-again")
    bench.doing("mount cgroup v2")
    libc.mount("cgroup2", str(place), "cgroup2")
    libc.unmount(str(place))


def _limit(controller: str, second: str, first: str) -> Callable[[Bench], None]:
    """A file of a controller: in our cgroup where v2 gives it to children, or in the root of v1."""

    def run(bench: Bench) -> None:
        bench.doing(f"look for {second}")
        if bench.cgroup is not None and (bench.cgroup / f"{controller}.stat").exists():
            given = (bench.cgroup.parent / "cgroup.subtree_control").read_text(encoding="ascii").split()
            if controller in given:
                if not (bench.cgroup / second).exists():
                    raise RefusedError(f"a cgroup with the controller {controller} has no {second}")
                return
        place = bench.scratch / f"v1-{controller}"
        place.mkdir(exist_ok=True)
        bench.doing(f"look for {first} in cgroup v1")
        try:
            libc.mount("cgroup", str(place), "cgroup", 0, "blkio" if controller == "io" else controller)
        except OSError as error:
            raise MissingError(f"children have no {controller} controller here, and cgroup v1 has none") from error
        found = (place / first).exists()
        libc.unmount(str(place))
        if not found:
            raise RefusedError(f"the controller {controller} has no {first}")

    return run


for _name, _symbol, _given in (
    ("cgroup_cpu_max", "CFS_BANDWIDTH", ("cpu", "cpu.max", "cpu.cfs_quota_us")),
    ("cgroup_cpu_weight", "FAIR_GROUP_SCHED", ("cpu", "cpu.weight", "cpu.shares")),
):
    outside(_name, _symbol, f"reads {_given[1]} of a cgroup of its own")(_limit(*_given))
