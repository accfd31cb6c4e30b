"""An echo, asked for by ICMP: whether packets pass at all."""

import select
import socket
import struct
import time
from contextlib import suppress

from kina_audit.probe.model import Bench, RefusedError
from kina_audit.probe.packets.pair import PATIENCE


def ping(bench: Bench, address: str, *, seconds: float = PATIENCE) -> bool:
    """Whether an echo comes back."""
    bench.doing(f"ping {address}")
    six = ":" in address
    family, protocol = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if six else (socket.AF_INET, socket.IPPROTO_ICMP)
    with socket.socket(family, socket.SOCK_RAW, protocol) as one:
        deadline = time.monotonic() + seconds
        number = 0
        while time.monotonic() < deadline:
            number += 1
            head = struct.pack(">BBHHH", 128 if six else 8, 0, 0, 0x4B41, number)
            if not six:
                head = struct.pack(">BBHHH", 8, 0, _checksum(head), 0x4B41, number)
            with suppress(OSError):
                one.sendto(head, (address, 0))
            until = min(deadline, time.monotonic() + 0.3)
            while (left := until - time.monotonic()) > 0 and select.select([one], [], [], left)[0]:
                data, peer = one.recvfrom(2048)
                start = 0 if six else (data[0] & 15) * 4
                if data[start : start + 1] == (b"\x81" if six else b"\0") and peer[0].partition("%")[0] == address:
                    return True
    return False


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    return 0xFFFF - ((total & 0xFFFF) + (total >> 16)) % 0xFFFF


def pinged(bench: Bench, address: str) -> None:
    """Raise unless an echo comes back.

    Raises:
        RefusedError: none does.
    """
    if not ping(bench, address):
        raise RefusedError("nothing comes back")
