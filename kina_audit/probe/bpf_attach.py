"""BPF programs, attached: to a cgroup of our own, a device of ours, a socket of ours, a function that does nothing."""

import os
import socket
import struct

from kina_audit.probe import bpf
from kina_audit.probe.bpf_types import btf_function
from kina_audit.probe.links import any_link, veth
from kina_audit.probe.model import Bench, MissingError, RefusedError, outside, probe, reading

_XDP, _TCX_INGRESS, _SK_LOOKUP, _NETKIT_PRIMARY = 37, 46, 36, 54
_FENTRY, _LSM_MAC = 24, 27


def _to_cgroup(name: str, kind: int, attach: int, *, expected: bool = True) -> None:
    def run(bench: Bench) -> None:
        if bench.cgroup is None:
            raise MissingError("no cgroup v2 that may be written")
        bench.doing("load the program")
        made = bpf.trivial(kind, 1, attach if expected else 0)
        bench.doing("attach it to a cgroup of its own")
        folder = os.open(bench.cgroup, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        bpf.attach(folder, made, attach)
        bpf.call(bpf.PROG_DETACH, struct.pack("=III", folder, made, attach))

    outside(name, "CGROUP_BPF && NET", "a BPF program on a cgroup of its own")(run)


_to_cgroup("cgroup_attach_skb_ingress", bpf.CGROUP_SKB, 0, expected=False)
_to_cgroup("cgroup_attach_sock_create", bpf.CGROUP_SOCK, 2)
_to_cgroup("cgroup_attach_sockops", bpf.SOCK_OPS, 3, expected=False)
_to_cgroup("cgroup_attach_device", bpf.CGROUP_DEVICE, 6, expected=False)
_to_cgroup("cgroup_attach_bind4", bpf.CGROUP_SOCK_ADDR, 8)
_to_cgroup("cgroup_attach_connect4", bpf.CGROUP_SOCK_ADDR, 10)
_to_cgroup("cgroup_attach_connect6", bpf.CGROUP_SOCK_ADDR, 11)
_to_cgroup("cgroup_attach_sendmsg4", bpf.CGROUP_SOCK_ADDR, 14)
_to_cgroup("cgroup_attach_recvmsg4", bpf.CGROUP_SOCK_ADDR, 19)
_to_cgroup("cgroup_attach_getpeername4", bpf.CGROUP_SOCK_ADDR, 29)


def _loaded(bench: Bench, kind: int, result: int, attach: int = 0) -> int:
    bench.doing("load the program")
    try:
        return bpf.trivial(kind, result, attach)
    except OSError as error:
        raise MissingError(f"the program does not load: {error.strerror}") from error


@probe("tcx_attach", "NET_XGRESS && BPF_SYSCALL", "a BPF program by tcx on a device", kernel=">=6.6")
def _tcx(bench: Bench) -> None:
    index = any_link(bench)
    made = _loaded(bench, bpf.SCHED_CLS, 0, _TCX_INGRESS)
    bench.doing("attach it by tcx")
    bpf.link(made, index, _TCX_INGRESS)


@probe("xdp_generic_attach_link", "BPF_SYSCALL && NET", "an XDP program on a device, generic mode")
def _xdp_generic(bench: Bench) -> None:
    index = any_link(bench)
    made = _loaded(bench, bpf.XDP, 2, _XDP)
    bench.doing("attach it in generic mode")
    bpf.link(made, index, _XDP, flags=2)


@probe("xdp_native_attach_veth", "BPF_SYSCALL && VETH", "an XDP program on a veth device, native mode")
def _xdp_native(bench: Bench) -> None:
    index, _ = veth(bench)
    made = _loaded(bench, bpf.XDP, 2, _XDP)
    bench.doing("attach it in native mode")
    bpf.link(made, index, _XDP, flags=4)


@probe("sk_lookup_attach", "BPF_SYSCALL && INET", "a socket lookup program on a network namespace")
def _sk_lookup(bench: Bench) -> None:
    made = _loaded(bench, bpf.SK_LOOKUP, 1, _SK_LOOKUP)
    bench.doing("attach it to the network namespace")
    bpf.link(made, os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC), _SK_LOOKUP)


@probe("netkit_bpf_attach", "NETKIT && BPF_SYSCALL", "a BPF program on a netkit device", kernel=">=6.7")
def _netkit(bench: Bench) -> None:
    bench.doing("add a netkit pair")
    bench.ip.link("add", ifname="kina0", kind="netkit")
    index = bench.ip.link_lookup(ifname="kina0")[0]
    made = _loaded(bench, bpf.SCHED_CLS, 0, _NETKIT_PRIMARY)
    bench.doing("attach it")
    bpf.link(made, index, _NETKIT_PRIMARY)


