"""Packets between two network namespaces: what a device or rule is for, not only that it can be made."""

import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace

from kina_audit.probe import bpf, generic, legacy, libc, nft, xfrm, xtables
from kina_audit.probe.curve25519 import clamp, public
from kina_audit.probe.links import own_settings
from kina_audit.probe.model import Bench, MissingError, RefusedError, probe

_HERE, _THERE = "192.0.2.1", "192.0.2.2"
_SIX_HERE, _SIX_THERE = "fd00:7::1", "fd00:7::2"
_INNER_HERE, _INNER_THERE = "198.51.100.1", "198.51.100.2"
_PORT = 4711
_PATIENCE = 5.0


class Pair:
    """Two namespaces and a veth between them; the first is this process's own."""

    def __init__(self, bench: Bench, *, six: bool = False) -> None:
        self.bench = bench
        self.six = six
        self.first = _current()
        bench.doing("make a second network namespace")
        libc.unshare(libc.CLONE_NEWNET)
        self.second = _current()
        own_settings()
        libc.setns(self.first, libc.CLONE_NEWNET)
        own_settings()
        bench.doing("connect them by a veth pair")
        try:
            bench.ip.link("add", ifname="kina0", kind="veth", peer={"ifname": "kina1", "net_ns_fd": self.second})
        except Exception as error:
            raise MissingError(f"no veth pair to send over: {error}") from error
        self.up("kina0", _SIX_HERE if six else _HERE)
        with self.there():
            self.up("kina1", _SIX_THERE if six else _THERE)
            self.up("lo", "")

    def up(self, name: str, address: str, length: int = 0) -> int:
        """Give a device an address and turn it on; its index."""
        ip = self.bench.ip
        index = int(ip.link_lookup(ifname=name)[0])
        if address:
            # IFA_F_NODAD: usable at once.
            more = {"family": socket.AF_INET6, "flags": 2} if ":" in address else {}
            ip.addr("add", index=index, address=address, prefixlen=length or (64 if ":" in address else 24), **more)
        ip.link("set", index=index, state="up")
        return index

    @contextmanager
    def there(self) -> Iterator[None]:
        """Inside the second namespace."""
        libc.setns(self.second, libc.CLONE_NEWNET)
        self.bench.forget()
        try:
            yield
        finally:
            libc.setns(self.first, libc.CLONE_NEWNET)
            self.bench.forget()


def _current() -> int:
    return os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def ping(bench: Bench, address: str, *, seconds: float = _PATIENCE) -> bool:
    """Whether an echo comes back."""
    bench.doing(f"ping {address}")
    six = ":" in address
    family, protocol = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if six else (socket.AF_INET, socket.IPPROTO_ICMP)
    with socket.socket(family, socket.SOCK_RAW, protocol) as one:
        deadline = time.monotonic() + seconds
        number = 0
        while time.monotonic() < deadline:
            number += 1
            head = struct.pack(">BBHHH", 128 if six else 8, 0, 0, 0x4B41, number)
            if not six:
                head = struct.pack(">BBHHH", 8, 0, _checksum(head), 0x4B41, number)
            with suppress(OSError):
                one.sendto(head, (address, 0))
            until = min(deadline, time.monotonic() + 0.3)
            while (left := until - time.monotonic()) > 0 and select.select([one], [], [], left)[0]:
                data, peer = one.recvfrom(2048)
                start = 0 if six else (data[0] & 15) * 4
                if data[start : start + 1] == (b"\x81" if six else b"\0") and peer[0].partition("%")[0] == address:
                    return True
    return False


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    return 0xFFFF - ((total & 0xFFFF) + (total >> 16)) % 0xFFFF


def _pinged(bench: Bench, address: str) -> None:
    if not ping(bench, address):
        raise RefusedError("nothing comes back")


@probe("data_veth_ping", "VETH && NET_NS && INET", "IPv4 packets over a veth pair")
def _veth4(bench: Bench) -> None:
    Pair(bench)
    _pinged(bench, _THERE)


@probe("data_veth_ping6", "VETH && NET_NS && IPV6", "IPv6 packets over a veth pair")
def _veth6(bench: Bench) -> None:
    Pair(bench, six=True)
    _pinged(bench, _SIX_THERE)


