"""Packets that a BPF program drops."""

from collections.abc import Callable

from kina_audit.probe import bpf
from kina_audit.probe.model import Bench, MissingError, RefusedError, probe
from kina_audit.probe.packets.echo import ping
from kina_audit.probe.packets.pair import THERE, Pair


def _dropped(bench: Bench, address: str, attach: Callable[[], None]) -> None:
    if not ping(bench, address):
        raise MissingError("no packets pass even without it")
    attach()
    if ping(bench, address, seconds=1.0):
        raise RefusedError("the program drops everything, and packets still pass")


@probe(
    "data_tcbpf_drop",
    "NET_CLS_BPF && NET_SCH_INGRESS && BPF_SYSCALL && VETH && NET_NS",
    "packets that a BPF program at tc drops",
)
def _tc_drop(bench: Bench) -> None:
    Pair(bench)

    def attach() -> None:
        index = bench.ip.link_lookup(ifname="kina0")[0]
        bench.doing("attach a program that drops, by tc")
        bench.ip.tc("add", "clsact", index=index)
        bench.ip.tc(
            "add-filter", "bpf", index=index, fd=bpf.trivial(bpf.SCHED_CLS, 2), name="kina", parent=0xFFFFFFF2, prio=1,
            protocol=3, direct_action=True, **{"class": 1},
        )  # fmt: skip

    _dropped(bench, THERE, attach)


@probe("data_xdp_drop", "BPF_SYSCALL && VETH && NET_NS", "packets that an XDP program drops")
def _xdp_drop(bench: Bench) -> None:
    Pair(bench)

    def attach() -> None:
        index = bench.ip.link_lookup(ifname="kina0")[0]
        bench.doing("attach an XDP program that drops")
        bpf.link(bpf.trivial(bpf.XDP, 1, 37), index, 37, flags=2)

    _dropped(bench, THERE, attach)
