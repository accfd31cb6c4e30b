"""Two network namespaces and the veth pair that every packet of these probes takes."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from kina_audit.probe import libc
from kina_audit.probe.links import own_settings
from kina_audit.probe.model import Bench, MissingError

HERE, THERE = "192.0.2.1", "192.0.2.2"
SIX_HERE, SIX_THERE = "fd00:7::1", "fd00:7::2"
INNER_HERE, INNER_THERE = "198.51.100.1", "198.51.100.2"
PATIENCE = 5.0
"""Seconds to wait for an answer."""


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
        self.up("kina0", SIX_HERE if six else HERE)
        with self.there():
            self.up("kina1", SIX_THERE if six else THERE)
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
