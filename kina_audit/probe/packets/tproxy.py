"""A connection to an address that nobody has, which a transparent proxy takes."""

import socket
import struct

from kina_audit.base.datatype import replace
from kina_audit.probe import nft, xtables
from kina_audit.probe.model import Bench, MissingError, RefusedError, probe
from kina_audit.probe.packets.connection import connect, served
from kina_audit.probe.packets.pair import HERE, PATIENCE, THERE, Pair


@probe(
    "data_tproxy",
    "NETFILTER_XT_TARGET_TPROXY && NF_TPROXY_IPV4 && IP_MULTIPLE_TABLES && VETH && NET_NS",
    "a connection to an address that nobody has, handed to a listener by TPROXY",
)
def _tproxy(bench: Bench) -> None:
    pair = Pair(bench)
    bench.doing("route everything to the other side")
    bench.ip.route("add", dst="0.0.0.0/0", gateway=THERE)
    accepted: list[str] = []
    with pair.there():
        lo = bench.ip.link_lookup(ifname="lo")[0]
        try:
            bench.ip.rule("add", family=socket.AF_INET, table=100, priority=10, fwmark=1, fwmask=1)
            bench.ip.route("add", family=socket.AF_INET, dst="0.0.0.0/0", oif=lo, table=100, type="local", scope=254)
        except Exception as error:
            raise MissingError(f"no policy routing: {error}") from error
        bench.doing("append a rule with TPROXY")
        made = struct.pack("=II16sH2x", 1, 1, b"", socket.htons(15001))
        xtables.append(bench, nft.IP, replace(xtables.TPROXY, data=made))
    thread = served(pair, ("0.0.0.0", 15001), transparent=True, accepted=accepted)  # noqa: S104
    if connect(bench, "203.0.113.7", 80) != b"kina":
        raise RefusedError("other bytes came than were sent")
    thread.join(PATIENCE)
    if accepted != [f"{HERE} 203.0.113.7:80"]:
        raise RefusedError(f"the listener saw {accepted}")
