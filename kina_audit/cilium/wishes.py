"""Which wishes can be granted together, and what they decide."""

from collections.abc import Mapping, Sequence

from kina_audit.base.datatype import datatype, field
from kina_audit.cilium.capabilities import USABLE
from kina_audit.cilium.evidence import Basis
from kina_audit.cilium.features import AGENT, Effect, Feature
from kina_audit.cilium.keys import on_when, switches_on
from kina_audit.cilium.ladder import doubted
from kina_audit.cilium.model import Capability, State, Wish
from kina_audit.cilium.reading import Reader, Readings, assumed, verified
from kina_audit.cilium.release import Release
from kina_audit.cilium.request import IPV6, KUBE_PROXY_REPLACEMENT, Request

BPF_MASQUERADE = "bpf-masquerade"
MASQUERADE_IPV6 = "bpf-masquerade-ipv6"
L7_PROXY = "l7-proxy"
SOCKET_LB = "socket-lb"
ON = "on"
_BRINGS = ((KUBE_PROXY_REPLACEMENT, SOCKET_LB), ("netkit", "tcx"))
POSSIBLE = (*USABLE, State.UNKNOWN)
"""States of the agent in which it may start."""


@datatype(frozen=False)
class Granted:
    """What the wishes come to.

    Attributes:
        wishes: each wish, in order, granted or not.
        on: the features that are switched on.
        off: the features that are not to be used: avoided, or not together with one that is on.
        forced: the choices they make.
    """

    off: frozenset[str]
    wishes: list[Wish] = field(default_factory=list)
    on: list[str] = field(default_factory=list)
    forced: dict[str, str] = field(default_factory=dict)

    @property
    def needless(self) -> frozenset[str]:
        """``off``, and what another feature does in its place: BPF TPROXY does the L7 proxy's redirection."""
        return self.off | {name for name, value in self.forced.items() if name == L7_PROXY and value == ON}

    @property
    def encryption(self) -> str:
        """The encryption that is wanted, or an empty string."""
        return self.forced.get("encryption", "")


def grant(request: Request, capabilities: tuple[Capability, ...], readings: Readings, release: Release) -> Granted:
    """Grant wishes in their order, each as far as those before it leave room."""
    states = {c.feature: c for c in capabilities}
    # Replacing kube-proxy switches socket load balancing on, and netkit devices tcx: who avoids the one avoids the other.
    granted = Granted(request.avoid | {brings for brings, brought in _BRINGS if brought in request.avoid})
    for name in request.want:
        refusal = _refusal(states[name], states[AGENT], granted, readings, release)
        granted.wishes.append(Wish(name, not refusal, refusal or states[name].because))
        if refusal:
            continue
        granted.on.append(name)
        reader = readings.reader(release, off=granted.off)
        granted.forced |= reader.features[name].choices
        granted.off |= _displaced(name, reader, granted.on)
    granted.off |= _better_left(granted, readings, release)
    rows = readings.reader(release).features
    granted.wishes = [_brought(wish, granted.on, rows) for wish in granted.wishes]
    return granted


def _better_left(granted: Granted, readings: Readings, release: Release) -> frozenset[str]:
    """What the agent does without, and of which nobody knows whether it works beside what is granted."""
    reader = readings.reader(release, off=granted.off)
    doubtful = frozenset(
        c.other
        for name in granted.on
        for c in reader.conflicts(name)
        if c.basis is Basis.UNVERIFIED and c.other not in granted.on and reader.features[c.other].gives_way
    )
    after = readings.reader(release, off=granted.off | doubtful, values=assumed(release, frozenset(), granted.forced))
    return doubtful if all(after.usable(name) for name in granted.on) else frozenset()


def _brought(wish: Wish, on: Sequence[str], rows: Mapping[str, Feature]) -> Wish:
    """A wish that is not granted by itself, and that the settings of another one fulfil; or as it is."""
    other = next((name for name in on if not wish.granted and _brings(rows[name], rows[wish.feature])), "")
    return Wish(wish.feature, granted=True, because=f"It comes with {other}.") if other else wish


