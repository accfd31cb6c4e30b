"""Which needs of a feature are unmet on one kernel and release, reading what the input cannot tell one way or the other."""

from collections.abc import Iterable, Mapping
from functools import cache

from kina_audit.base.datatype import datatype, replace
from kina_audit.cilium.evidence import Basis
from kina_audit.cilium.features import AGENT, DEADLY, Conflict, Effect, Feature, Need, features
from kina_audit.cilium.keys import charted, matches
from kina_audit.cilium.release import Release
from kina_audit.engine.evaluate import Evaluator
from kina_audit.engine.finding import Finding, ProfileResult, Status
from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.vendors import newer_code, support, vendor_kernel
from kina_audit.profiles.model import Profile

Results = Mapping[str, ProfileResult]
MET = (Status.PASS, Status.SKIP)
_MET_OR_UNKNOWN = (*MET, Status.UNKNOWN)
# Asked for at every need: in Python 3.11 a member of an enumeration is found by code in Python.
_NO_EFFECT, _UNVERIFIED, _UNKNOWN = Effect.NONE, Basis.UNVERIFIED, Status.UNKNOWN


class OnDemand(dict[str, ProfileResult]):
    """Profiles, and single findings of theirs, evaluated when somebody asks for them: the ladder looks at a few of them."""

    def __init__(self, profiles: Mapping[str, Profile], evaluator: Evaluator) -> None:
        super().__init__()
        self._profiles, self._evaluator = profiles, evaluator

    def __missing__(self, name: str) -> ProfileResult:
        found = self[name] = self._evaluator.profile(self._profiles[name])
        return found

    def required(self, profile: str) -> list[Finding]:
        """The findings without which a profile's feature does not work."""
        return list(map(self._evaluator.requirement, self._profiles[profile].required))

    def finding(self, profile: str, requirement: str) -> Finding | None:
        """One finding; None: the profile has no such requirement."""
        for row in self._profiles[profile].requirements:
            if row.id == requirement:
                return self._evaluator.requirement(row)
        return None


@datatype
class Unmet:
    """A need that is unmet, the findings that say so, and why it matters."""

    need: Need
    why: str
    findings: tuple[Finding, ...] = ()


class Reader:
    """Answers for features of one release on one kernel.

    Args:
        results: every profile tagged ``cilium``, by id.
        release: the Cilium release.
        kernel: version and architecture that needs are asked of.
        optimistic: how to read what the input cannot tell.
        off: features that are not to be used; what needs them cannot be used either.
        values: cilium-config values that differ from what the chart makes of nothing; needs may depend on them.
        agent_runs: read everything as if the agent ran, whatever it needs itself.
    """

    def __init__(
        self, results: Results, release: Release, kernel: KernelConfig, *, optimistic: bool,
        off: frozenset[str] = frozenset(), values: Mapping[str, str] | None = None, agent_runs: bool = False,
    ) -> None:  # fmt: skip
        self.agent_runs = agent_runs
        self.results = results
        self.release = release
        self.kernel = kernel
        self.optimistic = optimistic
        self.off = off
        self.features = features(release)
        self.values = {**charted(release), **assumed(release, off), **(values or {})}
        self._known: dict[str, tuple[Unmet, ...]] = {}
        self._breaking: dict[str, tuple[Unmet, ...]] = {}
        self._valued: dict[str, Mapping[str, str]] = {}
        self._met = _MET_OR_UNKNOWN if optimistic else MET

    def unmet(self, feature: str) -> tuple[Unmet, ...]:
        """The unmet needs of a feature, as the data file orders them; unverified ones are among them."""
        known = self._known.get(feature)
        if known is None:
            row = self.features[feature]
            found = [self._unmet(n, row) for n in self.asked(row)]
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
        """What a feature cannot be on with, on this kernel and with these values."""
        return tuple(
            c
            for c in self.features[feature].conflicts
            if (c.linux is None or self.kernel.target is None or self.kernel.target in c.linux)
            and not (c.unless and matches(c.unless, self.values))
        )

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
        return not self.optimistic and unmet.need.effect in DEADLY

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
        if need.profile or need.requirement:
            rows = [f for f in self._rows(need) if f.status not in self._met]
            if not rows:
                return None
            if need.linux is not None and not self._asked(need):
                return None
            # What is certain decides; what cannot be told only would if it were all there is.
            decisive = next((f for f in rows if f.status is not _UNKNOWN), rows[0])
            return Unmet(need, need.why or self._why(decisive), tuple(rows))
        target = self.kernel.target
        if need.linux is None or (target is None and self.optimistic):
            return None
        if target is not None and target in need.linux:
            return None
        if target is not None and (vendor := vendor_kernel(target)):
            found = support("cilium", target, self.release.version)
            if feature.id == AGENT and found is not None and found.documented:
                return None
            why = f"{need.why or f'{feature.title} needs Linux {need.linux}.'} {newer_code(vendor, target)}."
            return Unmet(replace(need, basis=Basis.UNVERIFIED), why)
        this = f"this is {target}" if target else "this input does not tell its version"
        return Unmet(need, need.why or f"{feature.title} needs Linux {need.linux}; {this}.")

    def _asked(self, need: Need) -> bool:
        target = self.kernel.target
        return not self.optimistic if target is None else need.linux is not None and target in need.linux

    def _rows(self, need: Need) -> list[Finding]:
        if need.profile:
            if isinstance(self.results, OnDemand):
                return self.results.required(need.profile)
            return self.results[need.profile].required
        profile, _, requirement = need.requirement.partition("/")
        return [finding(self.results, profile, requirement)]

    @staticmethod
    def _why(item: Finding) -> str:
        return item.reason if item.status is Status.UNKNOWN else item.requirement.why


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
    found = (
        results.finding(profile, requirement)
        if isinstance(results, OnDemand)
        else results[profile].finding(requirement)
    )
    if found is None:
        raise KeyError(f"{profile}/{requirement}")
    return found


def worst(unmet: tuple[Unmet, ...]) -> Unmet | None:
    """The unmet need with the worst effect; the first of equals."""
    order = list(Effect)
    return min(unmet, key=lambda u: order.index(u.need.effect), default=None)
