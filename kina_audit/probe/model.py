"""A probe: one function that tries one thing, with what it touches and the Kconfig expression behind it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kina_audit.base.datatype import datatype, field

if TYPE_CHECKING:
    from kina_audit.probe.netlink import Netlink


class RefusedError(Exception):
    """The kernel does not do it, and no error number says so; the message is what was seen instead."""


class MissingError(Exception):
    """What the probe itself needs is not there, so nothing is known about what it is for; the message names it."""


@datatype(frozen=False)
class Bench:
    """What a probe works with; made anew for each, in a fresh network namespace.

    Attributes:
        place: an empty folder on a tmpfs that no other process sees; None: there are no private mounts.
        cgroup: a cgroup v2 folder of this run alone; None: there is no cgroup v2, or it may not be written.
        step: what is being done; the answer names it when it fails.
        log: receives every step.
    """

    place: Path | None
    cgroup: Path | None = None
    step: str = ""
    log: Callable[[str], None] = lambda _: None
    _opened: dict[str, Any] = field(default_factory=dict)

    def doing(self, step: str) -> None:
        """Say what comes next."""
        self.step = step
        self.log(step)

    @property
    def scratch(self) -> Path:
        """A folder for files and mounts that nobody else sees.

        Raises:
            MissingError: there are no private mounts here.
        """
        if self.place is None:
            raise MissingError("no mount namespace of its own to work in")
        return self.place

    def folder(self, name: str) -> Path:
        """A folder of `scratch` with a name of its own.

        Raises:
            MissingError: there are no private mounts here.
        """
        made = self.scratch / name
        made.mkdir(exist_ok=True)
        return made

    @property
    def ip(self) -> Any:
        """Links, addresses, routes, rules and traffic control, by pyroute2.

        Raises:
            MissingError: it cannot be opened; pyroute2 needs more of a kernel than rtnetlink.
        """
        if "ip" not in self._opened:
            from pyroute2 import IPRoute

            try:
                self._opened["ip"] = IPRoute()
            except OSError as error:
                raise MissingError(f"pyroute2 cannot open rtnetlink: {error.strerror}") from error
        return self._opened["ip"]

    def netlink(self, family: int) -> "Netlink":
        """A socket of one netlink family."""
        from kina_audit.probe.netlink import Netlink

        name = f"netlink {family}"
        if name not in self._opened:
            self._opened[name] = Netlink(family)
        found: Netlink = self._opened[name]
        return found

    def forget(self) -> None:
        """Open sockets anew; those that are open belong to the network namespace they were opened in."""
        self._opened.clear()


@datatype
class Probe:
    """One thing that can be tried.

    Attributes:
        name: unique; profiles name it.
        expr: the Kconfig expression that is behind it.
        touches: what it makes or reads, in a few words.
        run: tries it. Returning is success; OSError and `RefusedError` are failure, `MissingError` is neither.
        kernel: the versions that have it at all, such as ``>=6.6``; empty: every one since 5.10.
        capabilities: what a process needs; without one, it is not tried.
        net: whether it works in a network namespace of its own.
        group: the family, for lists.
    """

    name: str
    expr: str
    touches: str
    run: Callable[[Bench], None]
    kernel: str = ""
    capabilities: tuple[str, ...] = ("SYS_ADMIN", "NET_ADMIN")
    net: bool = True
    group: str = ""


PROBES: dict[str, Probe] = {}
"""Every probe by name; `catalogue.every_probe` fills it."""


def probe(
    name: str,
    expr: str,
    touches: str,
    *,
    kernel: str = "",
    capabilities: tuple[str, ...] = ("SYS_ADMIN", "NET_ADMIN"),
    net: bool = True,
) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
    """Register a function as a probe; see `Probe` for the arguments."""

    def register(run: Callable[[Bench], None]) -> Callable[[Bench], None]:
        if name in PROBES:
            raise ValueError(f"two probes are called {name}")
        # The module's name, or its room's, up to what tells it from others of the family.
        group = run.__module__.removeprefix(f"{__package__}.").partition(".")[0].partition("_")[0]
        PROBES[name] = Probe(name, expr, touches, run, kernel, capabilities, net, group)
        return run

    return register


outside = partial(probe, capabilities=("SYS_ADMIN",), net=False)
"""Register a probe that has nothing to do with network namespaces."""

reading = partial(probe, capabilities=(), net=False)
"""Register a probe that only reads, which anybody may."""
