"""BPF maps, programs and the functions that Cilium's programs call."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

from kina_audit.probe import bpf, libc
from kina_audit.probe.model import Bench, MissingError, RefusedError, outside, reading


def _map(name: str, expr: str, kind: int, key: int, value: int, *, entries: int = 1, flags: int = 0) -> None:
    def run(bench: Bench) -> None:
        bench.doing("create the map")
        bpf.create_map(kind, key, value, entries, flags)

    outside(name, expr, "a BPF map")(run)


_PAGE = os.sysconf("SC_PAGESIZE")
_map("bpf_map_array", "BPF_SYSCALL", bpf.ARRAY, 4, 4)
_map("bpf_map_hash", "BPF_SYSCALL", bpf.HASH, 4, 4)
_map("bpf_map_percpu_hash", "BPF_SYSCALL", bpf.PERCPU_HASH, 4, 8)
_map("bpf_map_percpu_array", "BPF_SYSCALL", bpf.PERCPU_ARRAY, 4, 8)
_map("bpf_map_lru_hash", "BPF_SYSCALL", bpf.LRU_HASH, 4, 4, entries=64)
_map("bpf_map_lpm_trie", "BPF_SYSCALL", bpf.LPM_TRIE, 8, 4, flags=1)
_map("bpf_map_perf_event_array", "BPF_SYSCALL", bpf.PERF_EVENT_ARRAY, 4, 4)
_map("bpf_map_ringbuf", "BPF_SYSCALL", bpf.RINGBUF, 0, 0, entries=_PAGE)
_map("bpf_map_prog_array", "BPF_SYSCALL", bpf.PROG_ARRAY, 4, 4)
_map("bpf_map_sockmap", "BPF_SYSCALL && INET", bpf.SOCKMAP, 4, 4)
_map("bpf_map_sockhash", "BPF_SYSCALL && INET", bpf.SOCKHASH, 4, 4)
_map("bpf_map_devmap", "BPF_SYSCALL && NET", bpf.DEVMAP, 4, 4)
_map("bpf_map_cpumap", "BPF_SYSCALL && NET", bpf.CPUMAP, 4, 4)
_map("bpf_map_xskmap", "BPF_SYSCALL && XDP_SOCKETS", bpf.XSKMAP, 4, 4)
_map("bpf_map_stack_trace", "BPF_SYSCALL && PERF_EVENTS", bpf.STACK_TRACE, 4, 8)
_map("bpf_map_cgroup_array", "BPF_SYSCALL && CGROUPS", bpf.CGROUP_ARRAY, 4, 4)
_map("bpf_map_reuseport_sockarray", "BPF_SYSCALL && INET", bpf.REUSEPORT_SOCKARRAY, 4, 8)


@outside("bpf_map_of_maps", "BPF_SYSCALL", "a BPF map of maps")
def _map_of_maps(bench: Bench) -> None:
    bench.doing("create the inner map")
    inner = bpf.create_map(bpf.ARRAY, 4, 4)
    bench.doing("create the map of maps")
    bpf.create_map(bpf.HASH_OF_MAPS, 4, 4, inner=inner)


@outside("bpf_map_batch", "BPF_SYSCALL", "BPF maps, filled, read and emptied by one call each")
def _batch(bench: Bench) -> None:
    given = {1: 11, 2: 12, 3: 13}
    keys, values = (struct.pack("=3I", *numbers) for numbers in (given, given.values()))
    # The kinds whose elements Cilium's agent reads so: connection tracking is an LRU.
    for kind, word in ((bpf.HASH, "hash"), (bpf.LRU_HASH, "LRU hash")):
        bench.doing(f"create a {word} map")
        made = bpf.create_map(kind, 4, 4, 64)
        bench.doing(f"update three elements of the {word} map in one call")
        bpf.change_batch(bpf.MAP_UPDATE_BATCH, made, keys, values, 3)
        bench.doing(f"look up the elements of the {word} map in one call")
        _same(bpf.read_batch(bpf.MAP_LOOKUP_BATCH, made, 64), given)
        bench.doing(f"delete one element of the {word} map by the call for many")
        bpf.change_batch(bpf.MAP_DELETE_BATCH, made, struct.pack("=I", 1), b"", 1)
        bench.doing(f"look up and delete the rest of the {word} map in one call")
        _same(bpf.read_batch(bpf.MAP_LOOKUP_AND_DELETE_BATCH, made, 64), {2: 12, 3: 13})
        bench.doing(f"look up the elements of the empty {word} map")
        _same(bpf.read_batch(bpf.MAP_LOOKUP_BATCH, made, 64), {})


def _same(found: dict[int, int], wanted: dict[int, int]) -> None:
    if found != wanted:
        raise RefusedError(f"it has {found}, not {wanted}")


def _program(name: str, expr: str, kind: int, *, result: int = 0, attach: int = 0, kernel: str = "") -> None:
    def run(bench: Bench) -> None:
        bench.doing("load the program")
        bpf.trivial(kind, result, attach)

    outside(name, expr, "a BPF program", kernel=kernel)(run)


_ADDR = "CGROUP_BPF && NET"
_program("bpf_prog_socket_filter", "BPF_SYSCALL && NET", bpf.SOCKET_FILTER)
_program("bpf_prog_sched_cls", "BPF_SYSCALL && NET", bpf.SCHED_CLS)
_program("bpf_prog_sched_act", "BPF_SYSCALL && NET", bpf.SCHED_ACT)
_program("bpf_prog_xdp", "BPF_SYSCALL && NET", bpf.XDP, result=2)
_program("bpf_prog_cgroup_skb", _ADDR, bpf.CGROUP_SKB, result=1)
_program("bpf_prog_cgroup_sock", _ADDR, bpf.CGROUP_SOCK, result=1, attach=2)
_program("bpf_prog_cgroup_device", "CGROUP_BPF", bpf.CGROUP_DEVICE, result=1)
_program("bpf_prog_cgroup_sock_addr", _ADDR, bpf.CGROUP_SOCK_ADDR, result=1, attach=10)
_program("bpf_prog_cgroup_sock_addr_connect6", _ADDR, bpf.CGROUP_SOCK_ADDR, result=1, attach=11)
_program("bpf_prog_cgroup_sock_addr_sendmsg4", _ADDR, bpf.CGROUP_SOCK_ADDR, result=1, attach=14)
_program("bpf_prog_cgroup_sock_addr_getpeername4", _ADDR, bpf.CGROUP_SOCK_ADDR, result=1, attach=29)
_program("bpf_prog_sock_ops", "BPF_SYSCALL && NET", bpf.SOCK_OPS, result=1)
_program("bpf_prog_sk_skb", "BPF_SYSCALL && NET", bpf.SK_SKB, result=1)
_program("bpf_prog_sk_msg", "BPF_SYSCALL && NET", bpf.SK_MSG, result=1)
_program("bpf_prog_sk_lookup", "BPF_SYSCALL && INET", bpf.SK_LOOKUP, result=1, attach=36)
_program("bpf_prog_sk_reuseport", "BPF_SYSCALL && INET", bpf.SK_REUSEPORT, result=1)
_program("bpf_prog_flow_dissector", "BPF_SYSCALL && NET", bpf.FLOW_DISSECTOR)
_program("bpf_prog_cgroup_sysctl", "CGROUP_BPF", bpf.CGROUP_SYSCTL, result=1)
_program("bpf_prog_cgroup_sockopt", "CGROUP_BPF", bpf.CGROUP_SOCKOPT, result=1, attach=21)
_program("bpf_prog_lwt_xmit", "BPF_SYSCALL && NET", bpf.LWT_XMIT)
_program("bpf_prog_kprobe", "BPF_EVENTS", bpf.KPROBE)
_program("bpf_prog_tracepoint", "BPF_EVENTS", bpf.TRACEPOINT)
_program("bpf_prog_perf_event", "BPF_EVENTS", bpf.PERF_EVENT)
_program("bpf_prog_raw_tracepoint", "BPF_EVENTS", bpf.RAW_TRACEPOINT)
_program("bpf_prog_netfilter", "NETFILTER_BPF_LINK", bpf.NETFILTER, result=1, attach=45, kernel=">=6.4")


def _calls(
    name: str, expr: str, what: str, number: int, kind: int, prepared: bytes, *, attach: int = 0, result: int = 0
) -> None:
    """A program that calls one of the kernel's functions; r1 is the context when it starts."""

    def run(bench: Bench) -> None:
        bench.doing(f"load a program that calls {what}")
        bpf.load(kind, prepared + bpf.helper(number) + bpf.mov(0, result) + bpf.EXIT, attach)

    outside(name, expr, f"a BPF program that calls {what}")(run)


