"""xtables matches and targets, appended to a rule by one iptables back-end or the other.

A match that is listed need not be usable, so a rule is appended. The structures are those of
include/uapi/linux/netfilter/xt_*.h; the kernel compares their size.
"""

import errno
import struct
from collections.abc import Callable

from kina_audit.base.datatype import datatype, replace
from kina_audit.probe import legacy, nft
from kina_audit.probe.model import Bench, MissingError, RefusedError, probe
from kina_audit.probe.netlink import attr, be32, nest, text

TCP = 6
V4, V6 = nft.IP, nft.IP6


@datatype
class Extension:
    """One match or target.

    Attributes:
        name: the kernel's name.
        data: its structure.
        target: whether it is a target.
        revision: of the structure.
        table: where the rule goes.
        hook: at which hook.
        protocol: what the rule must match for the kernel to take it; 0: anything.
        sets: whether an IP set must be there first.
        only_nft: the legacy back-end would ask for another match beside it.
    """

    name: str
    data: bytes
    target: bool = False
    revision: int = 0
    table: str = "filter"
    hook: int = nft.OUTPUT
    protocol: int = 0
    sets: bool = False
    only_nft: bool = False


def _by_nft(bench: Bench, family: int, made: Extension) -> None:
    kind = "nat" if made.table == "nat" else "filter"
    try:
        nft.add_table(bench, family, made.table)
        nft.add_chain(bench, family, kind, made.hook, table=made.table)
    except OSError as error:
        raise MissingError(f"nf_tables: {error.strerror}") from error
    bench.doing(f"append a rule with the {'target' if made.target else 'match'} {made.name} (nf_tables back-end)")
    data = made.data + bytes(-len(made.data) % 8)
    given = nft.expression(
        "target" if made.target else "match", text(1, made.name), be32(2, made.revision), attr(3, data)
    )
    # NFTA_RULE_COMPAT: the protocol that nft_compat holds the extension against.
    compat = nest(5, be32(1, made.protocol), be32(2, 0)) if made.protocol else b""
    nft.add_rule(bench, family, given, table=made.table, compat=compat)


def _by_legacy(bench: Bench, family: int, made: Extension) -> None:
    try:
        table = legacy.Table(family, made.table)
    except OSError as error:
        raise MissingError(f"legacy tables: {error.strerror}") from error
    bench.doing(f"append a rule with the {'target' if made.target else 'match'} {made.name} (legacy back-end)")
    given = legacy.extension(made.name, made.revision, made.data)
    if made.target:
        table.append(made.hook, made.protocol, [], given)
    else:
        table.append(made.hook, made.protocol, [given], legacy.ACCEPT)


_BACKENDS: dict[str, Callable[[Bench, int, Extension], None]] = {"nft": _by_nft, "legacy": _by_legacy}


def append(bench: Bench, family: int, made: Extension, backends: tuple[str, ...] = ("nft", "legacy")) -> None:
    """Append a rule by the first back-end that takes it.

    Raises:
        OSError: a back-end that works refused it, and none took it.
        MissingError: no back-end works here, or one lacks nft_compat and the other its tables.
    """
    if made.sets:
        from kina_audit.probe import ipset

        bench.doing("add an IP set to match")
        try:
            ipset.create(bench, "kina", "hash:ip")
        except OSError as error:
            raise MissingError(f"no IP set to match: {error.strerror}") from error
    refused: OSError | None = None
    missing: list[str] = []
    for backend in backends:
        try:
            if backend == "nft" and not usable(bench, family):
                raise MissingError("nf_tables: no nft_compat")
            _BACKENDS[backend](bench, family, made)
        except MissingError as error:
            missing.append(str(error))
        except OSError as error:
            refused = refused or error
        else:
            return
    if refused is not None:
        raise refused
    raise MissingError("no iptables back-end works here: " + "; ".join(missing))


def usable(bench: Bench, family: int, table: str = "compat") -> bool:
    """Whether nft_compat is there: it knows every extension by an expression called match, or has none."""
    try:
        nft.add_table(bench, family, table)
        hook = nft.INPUT if family == nft.ARP else nft.OUTPUT
        nft.add_chain(bench, family, "filter", hook, table=table)
        # An extension that no kernel has: nft_compat answers with ENOENT too, so ask for an empty match, which it calls
        # invalid, while a kernel without it has no such expression.
        nft.add_rule(bench, family, nft.expression("match"), table=table)
    except OSError as error:
        return error.errno == errno.EINVAL
    return True


def _range(flags: int = 0) -> bytes:
    """The structure nf_nat_range: flags, two addresses, two ports."""
    return struct.pack("=I16s16sHH", flags, b"\xc0\x00\x02\x09", b"\xc0\x00\x02\x09", 0, 0)


