"""bpf(2): maps, programs, links, as far as probes need them. The only module that calls it.

Command numbers, attribute layouts and constants are those of include/uapi/linux/bpf.h.
"""

import ctypes
import errno
import os
import platform
import struct

from kina_audit.probe import libc
from kina_audit.probe.model import MissingError

_NUMBERS = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "loongarch64": 280, "s390x": 351, "ppc64le": 361}

MAP_CREATE, MAP_LOOKUP, MAP_UPDATE, PROG_LOAD, OBJ_PIN = 0, 1, 2, 5, 6
PROG_ATTACH, PROG_DETACH, PROG_TEST_RUN, OBJ_INFO, RAW_TRACEPOINT_OPEN = 8, 9, 10, 15, 17
BTF_LOAD, LINK_CREATE = 18, 28
MAP_LOOKUP_BATCH, MAP_LOOKUP_AND_DELETE_BATCH, MAP_UPDATE_BATCH, MAP_DELETE_BATCH = range(24, 28)

SOCKET_FILTER, KPROBE, SCHED_CLS, SCHED_ACT, TRACEPOINT, XDP, PERF_EVENT, CGROUP_SKB, CGROUP_SOCK = range(1, 10)
LWT_IN, LWT_OUT, LWT_XMIT, SOCK_OPS, SK_SKB, CGROUP_DEVICE, SK_MSG, RAW_TRACEPOINT, CGROUP_SOCK_ADDR = range(10, 19)
LWT_SEG6LOCAL, LIRC, SK_REUSEPORT, FLOW_DISSECTOR, CGROUP_SYSCTL = range(19, 24)
RAW_TRACEPOINT_WRITABLE, CGROUP_SOCKOPT, TRACING, STRUCT_OPS, EXT, LSM, SK_LOOKUP, SYSCALL, NETFILTER = range(24, 33)

(HASH, ARRAY, PROG_ARRAY, PERF_EVENT_ARRAY, PERCPU_HASH, PERCPU_ARRAY, STACK_TRACE, CGROUP_ARRAY, LRU_HASH,
 LRU_PERCPU_HASH, LPM_TRIE, ARRAY_OF_MAPS, HASH_OF_MAPS, DEVMAP, SOCKMAP, CPUMAP, XSKMAP, SOCKHASH, CGROUP_STORAGE,
 REUSEPORT_SOCKARRAY, PERCPU_CGROUP_STORAGE, QUEUE, STACK, SK_STORAGE, DEVMAP_HASH, STRUCT_OPS_MAP, RINGBUF) = range(1, 28)  # fmt: skip

_ATTR = 160
_LOG = 64 * 1024


class _Buffers:
    """Memory that an attribute points to, kept until the call is over."""

    def __init__(self) -> None:
        self._kept: list[ctypes.Array[ctypes.c_char]] = []

    def at(self, data: bytes, size: int = 0) -> int:
        """The address of a buffer that starts with ``data``."""
        made = ctypes.create_string_buffer(data, max(len(data), size, 1))
        self._kept.append(made)
        return ctypes.addressof(made)

    def last(self) -> bytes:
        """What is in the buffer that was made last."""
        return self._kept[-1].raw


def _number() -> int:
    number = _NUMBERS.get(platform.machine())
    if number is None:
        raise MissingError(f"the number of bpf(2) on {platform.machine()} is not known")
    return number


def call(command: int, attributes: bytes) -> tuple[int, bytes]:
    """One bpf(2) call: its result, and the attribute as the kernel left it.

    Raises:
        OSError: the kernel refused.
        MissingError: the call's number on this architecture is not known here.
    """
    given = ctypes.create_string_buffer(attributes, _ATTR)
    # The kernel takes a longer attribute than it knows when the rest is zero.
    result = libc.syscall(_number(), command, given, _ATTR)
    return result, given.raw


def create_map(
    kind: int, key: int, value: int, entries: int = 1, flags: int = 0, inner: int = 0
) -> int:  # fmt: skip
    """A map; its descriptor.

    Raises:
        OSError: the kernel refused.
    """
    return call(MAP_CREATE, struct.pack("=6I", kind, key, value, entries, flags, inner))[0]


def ins(code: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0) -> bytes:
    """One instruction."""
    return struct.pack("=BBhi", code, src << 4 | dst, off, imm)


EXIT = ins(0x95)


def mov(register: int, value: int) -> bytes:
    """Set a register to a value."""
    return ins(0xB7, register, imm=value)


def copy(register: int, source: int) -> bytes:
    """Set a register to another."""
    return ins(0xBF, register, source)


def helper(number: int) -> bytes:
    """Call one of the kernel's functions."""
    return ins(0x85, imm=number)


def map_in(register: int, descriptor: int) -> bytes:
    """Set a register to a map (a double instruction)."""
    return ins(0x18, register, 1, imm=descriptor) + bytes(8)


