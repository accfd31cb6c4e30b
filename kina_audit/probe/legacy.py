"""The legacy iptables tables, by getsockopt and setsockopt; layouts of include/uapi/linux/netfilter_ipv4/ip_tables.h."""

import errno
import socket
import struct
from contextlib import suppress

from kina_audit.probe import libc
from kina_audit.probe.model import PROBES, Bench, MissingError, RefusedError, probe
from kina_audit.probe.modprobe import modprobe

_GET_INFO = _REPLACE = 64
_HOOKS = {"filter": (1, 2, 3), "nat": (0, 1, 3, 4), "mangle": (0, 1, 2, 3, 4), "raw": (0, 3), "security": (1, 2, 3)}
_HEADER = 32
_NAME_REVISION = "=H29sB"


def extension(name: str, revision: int, data: bytes) -> bytes:
    """A match or target with its header."""
    padded = data + bytes(-len(data) % 8)
    return struct.pack(_NAME_REVISION, _HEADER + len(padded), name.encode(), revision) + padded


ACCEPT = extension("", 0, struct.pack("=i", -2))
_ERROR = extension("ERROR", 0, b"ERROR".ljust(30, b"\0"))


class Table:
    """One table of this network namespace.

    Raises:
        OSError: the kernel has no such table.
    """

    def __init__(self, family: int, name: str) -> None:
        six = family == 10
        kind, protocol, self._level = (
            (socket.AF_INET6, socket.IPPROTO_RAW, socket.IPPROTO_IPV6) if six else (socket.AF_INET, socket.IPPROTO_RAW, socket.IPPROTO_IP)
        )  # fmt: skip
        self._six = six
        self._name = name
        self._socket = socket.socket(kind, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        # The kernel does not ask for ip_tables by itself; iptables-legacy does.
        modprobe("ip6_tables" if six else "ip_tables")
        info = libc.getsockopt(self._socket.fileno(), self._level, _GET_INFO, name.encode().ljust(84, b"\0"))
        self._hooks, self._entries = struct.unpack_from("=I", info, 32)[0], struct.unpack_from("=I", info, 76)[0]

    def append(self, hook: int, protocol: int, matches: list[bytes], target: bytes) -> None:
        """Replace the table by its empty self with one rule.

        Raises:
            OSError: the kernel refused the rule.
        """
        made, entries, starts, policies = b"", 0, [0] * 5, [0] * 5
        for at in (h for h in range(5) if self._hooks >> h & 1):
            starts[at] = len(made)
            if at == hook:
                made += self._entry(protocol, matches, target)
                entries += 1
            policies[at] = len(made)
            made += self._entry(0, [], ACCEPT)
            entries += 1
        made += self._entry(0, [], _ERROR)
        entries += 1
        counters = libc.buffer(16 * self._entries)
        head = struct.pack(
            "=32sIII5I5IIQ", self._name.encode(), self._hooks, entries, len(made), *starts, *policies,
            self._entries, libc.address_of(counters),
        )  # fmt: skip
        self._socket.setsockopt(self._level, _REPLACE, head + made)

    def _entry(self, protocol: int, matches: list[bytes], target: bytes) -> bytes:
        ahead = 168 if self._six else 112
        to_target = ahead + sum(map(len, matches))
        # IP6T_F_PROTO: the protocol is to be compared; IPv4 compares it when it is not 0.
        addresses = (
            bytes(128) + struct.pack("=HBBB3x", protocol, 0, 1 if protocol else 0, 0)
            if self._six
            else bytes(80) + struct.pack("=HBB", protocol, 0, 0)
        )
        sizes = struct.pack("=IHHI", 0, to_target, to_target + len(target), 0)
        return (addresses + sizes).ljust(ahead, b"\0") + b"".join(matches) + target


for _table in _HOOKS:
    for _six, _word, _symbol in ((2, "iptables", "IP_NF"), (10, "ip6tables", "IP6_NF")):

        def _run(bench: Bench, family: int = _six, table: str = _table) -> None:
            bench.doing(f"ask for the table {table}")
            opened = Table(family, table)
            bench.doing(f"append a rule to {table}")
            opened.append(_HOOKS[table][0], 0, [], ACCEPT)

        _full = f"legacy_{_word}_{_table}"
        probe(_full, f"{_symbol}_{_table.upper()}", f"a legacy {_word} rule in {_table}")(_run)


for _six, _full, _symbol in ((2, "legacy_ip_tables", "IP_NF_IPTABLES"), (10, "legacy_ip6_tables", "IP6_NF_IPTABLES")):

    def _framework(bench: Bench, family: int = _six) -> None:
        bench.doing("ask for the legacy tables' socket options")
        try:
            Table(family, "filter")
        except OSError as error:
            # ENOENT: they are there, and this table is not.
            if error.errno != errno.ENOENT:
                raise

    # Before 6.9 the first symbol alone is behind it (net/ipv4/netfilter/Makefile), and nothing is expected here.
    probe(_full, f"{_symbol} && {_symbol}_LEGACY", "asks for a legacy table", kernel=">=6.9")(_framework)

    def _core(bench: Bench, framework: str = _full, six: bool = _six == 10) -> None:
        # xt_TPROXY.c and xt_socket.c have an IPv6 half only with it, with legacy tables or without.
        for name in (framework, *(("xt6_j_TPROXY", "xt6_m_socket") if six else ())):
            with suppress(OSError, RefusedError, MissingError):
                PROBES[name].run(bench)
                return
        raise MissingError("nothing that shows it is there, which proves nothing: since 6.9 it builds little by itself")

    probe(f"iptables_core_v{6 if _six == 10 else 4}", _symbol, "a legacy table or an extension's rule")(_core)
