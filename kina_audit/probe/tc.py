"""Queueing disciplines, classifiers and actions."""

import errno
import struct
from typing import Any

from kina_audit.probe import bpf
from kina_audit.probe.links import any_link
from kina_audit.probe.model import Bench, MissingError, probe
from kina_audit.probe.netlink import CREATE, EXCL, ROUTE, attr, be16, nest, text, u32

_INGRESS_PARENT = 0xFFFFFFF2
_EGRESS_PARENT = 0xFFFFFFF3
_ALL = 0x0003  # ETH_P_ALL

_ROOT_QDISCS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("qdisc_fq", "NET_SCH_FQ", "fq", {}),
    ("qdisc_fq_codel", "NET_SCH_FQ_CODEL", "fq_codel", {}),
    ("qdisc_htb", "NET_SCH_HTB", "htb", {"default": 0x10}),
    ("qdisc_netem", "NET_SCH_NETEM", "netem", {"delay": 1000}),
    ("qdisc_tbf", "NET_SCH_TBF", "tbf", {"rate": "1mbit", "burst": 4096, "latency": "50ms"}),
    ("qdisc_pfifo", "NET_SCHED", "pfifo_fast", {}),
)


def _root(kind: str, options: dict[str, Any]) -> Any:
    def run(bench: Bench) -> None:
        index = any_link(bench)
        bench.doing(f"add a {kind} qdisc")
        bench.ip.tc("add", kind, index=index, handle="1:", **options)

    return run


for _name, _expr, _kind, _options in _ROOT_QDISCS:
    probe(_name, _expr, f"a {_kind} qdisc")(_root(_kind, _options))


def clsact(bench: Bench) -> int:
    """A device with a clsact qdisc; its index."""
    index = any_link(bench)
    bench.doing("add a clsact qdisc")
    bench.ip.tc("add", "clsact", index=index)
    return index


@probe("qdisc_clsact", "NET_SCH_INGRESS", "a clsact qdisc")
def _clsact(bench: Bench) -> None:
    clsact(bench)


@probe("qdisc_ingress", "NET_SCH_INGRESS", "an ingress qdisc")
def _ingress(bench: Bench) -> None:
    index = any_link(bench)
    bench.doing("add an ingress qdisc")
    bench.ip.tc("add", "ingress", index=index, handle="ffff:")


def classless(bench: Bench) -> tuple[int, int]:
    """(index, parent) where a classifier can be hung: clsact's ingress, or a classful qdisc of the kernel.

    Raises:
        MissingError: the kernel has none of them.
    """
    try:
        return clsact(bench), _INGRESS_PARENT
    except MissingError:
        raise
    except Exception:  # noqa: BLE001, S110  (another qdisc may carry it)
        pass
    for kind, options in (("htb", {"default": 0x10}), ("prio", {}), ("drr", {})):
        try:
            index = bench.ip.link_lookup(ifname="kina8")[0]
            bench.doing(f"add a {kind} qdisc to hang a classifier on")
            bench.ip.tc("add", kind, index=index, handle="1:", **options)
        except Exception:  # noqa: BLE001, S112
            continue
        return index, 0x10000
    raise MissingError("no qdisc to hang it on (clsact, htb, prio, drr)")


def _filter(bench: Bench, kind: str, **options: Any) -> None:
    index, parent = classless(bench)
    bench.doing(f"add a {kind} filter")
    bench.ip.tc("add-filter", kind, index=index, parent=parent, protocol=_ALL, prio=1, **options)


@probe("filter_u32", "NET_CLS_U32", "a u32 filter")
def _u32(bench: Bench) -> None:
    _filter(bench, "u32", target=0x10000, keys=["0x0/0x0+0"])


def _raw_filter(bench: Bench, kind: str, options: bytes) -> None:
    """The same by our own message, for kinds that pyroute2 has no options for."""
    index, parent = classless(bench)
    bench.doing(f"add a {kind} filter")
    info = 1 << 16 | 0x0300  # priority 1, ETH_P_ALL in network order
    body = struct.pack("=BxxxiIII", 0, index, 0, parent, info)
    bench.netlink(ROUTE).ask(44, CREATE | EXCL, body + text(1, kind) + nest(2, options))


@probe("filter_matchall", "NET_CLS_MATCHALL", "a matchall filter")
def _matchall(bench: Bench) -> None:
    _raw_filter(bench, "matchall", u32(1, 0x10001))


