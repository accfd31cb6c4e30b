"""Which rung of the ladder a kernel stands on.

- unsupported: the agent does not start (or the release excludes the kernel's version).
- minimal: it starts with l7Proxy off (no IPv4 policy routing, or no TPROXY rules), with Hubble off (no perf events), or
  without any masquerading.
- compat: kube-proxy stays, iptables masquerades, L7 and Hubble work.
- hybrid: Cilium replaces kube-proxy, iptables masquerades, host routing is the node's stack.
- ebpf-veth: kube-proxy replacement, BPF masquerading and BPF host routing.
- full-ebpf: the same with nothing degraded: Hubble shows flows (BPF_EVENTS) and stale sockets are closed
  (INET_DIAG_DESTROY). netkit replaces veth where the kernel has it.

Every condition is a conjunction of "this profile's required requirements are met" and "this requirement is met". There
are two readings: a status of unknown, and a fact of the data file that nobody has verified, count in the kernel's
favour in the optimistic reading and against it in the pessimistic one. The mode is known when both agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kina_audit.cilium.model import LADDER, Mode
from kina_audit.cilium.release import Fact, Release
from kina_audit.engine.finding import Finding, ProfileResult, Status
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.model import Level

AGENT = "cilium-agent"
Results = Mapping[str, ProfileResult]


@dataclass(frozen=True, slots=True)
class Standing:
    """What one reading of the findings comes to: what the kernel carries with this release."""

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
    tcx: bool

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

    @property
    def native(self) -> bool:
        """Whether pods are routed without a tunnel."""
        return not (self.vxlan or self.geneve)


class Reader:
    """Asks findings questions, reading what is not known as met (optimistic) or unmet."""

    def __init__(self, results: Results, release: Release, target: KernelVersion | None, *, optimistic: bool) -> None:
        self.results = results
        self.release = release
        self.target = target
        self.optimistic = optimistic

    def standing(self) -> Standing:
        """Everything the ladder looks at."""
        lost = self._lost()
        agent = self._agent() and "agent" not in lost
        kpr = agent and self.met(AGENT, "cgroup-bpf") and "kpr" not in lost
        return Standing(
            agent=agent,
            l7=agent and self.works("cilium-l7-proxy"),
            hubble=agent and self.met(AGENT, "perf-events"),
            flows=agent and self.works("cilium-hubble"),
            termination=self.met("cilium-kube-proxy-replacement", "socket-termination"),
            kpr=kpr,
            bpf_masquerade=kpr and "bpf_masquerade" not in lost,
            iptables_masquerade=self.works("cilium-iptables-masquerade"),
            vxlan=self.works("cilium-vxlan"),
            geneve=self.works("cilium-geneve"),
            netkit=self.release.has("cilium-netkit") and self.met("cilium-netkit", "netkit-device"),
            tcx=self.release.has("cilium-tcx") and self.works("cilium-tcx"),
        )

    def _agent(self) -> bool:
        """Whether the agent starts."""
        barrier = excluded(self.release, self.target)
        if barrier is not None and (barrier.verified or not self.optimistic):
            return False
        rows = {f.requirement.id for f in self.results[AGENT].findings if f.level is Level.REQUIRED}
        for fact in self.release.facts("tolerates"):
            if fact.verified or self.optimistic:
                rows -= set(fact.requirements)
        for fact in self.release.facts("demands"):
            if fact.verified or not self.optimistic:
                rows |= set(fact.requirements)
        return all(self.met(AGENT, row) for row in rows)

    def _lost(self) -> set[str]:
        """What the missing BTF takes away."""
        if self.met(AGENT, "btf"):
            return set()
        return {
            f.loses
            for f in self.release.facts("without_btf")
            if f.holds_on(self.target) and (f.verified or not self.optimistic)
        }

    def works(self, profile: str) -> bool:
        """Whether every required requirement of a profile is met."""
        return all(self._ok(f) for f in self.results[profile].findings if f.level is Level.REQUIRED)

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


def unmet(results: Results, profile: str) -> list[Finding]:
    """The required findings of a profile that are not met, or not known to be."""
    return [
        f
        for f in results[profile].findings
        if f.level is Level.REQUIRED and f.status not in (Status.PASS, Status.SKIP)
    ]


def excluded(release: Release, target: KernelVersion | None) -> Fact | None:
    """Why this release may not run on this kernel version whatever its config says; None when nothing is known.

    RHEL's kernels carry backports: one that the release's line is documented for passes whatever its number, and an
    older one is in doubt, never refused.
    """
    if target is None:
        return None
    for fact in release.facts("excludes"):
        if fact.holds_on(target):
            return fact
    if target.triple >= release.minimum_kernel.triple:
        return None
    line = f"Cilium {release} is documented for Linux {release.minimum_kernel} or newer"
    link = "https://docs.cilium.io/en/stable/operations/system_requirements/"
    if ".el" not in target.suffix:
        return Fact(f"{line}; this is {target}.", "documentation", link)
    if target >= release.rhel_kernel:
        return None
    return Fact(f"{line}, or RHEL's {release.rhel_kernel}; whether {target} will do depends on its backports.",
                "unverified", link)  # fmt: skip


def applying(results: Results, release: Release, target: KernelVersion | None) -> tuple[Fact, ...]:
    """The facts about this release that this kernel meets: what it lacks and the release does without, or does not."""
    barrier = excluded(release, target)
    found = [barrier] if barrier is not None else []
    for table in ("tolerates", "demands"):
        found += [
            fact
            for fact in release.facts(table)
            if any(finding(results, AGENT, r).status not in (Status.PASS, Status.SKIP) for r in fact.requirements)
        ]
    if finding(results, AGENT, "btf").status is not Status.PASS:
        found += [f for f in release.facts("without_btf") if f.holds_on(target)]
    return tuple(found)


def stand(results: Results, release: Release, target: KernelVersion | None) -> tuple[Mode, Standing, Standing]:
    """(mode, pessimistic, optimistic): the mode is unknown when the readings disagree about it."""
    low = Reader(results, release, target, optimistic=False).standing()
    high = Reader(results, release, target, optimistic=True).standing()
    return (low.mode if low.mode is high.mode else Mode.UNKNOWN), low, high


def above(mode: Mode) -> list[Mode]:
    """The better modes, nearest first."""
    return list(reversed(LADDER[: LADDER.index(mode)])) if mode in LADDER else []
