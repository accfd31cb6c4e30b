"""Which rung of the ladder a kernel stands on.

- unsupported: the agent does not start (or the release excludes the kernel's version).
- minimal: it starts with l7Proxy off (no IPv4 policy routing, or no TPROXY rules), with Hubble off (no perf events), or
  without any masquerading.
- compat: kube-proxy stays, iptables masquerades, L7 and Hubble work.
- hybrid: Cilium replaces kube-proxy, iptables masquerades, host routing is the node's stack.
- ebpf-veth: kube-proxy replacement, BPF masquerading and BPF host routing.
- full-ebpf: the same with nothing degraded: Hubble shows flows (BPF_EVENTS) and stale sockets are closed
  (INET_DIAG_DESTROY). netkit replaces veth where the kernel has it.

Every condition is a conjunction of "this profile's required requirements are met" and "this requirement is met". A
status of unknown counts as met in the optimistic reading and as unmet in the pessimistic one; the mode is known when both
readings agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kina_audit.cilium.model import LADDER, Mode
from kina_audit.cilium.release import Release
from kina_audit.engine.finding import Finding, ProfileResult, Status
from kina_audit.kernel.version import KernelVersion, VersionRange
from kina_audit.profiles.model import Level

AGENT = "cilium-agent"
LOOKED_AT = (
    AGENT,
    "cilium-l7-proxy",
    "cilium-hubble",
    "cilium-kube-proxy-replacement",
    "cilium-iptables-masquerade",
    "cilium-vxlan",
    "cilium-geneve",
    "cilium-netkit",
)
"""Every profile that decides about the mode."""

Results = Mapping[str, ProfileResult]


@dataclass(frozen=True, slots=True)
class Standing:
    """What one reading of the findings comes to."""

    agent: bool
    l7: bool
    hubble: bool
    flows: bool
    termination: bool
    kpr: bool
    bpf_masquerade: bool
    iptables_masquerade: bool
    vxlan: bool
    geneve: bool
    netkit: bool

    @property
    def mode(self) -> Mode:
        """The rung."""
        if not self.agent:
            return Mode.UNSUPPORTED
        if not (self.l7 and self.hubble):
            return Mode.MINIMAL
        if self.kpr and self.bpf_masquerade:
            return Mode.FULL_EBPF if self.flows and self.termination else Mode.EBPF_VETH
        if not self.iptables_masquerade:
            return Mode.MINIMAL
        return Mode.HYBRID if self.kpr else Mode.COMPAT


class Reader:
    """Asks findings questions, reading unknown as met (optimistic) or unmet."""

    def __init__(self, results: Results, release: Release, target: KernelVersion | None, *, optimistic: bool) -> None:
        self.results = results
        self.release = release
        self.target = target
        self.optimistic = optimistic

    def standing(self) -> Standing:
        """Everything the ladder looks at."""
        tolerated = {r for fact in self.release.facts("tolerates") for r in fact["requirements"]}
        btf = self.met(AGENT, "btf")
        lost = {f["loses"] for f in self._without_btf()} if not btf else set()
        agent = self.works(AGENT, tolerated) and "agent" not in lost and not excluded(self.release, self.target)
        kpr = agent and self.met(AGENT, "cgroup-bpf") and "kube-proxy-replacement" not in lost
        return Standing(
            agent=agent,
            l7=self.works("cilium-l7-proxy"),
            hubble=self.met(AGENT, "perf-events"),
            flows=self.works("cilium-hubble"),
            termination=self.met("cilium-kube-proxy-replacement", "socket-termination"),
            kpr=kpr,
            bpf_masquerade=kpr and "bpf-masquerade" not in lost,
            iptables_masquerade=self.works("cilium-iptables-masquerade"),
            vxlan=self.works("cilium-vxlan"),
            geneve=self.works("cilium-geneve"),
            netkit=self.met("cilium-netkit", "netkit-device"),
        )

    def _without_btf(self) -> list[dict[str, str]]:
        return [
            f
            for f in self.release.facts("without_btf")
            if "kernel" not in f or (self.target is not None and self.target in VersionRange.parse(f["kernel"]))
        ]

    def works(self, profile: str, tolerated: set[str] | None = None) -> bool:
        """Whether every required requirement of a profile is met."""
        return all(
            self._ok(f)
            for f in self.results[profile].findings
            if f.level is Level.REQUIRED and f.requirement.id not in (tolerated or ())
        )

    def met(self, profile: str, requirement: str) -> bool:
        """Whether one requirement is met."""
        return self._ok(finding(self.results, profile, requirement))

    def _ok(self, item: Finding) -> bool:
        if item.status is Status.UNKNOWN:
            return self.optimistic
        return item.status in (Status.PASS, Status.SKIP)


def finding(results: Results, profile: str, requirement: str) -> Finding:
    """One finding by name.

    Raises:
        KeyError: the profile has no such requirement.
    """
    for item in results[profile].findings:
        if item.requirement.id == requirement:
            return item
    raise KeyError(f"{profile}/{requirement}")


def excluded(release: Release, target: KernelVersion | None) -> str:
    """Why this release cannot run on this kernel version whatever its config says; empty when it can.

    A vendor's kernel with backports (RHEL's, by its suffix) is never refused by its version.
    """
    if target is None:
        return ""
    for fact in release.facts("excludes"):
        if target in VersionRange.parse(fact["kernel"]):
            return str(fact["why"])
    if target.triple < release.minimum_kernel.triple and ".el" not in target.suffix:
        return f"Cilium {release} needs Linux {release.minimum_kernel} or newer; this is {target}."
    return ""


def stand(results: Results, release: Release, target: KernelVersion | None) -> tuple[Mode, Standing, Standing]:
    """(mode, pessimistic, optimistic): the mode is unknown when the readings disagree about it."""
    low = Reader(results, release, target, optimistic=False).standing()
    high = Reader(results, release, target, optimistic=True).standing()
    return (low.mode if low.mode is high.mode else Mode.UNKNOWN), low, high


def above(mode: Mode) -> list[Mode]:
    """The better modes, nearest first."""
    return list(reversed(LADDER[: LADDER.index(mode)])) if mode in LADDER else []