def load(
    kind: int, program: bytes, attach: int = 0, *, flags: int = 0, btf_id: int = 0, license_: str = "GPL"
) -> int:  # fmt: skip
    """A program; its descriptor.

    Raises:
        OSError: the kernel refused; its text is the last line of the verifier's log, where there is one.
    """
    kept = _Buffers()
    start = struct.pack("=IIQQ", kind, len(program) // 8, kept.at(program), kept.at(license_.encode() + b"\0"))
    name = b"kina_audit".ljust(16, b"\0")

    def attributes(level: int, size: int, log: int) -> bytes:
        return start + struct.pack("=IIQII16sIIIIQIIQIII", level, size, log, 0, flags, name, 0, attach, 0, 0, 0, 0, 0, 0, 0, btf_id, 0)  # fmt: skip

    try:
        return call(PROG_LOAD, attributes(0, 0, 0))[0]
    except OSError as first:
        log = kept.at(b"", _LOG)
        try:
            return call(PROG_LOAD, attributes(1, _LOG, log))[0]
        except OSError as error:
            said = kept.last().split(b"\0")[0].decode("utf-8", "replace").strip().splitlines()
            told = [s for s in said if not s.startswith(("processed ", "verification time", "stack depth"))]
            words = os.strerror(first.errno or 0)
            raise OSError(error.errno, f"{words} ({told[-1]})" if told else words) from error


def trivial(kind: int, result: int, attach: int = 0) -> int:
    """A program that returns ``result`` and does nothing else.

    Raises:
        OSError: the kernel refused.
    """
    return load(kind, mov(0, result) + EXIT, attach)


def attach(target: int, program: int, kind: int, flags: int = 0) -> None:
    """BPF_PROG_ATTACH.

    Raises:
        OSError: the kernel refused.
    """
    call(PROG_ATTACH, struct.pack("=IIII", target, program, kind, flags))


def link(program: int, target: int, kind: int, flags: int = 0, more: bytes = b"") -> int:
    """BPF_LINK_CREATE; the link's descriptor, with which it goes.

    Raises:
        OSError: the kernel refused.
    """
    return call(LINK_CREATE, struct.pack("=IIII", program, target, kind, flags) + more)[0]


def test_run(program: int, data: bytes) -> int:
    """BPF_PROG_TEST_RUN on one packet; what the program returned.

    Raises:
        OSError: the kernel refused.
    """
    kept = _Buffers()
    size = len(data) + 256
    out = kept.at(b"", size)
    given = struct.pack("=IIIIQQII", program, 0, len(data), size, kept.at(data), out, 1, 0)
    return int(struct.unpack_from("=I", call(PROG_TEST_RUN, given)[1], 4)[0])


def jited_length(program: int) -> int:
    """How many bytes of machine code a program became; 0: it is interpreted.

    Raises:
        OSError: the kernel refused.
    """
    kept = _Buffers()
    size = 256
    call(OBJ_INFO, struct.pack("=IIQ", program, size, kept.at(b"", size)))
    return int(struct.unpack_from("=I", kept.last(), 16)[0])


def update(descriptor: int, key: bytes, value: bytes) -> None:
    """Put one element into a map.

    Raises:
        OSError: the kernel refused.
    """
    kept = _Buffers()
    call(MAP_UPDATE, struct.pack("=IxxxxQQQ", descriptor, kept.at(key), kept.at(value), 0))


def change_batch(command: int, descriptor: int, keys: bytes, values: bytes, count: int) -> int:
    """Put elements into a map, or take some out, in one call (MAP_UPDATE_BATCH, MAP_DELETE_BATCH); how many.

    Raises:
        OSError: the kernel refused.
    """
    kept = _Buffers()
    attributes = struct.pack("=QQQQIIQQ", 0, 0, kept.at(keys), kept.at(values), count, descriptor, 0, 0)
    return int(struct.unpack_from("=I", call(command, attributes)[1], 32)[0])


def read_batch(command: int, descriptor: int, most: int) -> dict[int, int]:
    """Read elements of 4 bytes each in one call (MAP_LOOKUP_BATCH, MAP_LOOKUP_AND_DELETE_BATCH).

    Raises:
        OSError: the kernel refused.
    """
    size = 4 * most
    keys, values, reached, given = (ctypes.create_string_buffer(n) for n in (size, size, 8, _ATTR))
    at = [ctypes.addressof(b) for b in (reached, keys, values)]
    struct.pack_into("=QQQQIIQQ", given, 0, 0, *at, most, descriptor, 0, 0)
    try:
        libc.syscall(_number(), command, given, _ATTR)
    except OSError as error:
        # So it says that these were the last elements (kernel/bpf/hashtab.c, __htab_map_lookup_and_delete_batch).
        if error.errno != errno.ENOENT:
            raise
    (count,) = struct.unpack_from("=I", given, 32)
    return dict(zip(*(struct.unpack_from(f"={count}I", b) for b in (keys, values)), strict=True))


def pin(descriptor: int, path: str) -> None:
    """Give an object a name in a bpf file system.

    Raises:
        OSError: the kernel refused.
    """
    kept = _Buffers()
    call(OBJ_PIN, struct.pack("=QII", kept.at(os.fsencode(path) + b"\0"), descriptor, 0))


def load_btf(data: bytes) -> int:
    """Give the kernel types; the descriptor.

    Raises:
        OSError: the kernel refused.
    """
    kept = _Buffers()
    return call(BTF_LOAD, struct.pack("=QQIIII", kept.at(data), 0, len(data), 0, 0, 0))[0]
