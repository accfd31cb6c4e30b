"""nf_tables: families, chain types, expressions; by nfnetlink.

Numbers are those of include/uapi/linux/netfilter/nf_tables.h.
"""

import errno
import struct
from collections.abc import Callable

from kina_audit.probe.model import Bench, MissingError, probe
from kina_audit.probe.netlink import CREATE, EXCL, NETFILTER, attr, be16, be32, nest, text

INET, IP, ARP, NETDEV, BRIDGE, IP6 = 1, 2, 3, 5, 7, 10
PREROUTING, INPUT, FORWARD, OUTPUT, POSTROUTING = range(5)
INGRESS, EGRESS = 0, 1
_TABLES = 10
_NEWTABLE, _NEWCHAIN, _NEWRULE, _NEWSET, _NEWOBJ, _NEWFLOWTABLE = 0, 3, 6, 9, 18, 22
_FAMILIES = {INET: "inet", IP: "ip", ARP: "arp", NETDEV: "netdev", BRIDGE: "bridge", IP6: "ip6"}
_CHAIN = "probe"


def _header(family: int) -> bytes:
    return struct.pack("=BBH", family, 0, 0)


def _do(bench: Bench, kind: int, family: int, body: bytes) -> None:
    bench.netlink(NETFILTER).batch([(kind, CREATE | EXCL, _header(family) + body)], _TABLES)


def add_table(bench: Bench, family: int, name: str = "kina") -> None:
    """A table.

    Raises:
        OSError: the kernel refused.
    """
    bench.doing(f"add an nf_tables table of family {_FAMILIES[family]}")
    _do(bench, _NEWTABLE, family, text(1, name))


def add_chain(
    bench: Bench, family: int, kind: str, hook: int, *, table: str = "kina", device: str = ""
) -> None:  # fmt: skip
    """A base chain, called ``probe``.

    Raises:
        OSError: the kernel refused.
    """
    bench.doing(f"add a {kind} chain at hook {hook} of family {_FAMILIES[family]}")
    where = be32(1, hook) + be32(2, 0) + (text(3, device) if device else b"")
    _do(bench, _NEWCHAIN, family, text(1, table) + text(3, _CHAIN) + nest(4, where) + text(7, kind))


def add_rule(bench: Bench, family: int, *expressions: bytes, table: str = "kina", compat: bytes = b"") -> None:
    """A rule of expressions in the chain ``probe``.

    Raises:
        OSError: the kernel refused.
    """
    listed = nest(4, *[nest(1, e) for e in expressions])
    _do(bench, _NEWRULE, family, text(1, table) + text(2, _CHAIN) + listed + compat)


def expression(name: str, *data: bytes) -> bytes:
    """One expression of a rule."""
    return text(1, name) + nest(2, *data)


def immediate(register: int, value: bytes) -> bytes:
    """Put a value into a register."""
    return expression("immediate", be32(1, register), nest(2, attr(1, value)))


_UNKNOWN_FAMILY = (errno.EAFNOSUPPORT, errno.EOPNOTSUPP)


def _base(bench: Bench, families: tuple[int, ...], kind: str, hook: int) -> int:
    """A chain to add rules to, in the first family the kernel has; that family.

    An expression depends on nf_tables: without it, nothing more can be there. A kernel that has nf_tables and none of
    the families says nothing about the expression.
    """
    last = ""
    for family in families:
        try:
            add_table(bench, family)
            add_chain(bench, family, kind, hook)
        except OSError as error:
            if error.errno == errno.EINVAL:  # nfnetlink has no such subsystem
                raise
            last = str(error.strerror)
            continue
        return family
    raise MissingError(f"no nf_tables chain for it ({kind}, {'/'.join(_FAMILIES[f] for f in families)}): {last}")


# Families.
for _family, _word in _FAMILIES.items():
    _symbol = {INET: "INET", IP: "IPV4", ARP: "ARP", NETDEV: "NETDEV", BRIDGE: "BRIDGE", IP6: "IPV6"}[_family]

    def _table(bench: Bench, family: int = _family) -> None:
        add_table(bench, family)

    probe(f"nft_add_table_{_word}", f"NF_TABLES && NF_TABLES_{_symbol}", f"an nf_tables table of family {_word}")(
        _table
    )


def _chain(family: int, kind: str, hook: int) -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        device = ""
        if family == NETDEV:
            from kina_audit.probe.links import any_link

            any_link(bench)
            device = "kina8"
        add_table(bench, family)
        add_chain(bench, family, kind, hook, device=device)

    return run


