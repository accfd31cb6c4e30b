"""Routes, policy rules and what the IP stack keeps about them."""

import socket
from collections.abc import Callable
from typing import Any

from kina_audit.probe.links import any_link
from kina_audit.probe.model import Bench, MissingError, RefusedError, probe, reading

_TABLE = 2004
_PRIORITY = 100


def _rule(bench: Bench, family: int, **match: Any) -> None:
    """Add a rule for a table of its own, and find it again in that table.

    Without IP_MULTIPLE_TABLES there are no rules: where the kernel takes the message all the same, the table is main.
    """
    bench.doing(f"add a rule for table {_TABLE}")
    bench.ip.rule("add", family=family, table=_TABLE, priority=_PRIORITY, **match)
    bench.doing("find the rule")
    for rule in bench.ip.get_rules(family=family):
        if rule.get_attr("FRA_PRIORITY") == _PRIORITY:
            if rule.get_attr("FRA_TABLE") == _TABLE:
                return
            raise RefusedError(f"the rule is there, and points to table {rule.get_attr('FRA_TABLE')}")
    raise RefusedError("the rule was accepted, and is not there")


@probe("ip_rule_v4", "IP_MULTIPLE_TABLES", "an IPv4 policy rule")
def _rule4(bench: Bench) -> None:
    _rule(bench, socket.AF_INET)


@probe("ip_rule_v6", "IPV6_MULTIPLE_TABLES", "an IPv6 policy rule")
def _rule6(bench: Bench) -> None:
    _rule(bench, socket.AF_INET6)


@probe("ip_rule_v4_fwmark", "IP_MULTIPLE_TABLES", "an IPv4 policy rule by firewall mark")
def _mark(bench: Bench) -> None:
    _rule(bench, socket.AF_INET, fwmark=0x200, fwmask=0xF00)


@probe("route_table_v4", "IP_MULTIPLE_TABLES", "an IPv4 route in a table of its own, found there again")
def _table4(bench: Bench) -> None:
    _in_table(bench, socket.AF_INET, "198.51.100.0/24")


@probe("route_table_v6", "IPV6_MULTIPLE_TABLES", "an IPv6 route in a table of its own, found there again")
def _table6(bench: Bench) -> None:
    _in_table(bench, socket.AF_INET6, "fd00:7::/64")


def _in_table(bench: Bench, family: int, prefix: str) -> None:
    index = any_link(bench)
    bench.doing(f"add a route to table {_TABLE}")
    bench.ip.route("add", family=family, dst=prefix, oif=index, table=_TABLE)
    bench.doing("find the route")
    wanted = prefix.partition("/")[0]
    for route in bench.ip.get_routes(family=family):
        if route.get_attr("RTA_DST") == wanted:
            if route.get_attr("RTA_TABLE") == _TABLE:
                return
            raise RefusedError(f"the route is in table {route.get_attr('RTA_TABLE')}")
    raise RefusedError("the route was accepted, and is not there")


@probe("route_local_table2004", "INET", "a local IPv4 route, as a transparent proxy has it")
def _local(bench: Bench) -> None:
    index = bench.ip.link_lookup(ifname="lo")[0]
    bench.ip.link("set", index=index, state="up")
    bench.doing("add a local route to table 2004")
    bench.ip.route("add", family=socket.AF_INET, dst="0.0.0.0/0", oif=index, table=_TABLE, type="local", scope=254)


@probe("route_multipath_v4", "IP_ROUTE_MULTIPATH", "an IPv4 route with two next hops")
def _multipath(bench: Bench) -> None:
    index = any_link(bench)
    bench.ip.addr("add", index=index, address="192.0.2.1", prefixlen=24)
    bench.doing("add a route with two next hops")
    hops = [{"gateway": "192.0.2.2"}, {"gateway": "192.0.2.3"}]
    bench.ip.route("add", dst="198.51.100.0/24", multipath=hops)


@reading("af_inet", "INET", "an IPv4 socket")
def _inet(bench: Bench) -> None:
    bench.doing("open an IPv4 socket")
    socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()


@reading("af_inet6", "IPV6", "an IPv6 socket")
def _inet6(bench: Bench) -> None:
    bench.doing("open an IPv6 socket")
    socket.socket(socket.AF_INET6, socket.SOCK_STREAM).close()


@probe("addr_v6", "IPV6", "an IPv6 address on a link")
def _address6(bench: Bench) -> None:
    index = any_link(bench)
    bench.doing("add an IPv6 address")
    bench.ip.addr("add", index=index, address="fd00:7::1", prefixlen=64)


def _congestion(name: str) -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        bench.doing("open a TCP socket")
        try:
            one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        except OSError as error:
            raise MissingError(f"no TCP socket: {error.strerror}") from error
        with one:
            bench.doing(f"set TCP_CONGESTION to {name}")
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, name.encode())

    return run


for _name, _symbol in (("bbr", "TCP_CONG_BBR"), ("cubic", "TCP_CONG_CUBIC")):
    probe(f"tcp_{_name}", _symbol, f"a TCP socket that asks for {_name}")(_congestion(_name))


@probe("bridge_nf_call", "BRIDGE_NETFILTER", "reads net.bridge.bridge-nf-call-iptables")
def _bridge_netfilter(bench: Bench) -> None:
    from pathlib import Path

    path = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
    if path.exists():
        return
    # The module is loaded on no kernel's own account but by name; an iptables rule with physdev asks for it.
    from kina_audit.probe.xtables import PHYSDEV, append

    bench.doing("add a rule with the physdev match, which asks for br_netfilter")
    append(bench, 2, PHYSDEV)
    bench.doing(f"look for {path}")
    if not path.exists():
        raise RefusedError("no such sysctl")