_PARAMS = b"".join([  # 64 zeroed bytes on the stack, r2 = their address
    *[bpf.ins(0x7A, 10, off=-8 * n) for n in range(1, 9)], bpf.copy(2, 10), bpf.ins(0x07, 2, imm=-64),
])  # fmt: skip
_calls(
    "bpf_helper_fib_lookup",
    "BPF_SYSCALL && INET",
    "bpf_fib_lookup",
    69,
    bpf.SCHED_CLS,
    _PARAMS + bpf.mov(3, 64) + bpf.mov(4, 0),
)
_calls("bpf_helper_redirect_neigh", "BPF_SYSCALL && NET", "bpf_redirect_neigh", 152, bpf.SCHED_CLS,
       bpf.mov(1, 1) + bpf.mov(2, 0) + bpf.mov(3, 0) + bpf.mov(4, 0))  # fmt: skip
_calls(
    "bpf_helper_redirect_peer",
    "BPF_SYSCALL && NET",
    "bpf_redirect_peer",
    155,
    bpf.SCHED_CLS,
    bpf.mov(1, 1) + bpf.mov(2, 0),
)
_calls("bpf_helper_csum_level", "BPF_SYSCALL && NET", "bpf_csum_level", 135, bpf.SCHED_CLS, bpf.mov(2, 0))
_calls("bpf_helper_jiffies64", "BPF_SYSCALL", "bpf_jiffies64", 118, bpf.SCHED_CLS, b"")
_calls("bpf_helper_skb_ecn_set_ce", "BPF_SYSCALL && INET", "bpf_skb_ecn_set_ce", 97, bpf.SCHED_CLS, b"")
_calls(
    "bpf_helper_get_netns_cookie",
    "CGROUP_BPF && NET",
    "bpf_get_netns_cookie",
    122,
    bpf.CGROUP_SOCK_ADDR,
    b"",
    attach=10,
    result=1,
)
_calls(
    "bpf_helper_get_socket_cookie",
    "CGROUP_BPF && NET",
    "bpf_get_socket_cookie",
    46,
    bpf.CGROUP_SOCK_ADDR,
    b"",
    attach=10,
    result=1,
)
_calls(
    "bpf_helper_get_cgroup_classid",
    "CGROUP_NET_CLASSID",
    "bpf_get_cgroup_classid",
    17,
    bpf.CGROUP_SOCK_ADDR,
    b"",
    attach=10,
    result=1,
)
_calls("bpf_helper_skb_cgroup_id", "SOCK_CGROUP_DATA", "bpf_skb_cgroup_id", 79, bpf.SCHED_CLS, b"")
_calls("bpf_helper_override_return", "BPF_KPROBE_OVERRIDE", "bpf_override_return", 58, bpf.KPROBE, bpf.mov(2, 0))