@outside("sockmap_stream_parser", "BPF_STREAM_PARSER", "a stream parser on a sockmap")
def _stream_parser(bench: Bench) -> None:
    made = _loaded(bench, bpf.SK_SKB, 1)
    bench.doing("create a sockmap")
    try:
        sockets = bpf.create_map(bpf.SOCKMAP, 4, 4)
    except OSError as error:
        raise MissingError(f"no sockmap: {error.strerror}") from error
    bench.doing("attach a stream parser to it")
    bpf.attach(sockets, made, 4)


@outside("so_attach_bpf", "BPF_SYSCALL && NET", "a BPF program on a socket")
def _socket_bpf(bench: Bench) -> None:
    made = _loaded(bench, bpf.SOCKET_FILTER, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as one:
        bench.doing("attach it to a socket")
        one.setsockopt(socket.SOL_SOCKET, 50, made)


@reading("so_attach_filter_classic", "NET", "a classic filter on a socket")
def _socket_classic(bench: Bench) -> None:
    from kina_audit.probe import libc

    kept = libc.buffer(8)
    kept.raw = struct.pack("=HBBI", 0x06, 0, 0, 0xFFFF)
    bench.doing("open a socket")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as one:
        bench.doing("attach a filter to it")
        one.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HxxxxxxP", 1, libc.address_of(kept)))


def _tracing(bench: Bench, kind: int, attach: int, function: str) -> int:
    bench.doing(f"find {function} in the kernel's types")
    found = btf_function(function)
    bench.doing(f"load a program for {function}")
    return bpf.load(kind, bpf.mov(0, 0) + bpf.EXIT, attach, btf_id=found)


def _attached(bench: Bench, kind: int, attach: int, function: str) -> None:
    try:
        made = _tracing(bench, kind, attach, function)
    except (OSError, RefusedError) as error:
        raise MissingError(f"no program to attach: {error}") from error
    bench.doing(f"attach it to {function}")
    bpf.call(bpf.RAW_TRACEPOINT_OPEN, struct.pack("=QI4x", 0, made))


_TRACING = "BPF_EVENTS && BPF_JIT && DEBUG_INFO_BTF"


@outside("bpf_fentry_load", _TRACING, "a program for the entry of a kernel function")
def _fentry_load(bench: Bench) -> None:
    _tracing(bench, bpf.TRACING, _FENTRY, "bpf_fentry_test1")


@outside(
    "bpf_fentry_attach",
    f"{_TRACING} && DYNAMIC_FTRACE_WITH_DIRECT_CALLS",
    "a program on the entry of the kernel's own test function",
)
def _fentry_attach(bench: Bench) -> None:
    _attached(bench, bpf.TRACING, _FENTRY, "bpf_fentry_test1")


@outside("bpf_lsm_load", "BPF_LSM && BPF_JIT && DEBUG_INFO_BTF", "a program for a security hook")
def _lsm_load(bench: Bench) -> None:
    try:
        _tracing(bench, bpf.LSM, _LSM_MAC, "bpf_lsm_quota_on")
    except RefusedError as error:
        # The hooks' functions are there only with BPF_LSM; the types themselves may be missing.
        if os.path.exists("/sys/kernel/btf/vmlinux"):  # noqa: PTH110
            raise
        raise MissingError(f"no types to find the hook in: {error}") from error


@outside(
    "bpf_lsm_attach",
    "BPF_LSM && BPF_JIT && DEBUG_INFO_BTF && DYNAMIC_FTRACE_WITH_DIRECT_CALLS",
    "a program that allows everything, for a moment on the hook quota_on",
)
def _lsm_attach(bench: Bench) -> None:
    _attached(bench, bpf.LSM, _LSM_MAC, "bpf_lsm_quota_on")


@outside("raw_tracepoint_attach", "BPF_EVENTS && TRACEPOINTS", "a BPF program on the tracepoint sched_process_exit")
def _raw_tracepoint(bench: Bench) -> None:
    made = _loaded(bench, bpf.RAW_TRACEPOINT, 0)
    bench.doing("attach it")
    from kina_audit.probe import libc

    name = libc.buffer(32)
    name.value = b"sched_process_exit"
    bpf.call(bpf.RAW_TRACEPOINT_OPEN, struct.pack("=QI4x", libc.address_of(name), made))
