"""Whether BPF programs become machine code."""

from pathlib import Path

from kina_audit.probe import bpf
from kina_audit.probe.model import Bench, MissingError, RefusedError, outside, reading


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
