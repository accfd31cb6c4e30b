"""What a running kernel shows beside its config: sysctls, mounts, lockdown and more, as named facts.

Only what was really read becomes a fact. A sysctl of a network namespace that is not the machine's, or a mount table of a
container, says nothing of the node, so those are left out there.
"""

from collections.abc import Mapping, Sequence

from kina_audit.base.datatype import datatype, field
from kina_audit.kernel.modules import every_module
from kina_audit.kernel.provenance import Observed

EVERYWHERE = (
    "kernel.unprivileged_bpf_disabled",
    "kernel.modules_disabled",
    "kernel.modprobe",
    "fs.inotify.max_user_instances",
    "fs.inotify.max_user_watches",
)
"""Sysctls that are the whole machine's, wherever they are read."""

OF_THE_NETWORK = (
    "net.core.bpf_jit_enable",
    "net.ipv4.ip_forward",
    "net.ipv4.conf.all.rp_filter",
    "net.ipv6.conf.all.forwarding",
    "net.ipv6.conf.all.disable_ipv6",
    "net.bridge.bridge-nf-call-iptables",
    "net.bridge.bridge-nf-call-ip6tables",
    "net.bridge.bridge-nf-call-arptables",
)
"""Sysctls of a network namespace."""

MACHINE_NETWORK = "net.core.netdev_budget"
"""A sysctl that only the machine's own network namespace has (net/core/sysctl_net_core.c, ``net_core_table``)."""

MACHINE_PROCESSES = "pid:[4026531836]"
"""``/proc/self/ns/pid`` outside of every container (include/uapi/linux/nsfs.h, ``PID_NS_INIT_INO``)."""

_HIDDEN = frozenset({"kernel.modprobe"})
"""A path of the machine: what it means for modules is said with them."""
_LONGEST = 200


@datatype
class Live:
    """What was read on the machine, as it was read.

    Attributes:
        btf: ``/sys/kernel/btf/vmlinux``: readable, unreadable, absent; empty: not seen.
        sysctls: name to value.
        mounts: (place, file system type) of those on ``/sys/fs/cgroup``, what is below it, and ``/sys/fs/bpf``.
        processes: ``/proc/self/ns/pid``.
        network: whether the network namespace is the machine's own.
        lockdown: of ``/sys/kernel/security``.
        lsm: of ``/sys/kernel/security``.
        swap: whether any is in use; None: not seen.
        mtu: of the default route's link, or an empty string.
        loaded: modules; None: not seen.
    """

    btf: str = ""
    sysctls: Mapping[str, str] = field(default_factory=dict)
    mounts: Sequence[tuple[str, str]] = ()
    processes: str = ""
    network: bool = False
    lockdown: str = ""
    lsm: str = ""
    swap: bool | None = None
    mtu: str = ""
    loaded: frozenset[str] | None = None


def observed(release: str, machine: str, live: Live) -> Observed:
    """What a running kernel showed, for a report."""
    btf = {"readable": True, "unreadable": True, "absent": False}.get(live.btf)
    return Observed(release, machine, btf, facts(live, every_module()))


def facts(live: Live, named: frozenset[str] = frozenset()) -> tuple[tuple[str, str], ...]:
    """(name, value) of what was seen, in a fixed order.

    Args:
        live: what was read.
        named: the modules that are worth telling when they are loaded.
    """
    found = {
        "btf": live.btf,
        "cgroup": _cgroup(live.mounts),
        "bpffs": _bpffs(live),
        "lockdown": _chosen(live.lockdown),
        "lsm": live.lsm.strip(),
        "swap": {True: "on", False: "off", None: ""}[live.swap],
    }
    found |= {name: live.sysctls.get(name, "") for name in EVERYWHERE if name not in _HIDDEN}
    if live.network:
        found |= {name: live.sysctls.get(name, "") for name in OF_THE_NETWORK}
        found["mtu"] = live.mtu if live.mtu.isdecimal() else ""
    if live.loaded is not None:
        found["modules"] = " ".join(sorted(live.loaded & named))
    return tuple(
        (name, value) for name, value in found.items() if value and (len(value) <= _LONGEST or name == "modules")
    )


def _cgroup(mounts: Sequence[tuple[str, str]]) -> str:
    """Which cgroup hierarchies ``/sys/fs/cgroup`` has, as systemd tells them apart."""
    types = {kind for _, kind in mounts if kind in ("cgroup", "cgroup2")}
    top = [kind for place, kind in mounts if place == "/sys/fs/cgroup"]
    if top and top[-1] == "cgroup2":
        return "v2"
    if types == {"cgroup", "cgroup2"}:
        return "hybrid"
    return "v1" if "cgroup" in types else ""


def _bpffs(live: Live) -> str:
    if any(place == "/sys/fs/bpf" and kind == "bpf" for place, kind in live.mounts):
        return "mounted"
    return "not mounted" if live.processes == MACHINE_PROCESSES else ""


def _chosen(text: str) -> str:
    """The word in brackets: ``none [integrity] confidentiality``."""
    return next((w.strip("[]") for w in text.split() if w.startswith("[")), "")


def default_mtu(routes: str, mtu_of: Mapping[str, str]) -> str:
    """The MTU of the IPv4 default route by ``/proc/net/route``: its own, else its link's; empty: there is none.

    Args:
        routes: the table's text.
        mtu_of: link to MTU.
    """
    best: tuple[int, str] | None = None
    for line in routes.splitlines()[1:]:
        columns = line.split()
        if len(columns) < 9 or columns[1] != "00000000" or columns[7] != "00000000" or not columns[6].isdecimal():
            continue
        mtu = columns[8] if columns[8].isdecimal() and columns[8] != "0" else mtu_of.get(columns[0], "")
        if mtu and (best is None or int(columns[6]) < best[0]):
            best = int(columns[6]), mtu
    return best[1] if best else ""
