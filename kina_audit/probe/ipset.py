"""IP sets; numbers of include/uapi/linux/netfilter/ipset/ip_set.h."""

import socket
import struct

from kina_audit.probe.model import Bench, probe
from kina_audit.probe.netlink import CREATE, EXCL, NETFILTER, attr, attributes, nest, text

_SUBSYSTEM = 6
_SPOKEN, _CREATE, _TYPE = 1, 2, 13
_PROTOCOL = attr(1, b"\x06")
_BYTE_ORDER = 0x4000


def create(bench: Bench, name: str, kind: str, family: int = socket.AF_INET) -> None:
    """A set of a type, in the oldest revision the kernel has.

    Raises:
        OSError: the kernel refused.
    """
    if kind == "list:set":
        family = 0
    head = struct.pack("=BBH", family, 0, 0)
    netlink = bench.netlink(NETFILTER)
    bench.doing(f"ask for the set type {kind}")
    asked = _PROTOCOL + text(3, kind) + attr(5, bytes([family]))
    answers = netlink.ask(_SUBSYSTEM << 8 | _TYPE, 0, head + asked)
    said = attributes(answers[0][4:]) if answers else {}
    revision = said.get(10, said.get(4, b"\0"))
    bench.doing(f"add a set of type {kind}")
    data = b""
    if kind == "bitmap:port":
        data = attr(4 | _BYTE_ORDER, struct.pack(">H", 1)) + attr(5 | _BYTE_ORDER, struct.pack(">H", 99))
    made = _PROTOCOL + text(2, name) + text(3, kind) + attr(4, revision[:1]) + attr(5, bytes([family])) + nest(7, data)
    netlink.ask(_SUBSYSTEM << 8 | _CREATE, CREATE | EXCL, head + made)


@probe("ipset", "IP_SET", "the protocol of IP sets")
def _spoken(bench: Bench) -> None:
    bench.doing("ask IP sets for their protocol")
    head = struct.pack("=BBH", socket.AF_INET, 0, 0)
    bench.netlink(NETFILTER).ask(_SUBSYSTEM << 8 | _SPOKEN, 0, head + _PROTOCOL)


for _name, _symbol, _kind, _family in (
    ("ipset_hash_ip", "IP_SET_HASH_IP", "hash:ip", socket.AF_INET),
    ("ipset_hash_ip6", "IP_SET_HASH_IP", "hash:ip", socket.AF_INET6),
    ("ipset_hash_net", "IP_SET_HASH_NET", "hash:net", socket.AF_INET),
    ("ipset_hash_ip_port", "IP_SET_HASH_IPPORT", "hash:ip,port", socket.AF_INET),
    ("ipset_hash_ip_port_ip", "IP_SET_HASH_IPPORTIP", "hash:ip,port,ip", socket.AF_INET),
    ("ipset_hash_ip_port_net", "IP_SET_HASH_IPPORTNET", "hash:ip,port,net", socket.AF_INET),
    ("ipset_hash_net_port", "IP_SET_HASH_NETPORT", "hash:net,port", socket.AF_INET),
    ("ipset_hash_net_net", "IP_SET_HASH_NETNET", "hash:net,net", socket.AF_INET),
    ("ipset_hash_net_iface", "IP_SET_HASH_NETIFACE", "hash:net,iface", socket.AF_INET),
    ("ipset_bitmap_port", "IP_SET_BITMAP_PORT", "bitmap:port", socket.AF_INET),
    ("ipset_list_set", "IP_SET_LIST_SET", "list:set", socket.AF_INET),
):

    def _run(bench: Bench, kind: str = _kind, family: int = _family) -> None:
        create(bench, "kina", kind, family)

    probe(_name, f"IP_SET && {_symbol}", f"an IP set of type {_kind}")(_run)