COMMENT = Extension("comment", b"kina".ljust(256, b"\0"))
MARK = Extension("mark", struct.pack("=IIB3x", 1, 1, 0), revision=1)
CONNTRACK = Extension(
    "conntrack", bytes(128) + struct.pack("=II13H2x", 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0), revision=3
)
ADDRTYPE = Extension("addrtype", struct.pack("=HHI", 0, 1 << 2, 0), revision=1)
SOCKET = Extension("socket", b"\x01", revision=1, table="mangle", hook=nft.PREROUTING)
SET = Extension("set", struct.pack("=HBB", 0, 1, 1), revision=1, sets=True)
MULTIPORT = Extension("multiport", struct.pack("=BB15H15sB", 1, 1, 80, *[0] * 14, b"", 0), revision=1, protocol=TCP)
STATISTIC = Extension("statistic", struct.pack("=HHIIIQ", 0, 0, 1 << 30, 0, 0, 0))
OWNER = Extension("owner", struct.pack("=4IBB2x", 0, 0, 0, 0, 1, 0), revision=1)
RECENT = Extension("recent", struct.pack("=IIBB200sBx", 0, 0, 2, 0, b"kina", 0), hook=nft.INPUT)
PHYSDEV = Extension("physdev", struct.pack("=16s16s16s16sBB", b"", b"", b"", b"", 0, 0x08), hook=nft.FORWARD)
LIMIT = Extension("limit", struct.pack("=IIQIIIxxxxQ", 10000, 5, 0, 0, 0, 0, 0))
U32 = Extension("u32", bytes(1984))
POLICY = Extension("policy", bytes(304) + struct.pack("=HH", 1 | 4, 0), hook=nft.INPUT)
IPVS = Extension("ipvs", bytes(32) + struct.pack("=HBBHBB", 0, 0, 0, 0, 0, 1), revision=0)
CONNMARK = Extension("connmark", struct.pack("=IIB3x", 1, 1, 0), revision=1)
RPFILTER = Extension("rpfilter", b"\0", table="raw", hook=nft.PREROUTING)
BPF = Extension("bpf", struct.pack("=H2xHBBI", 1, 6, 0, 0, 0).ljust(516, b"\0") + bytes(12), revision=0)
MASQUERADE = Extension(
    "MASQUERADE", struct.pack("=IIIIHH", 1, 0, 0, 0, 0, 0), target=True, table="nat", hook=nft.POSTROUTING
)
MASQUERADE6 = replace(MASQUERADE, data=_range())
SNAT = Extension("SNAT", _range(1), target=True, revision=1, table="nat", hook=nft.POSTROUTING)
DNAT = Extension("DNAT", _range(1), target=True, revision=1, table="nat", hook=nft.PREROUTING)
REDIRECT = Extension(
    "REDIRECT", struct.pack("=IIIIHH", 1, 0, 0, 0, 0, 0), target=True, table="nat", hook=nft.PREROUTING
)
MARK_TARGET = Extension("MARK", struct.pack("=II", 1, 1), target=True, revision=2, table="mangle")
CONNMARK_TARGET = Extension("CONNMARK", struct.pack("=IIIB3x", 1, 1, 1, 0), target=True, revision=1, table="mangle")
TPROXY = Extension(
    "TPROXY", struct.pack("=II16sH2x", 1, 1, b"", 15001), target=True, revision=1, table="mangle",
    hook=nft.PREROUTING, protocol=TCP,
)  # fmt: skip
CT = Extension(
    "CT",
    struct.pack("=HHII16s32sxxxxQ", 1, 0, 0, 0, b"", b"", 0),
    target=True,
    revision=1,
    table="raw",
    hook=nft.PREROUTING,
)
REJECT = Extension("REJECT", struct.pack("=I", 3), target=True)
NFLOG = Extension("NFLOG", struct.pack("=IHHHH64s", 0, 7, 1, 0, 0, b"kina"), target=True)
TCPMSS = Extension(
    "TCPMSS", struct.pack("=H", 1400), target=True, table="mangle", hook=nft.FORWARD, protocol=TCP, only_nft=True
)