def _served(
    pair: Pair, address: tuple[str, int], *, transparent: bool = False, accepted: list[str]
) -> threading.Thread:
    """Accept one connection in the second namespace and note where it was meant to go."""
    with pair.there():
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if transparent:
            server.setsockopt(socket.SOL_IP, 19, 1)
        server.bind(address)
        server.listen()
        server.settimeout(_PATIENCE)

    def serve() -> None:
        with server, suppress(OSError):
            one, peer = server.accept()
            accepted.append(f"{peer[0]} {one.getsockname()[0]}:{one.getsockname()[1]}")
            one.sendall(b"kina")
            one.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


def _connect(bench: Bench, address: str, port: int) -> bytes:
    bench.doing(f"connect to {address}:{port}")
    with socket.create_connection((address, port), timeout=_PATIENCE) as one:
        return one.recv(16)


@probe("data_veth_tcp", "VETH && NET_NS && INET", "a TCP connection over a veth pair")
def _tcp(bench: Bench) -> None:
    pair = Pair(bench)
    _served(pair, ("0.0.0.0", _PORT), accepted=[])  # noqa: S104
    if _connect(bench, _THERE, _PORT) != b"kina":
        raise RefusedError("other bytes came than were sent")


@probe("data_bridge", "BRIDGE && VETH && NET_NS", "packets through a bridge")
def _bridge(bench: Bench) -> None:
    pair = Pair(bench)
    bench.doing("add a bridge")
    bench.ip.link("add", ifname="kinabr", kind="bridge")
    bridge = bench.ip.link_lookup(ifname="kinabr")[0]
    port = bench.ip.link_lookup(ifname="kina0")[0]
    bench.ip.addr("delete", index=port, address=_HERE, prefixlen=24)
    bench.ip.link("set", index=port, master=bridge)
    pair.up("kinabr", _HERE)
    _pinged(bench, _THERE)


def _tunnel(kind: str, here: Mapping[str, object], there: Mapping[str, object]) -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        pair = Pair(bench)
        for inside, options, address in ((False, here, _INNER_HERE), (True, there, _INNER_THERE)):
            with pair.there() if inside else nullcontext():
                bench.doing(f"add a {kind} link")
                bench.ip.link("add", ifname="kinatun", kind=kind, **options)
                pair.up("kinatun", address)
        _pinged(bench, _INNER_THERE)

    return run


for _name, _expr, _kind, _here, _there in (
    ("data_vxlan", "VXLAN && VETH && NET_NS", "vxlan",
     {"vxlan_id": 7, "vxlan_group": _THERE, "vxlan_local": _HERE, "vxlan_port": 4789},
     {"vxlan_id": 7, "vxlan_group": _HERE, "vxlan_local": _THERE, "vxlan_port": 4789}),
    ("data_geneve", "GENEVE && VETH && NET_NS", "geneve",
     {"geneve_id": 7, "geneve_remote": _THERE}, {"geneve_id": 7, "geneve_remote": _HERE}),
    ("data_ipip", "NET_IPIP && VETH && NET_NS", "ipip",
     {"ipip_local": _HERE, "ipip_remote": _THERE}, {"ipip_local": _THERE, "ipip_remote": _HERE}),
    ("data_gre", "NET_IPGRE && VETH && NET_NS", "gre",
     {"gre_local": _HERE, "gre_remote": _THERE}, {"gre_local": _THERE, "gre_remote": _HERE}),
):  # fmt: skip
    probe(_name, _expr, f"packets through a {_kind} tunnel")(_tunnel(_kind, _here, _there))


@probe("data_wireguard", "WIREGUARD && VETH && NET_NS", "packets through a WireGuard tunnel")
def _wireguard(bench: Bench) -> None:
    pair = Pair(bench)
    secrets = {False: clamp(bytes(range(1, 33))), True: clamp(bytes(range(33, 65)))}
    for inside, address, other in ((False, _INNER_HERE, _THERE), (True, _INNER_THERE, _HERE)):
        with pair.there() if inside else nullcontext():
            bench.doing("add a wireguard link")
            bench.ip.link("add", ifname="kinatun", kind="wireguard")
            number = generic.family(bench, "wireguard", "wireguard")
            bench.doing("give it a key and a peer")
            generic.wireguard(bench, number, "kinatun", secrets[inside], public(secrets[not inside]), other, 51820)
            pair.up("kinatun", address)
    _pinged(bench, _INNER_THERE)


