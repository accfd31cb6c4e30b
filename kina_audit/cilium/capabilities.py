"""Feature by feature: what it does on this kernel and release, because of what, and what would turn it on."""

from collections.abc import Mapping
from functools import partial

from kina_audit.base.datatype import replace
from kina_audit.base.later import Later
from kina_audit.cilium.evidence import Basis
from kina_audit.cilium.features import AGENT, Effect
from kina_audit.cilium.ladder import doubted, excluded, refusal_words
from kina_audit.cilium.model import Capability, State, WithAgent
from kina_audit.cilium.reading import Reader, Readings, Unmet, verified, worst
from kina_audit.cilium.release import Release
from kina_audit.cilium.unlock import Unlocker
from kina_audit.engine.finding import Status

USABLE = (State.WORKS, State.DEGRADED, State.SILENT, State.UNVERIFIED)
"""States in which a feature may be switched on."""

_STATUS = {
    State.WORKS: Status.PASS,
    State.DEGRADED: Status.WARN,
    State.SILENT: Status.WARN,
    State.UNVERIFIED: Status.WARN,
    State.BROKEN: Status.FAIL,
    State.NO_PODS: Status.FAIL,
    State.FATAL: Status.FAIL,
    State.UNAVAILABLE: Status.SKIP,
    State.UNKNOWN: Status.UNKNOWN,
}


_QUIET = (State.WORKS, State.SILENT, State.UNAVAILABLE, State.UNKNOWN)
_DEADLY = {Effect.FATAL: State.FATAL, Effect.NO_PODS: State.NO_PODS}


def capabilities(
    readings: Readings,
    release: Release,
    refused: str = "",
    doubted: str = "",
    off: frozenset[str] = frozenset(),
    values: Mapping[str, str] | None = None,
    unlocker: Unlocker | None = None,
) -> tuple[Capability, ...]:
    """Every feature, in the order of the data file.

    Args:
        readings: of the kernel that is audited.
        release: the Cilium release.
        refused: why the release cannot run on this kernel's version at all, or an empty string.
        doubted: why nobody knows whether it can, or an empty string.
        off: features that are switched off, where others are needed in their place.
        values: the cilium-config values of a user; what is not set has the chart's default.
        unlocker: finds what would turn a feature on.
    """
    low = readings.reader(release, off=off, values=values)
    found = tuple(_capability(name, low, readings, refused, unlocker) for name in low.features)
    if any(c.feature == AGENT and c.status is Status.FAIL for c in found):
        would = readings.reader(release, off=off, values=values, agent_runs=True)
        found = tuple(c if c.feature == AGENT else _with_agent(c, would, readings, unlocker) for c in found)
    state, why = State.UNVERIFIED, doubted
    if readings.kernel.target is None:
        state, why = State.UNKNOWN, "The kernel's version is not known, and the agent asks for one."
    if not why or refused:
        return found
    return tuple(
        replace(c, state=state, status=_STATUS[state], because=why, evidence="", link="")
        if c.feature == "agent" and c.state in USABLE
        else c
        for c in found
    )


def agent_state(readings: Readings, release: Release) -> State:
    """What the agent itself comes to, without a look at anything else."""
    target = readings.kernel.target
    if excluded(release, target):
        return State.FATAL
    state = _capability(AGENT, readings.reader(release), readings, "", None).state
    if state in USABLE and target is None:
        return State.UNKNOWN
    return State.UNVERIFIED if state in USABLE and doubted(release, target) else state


def _capability(name: str, low: Reader, readings: Readings, refused: str, unlocker: Unlocker | None) -> Capability:
    feature = low.features[name]
    unmet = low.unmet(name)
    state = _state(name, low)
    # What is met for the pessimist is met for the optimist.
    high = readings.optimist(low)
    if unmet and high is not low and state is not _state(name, high):
        state = State.UNKNOWN
    breaking = tuple(u for u in low.breaking(name) if verified(u)) or low.breaking(name)
    worst_one = worst(breaking) or (worst(low.unverified(name)) if state is State.UNVERIFIED else None) or worst(unmet)
    because = worst_one.why if worst_one and state is not State.WORKS else "Everything it needs of the kernel is there."
    if state is State.UNAVAILABLE:
        because = f"Cilium {low.release} does not have it."
    if state is State.UNKNOWN:
        because = _undecided(low, high, name).why
    if refused and state is not State.UNAVAILABLE:
        state, because, worst_one = State.FATAL, refused, None
    if state is State.UNVERIFIED and not unmet:
        because = "What it needs of the kernel is not verified; what is believed to be needed is there."
    need = worst_one.need if worst_one else None
    says = need.says if need and state not in _QUIET else ""
    if refused and name == AGENT:
        says = refusal_words(low.release, low.kernel.target)
    lacking = [f for u in breaking or unmet for f in u.findings]
    helps = unlocker is not None and lacking and state not in (State.WORKS, State.UNAVAILABLE) and not refused
    return Capability(
        id=f"cilium-{name}",
        title=feature.title,
        status=_STATUS[state],
        because=because,
        unlock=Later(partial(unlocker.assignments, lacking)) if helps and unlocker is not None else (),
        state=state,
        says=says,
        evidence=str(need.basis) if need else "",
        link=need.link if need else "",
        cautions=(
            *(c.text for c in low.cautions(name)),
            *(f"{c.why} {c.mend}" for c in low.conflicts(name) if c.mend),
            *(_condition(u) for u in low.conditional(name)),
        ),
    )


def _with_agent(row: Capability, low: Reader, readings: Readings, unlocker: Unlocker | None) -> Capability:
    if row.state is State.UNAVAILABLE:
        return row
    would = _capability(row.feature, low, readings, "", unlocker)
    return replace(row, with_agent=WithAgent(would.state, would.because, would.unlock))


def _condition(unmet: Unmet) -> str:
    """What other values would do."""
    given = " and ".join(f"{k} {v if isinstance(v, str) else v[0]}" for k, v in unmet.need.when.items())
    return f"With {given}: {_RESULTS[unmet.need.effect]}. {unmet.why}"


_RESULTS = {
    Effect.FATAL: "the agent exits",
    Effect.NO_PODS: "no pod gets a network",
    Effect.DEGRADED: "it does not work fully",
    Effect.SILENT: "it does not work fully, and nothing says so",
}


def _state(name: str, reader: Reader) -> State:
    feature = reader.features[name]
    if not feature.available:
        return State.UNAVAILABLE
    if found := worst(tuple(u for u in reader.breaking(name) if verified(u))):
        return _DEADLY.get(found.need.effect, State.BROKEN)
    if all(n.basis is Basis.UNVERIFIED for n in feature.needs) and feature.needs:
        return State.UNVERIFIED
    if reader.unverified(name):
        return State.UNVERIFIED
    if found := worst(reader.lacking(name)):
        return State.SILENT if found.need.effect is Effect.SILENT else State.DEGRADED
    return State.WORKS


def _undecided(low: Reader, high: Reader, name: str) -> Unmet:
    """The first need that the two readings disagree about."""
    certain = [u.need for u in high.unmet(name)]
    rows = low.unmet(name)
    return next((u for u in rows if u.need not in certain), rows[0])
