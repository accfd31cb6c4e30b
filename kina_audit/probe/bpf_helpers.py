"""The kernel's functions that Cilium's BPF programs call."""

import errno

from kina_audit.probe import bpf
from kina_audit.probe.model import Bench, outside


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
_calls("bpf_helper_skb_set_tstamp", "BPF_SYSCALL && NET", "bpf_skb_set_tstamp", 192, bpf.SCHED_CLS,
       bpf.mov(2, 0) + bpf.mov(3, 0))  # fmt: skip


@outside("bpf_helper_for_each_map_elem", "BPF_SYSCALL && NET", "a BPF program that calls bpf_for_each_map_elem")
def _for_each_map_elem(bench: Bench) -> None:
    # A callback takes types of its own; a kernel that knows the function minds the arguments, others the function (EINVAL).
    bench.doing("load a program that calls bpf_for_each_map_elem without a map")
    try:
        bpf.load(bpf.SCHED_CLS, bpf.helper(164) + bpf.mov(0, 0) + bpf.EXIT)
    except OSError as error:
        if error.errno != errno.EACCES:
            raise