@reading("bpf_jit_enable_sysctl", "BPF_JIT", "reads net.core.bpf_jit_enable")
def _jit_sysctl(bench: Bench) -> None:
    bench.doing("look for /proc/sys/net/core/bpf_jit_enable")
    # Both are shown in the first network namespace only (net/core/sysctl_net_core.c).
    if not Path("/proc/sys/net/core/netdev_budget").exists():
        raise MissingError("it shows in the first network namespace only, and this is another or has no /proc/sys")
    if not Path("/proc/sys/net/core/bpf_jit_enable").exists():
        raise RefusedError("no such sysctl")


@outside("bpf_prog_is_jited", "BPF_JIT", "a BPF program, asked for its machine code")
def _is_jited(bench: Bench) -> None:
    bench.doing("load a program")
    made = bpf.trivial(bpf.SOCKET_FILTER, 0)
    bench.doing("ask for the length of its machine code")
    if not bpf.jited_length(made):
        enabled = Path("/proc/sys/net/core/bpf_jit_enable")
        off = enabled.exists() and enabled.read_text(encoding="ascii").strip() == "0"
        raise RefusedError("it is interpreted" + (": net.core.bpf_jit_enable is 0" if off else ""))


@outside("bpf_test_run_sched_cls", "BPF_SYSCALL && NET", "a tc program, run on one packet")
def _test_run(bench: Bench) -> None:
    bench.doing("load the program")
    made = bpf.trivial(bpf.SCHED_CLS, 7)
    bench.doing("run it on a packet")
    if (said := bpf.test_run(made, bytes(64))) != 7:
        raise RefusedError(f"it returned {said}, not 7")