@probe(
    "data_ipsec_esp_gcm", "XFRM_USER && INET_ESP && CRYPTO_GCM && CRYPTO_SEQIV && VETH", "packets in ESP with AES-GCM"
)
def _ipsec(bench: Bench) -> None:
    pair = Pair(bench)
    for inside in (False, True):
        with pair.there() if inside else nullcontext():
            mine, other = (_THERE, _HERE) if inside else (_HERE, _THERE)
            xfrm.add_state(bench, mine, other, xfrm.ESP, xfrm.aead(), spi=0x2000 + inside)
            xfrm.add_state(bench, other, mine, xfrm.ESP, xfrm.aead(), spi=0x2001 - inside)
            xfrm.add_policy(bench, mine, other, 1, xfrm.esp_template(mine, other))
            xfrm.add_policy(bench, other, mine, 0, xfrm.esp_template(other, mine))
    _pinged(bench, _THERE)


def _translated(bench: Bench, translate: Callable[[], None]) -> None:
    """A connection from an address that the other side has no route to; masquerading gives it one that it has."""
    pair = Pair(bench)
    pair.up("lo", _INNER_HERE, 32)
    translate()
    accepted: list[str] = []
    thread = _served(pair, (_THERE, _PORT), accepted=accepted)
    bench.doing(f"connect from {_INNER_HERE}, which the other side cannot answer")
    with socket.socket() as one:
        one.settimeout(_PATIENCE)
        one.bind((_INNER_HERE, 0))
        try:
            one.connect((_THERE, _PORT))
        except TimeoutError as error:
            raise RefusedError("no answer: the address is not translated") from error
        one.recv(4)
    thread.join(_PATIENCE)
    if not accepted or not accepted[0].startswith(f"{_HERE} "):
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


def _dropped(bench: Bench, address: str, attach: Callable[[], None]) -> None:
    if not ping(bench, address):
        raise MissingError("no packets pass even without it")
    attach()
    if ping(bench, address, seconds=1.0):
        raise RefusedError("the program drops everything, and packets still pass")


@probe(
    "data_tcbpf_drop",
    "NET_CLS_BPF && NET_SCH_INGRESS && BPF_SYSCALL && VETH && NET_NS",
    "packets that a BPF program at tc drops",
)
def _tc_drop(bench: Bench) -> None:
    Pair(bench)

    def attach() -> None:
        index = bench.ip.link_lookup(ifname="kina0")[0]
        bench.doing("attach a program that drops, by tc")
        bench.ip.tc("add", "clsact", index=index)
        bench.ip.tc(
            "add-filter", "bpf", index=index, fd=bpf.trivial(bpf.SCHED_CLS, 2), name="kina", parent=0xFFFFFFF2, prio=1,
            protocol=3, direct_action=True, **{"class": 1},
        )  # fmt: skip

    _dropped(bench, _THERE, attach)


@probe("data_xdp_drop", "BPF_SYSCALL && VETH && NET_NS", "packets that an XDP program drops")
def _xdp_drop(bench: Bench) -> None:
    Pair(bench)

    def attach() -> None:
        index = bench.ip.link_lookup(ifname="kina0")[0]
        bench.doing("attach an XDP program that drops")
        bpf.link(bpf.trivial(bpf.XDP, 1, 37), index, 37, flags=2)

    _dropped(bench, _THERE, attach)


@probe(
    "data_tproxy",
    "NETFILTER_XT_TARGET_TPROXY && NF_TPROXY_IPV4 && IP_MULTIPLE_TABLES && VETH && NET_NS",
    "a connection to an address that nobody has, handed to a listener by TPROXY",
)
def _tproxy(bench: Bench) -> None:
    pair = Pair(bench)
    bench.doing("route everything to the other side")
    bench.ip.route("add", dst="0.0.0.0/0", gateway=_THERE)
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
    thread = _served(pair, ("0.0.0.0", 15001), transparent=True, accepted=accepted)  # noqa: S104
    if _connect(bench, "203.0.113.7", 80) != b"kina":
        raise RefusedError("other bytes came than were sent")
    thread.join(_PATIENCE)
    if accepted != [f"{_HERE} 203.0.113.7:80"]:
        raise RefusedError(f"the listener saw {accepted}")
