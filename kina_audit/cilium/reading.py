"""Which needs of a feature are unmet on one kernel and release, reading what the input cannot tell one way or the other."""

from collections.abc import Iterable, Mapping
from functools import cache

from kina_audit.base.datatype import datatype, replace
from kina_audit.cilium.evidence import Basis
from kina_audit.cilium.features import AGENT, DEADLY, Conflict, Effect, Feature, Need, Unshown, features
from kina_audit.cilium.keys import charted, matches
from kina_audit.cilium.on_demand import OnDemand
from kina_audit.cilium.release import Release
from kina_audit.engine.finding import MET, Finding, ProfileResult, Status
from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.vendors import beside_the_number, support
from kina_audit.kernel.version import VersionRange

Results = Mapping[str, ProfileResult]
# Asked for at every need: in Python 3.11 a member of an enumeration is found by code in Python.
_WORST_FIRST = list(Effect)
_NO_EFFECT, _UNVERIFIED, _UNKNOWN = Effect.NONE, Basis.UNVERIFIED, Status.UNKNOWN


@datatype
class Unmet:
    """A need that is unmet, the findings that say so, and why it matters."""

    need: Need
    why: str
    findings: tuple[Finding, ...] = ()


class _Lacks(dict[str, list[Finding]]):
    """What is not met, or not known to be, of what a need asks, by the name of its profile or of its requirement."""

    def __init__(self, results: Results) -> None:
        super().__init__()
        self._results = results

    def __missing__(self, name: str) -> list[Finding]:
        results = self._results
        profile, _, requirement = name.partition("/")
        if isinstance(results, OnDemand):
            rows = results.of(name)
        else:
            rows = [finding(results, profile, requirement)] if requirement else results[name].required
        found = self[name] = [f for f in rows if f.status not in MET]
        return found


