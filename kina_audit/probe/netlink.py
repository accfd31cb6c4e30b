"""Netlink as far as pyroute2 does not carry it: nfnetlink batches, XFRM, ctnetlink, diag; with the kernel's own words."""

import os
import socket
import struct
from collections.abc import Iterable

from kina_audit.probe.model import RefusedError

ROUTE, SOCK_DIAG, XFRM, NETFILTER, GENERIC = 0, 4, 6, 12, 16
REQUEST, ACK, ROOT, MATCH, EXCL, CREATE, APPEND = 1, 4, 0x100, 0x200, 0x200, 0x400, 0x800
DUMP = ROOT | MATCH
_ERROR, _DONE = 2, 3
_SOL_NETLINK, _CAP_ACK, _EXT_ACK = 270, 10, 11
_NESTED = 0x8000
_CAPPED, _ACK_TLVS = 0x100, 0x200
_MOST = 1 << 20
_PATIENCE = 5.0


def attr(kind: int, payload: bytes) -> bytes:
    """One attribute, padded."""
    return struct.pack("=HH", 4 + len(payload), kind) + payload + bytes(-len(payload) % 4)


def nest(kind: int, *inner: bytes) -> bytes:
    """An attribute of attributes."""
    return attr(kind | _NESTED, b"".join(inner))


def text(kind: int, value: str) -> bytes:
    """A string attribute with its NUL."""
    return attr(kind, value.encode() + b"\0")


def be32(kind: int, value: int) -> bytes:
    """A 32 bit number in network order, as nfnetlink has them."""
    return attr(kind, struct.pack(">I", value))


def be16(kind: int, value: int) -> bytes:
    """A 16 bit number in network order."""
    return attr(kind, struct.pack(">H", value))


def u32(kind: int, value: int) -> bytes:
    """A 32 bit number in the machine's order."""
    return attr(kind, struct.pack("=I", value))


def attributes(data: bytes) -> dict[int, bytes]:
    """Attributes by number; of several with one number, the last."""
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4:
            break
        found[kind & 0x3FFF] = data[4:length]
        data = data[(length + 3) & ~3 :]
    return found


class Netlink:
    """A netlink socket."""

    def __init__(self, family: int) -> None:
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, family)
        for option in (_CAP_ACK, _EXT_ACK):
            self.socket.setsockopt(_SOL_NETLINK, option, 1)
        self.socket.settimeout(_PATIENCE)
        self.socket.bind((0, 0))
        self._number = 0

    def message(self, kind: int, flags: int, body: bytes) -> bytes:
        """One message with the next number."""
        self._number += 1
        return struct.pack("=IHHII", 16 + len(body), kind, REQUEST | flags, self._number, 0) + body

    def ask(self, kind: int, flags: int, body: bytes) -> list[bytes]:
        """Send one message; the bodies of the answers.

        Raises:
            OSError: the kernel refused; its text is the kernel's own where it gives one.
        """
        self.socket.send(self.message(kind, flags | ACK, body))
        return self._answers(1, dump=flags & DUMP == DUMP)

    def batch(self, messages: Iterable[tuple[int, int, bytes]], subsystem: int) -> None:
        """Send nfnetlink messages as one transaction.

        Raises:
            OSError: the kernel refused one of them.
        """
        edge = struct.pack("=BBH", 0, 0, socket.htons(subsystem))
        made = [self.message(0x10, 0, edge)]
        wanted = 0
        for kind, flags, body in messages:
            made.append(self.message(subsystem << 8 | kind, flags | ACK, body))
            wanted += 1
        made.append(self.message(0x11, 0, edge))
        self.socket.send(b"".join(made))
        self._answers(wanted, dump=False)

    def _answers(self, acknowledgements: int, *, dump: bool) -> list[bytes]:
        found: list[bytes] = []
        first: OSError | None = None
        while acknowledgements:
            try:
                data = self.socket.recv(_MOST)
            except TimeoutError:
                if first is not None:
                    raise first from None
                raise RefusedError("the kernel does not answer on netlink") from None
            while len(data) >= 16:
                length, kind, flags = struct.unpack_from("=IHH", data)
                body, data = data[16:length], data[(length + 3) & ~3 :]
                if kind == _ERROR:
                    acknowledgements -= 1
                    error = _error(body, flags)
                    # A batch that fails is answered for one message, and then for nothing more.
                    if error is not None:
                        first = first or error
                        acknowledgements = 0
                elif kind == _DONE:
                    number = struct.unpack_from("=i", body)[0] if len(body) >= 4 else 0
                    if number < 0:
                        raise OSError(-number, os.strerror(-number))
                    if dump:
                        return found
                else:
                    found.append(body)
        if first is not None:
            raise first
        return found


def _error(body: bytes, flags: int) -> OSError | None:
    number = -struct.unpack_from("=i", body)[0]
    if number == 0:
        return None
    words = os.strerror(number)
    if flags & _ACK_TLVS:
        inner = struct.unpack_from("=I", body, 4)[0]
        start = 20 if flags & _CAPPED else 4 + ((inner + 3) & ~3)
        said = attributes(body[start:]).get(1, b"").rstrip(b"\0").decode("ascii", "replace")
        words += f" ({said})" if said else ""
    return OSError(number, words)
