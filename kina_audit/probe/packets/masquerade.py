"""Connections from an address that the other side has no route to, by the rules that give them another."""

import socket
from collections.abc import Callable

from kina_audit.probe import legacy, nft, xtables
from kina_audit.probe.model import Bench, RefusedError, probe
from kina_audit.probe.packets.connection import PORT, served
from kina_audit.probe.packets.pair import HERE, INNER_HERE, PATIENCE, THERE, Pair


def _translated(bench: Bench, translate: Callable[[], None]) -> None:
    """A connection from an address that the other side has no route to; masquerading gives it one that it has."""
    pair = Pair(bench)
    pair.up("lo", INNER_HERE, 32)
    translate()
    accepted: list[str] = []
    thread = served(pair, (THERE, PORT), accepted=accepted)
    bench.doing(f"connect from {INNER_HERE}, which the other side cannot answer")
    with socket.socket() as one:
        one.settimeout(PATIENCE)
        one.bind((INNER_HERE, 0))
        try:
            one.connect((THERE, PORT))
        except TimeoutError as error:
            raise RefusedError("no answer: the address is not translated") from error
        one.recv(4)
    thread.join(PATIENCE)
    if not accepted or not accepted[0].startswith(f"{HERE} "):
        raise RefusedError(f"the other side saw {accepted}")


@probe(
    "data_nat_nft", "NF_TABLES_IPV4 && NFT_NAT && NFT_MASQ && VETH && NET_NS", "a masqueraded connection, by nf_tables"
)
def _nat_nft(bench: Bench) -> None:
    def rules() -> None:
        nft.add_table(bench, nft.IP)
        nft.add_chain(bench, nft.IP, "nat", nft.POSTROUTING)
        bench.doing("add a rule with masq")
        nft.add_rule(bench, nft.IP, nft.expression("masq"))

    _translated(bench, rules)


@probe(
    "data_nat_legacy",
    "NETFILTER_XT_TARGET_MASQUERADE && IP_NF_NAT && VETH && NET_NS",
    "a masqueraded connection, by legacy iptables",
)
def _nat_legacy(bench: Bench) -> None:
    def rules() -> None:
        made = xtables.MASQUERADE
        bench.doing("append a rule with MASQUERADE")
        table = legacy.Table(nft.IP, "nat")
        table.append(nft.POSTROUTING, 0, [], legacy.extension(made.name, made.revision, made.data))

    _translated(bench, rules)