for _name, _expr, _family, _kind, _hook, _kernel in (
    ("nft_chain_filter_inet", "NF_TABLES_INET", INET, "filter", FORWARD, ""),
    ("nft_chain_filter_ip", "NF_TABLES_IPV4", IP, "filter", FORWARD, ""),
    ("nft_chain_filter_ip6", "NF_TABLES_IPV6", IP6, "filter", FORWARD, ""),
    ("nft_chain_nat_ip", "NF_TABLES_IPV4 && NFT_NAT", IP, "nat", POSTROUTING, ""),
    ("nft_chain_nat_ip6", "NF_TABLES_IPV6 && NFT_NAT", IP6, "nat", POSTROUTING, ""),
    ("nft_chain_natpre_ip", "NF_TABLES_IPV4 && NFT_NAT", IP, "nat", PREROUTING, ""),
    ("nft_chain_nat_inet", "NF_TABLES_INET && NFT_NAT", INET, "nat", POSTROUTING, ""),
    ("nft_chain_route_ip", "NF_TABLES_IPV4", IP, "route", OUTPUT, ""),
    ("nft_chain_bridge", "NF_TABLES_BRIDGE", BRIDGE, "filter", FORWARD, ""),
    ("nft_chain_arp", "NF_TABLES_ARP", ARP, "filter", INPUT, ""),
    ("nft_chain_netdev_ingress", "NF_TABLES_NETDEV && NETFILTER_INGRESS", NETDEV, "filter", INGRESS, ""),
    ("nft_chain_netdev_egress", "NF_TABLES_NETDEV && NETFILTER_EGRESS", NETDEV, "filter", EGRESS, ">=5.16"),
):
    probe(_name, _expr, f"an nf_tables {_kind} chain of family {_FAMILIES[_family]}", kernel=_kernel)(
        _chain(_family, _kind, _hook)
    )


def _expressions(families: tuple[int, ...], kind: str, hook: int, *made: bytes) -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        family = _base(bench, families, kind, hook)
        names = ", ".join(m[4 : m.index(b"\0", 4)].decode() for m in made)
        bench.doing(f"add a rule with {names}")
        add_rule(bench, family, *made)

    return run


_ANY = (INET, IP, IP6)
_DADDR = be32(1, 1) + be32(2, 3) + be32(3, 2)  # the type of the destination's address
_NAT_TO = immediate(1, bytes([192, 0, 2, 9]))


def _nat(kind: int) -> bytes:
    return expression("nat", be32(1, kind), be32(2, IP), be32(3, 1), be32(4, 1))


def _ct(key: int) -> bytes:
    return expression("ct", be32(1, 1), be32(2, key))


for _name, _expr, _families, _kind, _hook, _made in (
    ("nft_expr_counter", "NF_TABLES", _ANY, "filter", FORWARD, (expression("counter"),)),
    ("nft_expr_ct_state", "NFT_CT", _ANY, "filter", FORWARD, (_ct(0),)),
    ("nft_expr_ct_mark", "NFT_CT && NF_CONNTRACK_MARK", _ANY, "filter", FORWARD, (_ct(3),)),
    ("nft_expr_ct_zone", "NFT_CT && NF_CONNTRACK_ZONES", _ANY, "filter", FORWARD, (_ct(17),)),
    ("nft_expr_masq", "NFT_NAT && NFT_MASQ", (IP, INET), "nat", POSTROUTING, (expression("masq"),)),
    ("nft_expr_masq6", "NF_TABLES_IPV6 && NFT_NAT && NFT_MASQ", (IP6,), "nat", POSTROUTING, (expression("masq"),)),
    ("nft_expr_snat", "NFT_NAT", (IP, INET), "nat", POSTROUTING, (_NAT_TO, _nat(0))),
    ("nft_expr_dnat", "NFT_NAT", (IP, INET), "nat", PREROUTING, (_NAT_TO, _nat(1))),
    ("nft_expr_redir", "NFT_NAT && NFT_REDIR", (IP, INET), "nat", PREROUTING, (expression("redir"),)),
    ("nft_expr_limit", "NFT_LIMIT", _ANY, "filter", FORWARD,
     (expression("limit", attr(1, struct.pack(">Q", 10)), attr(2, struct.pack(">Q", 1)), be32(3, 5), be32(4, 0)),)),
    ("nft_expr_nflog", "NFT_LOG && NETFILTER_NETLINK_LOG", _ANY, "filter", FORWARD, (expression("log", be16(1, 7)),)),
    ("nft_expr_reject_inet", "NF_TABLES_INET && NFT_REJECT && NFT_REJECT_INET", (INET,), "filter", INPUT,
     (expression("reject", be32(1, 2), attr(2, b"\x01")),)),
    ("nft_expr_reject_ip", "NF_TABLES_IPV4 && NFT_REJECT && NFT_REJECT_IPV4", (IP,), "filter", INPUT,
     (expression("reject", be32(1, 0), attr(2, b"\x03")),)),
    ("nft_expr_fib", "NF_TABLES_INET && NFT_FIB_INET", (INET,), "filter", PREROUTING, (expression("fib", _DADDR),)),
    ("nft_expr_fib4", "NF_TABLES_IPV4 && NFT_FIB_IPV4", (IP,), "filter", PREROUTING, (expression("fib", _DADDR),)),
    ("nft_expr_fib6", "NF_TABLES_IPV6 && NFT_FIB_IPV6", (IP6,), "filter", PREROUTING, (expression("fib", _DADDR),)),
    ("nft_expr_socket", "NFT_SOCKET", _ANY, "filter", PREROUTING, (expression("socket", be32(1, 0), be32(2, 1)),)),
    ("nft_expr_tproxy", "NFT_TPROXY", (INET, IP), "filter", PREROUTING,
     (immediate(1, struct.pack(">HH", 15001, 0)), expression("tproxy", be32(1, IP), be32(3, 1)))),
    ("nft_expr_tproxy6", "NFT_TPROXY && IPV6", (INET, IP6), "filter", PREROUTING,
     (immediate(1, struct.pack(">HH", 15001, 0)), expression("tproxy", be32(1, IP6), be32(3, 1)))),
    ("nft_expr_numgen", "NFT_NUMGEN", _ANY, "filter", FORWARD, (expression("numgen", be32(1, 1), be32(2, 2), be32(3, 0), be32(4, 0)),)),
    ("nft_expr_symhash", "NFT_HASH", _ANY, "filter", FORWARD, (expression("hash", be32(2, 1), be32(4, 2), be32(7, 1)),)),
    ("nft_expr_queue", "NFT_QUEUE", _ANY, "filter", FORWARD, (expression("queue", be16(1, 0), be16(2, 1)),)),
    ("nft_expr_connlimit", "NFT_CONNLIMIT", _ANY, "filter", FORWARD, (expression("connlimit", be32(1, 9)),)),
    ("nft_expr_quota", "NFT_QUOTA", _ANY, "filter", FORWARD, (expression("quota", attr(1, struct.pack(">Q", 9999))),)),
    ("nft_expr_notrack", "NFT_CT", _ANY, "filter", PREROUTING, (expression("notrack"),)),
):  # fmt: skip
    probe(_name, _expr, "an nf_tables rule")(_expressions(_families, _kind, _hook, *_made))