class Reader:
    """Answers for features of one release on one kernel; `Readings` makes them.

    Attributes:
        parted: whether the optimist and the pessimist may have read something differently. While a pessimist's is False,
            an optimist that is asked the same would have come to the same at every step.

    Args:
        results: every profile tagged ``cilium``, by id.
        lacks: what they lack, by what needs ask.
        release: the Cilium release.
        kernel: version and architecture that needs are asked of.
        optimistic: how to read what the input cannot tell.
        off: features that are not to be used; what needs them cannot be used either.
        values: cilium-config values that differ from what the chart makes of nothing; needs may depend on them.
        agent_runs: read everything as if the agent ran, whatever it needs itself.
    """

    def __init__(
        self, results: Results, lacks: Mapping[str, list[Finding]], release: Release, kernel: KernelConfig, *,
        optimistic: bool, off: frozenset[str], values: Mapping[str, str], agent_runs: bool,
    ) -> None:  # fmt: skip
        self.agent_runs = agent_runs
        self.parted = False
        self.results = results
        self._lacks = lacks
        self.release = release
        self.kernel = kernel
        self.optimistic = optimistic
        self.off = off
        self.features = features(release)
        self.given = values
        self.values = {**charted(release), **assumed(release, off), **values} if off or values else charted(release)
        self._known: dict[str, tuple[Unmet, ...]] = {}
        self._breaking: dict[str, tuple[Unmet, ...]] = {}
        self._valued: dict[str, Mapping[str, str]] = {}

    def unmet(self, feature: str) -> tuple[Unmet, ...]:
        """The unmet needs of a feature, as the data file orders them; unverified ones are among them."""
        known = self._known.get(feature)
        if known is None:
            row, lacks = self.features[feature], self._lacks
            # Most of them ask what is there, and that is all there is to say of those.
            open_ = [n for n in self.asked(row) if n.feature or not n.asks or lacks[n.asks]]
            found = [self._unmet(n, row) for n in open_]
            known = self._known[feature] = tuple([u for u in found if u is not None])
        return known

    def asked(self, row: Feature) -> list[Need]:
        """The needs of a feature that count on this architecture and with these values."""
        arch = self.kernel.arch
        return [n for n in row.needs if (not n.arch or arch in n.arch) and (not n.when or self._given(n, row))]

    def conditional(self, feature: str) -> tuple[Unmet, ...]:
        """The unmet needs that other values would bring: what breaks when somebody sets them."""
        row = self.features[feature]
        arch = self.kernel.arch
        others = [n for n in row.needs if n.when and (not n.arch or arch in n.arch) and not self._given(n, row)]
        found = [self._unmet(n, row) for n in others]
        return tuple(u for u in found if u is not None and verified(u) and u.need.effect is not _NO_EFFECT)

    def conflicts(self, feature: str) -> tuple[Conflict, ...]:
        """What a feature cannot be on with, on this kernel and with these values; of each other feature one thing."""
        found: dict[str, Conflict] = {}
        for row in self.features[feature].conflicts:
            if self._of_these(row.linux) and not (row.unless and matches(row.unless, self.values)):
                found.setdefault(row.other, self._as_known(row) if row.linux and row.effect not in DEADLY else row)
        return tuple(found.values())

    def _as_known(self, row: Conflict) -> Conflict:
        """What ends no agent, of some versions: it is not verified where the number does not tell the stable update."""
        target = self.kernel.target
        why = beside_the_number(target, row.linux) if target is not None else "This input does not tell its version."
        return replace(row, basis=_UNVERIFIED, why=f"{row.why} {why}") if why else row

    def cautions(self, feature: str) -> tuple[Unshown, ...]:
        """What a config does not show of a feature, on this kernel."""
        return tuple(c for c in self.features[feature].cautions if self._of_these(c.linux))

    def _of_these(self, versions: tuple[VersionRange, ...]) -> bool:
        """Whether the kernel's version may be one of some; none: every one is."""
        target = self.kernel.target
        return not versions or target is None or any(target in one for one in versions)

    def _given(self, need: Need, row: Feature) -> bool:
        """Whether a feature is judged with the values that a need is about."""
        return matches(need.when, self._values(row) if row.choices else self.values)

    def _values(self, row: Feature) -> Mapping[str, str]:
        """The values a feature is judged with: what it decides itself goes before what the chart would."""
        found = self._valued.get(row.id)
        if found is None:
            found = self._valued[row.id] = {**self.values, **assumed(self.release, frozenset(), row.choices)}
        return found

    def breaking(self, feature: str) -> tuple[Unmet, ...]:
        """The unmet needs without which the feature does not do its work.

        What nobody has verified is read like what the input cannot tell: as met by the optimist, and, where it would
        be fatal, as unmet by the pessimist.
        """
        found = self._breaking.get(feature)
        if found is None:
            rows = [u for u in self.unmet(feature) if not u.need.keeps and u.need.effect is not _NO_EFFECT]
            found = self._breaking[feature] = tuple([u for u in rows if verified(u) or self._feared(u)])
        return found

    def _feared(self, unmet: Unmet) -> bool:
        # A feature that another one needs, and that this reader takes for one that does not work, is not there for that one.
        if unmet.need.effect not in DEADLY and not (unmet.need.feature and self.breaking(unmet.need.feature)):
            return False
        self.parted = True
        return not self.optimistic

    def usable(self, feature: str) -> bool:
        """Whether the feature can be on and does its work."""
        if feature == AGENT and self.agent_runs:
            return True
        return feature not in self.off and self.features[feature].available and not self.breaking(feature)

    def whole(self, feature: str) -> bool:
        """Whether it can be on and nothing about it is degraded."""
        return self.usable(feature) and not self.lacking(feature)

    def lacking(self, feature: str) -> tuple[Unmet, ...]:
        """The unmet needs whose absence has an effect, as far as that is verified."""
        return tuple(u for u in self.unmet(feature) if verified(u) and u.need.effect is not _NO_EFFECT)

    def unverified(self, feature: str) -> tuple[Unmet, ...]:
        """The unmet needs of which nobody has verified that they are needs."""
        return tuple(u for u in self.unmet(feature) if not verified(u))

    def _unmet(self, need: Need, feature: Feature) -> Unmet | None:
        if need.unless and self.usable(need.unless):
            return None
        if need.feature:
            if self.usable(need.feature):
                return None
            inner = self.breaking(need.feature)
            because = f": {inner[0].why}" if inner and need.feature not in self.off else "."
            why = need.why or f"It needs {need.feature}{because}"
            if inner and not any(verified(u) for u in inner):
                need = replace(need, basis=Basis.UNVERIFIED)
            if need.effect is Effect.FATAL and any(u.need.effect is Effect.NO_PODS for u in inner):
                need = replace(need, effect=Effect.NO_PODS)  # it can be on, and the agent runs in vain
            return Unmet(need, why, tuple(f for u in inner for f in u.findings))
        if need.asks:
            rows = self._unmet_rows(need.asks)
            if not rows:
                return None
            if need.linux is not None and not self._asked(need):
                return None
            # What is certain decides; what cannot be told only would if it were all there is.
            decisive = next((f for f in rows if f.status is not _UNKNOWN), rows[0])
            return Unmet(need, need.why or self._why(decisive), tuple(rows))
        target = self.kernel.target
        if need.linux is None:
            return None
        if target is None:
            self.parted = True
            if self.optimistic:
                return None
        if target is not None and target in need.linux:
            return None
        if target is not None and (open_ := beside_the_number(target, (need.linux,), "this")):
            found = support("cilium", target, self.release.version)
            if feature.id == AGENT and found is not None and found.documented:
                return None
            why = f"{need.why or f'{feature.title} needs Linux {need.linux}.'} {open_}"
            return Unmet(replace(need, basis=Basis.UNVERIFIED), why)
        this = f"this is {target}" if target else "this input does not tell its version"
        return Unmet(need, need.why or f"{feature.title} needs Linux {need.linux}; {this}.")

    def _unmet_rows(self, asked: str) -> list[Finding]:
        rows = self._lacks[asked]
        if any(f.status is _UNKNOWN for f in rows):
            self.parted = True
            if self.optimistic:
                return [f for f in rows if f.status is not _UNKNOWN]
        return rows

    def _asked(self, need: Need) -> bool:
        target = self.kernel.target
        if target is None:
            self.parted = True
            return not self.optimistic
        return need.linux is not None and target in need.linux

    @staticmethod
    def _why(item: Finding) -> str:
        return item.reason if item.status is Status.UNKNOWN else item.requirement.why


