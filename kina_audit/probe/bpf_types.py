"""BPF's type information (BTF): the kernel's own, and what it is given."""

import struct
from collections.abc import Callable
from pathlib import Path

from kina_audit.probe import bpf
from kina_audit.probe.model import Bench, MissingError, RefusedError, outside, reading


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
