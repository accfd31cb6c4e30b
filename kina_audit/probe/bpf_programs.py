"""BPF programs of every kind, loaded and not attached."""

from kina_audit.probe import bpf
from kina_audit.probe.model import Bench, outside


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
