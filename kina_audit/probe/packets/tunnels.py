"""Packets through tunnels, in the clear and encrypted."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext

from kina_audit.probe import generic, xfrm
from kina_audit.probe.curve25519 import clamp, public
from kina_audit.probe.model import Bench, probe
from kina_audit.probe.packets.echo import pinged
from kina_audit.probe.packets.pair import HERE, INNER_HERE, INNER_THERE, THERE, Pair


def _tunnel(kind: str, here: Mapping[str, object], there: Mapping[str, object]) -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        pair = Pair(bench)
        for inside, options, address in ((False, here, INNER_HERE), (True, there, INNER_THERE)):
            with pair.there() if inside else nullcontext():
                bench.doing(f"add a {kind} link")
                bench.ip.link("add", ifname="kinatun", kind=kind, **options)
                pair.up("kinatun", address)
        pinged(bench, INNER_THERE)

    return run


for _name, _expr, _kind, _here, _there in (
    ("data_vxlan", "VXLAN && VETH && NET_NS", "vxlan",
     {"vxlan_id": 7, "vxlan_group": THERE, "vxlan_local": HERE, "vxlan_port": 4789},
     {"vxlan_id": 7, "vxlan_group": HERE, "vxlan_local": THERE, "vxlan_port": 4789}),
    ("data_geneve", "GENEVE && VETH && NET_NS", "geneve",
     {"geneve_id": 7, "geneve_remote": THERE}, {"geneve_id": 7, "geneve_remote": HERE}),
    ("data_ipip", "NET_IPIP && VETH && NET_NS", "ipip",
     {"ipip_local": HERE, "ipip_remote": THERE}, {"ipip_local": THERE, "ipip_remote": HERE}),
    ("data_gre", "NET_IPGRE && VETH && NET_NS", "gre",
     {"gre_local": HERE, "gre_remote": THERE}, {"gre_local": THERE, "gre_remote": HERE}),
):  # fmt: skip
    probe(_name, _expr, f"packets through a {_kind} tunnel")(_tunnel(_kind, _here, _there))


@probe("data_wireguard", "WIREGUARD && VETH && NET_NS", "packets through a WireGuard tunnel")
def _wireguard(bench: Bench) -> None:
    pair = Pair(bench)
    secrets = {False: clamp(bytes(range(1, 33))), True: clamp(bytes(range(33, 65)))}
    for inside, address, other in ((False, INNER_HERE, THERE), (True, INNER_THERE, HERE)):
        with pair.there() if inside else nullcontext():
            bench.doing("add a wireguard link")
            bench.ip.link("add", ifname="kinatun", kind="wireguard")
            number = generic.family(bench, "wireguard", "wireguard")
            bench.doing("give it a key and a peer")
            generic.wireguard(bench, number, "kinatun", secrets[inside], public(secrets[not inside]), other, 51820)
            pair.up("kinatun", address)
    pinged(bench, INNER_THERE)


@probe(
    "data_ipsec_esp_gcm", "XFRM_USER && INET_ESP && CRYPTO_GCM && CRYPTO_SEQIV && VETH", "packets in ESP with AES-GCM"
)
def _ipsec(bench: Bench) -> None:
    pair = Pair(bench)
    for inside in (False, True):
        with pair.there() if inside else nullcontext():
            mine, other = (THERE, HERE) if inside else (HERE, THERE)
            xfrm.add_state(bench, mine, other, xfrm.ESP, xfrm.aead(), spi=0x2000 + inside)
            xfrm.add_state(bench, other, mine, xfrm.ESP, xfrm.aead(), spi=0x2001 - inside)
            xfrm.add_policy(bench, mine, other, 1, xfrm.esp_template(mine, other))
            xfrm.add_policy(bench, other, mine, 0, xfrm.esp_template(other, mine))
    pinged(bench, THERE)