@outside("bpf_tail_call_run", "BPF_SYSCALL", "a program that ends in another")
def _tail_call(bench: Bench) -> None:
    bench.doing("load two programs")
    jumps = bpf.create_map(bpf.PROG_ARRAY, 4, 4)
    last = bpf.trivial(bpf.SCHED_CLS, 9)
    first = bpf.load(bpf.SCHED_CLS, bpf.map_in(2, jumps) + bpf.mov(3, 0) + bpf.helper(12) + bpf.mov(0, 1) + bpf.EXIT)
    bpf.update(jumps, struct.pack("=I", 0), struct.pack("=I", last))
    bench.doing("run the first")
    if (said := bpf.test_run(first, bytes(64))) != 9:
        raise RefusedError(f"it returned {said}, not 9: the second did not run")


@outside("bpf2bpf_call", "BPF_SYSCALL", "a program with a function of its own")
def _bpf2bpf(bench: Bench) -> None:
    bench.doing("load the program")
    called = bpf.mov(0, 5) + bpf.EXIT
    made = bpf.load(bpf.SCHED_CLS, bpf.ins(0x85, 0, 1, imm=1) + bpf.EXIT + called)
    bench.doing("run it")
    if (said := bpf.test_run(made, bytes(64))) != 5:
        raise RefusedError(f"it returned {said}, not 5")


def _bpffs(bench: Bench) -> Path:
    place = bench.scratch / "bpffs"
    place.mkdir(exist_ok=True)
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


@reading("btf_vmlinux", "DEBUG_INFO_BTF", "reads /sys/kernel/btf/vmlinux")
def _btf_file(bench: Bench) -> None:
    bench.doing("read /sys/kernel/btf/vmlinux")
    if not Path("/sys/kernel").is_dir():
        raise MissingError("no /sys/kernel here")
    with open("/sys/kernel/btf/vmlinux", "rb") as file:
        if file.read(2) not in (b"\x9f\xeb", b"\xeb\x9f"):
            raise RefusedError("it does not start as types do")


@outside("btf_load", "BPF_SYSCALL", "types given to the kernel")
def _btf_load(bench: Bench) -> None:
    bench.doing("load the type int")
    strings = b"\0int\0"
    types = struct.pack("=IIII", 1, 1 << 24, 4, 1 << 24 | 32)
    bpf.load_btf(struct.pack("=HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(strings)) + types + strings)


def btf_function(name: str) -> int:
    """The id of a function in the kernel's types.

    Raises:
        MissingError: the kernel shows no types.
        RefusedError: it has no such function.
    """
    try:
        with open("/sys/kernel/btf/vmlinux", "rb") as file:
            data = file.read(64 << 20)
    except OSError as error:
        raise RefusedError(f"/sys/kernel/btf/vmlinux: {error.strerror}") from error
    return _function_id(data, name)


_EXTRA: dict[int, Callable[[int], int]] = {
    1: lambda _: 4, 3: lambda _: 12, 4: lambda n: 12 * n, 5: lambda n: 12 * n, 6: lambda n: 8 * n,
    13: lambda n: 8 * n, 14: lambda _: 4, 15: lambda n: 12 * n, 17: lambda _: 4, 19: lambda n: 12 * n,
}  # fmt: skip
"""How many bytes follow a type of each kind that has any (Documentation/bpf/btf.rst)."""


def _function_id(data: bytes, wanted: str) -> int:
    header, types, length, strings = struct.unpack_from("=4xIIII", data)
    text = header + strings
    # The name's place in the strings is looked up once; every function is compared by that.
    at = data.find(b"\0" + wanted.encode() + b"\0", text)
    name = at + 1 - text
    place, end, number = header + types, header + types + length, 1
    while at >= 0 and place < end:
        offset, info, _ = struct.unpack_from("=III", data, place)
        kind = info >> 24 & 0x1F
        if kind == 12 and offset == name:
            return number
        place += 12 + (_EXTRA[kind](info & 0xFFFF) if kind in _EXTRA else 0)
        number += 1
    raise RefusedError(f"the kernel's types have no function {wanted}")
