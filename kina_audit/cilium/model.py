"""The advice about Cilium, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

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


LADDER = (Mode.FULL_EBPF, Mode.EBPF_VETH, Mode.HYBRID, Mode.COMPAT, Mode.MINIMAL, Mode.UNSUPPORTED)
"""Best mode first."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A finding that decided something: profile and requirement id, status, and the condition."""

    profile: str
    requirement: str
    status: Status
    expr: str


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Capability:
    """Whether one Cilium feature works on this kernel and release.

    Attributes:
        id: profile id of the feature, e.g. ``cilium-wireguard``.
        title: a few words.
        status: pass, fail, warn (works degraded) or unknown.
        because: one sentence.
        unlock: assignments that would turn it on, e.g. ``CONFIG_NETKIT=y``.
    """

    id: str
    title: str
    status: Status
    because: str
    unlock: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unlock:
    """What a better mode would take."""

    mode: Mode
    symbols: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True)
class Advice:
    """The recommendation for one kernel and one Cilium release.

    Attributes:
        release: the Cilium release asked about, e.g. ``1.20.0``.
        mode: the best mode this kernel carries with that release.
        summary: one or two sentences.
        choices: the decisions inside the mode.
        blockers: the findings that stop a better mode, most important first; for ``unsupported`` the first one is
            what the agent would die of.
        unlock: what the next mode up would take; None at the top.
        cautions: sentences on what a config cannot show, what is untested or unverified.
        alternatives: what does run on this kernel when Cilium does not.
        capabilities: feature by feature.
        helm_values: nested values for the chart; empty when unsupported or unknown.
        config_map: the ``cilium-config`` keys this advice sets, as strings.
    """

    release: str
    mode: Mode
    summary: str
    choices: tuple[Choice, ...] = ()
    blockers: tuple[Evidence, ...] = ()
    unlock: Unlock | None = None
    cautions: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    helm_values: Mapping[str, Any] = field(default_factory=dict)
    config_map: Mapping[str, str] = field(default_factory=dict)
