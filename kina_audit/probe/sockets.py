"""Sockets of every family that is asked for, and the diagnosis of them by netlink."""

import errno
import socket
import struct
from collections.abc import Callable

from kina_audit.probe.model import Bench, MissingError, RefusedError, probe
from kina_audit.probe.netlink import DUMP, SOCK_DIAG

_BY_FAMILY, _DESTROY = 20, 21


def _open(family: int, kind: int, protocol: int = 0) -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        bench.doing("open the socket")
        socket.socket(family, kind | socket.SOCK_CLOEXEC, protocol).close()

    return run


for _name, _symbol, _what, _run, _capabilities in (
    ("af_packet_socket", "PACKET", "a packet socket", _open(17, socket.SOCK_RAW), ("SYS_ADMIN", "NET_RAW")),
    ("af_xdp_socket", "XDP_SOCKETS", "an XDP socket", _open(44, socket.SOCK_RAW), ("SYS_ADMIN", "NET_RAW")),
    ("af_vsock", "VSOCKETS", "a vsock socket", _open(40, socket.SOCK_STREAM), ()),
    ("ipproto_sctp", "IP_SCTP", "an SCTP socket", _open(socket.AF_INET, socket.SOCK_STREAM, 132), ()),
    ("ipproto_mptcp", "MPTCP", "an MPTCP socket", _open(socket.AF_INET, socket.SOCK_STREAM, 262), ()),
    ("af_unix", "UNIX", "a Unix socket", _open(socket.AF_UNIX, socket.SOCK_STREAM), ()),
    ("netlink_audit", "AUDIT", "an audit netlink socket", _open(16, socket.SOCK_RAW, 9), ()),
    ("netlink_xfrm", "XFRM_USER", "an XFRM netlink socket", _open(16, socket.SOCK_RAW, 6), ()),
    ("netlink_sock_diag", "NET", "a socket diagnosis netlink socket", _open(16, socket.SOCK_RAW, 4), ()),
):
    probe(_name, _symbol, _what, capabilities=_capabilities, net=False)(_run)


def _diag(request: bytes) -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        bench.doing("list sockets by sock_diag")
        bench.netlink(SOCK_DIAG).ask(_BY_FAMILY, DUMP, request)

    return run


for _name, _symbol, _what, _request in (
    ("inet_diag_tcp", "INET_DIAG", "TCP", struct.pack("=BBBBI48x", 2, 6, 0, 0, 0xFFFF)),
    ("inet_diag_udp", "INET_DIAG && INET_UDP_DIAG", "UDP", struct.pack("=BBBBI48x", 2, 17, 0, 0, 0xFFFF)),
    ("unix_diag", "UNIX_DIAG", "Unix", struct.pack("=BBHIII8x", 1, 0, 0, 0xFFFF, 0, 0)),
    ("packet_diag", "PACKET_DIAG", "packet", struct.pack("=BBHII8x", 17, 0, 0, 0, 0)),
    ("netlink_diag", "NETLINK_DIAG", "netlink", struct.pack("=BBHII8x", 16, 255, 0, 0, 0)),
    ("vsock_diag", "VSOCKETS_DIAG", "vsock", struct.pack("=BBHIII8x", 40, 0, 0, 0xFFFF, 0, 0)),
):
    probe(_name, _symbol, f"lists {_what} sockets")(_diag(_request))


@probe("inet_diag_destroy", "INET_DIAG_DESTROY", "a TCP connection of its own, closed by the kernel")
def _destroy(bench: Bench) -> None:
    bench.ip.link("set", index=bench.ip.link_lookup(ifname="lo")[0], state="up")
    bench.doing("connect to oneself")
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as one:
        source, destination = one.getsockname()[1], server.getsockname()[1]
        here = socket.inet_aton("127.0.0.1").ljust(16, b"\0")
        # Established (1 << 1); INET_DIAG_NOCOOKIE.
        identity = (
            struct.pack(">HH", source, destination) + here + here + struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
        )
        bench.doing("ask the kernel to close the connection")
        try:
            bench.netlink(SOCK_DIAG).ask(_DESTROY, 0, struct.pack("=BBBBI", 2, 6, 0, 0, 2) + identity)
        except OSError as error:
            if error.errno == errno.ENOENT:
                raise MissingError("no TCP diagnosis to ask it with") from error
            raise
        one.settimeout(2)
        try:
            one.recv(1)
        except ConnectionAbortedError:
            return
        raise RefusedError("it was accepted, and the connection is still there")
