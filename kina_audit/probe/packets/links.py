"""Packets over a veth pair and through a bridge."""

from kina_audit.probe.model import Bench, RefusedError, probe
from kina_audit.probe.packets.connection import PORT, connect, served
from kina_audit.probe.packets.echo import pinged
from kina_audit.probe.packets.pair import HERE, SIX_THERE, THERE, Pair


@probe("data_veth_ping", "VETH && NET_NS && INET", "IPv4 packets over a veth pair")
def _veth4(bench: Bench) -> None:
    Pair(bench)
    pinged(bench, THERE)


@probe("data_veth_ping6", "VETH && NET_NS && IPV6", "IPv6 packets over a veth pair")
def _veth6(bench: Bench) -> None:
    Pair(bench, six=True)
    pinged(bench, SIX_THERE)


@probe("data_veth_tcp", "VETH && NET_NS && INET", "a TCP connection over a veth pair")
def _tcp(bench: Bench) -> None:
    pair = Pair(bench)
    served(pair, ("0.0.0.0", PORT), accepted=[])  # noqa: S104
    if connect(bench, THERE, PORT) != b"kina":
        raise RefusedError("other bytes came than were sent")


@probe("data_bridge", "BRIDGE && VETH && NET_NS", "packets through a bridge")
def _bridge(bench: Bench) -> None:
    pair = Pair(bench)
    bench.doing("add a bridge")
    bench.ip.link("add", ifname="kinabr", kind="bridge")
    bridge = bench.ip.link_lookup(ifname="kinabr")[0]
    port = bench.ip.link_lookup(ifname="kina0")[0]
    bench.ip.addr("delete", index=port, address=HERE, prefixlen=24)
    bench.ip.link("set", index=port, master=bridge)
    pair.up("kinabr", HERE)
    pinged(bench, THERE)