class Readings:
    """The readers of one kernel's findings; who asks for the same one shares what it has worked out.

    Args:
        results: every profile tagged ``cilium``, by id.
        kernel: version and architecture that needs are asked of.
    """

    def __init__(self, results: Results, kernel: KernelConfig) -> None:
        self.results = results
        self.kernel = kernel
        self._lacks = _Lacks(results)
        # Readers know nothing of this object: a circle would keep a whole kernel until the garbage is collected.
        self._readers: dict[tuple[object, ...], Reader] = {}

    def reader(
        self, release: Release, *, optimistic: bool = False, off: frozenset[str] = frozenset(),
        values: Mapping[str, str] | None = None, agent_runs: bool = False,
    ) -> Reader:  # fmt: skip
        """The reader of a release; see `Reader` for what the rest means."""
        key = (release, optimistic, off, frozenset(values.items()) if values else None, agent_runs)
        found = self._readers.get(key)
        if found is None:
            found = self._readers[key] = Reader(
                self.results, self._lacks, release, self.kernel,
                optimistic=optimistic, off=off, values=values or {}, agent_runs=agent_runs,
            )  # fmt: skip
        return found

    def optimist(self, low: Reader) -> Reader:
        """The optimist beside a pessimist, for what the latter was asked already; the same one while nothing parts them."""
        if not low.parted:
            return low
        return self.reader(low.release, optimistic=True, off=low.off, values=low.given, agent_runs=low.agent_runs)


def verified(unmet: Unmet) -> bool:
    """Whether it is verified that the need is one."""
    return unmet.need.basis is not _UNVERIFIED


@cache
def _settings(release: Release) -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for row in release.facts("setting"):
        if "with" not in row:
            found.setdefault(row["id"], {}).update(row["config"])
    return found


def assumed(release: Release, off: Iterable[str], choices: Mapping[str, str] | None = None) -> dict[str, str]:
    """The cilium-config values that come of choices, and of features that are not to be used."""
    names = [*(f"{name}/off" for name in off), *(f"avoid/{name}" for name in off)]
    names += [f"{name}/{value}" for name, value in (choices or {}).items()]
    rows = _settings(release)
    return {key: value for name in names for key, value in rows.get(name, {}).items()}


def finding(results: Results, profile: str, requirement: str) -> Finding:
    """One finding by name.

    Raises:
        KeyError: the profile has no such requirement.
    """
    if isinstance(results, OnDemand):
        return results.of(f"{profile}/{requirement}")[0]
    found = results[profile].finding(requirement)
    if found is None:
        raise KeyError(f"{profile}/{requirement}")
    return found


def worst(unmet: tuple[Unmet, ...]) -> Unmet | None:
    """The unmet need with the worst effect; the first of equals."""
    return min(unmet, key=lambda u: _WORST_FIRST.index(u.need.effect), default=None)
