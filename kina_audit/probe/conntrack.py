"""Connection tracking by ctnetlink, and netfilter's other netlink services."""

import socket
import struct
from pathlib import Path

from kina_audit.probe import nft, xtables
from kina_audit.probe.model import Bench, MissingError, RefusedError, probe
from kina_audit.probe.netlink import CREATE, DUMP, EXCL, NETFILTER, attr, attributes, be16, be32, nest, text

_CT, _ACCT, _QUEUE, _LOG = 1, 7, 3, 4
_NEW, _GET = 0, 1


def _tuple(kind: int, source: str, destination: str, ports: tuple[int, int]) -> bytes:
    addresses = nest(1, attr(1, socket.inet_aton(source)), attr(2, socket.inet_aton(destination)))
    return nest(kind, addresses, nest(2, attr(1, b"\x11"), be16(2, ports[0]), be16(3, ports[1])))


_ORIGINAL = _tuple(1, "192.0.2.1", "192.0.2.2", (1000, 2000))
_HEADER = struct.pack("=BBH", socket.AF_INET, 0, 0)


def _entry(bench: Bench, what: str, extra: bytes = b"") -> dict[int, bytes]:
    """Make an entry for a UDP flow, and read it back."""
    try:
        bench.doing("list connections")
        bench.netlink(NETFILTER).ask(_CT << 8 | _GET, DUMP, _HEADER)
    except OSError as error:
        raise MissingError(f"no connection tracking by netlink: {error.strerror}") from error
    bench.doing(f"add a connection {what}")
    body = _HEADER + _ORIGINAL + _tuple(2, "192.0.2.2", "192.0.2.1", (2000, 1000)) + be32(7, 60) + extra
    bench.netlink(NETFILTER).ask(_CT << 8 | _NEW, CREATE | EXCL, body)
    bench.doing("read it back")
    found = bench.netlink(NETFILTER).ask(_CT << 8 | _GET, 0, _HEADER + _ORIGINAL)
    return attributes(found[0][4:]) if found else {}


@probe("ctnetlink", "NF_CT_NETLINK", "a tracked connection, added by netlink")
def _ctnetlink(bench: Bench) -> None:
    bench.doing("list connections")
    bench.netlink(NETFILTER).ask(_CT << 8 | _GET, DUMP, _HEADER)
    _entry(bench, "for UDP")


@probe("ct_mark", "NF_CONNTRACK_MARK", "a tracked connection with a mark")
def _mark(bench: Bench) -> None:
    if struct.pack(">I", 7) != _entry(bench, "with a mark", be32(8, 7)).get(8):
        raise RefusedError("it has no mark")


@probe("ct_zone", "NF_CONNTRACK_ZONES", "a tracked connection in a zone")
def _zone(bench: Bench) -> None:
    try:
        bench.netlink(NETFILTER).ask(_CT << 8 | _GET, DUMP, _HEADER)
    except OSError as error:
        raise MissingError(f"no connection tracking by netlink: {error.strerror}") from error
    bench.doing("add a connection in zone 7")
    body = _HEADER + _ORIGINAL + _tuple(2, "192.0.2.2", "192.0.2.1", (2000, 1000)) + be32(7, 60) + be16(18, 7)
    bench.netlink(NETFILTER).ask(_CT << 8 | _NEW, CREATE | EXCL, body)


@probe("ct_nat", "NF_NAT", "a tracked connection whose source is translated")
def _nat(bench: Bench) -> None:
    _entry(bench, "with its source translated", nest(6, attr(1, socket.inet_aton("192.0.2.9"))))


def _load(bench: Bench) -> None:
    """Have connection tracking loaded by whatever asks for it."""
    for ask in (
        lambda: bench.netlink(NETFILTER).ask(_CT << 8 | _GET, DUMP, _HEADER),
        lambda: xtables.append(bench, nft.IP, xtables.CONNTRACK),
    ):
        try:
            ask()
        except (OSError, MissingError):
            continue
        return


@probe("nf_conntrack_sysctl", "NF_CONNTRACK", "reads net.netfilter.nf_conntrack_max")
def _conntrack(bench: Bench) -> None:
    _load(bench)
    bench.doing("look for /proc/sys/net/netfilter/nf_conntrack_max")
    if not Path("/proc/sys/net").is_dir():
        raise MissingError("no /proc/sys/net here")
    if not Path("/proc/sys/net/netfilter/nf_conntrack_max").exists():
        raise RefusedError("no such sysctl")


@probe("nf_conntrack_proc", "NF_CONNTRACK_PROCFS", "reads /proc/net/nf_conntrack")
def _procfs(bench: Bench) -> None:
    _load(bench)
    bench.doing("look for /proc/net/nf_conntrack")
    if not Path("/proc/sys/net/netfilter/nf_conntrack_max").exists():
        raise MissingError("no connection tracking")
    if not Path("/proc/self/net/nf_conntrack").exists():
        raise RefusedError("no such file")


for _name, _expr, _what, _kind, _flags, _body in (
    ("nfnetlink_acct", "NETFILTER_NETLINK_ACCT", "an accounting object", _ACCT << 8, CREATE, text(1, "kina")),
    ("nfnetlink_log", "NETFILTER_NETLINK_LOG", "a log group", _LOG << 8 | 1, 0, attr(1, b"\x01")),
    ("nfnetlink_queue", "NETFILTER_NETLINK_QUEUE", "a packet queue", _QUEUE << 8 | 2, 0, attr(1, b"\x01\0\0\x02")),
):

    def _service(bench: Bench, what: str = _what, kind: int = _kind, flags: int = _flags, body: bytes = _body) -> None:
        bench.doing(f"add {what}")
        bench.netlink(NETFILTER).ask(kind, flags, struct.pack(">BBH", socket.AF_INET, 0, 7) + body)

    probe(_name, _expr, _what)(_service)


@probe("xtables", "NETFILTER_XTABLES", "an iptables rule by either back-end")
def _xtables(bench: Bench) -> None:
    from kina_audit.probe import legacy

    if xtables.usable(bench, nft.IP) or xtables.usable(bench, nft.IP6):
        return
    for family in (nft.IP, nft.IP6):
        for table in ("filter", "mangle", "raw", "nat"):
            try:
                legacy.Table(family, table)
            except (OSError, MissingError):
                continue
            return
    raise MissingError("neither nft_compat nor a legacy table is there to ask by")
