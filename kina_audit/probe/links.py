"""Network devices, made by rtnetlink."""

import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

from kina_audit.probe.model import Bench, MissingError, RefusedError, probe
from kina_audit.probe.modprobe import device

_DEVICE = "kina0"

# kind: what else the link is made of. The number behind each name is the kernel's own attribute, by pyroute2.
_ALONE: tuple[tuple[str, str, str, dict[str, Any], str], ...] = (
    ("link_dummy", "DUMMY", "dummy", {}, ""),
    ("link_bridge", "BRIDGE", "bridge", {}, ""),
    ("link_ifb", "IFB", "ifb", {}, ""),
    ("link_bond", "BONDING", "bond", {}, ""),
    ("link_vxlan", "VXLAN", "vxlan", {"vxlan_id": 7, "vxlan_port": 4789}, ""),
    ("link_geneve", "GENEVE", "geneve", {"geneve_id": 7, "geneve_remote": "192.0.2.1"}, ""),
    ("link_wireguard", "WIREGUARD", "wireguard", {}, ""),
    ("link_ipip", "NET_IPIP", "ipip", {"ipip_local": "192.0.2.1", "ipip_remote": "192.0.2.2"}, ""),
    ("link_gre", "NET_IPGRE", "gre", {"gre_local": "192.0.2.1", "gre_remote": "192.0.2.2"}, ""),
    ("link_gretap", "NET_IPGRE", "gretap", {"gre_local": "192.0.2.1", "gre_remote": "192.0.2.2"}, ""),
    ("link_sit", "IPV6_SIT", "sit", {"sit_local": "192.0.2.1", "sit_remote": "192.0.2.2"}, ""),
    ("link_ip6tnl", "IPV6_TUNNEL", "ip6tnl", {"ip6tnl_local": "fd00::1", "ip6tnl_remote": "fd00::2"}, ""),
    ("link_vrf", "NET_VRF", "vrf", {"vrf_table": 2007}, ""),
    ("link_xfrm", "XFRM_INTERFACE", "xfrm", {"xfrm_if_id": 7}, ""),
    ("link_netkit", "NETKIT", "netkit", {}, ">=6.7"),
)


def own_settings() -> None:
    """Set what a new network namespace takes over of the host's sysctls, where that would keep packets from arriving.

    Devices that are made later have it (Documentation/networking/ip-sysctl.rst, devconf_inherit_init_net).
    """
    for name in (
        "ipv4/conf/{}/arp_ignore",
        "ipv4/conf/{}/arp_filter",
        "ipv4/conf/{}/rp_filter",
        "ipv6/conf/{}/disable_ipv6",
    ):
        for devices in ("all", "default"):
            with suppress(OSError):
                Path("/proc/sys/net", name.format(devices)).write_text("0", encoding="ascii")


def _one(kind: str, options: dict[str, Any]) -> Any:
    def run(bench: Bench) -> None:
        bench.doing(f"add a {kind} link")
        bench.ip.link("add", ifname=_DEVICE, kind=kind, **options)
        bench.doing("find the link")
        if not bench.ip.link_lookup(ifname=_DEVICE):
            raise RefusedError("it was accepted, and is not there")

    return run


for _name, _expr, _kind, _options, _kernel in _ALONE:
    probe(_name, _expr, f"a {_kind} link", kernel=_kernel)(_one(_kind, _options))


def veth(bench: Bench, one: str = "kina0", other: str = "kina1") -> tuple[int, int]:
    """A pair of veth devices, up; their indices.

    Raises:
        MissingError: the kernel makes none.
    """
    bench.doing("add a veth pair")
    try:
        bench.ip.link("add", ifname=one, kind="veth", peer={"ifname": other})
    except Exception as error:
        raise MissingError(f"no veth pair: {error}") from error
    first, second = bench.ip.link_lookup(ifname=one)[0], bench.ip.link_lookup(ifname=other)[0]
    for index in (first, second):
        bench.ip.link("set", index=index, state="up")
    return first, second