@probe("filter_flower", "NET_CLS_FLOWER", "a flower filter")
def _flower(bench: Bench) -> None:
    _raw_filter(bench, "flower", u32(1, 0x10001) + be16(8, 0x0800))


def _bpf_filter(bench: Bench, parent: int) -> None:
    try:
        descriptor = bpf.trivial(bpf.SCHED_CLS, 0)
    except OSError as error:
        raise MissingError(f"no BPF program to attach: {error.strerror}") from error
    index = clsact(bench)
    bench.doing("add a bpf filter, direct action")
    bench.ip.tc(
        "add-filter", "bpf", index=index, fd=descriptor, name="kina", parent=parent, prio=1, protocol=_ALL,
        direct_action=True, **{"class": 1},
    )  # fmt: skip


@probe("filter_bpf_ebpf_da", "NET_CLS_BPF && NET_SCH_INGRESS && BPF_SYSCALL", "a BPF program by tc at ingress")
def _bpf_ingress(bench: Bench) -> None:
    _bpf_filter(bench, _INGRESS_PARENT)


@probe("filter_bpf_ebpf_egress", "NET_CLS_BPF && NET_SCH_INGRESS && BPF_SYSCALL", "a BPF program by tc at egress")
def _bpf_egress(bench: Bench) -> None:
    _bpf_filter(bench, _EGRESS_PARENT)


@probe("filter_bpf_classic", "NET_CLS_BPF", "a classic BPF program as tc filter")
def _bpf_classic(bench: Bench) -> None:

    one = struct.pack("=HBBI", 0x06, 0, 0, 0)  # BPF_RET | BPF_K, 0: no match
    _raw_filter(bench, "bpf", u32(3, 0x10001) + attr(4, struct.pack("=H", 1)) + attr(5, one))


def _act(bench: Bench, kind: str, options: bytes) -> None:
    """An action of its own, with nothing that uses it (RTM_NEWACTION)."""
    bench.doing(f"add a {kind} action")
    bench.netlink(ROUTE).ask(48, CREATE | EXCL, bytes(4) + nest(1, nest(1, text(1, kind), nest(2, options))))


@probe("act_gact", "NET_ACT_GACT", "a generic tc action")
def _act_gact(bench: Bench) -> None:

    _act(bench, "gact", attr(2, struct.pack("=IIiii", 0, 0, 0, 0, 0)))


@probe("act_bpf", "NET_ACT_BPF", "a BPF program as tc action")
def _act_bpf(bench: Bench) -> None:

    one = struct.pack("=HBBI", 0x06, 0, 0, 0)
    # TCA_ACT_BPF_PARMS 2, OPS_LEN 3, OPS 4 (include/uapi/linux/tc_act/tc_bpf.h).
    parms = attr(2, struct.pack("=IIiii", 0, 0, 0, 0, 0))
    _act(bench, "bpf", parms + attr(3, struct.pack("=H", 1)) + attr(4, one))


@probe("act_police", "NET_ACT_POLICE", "a policing tc action")
def _act_police(bench: Bench) -> None:

    # struct tc_police without a rate: 5 words, two tc_ratespec of 12 bytes, three words; TCA_POLICE_TBF is 1.
    _act(bench, "police", attr(1, struct.pack("=Iiiii", 0, 0, 0, 0, 0) + bytes(24) + struct.pack("=III", 0, 0, 0)))


@probe("act_mirred", "NET_ACT_MIRRED", "a redirecting tc action")
def _act_mirred(bench: Bench) -> None:

    index = any_link(bench)
    # struct tc_mirred: index, capab, action (TC_ACT_STOLEN 4), refcnt, bindcnt, eaction (TCA_EGRESS_REDIR 1), ifindex.
    _act(bench, "mirred", attr(2, struct.pack("=IIiiiiI", 0, 0, 4, 0, 0, 1, index)))


@probe("tc_actions", "NET_CLS_ACT", "a tc action, whichever the kernel has")
def _actions(bench: Bench) -> None:
    try:
        _act(bench, "gact", attr(2, struct.pack("=IIiii", 0, 0, 0, 0, 0)))
    except OSError as error:
        # ENOENT: there are actions, and not this one; without NET_CLS_ACT the message is not known at all.
        if error.errno != errno.ENOENT:
            raise
