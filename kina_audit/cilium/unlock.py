"""What stands between a kernel and a better mode, and who can say what it takes: nothing in this room solves a Kconfig."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Protocol

from kina_audit.base.later import Later
from kina_audit.cilium.ladder import above
from kina_audit.cilium.model import Mode, Unlock
from kina_audit.cilium.reading import Reader, Unmet
from kina_audit.cilium.release import Release
from kina_audit.engine.finding import Finding


class Unlocker(Protocol):
    """Finds assignments and proves them on the kernel's own line; `kina_audit.cilium.unlock_on_lines` has the one there is."""

    def mode(self, wanted: Mode, release: Release, off: frozenset[str]) -> Unlock | None:
        """What carries the kernel to a mode, or past it; None when nothing is known to."""

    def assignments(self, findings: Sequence[Finding]) -> tuple[str, ...]:
        """The fewest assignments, as ``CONFIG_X=y``, under which findings hold; empty when none are known to."""


def ladder(unlocker: Unlocker | None, release: Release, mode: Mode, off: frozenset[str]) -> Sequence[Unlock]:
    """For every mode above ``mode``, the nearest first, what it takes; modes that one fragment reaches at once are one."""
    if unlocker is None:
        return ()
    return Later(partial(_ladder, unlocker, release, mode, off))


def _ladder(unlocker: Unlocker, release: Release, mode: Mode, off: frozenset[str]) -> tuple[Unlock, ...]:
    found: list[Unlock] = []
    for better in above(mode):
        # What reached the one below may have reached this one, too.
        if found and better in (found[-1].mode, *(m for m in Mode if found[-1].mode in above(m))):
            continue
        one = unlocker.mode(better, release, off)
        if one is not None:
            found.append(one)
    return tuple(found)


def wanted(reader: Reader, mode: Mode) -> Iterator[Finding]:
    """The unmet findings that stand between a kernel and a mode, in the order the agent would meet them, each once."""
    found: dict[tuple[str, str], Finding] = {}
    for unmet in _wanted(reader, mode):
        for finding in unmet.findings:
            key = (finding.requirement.profile, finding.requirement.id)
            if key not in found:
                found[key] = finding
                yield finding


def _wanted(reader: Reader, mode: Mode) -> Iterator[Unmet]:
    needed = ["agent"]
    if mode is not Mode.MINIMAL:
        needed.append("l7-proxy")
    if mode in (Mode.COMPAT, Mode.HYBRID):
        needed.append("iptables-masquerade")
    if mode in (Mode.HYBRID, Mode.EBPF_VETH, Mode.FULL_EBPF):
        needed.append("kube-proxy-replacement")
    if mode in (Mode.EBPF_VETH, Mode.FULL_EBPF):
        needed += ["bpf-masquerade", "bpf-host-routing"]
    for name in needed:
        if name not in reader.off:
            yield from reader.breaking(name)
    for name in ("hubble", "kube-proxy-replacement") if mode is Mode.FULL_EBPF else ():
        if name not in reader.off:
            yield from reader.unmet(name)
