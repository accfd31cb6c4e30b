"""Which rung of the ladder a kernel stands on.

- unsupported: the agent does not start (or the release excludes the kernel's version).
- minimal: it starts with l7Proxy off (no IPv4 policy routing, or no TPROXY rules), or without any masquerading.
- compat: kube-proxy stays, iptables masquerades, the L7 proxy works.
- hybrid: Cilium replaces kube-proxy, host routing is the node's stack.
- ebpf-veth: kube-proxy replacement, BPF masquerading and BPF host routing.
- full-ebpf: the same with nothing degraded: Hubble shows flows (BPF_EVENTS), stale sockets are closed
  (INET_DIAG_DESTROY), and the agent's own iptables rules can be installed. netkit replaces veth where the kernel has it.

The mode is known when reading what the input cannot tell, and what would be fatal but nobody has verified, as met and
as unmet comes to the same rung.
"""

from collections.abc import Collection, Mapping

from kina_audit.base.datatype import datatype
from kina_audit.cilium.evidence import Basis
from kina_audit.cilium.features import HOST_ROUTING
from kina_audit.cilium.model import LADDER, Mode
from kina_audit.cilium.reading import Reader, Readings, assumed
from kina_audit.cilium.release import Release
from kina_audit.kernel.vendors import support
from kina_audit.kernel.version import KernelVersion, VersionRange


@datatype
class Standing:
    """What one reading of the findings comes to."""

    agent: bool
    l7: bool
    flows: bool
    termination: bool
    kpr: bool
    bpf_masquerade: bool
    host_routing: bool
    iptables_masquerade: bool
    vxlan: bool
    geneve: bool
    netkit: bool
    rules: bool
    off: frozenset[str]

    @property
    def mode(self) -> Mode:
        """The rung."""
        if not self.agent:
            return Mode.UNSUPPORTED
        if not (self.l7 or "l7-proxy" in self.off):
            return Mode.MINIMAL
        if self.kpr and self.bpf_masquerade and self.host_routing:
            flows = self.flows or "hubble" in self.off
            return Mode.FULL_EBPF if flows and self.termination and self.rules else Mode.EBPF_VETH
        if not (self.iptables_masquerade or self.bpf_masquerade):
            return Mode.MINIMAL
        return Mode.HYBRID if self.kpr else Mode.COMPAT


def standing(reader: Reader) -> Standing:
    """Everything the ladder looks at, by one reading."""
    agent = _runs(reader)
    kpr = agent and reader.usable("kube-proxy-replacement")
    iptables = reader.usable("iptables-masquerade")
    # From 1.19 on BPF masquerades without kube-proxy replacement, too; where iptables can, it is left to them.
    bpf = agent and reader.usable("bpf-masquerade") and (kpr or not iptables)
    # Without any masquerading BPF host routing does not need that of BPF.
    unrouted = [u for u in reader.breaking(HOST_ROUTING) if bpf or iptables or u.need.feature != "bpf-masquerade"]
    return Standing(
        agent=agent,
        l7=reader.usable("l7-proxy"),
        flows=reader.whole("hubble"),
        termination=reader.whole("kube-proxy-replacement"),
        kpr=kpr,
        bpf_masquerade=bpf,
        host_routing=kpr and not unrouted and HOST_ROUTING not in reader.off,
        iptables_masquerade=iptables,
        vxlan=reader.usable("vxlan"),
        geneve=reader.usable("geneve"),
        netkit=reader.whole("netkit"),
        rules=reader.usable("iptables"),
        off=reader.off,
    )


def _runs(reader: Reader) -> bool:
    target = reader.kernel.target
    if not reader.usable("agent") or excluded(reader.release, target) or unrouted(reader):
        return False
    if not doubted(reader.release, target):
        return True
    reader.parted = True
    return reader.optimistic


