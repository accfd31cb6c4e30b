"""The advice about Cilium, as values."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from kina_audit.base.datatype import datatype, field
from kina_audit.engine.finding import Status


class Mode(StrEnum):
    """The ladder of Cilium modes, best first; ``unknown`` when the input cannot tell which rung is reached."""

    FULL_EBPF = "full-ebpf"
    EBPF_VETH = "ebpf-veth"
    HYBRID = "hybrid"
    COMPAT = "compat"
    MINIMAL = "minimal"
    UNSUPPORTED = "unsupported"
    UNKNOWN = "unknown"


class State(StrEnum):
    """What a feature does when it is on, best first."""

    WORKS = "works"
    DEGRADED = "degraded"  # works, and the agent logs what is missing
    SILENT = "silent"  # works, something is missing, and nothing says so
    UNVERIFIED = "unverified"  # nobody has verified what it needs
    UNKNOWN = "unknown"  # the input cannot tell
    BROKEN = "broken"  # the agent runs, the feature does not work
    NO_PODS = "no-pods"  # the agent runs and retries, and no pod gets a network
    FATAL = "fatal"  # the agent exits
    UNAVAILABLE = "unavailable"  # the release does not have it


_STARTS = (State.WORKS, State.DEGRADED, State.SILENT)


def shown(mode: Mode | str, *, untested: bool) -> str:
    """A mode as readers see it."""
    return f"{mode} (untested)" if untested else str(mode)


LADDER = (Mode.FULL_EBPF, Mode.EBPF_VETH, Mode.HYBRID, Mode.COMPAT, Mode.MINIMAL, Mode.UNSUPPORTED)
"""Best mode first."""


@datatype
class Evidence:
    """A finding that decided something: profile and requirement id, status, and the condition."""

    profile: str
    requirement: str
    status: Status
    expr: str


@datatype
class Choice:
    """One decision inside the mode.

    Attributes:
        name: ``routing``, ``datapath-device``, ``kube-proxy-replacement``, ``masquerade``, ``host-routing``,
            ``l7-proxy``, ``encryption``, ``hubble`` ...
        value: what was chosen, e.g. ``tunnel/vxlan``.
        because: one sentence.
        evidence: the findings behind it.
    """

    name: str
    value: str
    because: str
    evidence: tuple[Evidence, ...] = ()


@datatype
class WithAgent:
    """How a feature would stand on the same kernel if the agent ran: what else a rebuild should bring."""

    state: State
    because: str
    unlock: Sequence[str] = ()

    @property
    def words(self) -> str:
        """In two or three words, where those are enough; what it lacks, where somebody knows that."""
        if self.state is State.WORKS:
            return "would work"
        if self.state in (State.UNKNOWN, State.UNVERIFIED):
            return str(self.state)
        return f"would lack {', '.join(self.unlock)}" if self.unlock else "would not work fully"


@datatype
class Capability:
    """What one Cilium feature does on this kernel and release.

    Attributes:
        id: ``cilium-`` and the feature's id, e.g. ``cilium-wireguard``.
        title: a few words.
        status: pass, fail, warn (works degraded, or unverified), skip (not in this release) or unknown.
        because: one sentence.
        unlock: assignments that would turn it on, e.g. ``CONFIG_NETKIT=y``.
        state: the same as ``status``, finer.
        says: what to search the agent's log for when it is fatal, or an empty string.
        evidence: how well the deciding fact is known, or an empty string.
        link: where it is from, or an empty string.
        cautions: what a config does not show about it.
        with_agent: how it would stand if the agent ran; None where the agent runs, or may.
    """

    id: str
    title: str
    status: Status
    because: str
    unlock: Sequence[str] = ()
    state: State = State.UNKNOWN
    says: str = ""
    evidence: str = ""
    link: str = ""
    cautions: tuple[str, ...] = ()
    with_agent: WithAgent | None = None

    @property
    def feature(self) -> str:
        """The feature's id."""
        return self.id.removeprefix("cilium-")


@datatype
class Wish:
    """A feature that the user wants: whether the advice has it, and why or why not."""

    feature: str
    granted: bool
    because: str


@datatype
class Instead:
    """Values by which the kernel carries a better mode as it is: ``bpf.tproxy=true`` and the like, and what they cost.

    Attributes:
        mode: the mode with them.
        values: as the chart's ``--set`` takes them.
        because: how they help, and what is given up.
        untested: whether nobody is known to have tried that mode on such a kernel.
        options: what asks `kina-audit cilium` for them, as ``--want FEATURE``.
    """

    mode: Mode
    values: tuple[str, ...]
    because: str
    untested: bool = False
    options: tuple[str, ...] = ()

    @property
    def reaches(self) -> str:
        """The mode, and whether it is untested."""
        return shown(self.mode, untested=self.untested)


@datatype
class Elsewhere:
    """A better mode without a rebuild: with another Cilium release here, or on another kernel of Apple ``container``.

    Attributes:
        release: the Cilium release.
        kernel: the source that names the other kernel; empty: this one.
        booted_by: the releases of ``container`` that boot the other kernel by default.
        mode: the mode there.
        untested: whether nobody is known to have tried that.
    """

    release: str
    kernel: str
    booted_by: str
    mode: Mode
    untested: bool = False

    @property
    def reaches(self) -> str:
        """The mode, and whether it is untested."""
        return shown(self.mode, untested=self.untested)