_MATCHES = {
    "comment": ("NETFILTER_XT_MATCH_COMMENT", COMMENT), "mark": ("NETFILTER_XT_MARK", MARK),
    "conntrack": ("NETFILTER_XT_MATCH_CONNTRACK", CONNTRACK), "addrtype": ("NETFILTER_XT_MATCH_ADDRTYPE", ADDRTYPE),
    "socket": ("NETFILTER_XT_MATCH_SOCKET && NF_SOCKET_IPV4", SOCKET),
    "set": ("NETFILTER_XT_SET && IP_SET && IP_SET_HASH_IP", SET),
    "multiport": ("NETFILTER_XT_MATCH_MULTIPORT", MULTIPORT), "statistic": ("NETFILTER_XT_MATCH_STATISTIC", STATISTIC),
    "owner": ("NETFILTER_XT_MATCH_OWNER", OWNER), "recent": ("NETFILTER_XT_MATCH_RECENT", RECENT),
    "physdev": ("NETFILTER_XT_MATCH_PHYSDEV", PHYSDEV), "limit": ("NETFILTER_XT_MATCH_LIMIT", LIMIT),
    "u32": ("NETFILTER_XT_MATCH_U32", U32), "policy": ("NETFILTER_XT_MATCH_POLICY", POLICY),
    "ipvs": ("NETFILTER_XT_MATCH_IPVS", IPVS), "connmark": ("NETFILTER_XT_CONNMARK", CONNMARK),
    "rpfilter": ("IP_NF_MATCH_RPFILTER", RPFILTER), "bpf": ("NETFILTER_XT_MATCH_BPF", BPF),
}  # fmt: skip
_TARGETS = {
    "MASQUERADE": ("NETFILTER_XT_TARGET_MASQUERADE", MASQUERADE), "SNAT": ("NETFILTER_XT_NAT", SNAT),
    "DNAT": ("NETFILTER_XT_NAT", DNAT), "REDIRECT": ("NETFILTER_XT_TARGET_REDIRECT", REDIRECT),
    "MARK": ("NETFILTER_XT_MARK", MARK_TARGET), "CONNMARK": ("NETFILTER_XT_CONNMARK", CONNMARK_TARGET),
    "TPROXY": ("NETFILTER_XT_TARGET_TPROXY && NF_TPROXY_IPV4", TPROXY), "CT": ("NETFILTER_XT_TARGET_CT", CT),
    "REJECT": ("IP_NF_TARGET_REJECT", REJECT), "NFLOG": ("NETFILTER_XT_TARGET_NFLOG", NFLOG),
    "TCPMSS": ("NETFILTER_XT_TARGET_TCPMSS", TCPMSS),
}  # fmt: skip
_SIX = {
    "m_conntrack": ("NETFILTER_XT_MATCH_CONNTRACK && IPV6", CONNTRACK),
    "m_mark": ("NETFILTER_XT_MARK && IPV6", MARK),
    "m_comment": ("NETFILTER_XT_MATCH_COMMENT && IPV6", COMMENT),
    "m_socket": ("NETFILTER_XT_MATCH_SOCKET && NF_SOCKET_IPV6", SOCKET),
    "j_TPROXY": ("NETFILTER_XT_TARGET_TPROXY && NF_TPROXY_IPV6", TPROXY),
    "j_MASQUERADE": ("NETFILTER_XT_TARGET_MASQUERADE && IPV6", MASQUERADE6),
    "j_SNAT": ("NETFILTER_XT_NAT && IPV6", replace(SNAT, data=struct.pack("=I16s16sHH", 1, b"\xfd", b"\xfd", 0, 0))),
    "j_REJECT": ("IP6_NF_TARGET_REJECT", replace(REJECT, data=struct.pack("=I", 4))),
}


def _register(name: str, expr: str, made: Extension, family: int) -> None:
    """Three probes: either back-end, and each by itself."""
    version = 6 if family == V6 else 4
    short = "xt6" if family == V6 else "xt"
    what = f"an iptables rule with {made.name}" + (" for IPv6" if family == V6 else "")
    nat = " && NFT_NAT" if made.table == "nat" else ""
    behind = {
        "nft": f"NFT_COMPAT && NF_TABLES_IPV{version}{nat} && {expr}",
        "legacy": f"IP{'6' if family == V6 else ''}_NF_{made.table.upper()} && {expr}",
    }
    choices: dict[str, tuple[str, tuple[str, ...]]] = {
        f"{short}_{name}": (expr, ("nft",) if made.only_nft else ("nft", "legacy")),
        f"{short}_nft_{name}": (behind["nft"], ("nft",)),
        f"{short}_legacy_{name}": (behind["legacy"], ("legacy",)),
    }
    if made.only_nft:
        del choices[f"{short}_legacy_{name}"]
    for full, (condition, backends) in choices.items():

        def run(bench: Bench, backends: tuple[str, ...] = backends) -> None:
            append(bench, family, made, backends)

        probe(full, condition, what)(run)


for _name, (_expr, _made) in _MATCHES.items():
    _register(f"m_{_name}", _expr, _made, V4)
for _name, (_expr, _made) in _TARGETS.items():
    _register(f"j_{_name}", _expr, _made, V4)
for _name, (_expr, _made) in _SIX.items():
    _register(_name, _expr, _made, V6)


@probe("nft_compat", "NFT_COMPAT", "an nf_tables rule that names an iptables match")
def _compat(bench: Bench) -> None:
    bench.doing("ask for nft_compat")
    refused: OSError | None = None
    for family in (V4, V6, nft.INET, nft.ARP, nft.BRIDGE):
        try:
            nft.add_table(bench, family, "compat")
        except OSError as error:
            refused = refused or error
            continue
        if usable(bench, family, table="other"):
            return
        raise RefusedError("nf_tables has no expression for iptables matches")
    raise refused or MissingError("no family was tried")