def any_link(bench: Bench) -> int:
    """Some ethernet device to work on, up; its index.

    Raises:
        MissingError: the kernel makes none of the kinds tried.
    """
    for kind, options in (
        ("veth", {"peer": {"ifname": "kina9"}}),
        ("dummy", {}),
        ("bridge", {}),
        ("ifb", {}),
        ("tap", {}),
    ):
        bench.doing(f"add a {kind} link to work on")
        try:
            if kind == "tap":
                index = _tap(bench, "kina8", tap=True)
            else:
                bench.ip.link("add", ifname="kina8", kind=kind, **options)
                index = bench.ip.link_lookup(ifname="kina8")[0]
        except Exception:  # noqa: BLE001, S112  (any reason is a reason to try the next kind)
            continue
        bench.ip.link("set", index=index, state="up")
        return int(index)
    raise MissingError("no ethernet device can be made to work on (veth, dummy, bridge, ifb, tap)")


@probe("link_veth", "VETH", "a pair of veth links")
def _veth(bench: Bench) -> None:
    bench.doing("add a veth pair")
    bench.ip.link("add", ifname="kina0", kind="veth", peer={"ifname": "kina1"})
    if not bench.ip.link_lookup(ifname="kina1"):
        raise RefusedError("the peer is not there")


def _over(kind: str, options: dict[str, Any]) -> Any:
    def run(bench: Bench) -> None:
        below = any_link(bench)
        bench.doing(f"add a {kind} link")
        bench.ip.link("add", ifname=_DEVICE, kind=kind, link=below, **options)

    return run


for _name, _expr, _kind, _options in (
    ("link_macvlan", "MACVLAN", "macvlan", {"macvlan_mode": "bridge"}),
    ("link_macvtap", "MACVTAP", "macvtap", {"macvtap_mode": "bridge"}),
    ("link_ipvlan", "IPVLAN", "ipvlan", {"ipvlan_mode": 0}),
    ("link_ipvlan_l3s", "IPVLAN && IPVLAN_L3S", "ipvlan", {"ipvlan_mode": 2}),
    ("link_vlan", "VLAN_8021Q", "vlan", {"vlan_id": 7}),
):
    probe(_name, _expr, f"a {_kind} link on another")(_over(_kind, _options))


@probe("bridge_vlan_filtering", "BRIDGE_VLAN_FILTERING", "a bridge that filters by VLAN")
def _vlan_filtering(bench: Bench) -> None:
    bench.doing("add a bridge")
    try:
        bench.ip.link("add", ifname=_DEVICE, kind="bridge")
    except Exception as error:
        raise MissingError(f"no bridge: {error}") from error
    index = bench.ip.link_lookup(ifname=_DEVICE)[0]
    bench.doing("turn VLAN filtering on")
    bench.ip.link("set", index=index, kind="bridge", br_vlan_filtering=1)
    link = bench.ip.get_links(index)[0]
    data = link.get_attr("IFLA_LINKINFO").get_attr("IFLA_INFO_DATA")
    if data is None or data.get_attr("IFLA_BR_VLAN_FILTERING") != 1:
        raise RefusedError("it was accepted, and is not on")


@probe("link_tso_max_size", "NET", "the largest packet that a device segments, as BIG TCP asks for it")
def _tso_max_size(bench: Bench) -> None:
    bench.doing("read the device lo")
    if not bench.ip.get_links(bench.ip.link_lookup(ifname="lo")[0])[0].get_attr("IFLA_TSO_MAX_SIZE"):
        raise RefusedError("it does not say what it takes")


def _tap(bench: Bench, name: str, *, tap: bool) -> int:
    import fcntl

    bench.doing("open /dev/net/tun")
    descriptor = os.open(device(bench.scratch, "/dev/net/tun", "tun", "tun"), os.O_RDWR | os.O_CLOEXEC)
    bench.doing(f"add a {'tap' if tap else 'tun'} device")
    # TUNSETIFF; IFF_TUN 1, IFF_TAP 2, IFF_NO_PI 0x1000 (include/uapi/linux/if_tun.h). Kept open: the device goes with it.
    fcntl.ioctl(descriptor, 0x400454CA, struct.pack("16sH22x", name.encode(), (2 if tap else 1) | 0x1000))
    return int(bench.ip.link_lookup(ifname=name)[0])


@probe("link_tun", "TUN", "a tun device by /dev/net/tun")
def _link_tun(bench: Bench) -> None:
    _tap(bench, _DEVICE, tap=False)


@probe("link_tap", "TUN", "a tap device by /dev/net/tun")
def _link_tap(bench: Bench) -> None:
    _tap(bench, _DEVICE, tap=True)