@probe("nft_expr_ct_labels", "NF_CONNTRACK_LABELS", "an nf_tables rule that reads a connection's labels")
def _labels(bench: Bench) -> None:
    try:
        family = _base(bench, _ANY, "filter", FORWARD)
        bench.doing("add a rule that reads a connection's state")
        add_rule(bench, family, _ct(0))
    except OSError as error:
        raise MissingError(f"nf_tables reads no connections: {error.strerror}") from error
    bench.doing("add a rule that reads a connection's labels")
    add_rule(bench, family, _ct(13))


@probe("nft_expr_log", "NFT_LOG", "an nf_tables rule that logs")
def _log(bench: Bench) -> None:
    family = _base(bench, _ANY, "filter", FORWARD)
    bench.doing("add a rule with log, to the kernel's log or to a netlink group")
    try:
        add_rule(bench, family, expression("log"))
    except OSError:
        add_rule(bench, family, expression("log", be16(1, 7)))


@probe("nft_objref", "NF_TABLES", "an nf_tables counter object, and a rule that names it")
def _objref(bench: Bench) -> None:
    family = _base(bench, _ANY, "filter", FORWARD)
    bench.doing("add a counter object")
    try:
        _do(bench, _NEWOBJ, family, text(1, "kina") + text(2, "packets") + be32(3, 1) + nest(4))
    except OSError as error:
        raise MissingError(f"no counter to name: {error.strerror}") from error
    bench.doing("add a rule that names it")
    add_rule(bench, family, expression("objref", be32(1, 1), text(2, "packets")))


def _flowtable(bench: Bench, families: tuple[int, ...]) -> int:
    from kina_audit.probe.links import any_link

    any_link(bench)
    family = _base(bench, families, "filter", FORWARD)
    bench.doing("add a flow table")
    hook = be32(1, INGRESS) + be32(2, 0) + nest(3, text(1, "kina8"))
    _do(bench, _NEWFLOWTABLE, family, text(1, "kina") + text(2, "flows") + nest(3, hook))
    return family


@probe("nft_flowtable", "NF_TABLES_INET && NF_FLOW_TABLE && NF_FLOW_TABLE_INET && NETFILTER_INGRESS", "a flow table")
def _flows(bench: Bench) -> None:
    _flowtable(bench, (INET,))


@probe(
    "nft_flow_offload",
    "NFT_FLOW_OFFLOAD && NF_FLOW_TABLE && NF_FLOW_TABLE_INET && NETFILTER_INGRESS",
    "a flow table, and a rule that uses it",
)
def _offload(bench: Bench) -> None:
    family = _flowtable(bench, (INET,))
    bench.doing("add a rule with flow_offload")
    add_rule(bench, family, expression("flow_offload", text(1, "flows")))


@probe("netlink_netfilter", "NETFILTER_NETLINK", "a netfilter netlink socket", capabilities=())
def _socket(bench: Bench) -> None:
    bench.doing("open a netfilter netlink socket")
    bench.netlink(NETFILTER)