def unrouted(reader: Reader) -> str:
    """Why nothing would carry the pods' traffic between nodes; empty: something does."""
    if "native-routing" not in reader.off or reader.usable("vxlan") or reader.usable("geneve"):
        return ""
    return (
        "Neither VXLAN nor Geneve can be used, and native routing is not to be: nothing would carry the pods' traffic."
    )


def excluded(release: Release, target: KernelVersion | None) -> str:
    """Why this release cannot run on this kernel version whatever its config says; empty when it can.

    A vendor's kernel with backports is never refused by its number; Cilium's documentation decides about it.
    """
    if target is None:
        return ""
    if why := _excluding(release, target, unverified=False):
        return why
    if target.triple < release.minimum_kernel.triple and support("cilium", target, release.version) is None:
        return f"Cilium {release} needs Linux {release.minimum_kernel} or newer; this is {target}."
    return ""


def refusal_words(release: Release, target: KernelVersion | None) -> str:
    """A piece of what the agent logs when it ends on a kernel version that its release cannot run on; empty: not known."""
    rows = [f for f in release.facts("excludes") if target is not None and target in VersionRange.parse(f["kernel"])]
    return next((str(f["says"]) for f in rows if "says" in f), "")


def doubted(release: Release, target: KernelVersion | None) -> str:
    """Why nobody knows whether this release can run on this kernel version; empty when it is known."""
    if target is None:
        return ""
    if target.triple < release.minimum_kernel.triple and (found := support("cilium", target, release.version)):
        if found.documented is False:
            return f"Cilium {release} documents {found.kernel.title} {found.oldest} and newer; whether it runs on {found.kernel} is not verified."
        if found.documented is None:
            return f"Cilium {release} documents {found.kernel.title} {found.oldest} and newer; {target} does not tell which release it is of, so whether Cilium runs is not verified."
    return _excluding(release, target, unverified=True)


def _excluding(release: Release, target: KernelVersion, *, unverified: bool) -> str:
    for fact in release.facts("excludes"):
        if target in VersionRange.parse(fact["kernel"]) and (fact["evidence"] == Basis.UNVERIFIED) is unverified:
            return str(fact["why"])
    return ""


def stand(
    readings: Readings, release: Release, off: frozenset[str] = frozenset(), forced: Mapping[str, str] | None = None
) -> tuple[Mode, Reader, Standing]:
    """(mode, pessimistic reader and standing): the mode is unknown when the two readings disagree about it."""
    reader, one = _reader(readings, release, off, forced or {}, optimistic=False)
    low = standing(reader)
    mode = low.mode
    if one.parted or reader.parted:
        high, _ = _reader(readings, release, off, forced or {}, optimistic=True)
        if standing(high).mode is not mode:
            mode = Mode.UNKNOWN
    return mode, reader, low


def reaches(readings: Readings, release: Release, modes: Collection[Mode]) -> Mode | None:
    """What `stand` says without any wishes, where that is one of some modes in which the agent runs; most it does not."""
    if not modes or not _runs(_reader(readings, release, frozenset(), {}, optimistic=False)[0]):
        return None
    mode = stand(readings, release)[0]
    return mode if mode in modes else None


def _reader(
    readings: Readings, release: Release, off: frozenset[str], forced: Mapping[str, str], *, optimistic: bool
) -> tuple[Reader, Reader]:
    """One reading, with the values that the advice comes to where no tunnel works, or wishes decide them; and which told."""
    first = reader = readings.reader(
        release, optimistic=optimistic, off=off, values=assumed(release, frozenset(), forced)
    )
    if "routing" not in forced and not (reader.usable("vxlan") or reader.usable("geneve")):
        native = assumed(release, frozenset(), {**forced, "routing": "native"})
        reader = readings.reader(release, optimistic=optimistic, off=off, values=native)
    return reader, first


def above(mode: Mode) -> list[Mode]:
    """The better modes, nearest first."""
    return list(reversed(LADDER[: LADDER.index(mode)])) if mode in LADDER else []