@datatype
class Rest:
    """One fact that a mode rests on: of which feature, what, how well known, where from, and seen in which runs."""

    feature: str
    fact: str
    evidence: str
    link: str
    observed: tuple[str, ...] = ()


@datatype
class Unlock:
    """What a better mode would take, and whether nobody is known to have tried that."""

    mode: Mode
    symbols: tuple[str, ...]
    because: str
    untested: bool = False

    @property
    def reaches(self) -> str:
        """The mode, and whether it is untested."""
        return shown(self.mode, untested=self.untested)


@datatype
class Advice:
    """The recommendation for one kernel and one Cilium release.

    Attributes:
        release: the Cilium release asked about, e.g. ``1.20.0``.
        mode: the best mode this kernel carries with that release.
        summary: one or two sentences.
        choices: the decisions inside the mode.
        blockers: the findings that stop a better mode, most important first; for ``unsupported`` the first one is
            what the agent would die of.
        ladder: for every mode above, the nearest first, what it would take.
        cautions: sentences on what a config cannot show, what is untested or unverified.
        alternatives: what does run on this kernel when Cilium does not.
        capabilities: feature by feature.
        helm_values: nested values for the chart; empty when unsupported or unknown.
        config_map: the ``cilium-config`` keys this advice sets, as strings.
        wishes: the features that the user wants, in order.
        least: the worst mode that will do; None: any.
        instead: values that lead to a better mode without another kernel, best first.
        evidence: how well it is known that the mode works: ``observed`` (an agent of this line had it, on such a kernel),
            ``source`` (Cilium's code and documentation say so) or ``derived``; empty where no mode is advised.
        run: the run in which it was observed, or an empty string.
        rests: every fact that the mode rests on.
        elsewhere: what leads to a better mode without a rebuild, and is no value: another release, another kernel.
        barred: why no rebuild makes the agent start; empty: one may, or it starts.
        asked: whether somebody asked for Cilium (named a release, or selected a profile of its); only then does an agent
            that does not start fail the audit.
    """

    release: str
    mode: Mode
    summary: str
    choices: tuple[Choice, ...] = ()
    blockers: tuple[Evidence, ...] = ()
    ladder: Sequence[Unlock] = ()
    cautions: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    helm_values: Mapping[str, Any] = field(default_factory=dict)
    config_map: Mapping[str, str] = field(default_factory=dict)
    wishes: tuple[Wish, ...] = ()
    least: Mode | None = None
    instead: tuple[Instead, ...] = ()
    evidence: str = ""
    run: str = ""
    rests: tuple[Rest, ...] = ()
    elsewhere: Sequence[Elsewhere] = ()
    asked: bool = False
    barred: str = ""

    @property
    def unlock(self) -> Unlock | None:
        """What the next mode up would take; None at the top, or when nothing is known to reach it."""
        return self.ladder[0] if self.ladder else None

    @property
    def untested(self) -> bool:
        """Whether Cilium runs, as far as is known, and nobody is known to have tried it on such a kernel."""
        runs = self.mode not in (Mode.UNSUPPORTED, Mode.UNKNOWN)
        return runs and any(c.feature == "agent" and c.state is State.UNVERIFIED for c in self.capabilities)

    @property
    def reaches(self) -> str:
        """The mode, and whether it is untested."""
        return shown(self.mode, untested=self.untested)

    @property
    def headline(self) -> str:
        """Release and mode, and whether a mode that Cilium runs in is one that nobody is known to have tried."""
        return f"Cilium {self.release}: {self.reaches}"

    @property
    def starts(self) -> bool | None:
        """Whether the agent starts on this kernel; None: the input cannot tell, or nobody knows."""
        if self.mode is Mode.UNKNOWN:
            return None if self.agent in (State.UNKNOWN, State.UNVERIFIED) else self.agent in _STARTS
        if self.mode is Mode.UNSUPPORTED and self.agent is State.BROKEN:
            return None  # documentation asks for more, and the agent only warns
        return self.mode is not Mode.UNSUPPORTED

    @property
    def agent(self) -> State:
        """What the agent itself comes to."""
        return next((c.state for c in self.capabilities if c.feature == "agent"), State.UNKNOWN)

    @property
    def known(self) -> str:
        """How well it is known that the mode works, in one sentence; empty where no mode is advised."""
        return {
            "observed": f"Observed: an agent of this line had this mode on such a kernel (run {self.run}).",
            "source": "Read, not observed: Cilium's code and documentation say so; `kina-audit cilium --explain MODE` lists what.",
            "derived": "Read, not observed: some of it rests on reports or follows from the kernel's code; `kina-audit cilium --explain MODE` lists what.",
        }.get(self.evidence, "")

    @property
    def fulfilled(self) -> bool:
        """Cilium runs, every wish is granted, and the mode is good enough."""
        if self.mode in (Mode.UNSUPPORTED, Mode.UNKNOWN) or not all(w.granted for w in self.wishes):
            return False
        return self.good_enough

    @property
    def good_enough(self) -> bool:
        """Whether the mode is the worst that will do, or a better one; any is where nobody named one."""
        if self.least is None:
            return True
        return self.mode in LADDER and LADDER.index(self.mode) <= LADDER.index(self.least)
