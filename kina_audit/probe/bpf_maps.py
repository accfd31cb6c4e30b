"""BPF maps of each kind, of maps, and with many elements changed by one call."""

import os
import struct

from kina_audit.probe import bpf
from kina_audit.probe.model import Bench, RefusedError, outside


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