def _refusal(
    capability: Capability,
    agent: Capability,
    granted: Granted,
    readings: Readings,
    release: Release,
) -> str:
    name = capability.feature
    if capability.state not in USABLE:
        return capability.because
    reader = readings.reader(release, off=granted.off)
    rows = reader.features
    for other in granted.on:
        for a, b in ((name, other), (other, name)):
            clash = next((c for c in reader.conflicts(a) if c.other == b and c.basis is not Basis.UNVERIFIED), None)
            if clash:
                return f"Not together with {rows[other].title}: {clash.why}"
    for choice, value in rows[name].choices.items():
        if granted.forced.get(choice, value) != value:
            return f"It needs {choice} {value}, and another wish needs {granted.forced[choice]}."
        if value == ON and choice in granted.off:
            return f"It needs {choice}, which is not to be used."
    if brought := next((other for one, other in _BRINGS if one == name and other in granted.off), ""):
        return f"It needs {brought}, which is not to be used."
    if name in granted.off:
        return "Another wish rules it out."
    asks = {n.feature for n in rows[name].needs if n.effect is not Effect.NONE and not (n.keeps or n.when or n.unless)}
    off = sorted(granted.off & rows.keys())
    if barred := next((other for other in off if other in asks or _brings(rows[name], rows[other], release)), ""):
        return f"It needs {barred}, which is not to be used."
    # A later wish must not pull the ground from under an earlier one.
    displaced = _displaced(name, reader, [*granted.on, name])
    forced = {**granted.forced, **rows[name].choices}
    on = {"enable-ipv6": "true"} if any(_with_ipv6(rows[other]) for other in [*granted.on, name]) else {}
    values = assumed(release, frozenset(), forced) | on
    after = readings.reader(release, off=granted.off | displaced, values=values)
    for other in [*granted.on, name]:
        if not after.usable(other):
            if MASQUERADE_IPV6 in displaced and reader.usable(BPF_MASQUERADE):
                return f"{rows[other].title} needs BPF masquerading, and with IPv6: {_first(reader, MASQUERADE_IPV6)}"
            why = after.breaking(other)[0].why if after.breaking(other) else "Another wish rules it out."
            return why if other == name else f"{rows[other].title} would break. {why}"
    return _agentless(agent, after)


def _agentless(agent: Capability, reader: Reader) -> str:
    """Why nothing is granted at all: the agent does not start, or nobody knows whether it does; empty: it does."""
    if AGENT in reader.off:
        return "It needs the agent, which is not to be used."
    breaking = reader.breaking(AGENT)
    certain = [u.why for u in breaking if verified(u)] or ([] if agent.state in POSSIBLE else [agent.because])
    if certain and agent.state is not State.UNKNOWN:
        how = {State.NO_PODS: "The agent gives no pod a network", State.BROKEN: "Cilium is not supported"}
        return f"{how.get(agent.state, 'The agent does not start')} on this kernel. {certain[0]}"
    doubt = doubted(reader.release, reader.kernel.target) or next((u.why for u in breaking), "")
    return f"Whether the agent starts on this kernel is not known. {doubt}" if doubt else ""


def _first(reader: Reader, name: str) -> str:
    return next((u.why for u in reader.breaking(name)), "it is not to be used.")


def _displaced(name: str, reader: Reader, on: Sequence[str]) -> frozenset[str]:
    """The features that cannot be on beside this one, which is one of those that are."""
    rows = reader.features
    mine = rows[name]
    conflicts = {c.other for c in reader.conflicts(name) if c.basis is not Basis.UNVERIFIED} | {
        other for other in rows for c in reader.conflicts(other) if c.other == name and c.basis is not Basis.UNVERIFIED
    }
    # With IPv6 on, BPF masquerading loads its IPv6 programs, too.
    without = MASQUERADE_IPV6 in conflicts or not reader.usable(MASQUERADE_IPV6)
    if without and any(_with_ipv6(rows[one]) for one in on):
        conflicts |= {BPF_MASQUERADE, MASQUERADE_IPV6}
    rivals = {
        other
        for other, row in rows.items()
        for choice, value in row.choices.items()
        if mine.choices.get(choice, value) != value
    }
    return frozenset((conflicts | rivals) - {name})


def _brings(feature: Feature, other: Feature, release: Release | None = None) -> bool:
    """Whether the settings of one feature are those of another one and more, or, of a release, what its choices set are."""
    mine, theirs = on_when().get(feature.id, []), [table for table in on_when().get(other.id, []) if table]
    by_settings = bool(mine) and all(any(wanted.items() <= table.items() for wanted in theirs) for table in mine)
    if by_settings or release is None or not other.choices.items() <= feature.choices.items():
        return by_settings
    return bool(theirs) and switches_on(other.id, assumed(release, frozenset(), feature.choices))


def _with_ipv6(feature: Feature) -> bool:
    return feature.id == IPV6 or any(n.feature == IPV6 for n in feature.needs)
