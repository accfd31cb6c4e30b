"""BPF programs, run on one packet: alone, ending in another, calling a function of their own."""

import struct

from kina_audit.probe import bpf
from kina_audit.probe.model import Bench, RefusedError, outside


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
