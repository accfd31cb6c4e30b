"""What is set up by generic netlink: IPVS, Open vSwitch, WireGuard, psample."""

import socket
import struct

from kina_audit.probe.model import Bench, MissingError, RefusedError, probe
from kina_audit.probe.modprobe import modprobe
from kina_audit.probe.netlink import GENERIC, attr, attributes, nest, text, u32

_CTRL, _GETFAMILY = 16, 3


def family(bench: Bench, name: str, module: str) -> int:
    """The number of a family.

    Raises:
        OSError: the kernel has no such family.
    """
    bench.doing(f"ask for the generic netlink family {name}")
    asked = struct.pack("=BBH", _GETFAMILY, 1, 0) + text(2, name)
    try:
        answers = bench.netlink(GENERIC).ask(_CTRL, 0, asked)
    except OSError:
        modprobe(module)
        answers = bench.netlink(GENERIC).ask(_CTRL, 0, asked)
    found: int = struct.unpack("=H", attributes(answers[0][4:])[1])[0]
    return found


def _service(bench: Bench, scheduler: str, version: int) -> None:
    number = family(bench, "IPVS", "ip_vs")
    bench.doing(f"add a TCP service over IPv{version}, scheduler {scheduler}")
    six = version == 6
    address = (socket.inet_pton(socket.AF_INET6, "fd00:7::9") if six else socket.inet_aton("192.0.2.9")).ljust(
        16, b"\0"
    )
    made = nest(
        1, attr(1, struct.pack("=H", socket.AF_INET6 if six else socket.AF_INET)), attr(2, struct.pack("=H", socket.IPPROTO_TCP)),
        attr(3, address), attr(4, struct.pack(">H", 80)), text(6, scheduler), attr(7, struct.pack("=II", 0, 0xFFFFFFFF)),
        u32(8, 0), attr(9, struct.pack("=I", 64 if six else 0xFFFFFFFF)),
    )  # fmt: skip
    bench.netlink(GENERIC).ask(number, 0, struct.pack("=BBH", 1, 1, 0) + made)


for _name, _expr, _given in (
    ("ipvs_add", "IP_VS && IP_VS_RR", ("rr", 4)),
    ("ipvs_wrr", "IP_VS && IP_VS_WRR", ("wrr", 4)),
    ("ipvs_sh", "IP_VS && IP_VS_SH", ("sh", 4)),
    ("ipvs_lc", "IP_VS && IP_VS_LC", ("lc", 4)),
    # Without a scheduler, as ipvsadm does it, too.
    ("ipvs_v6", "IP_VS && IP_VS_IPV6", ("none", 6)),
):

    def _ipvs(bench: Bench, given: tuple[str, int] = _given) -> None:
        _service(bench, *given)

    probe(_name, _expr, "an IPVS service")(_ipvs)

for _name, _symbol, _timeout in (("ipvs_tcp", "IP_VS_PROTO_TCP", 4), ("ipvs_udp", "IP_VS_PROTO_UDP", 6)):

    def _protocol(bench: Bench, timeout: int = _timeout) -> None:
        number = family(bench, "IPVS", "ip_vs")
        bench.doing("read the protocols' timeouts")
        # A service of a protocol that is not built is accepted; its timeout is not there to read (ip_vs_ctl.c).
        answers = bench.netlink(GENERIC).ask(number, 0, struct.pack("=BBH", 13, 1, 0))
        if timeout not in attributes(answers[0][4:]):
            raise RefusedError("the protocol has none")

    probe(_name, f"IP_VS && {_symbol}", "reads IPVS's timeouts")(_protocol)


@probe("ipvs", "IP_VS", "asks for IPVS by generic netlink")
def _ipvs_there(bench: Bench) -> None:
    family(bench, "IPVS", "ip_vs")


@probe("ipvs_nfct", "IP_VS_NFCT", "reads net.ipv4.vs.conntrack")
def _nfct(bench: Bench) -> None:
    from pathlib import Path

    try:
        family(bench, "IPVS", "ip_vs")
    except OSError as error:
        raise MissingError(f"no IPVS: {error.strerror}") from error
    bench.doing("look for /proc/sys/net/ipv4/vs/conntrack")
    if not Path("/proc/sys/net/ipv4/vs").is_dir():
        raise MissingError("IPVS shows no sysctls here")
    if not Path("/proc/sys/net/ipv4/vs/conntrack").exists():
        raise RefusedError("no such sysctl")


def _datapath(bench: Bench) -> int:
    number = family(bench, "ovs_datapath", "openvswitch")
    bench.doing("add an Open vSwitch datapath")
    body = struct.pack("=BBHi", 1, 2, 0, 0) + text(1, "kina0") + u32(2, 0)
    bench.netlink(GENERIC).ask(number, 0, body)
    return int(bench.ip.link_lookup(ifname="kina0")[0])


@probe("ovs", "OPENVSWITCH", "an Open vSwitch datapath")
def _ovs(bench: Bench) -> None:
    _datapath(bench)


for _name, _symbol, _kind, _port in (
    ("ovs_geneve", "OPENVSWITCH_GENEVE", 5, 6081),
    ("ovs_vxlan", "OPENVSWITCH_VXLAN", 4, 4789),
    ("ovs_gre", "OPENVSWITCH_GRE", 3, 0),
):

    def _vport(bench: Bench, kind: int = _kind, port: int = _port) -> None:
        try:
            index = _datapath(bench)
        except OSError as error:
            raise MissingError(f"no Open vSwitch datapath: {error.strerror}") from error
        number = family(bench, "ovs_vport", "openvswitch")
        bench.doing(f"add a port of type {kind}")
        options = nest(4, attr(1, struct.pack("=H", port))) if port else b""
        body = struct.pack("=BBHi", 1, 1, 0, index) + u32(2, kind) + text(3, "kina1") + options + u32(5, 0)
        bench.netlink(GENERIC).ask(number, 0, body)

    probe(_name, f"OPENVSWITCH && {_symbol}", "an Open vSwitch tunnel port")(_vport)


@probe("psample", "PSAMPLE", "asks for psample by generic netlink")
def _psample(bench: Bench) -> None:
    family(bench, "psample", "psample")


@probe("wireguard_configured", "WIREGUARD", "a WireGuard device with a key and a peer")
def _wireguard(bench: Bench) -> None:
    bench.doing("add a wireguard link")
    bench.ip.link("add", ifname="kina0", kind="wireguard")
    number = family(bench, "wireguard", "wireguard")
    bench.doing("give it a key and a peer")
    wireguard(bench, number, "kina0", bytes([1] * 32), bytes([9] * 32), "192.0.2.2", 51820)


def wireguard(bench: Bench, number: int, device: str, key: bytes, peer: bytes, address: str, port: int) -> None:
    """Set a WireGuard device's key, port and one peer (include/uapi/linux/wireguard.h).

    Raises:
        OSError: the kernel refused.
    """
    endpoint = struct.pack("=H", socket.AF_INET) + struct.pack(">H", port) + socket.inet_aton(address) + bytes(8)
    allowed = nest(9, nest(0, attr(1, struct.pack("=H", socket.AF_INET)), attr(2, bytes(4)), attr(3, b"\0")))
    body = (
        text(2, device)
        + attr(3, key)
        + attr(6, struct.pack("=H", port))
        + nest(8, nest(0, attr(1, peer), attr(4, endpoint), allowed))
    )
    bench.netlink(GENERIC).ask(number, 0, struct.pack("=BBH", 1, 1, 0) + body)
