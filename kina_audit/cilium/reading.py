"""Which needs of a feature are unmet on one kernel and release, reading what the input cannot tell one way or the other."""

from collections.abc import Mapping
from dataclasses import dataclass

from kina_audit.cilium.features import Basis, Effect, Feature, Need, features
from kina_audit.cilium.release import Release
from kina_audit.engine.finding import Finding, ProfileResult, Status
from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.model import Level

Results = Mapping[str, ProfileResult]
MET = (Status.PASS, Status.SKIP)


@dataclass(frozen=True, slots=True)
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
    """

    def __init__(
        self, results: Results, release: Release, kernel: KernelConfig, *, optimistic: bool,
        off: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self.results = results
        self.release = release
        self.kernel = kernel
        self.optimistic = optimistic
        self.off = off
        self.features = features(release)
        self._known: dict[str, tuple[Unmet, ...]] = {}

    def unmet(self, feature: str) -> tuple[Unmet, ...]:
        """The unmet needs of a feature, as the data file orders them; unverified ones are among them."""
        if feature not in self._known:
            row = self.features[feature]
            found = [self._unmet(n, row) for n in row.needs if not n.arch or self.kernel.arch in n.arch]
            self._known[feature] = tuple(u for u in found if u is not None)
        return self._known[feature]

    def breaking(self, feature: str) -> tuple[Unmet, ...]:
        """The unmet needs without which the feature does not do its work.

        What nobody has verified is read like what the input cannot tell: as met by the optimist, and, where it would
        be fatal, as unmet by the pessimist.
        """
        return tuple(u for u in self.unmet(feature) if not u.need.keeps and (verified(u) or self._feared(u)))

    def _feared(self, unmet: Unmet) -> bool:
        return not self.optimistic and unmet.need.effect is Effect.FATAL

    def usable(self, feature: str) -> bool:
        """Whether the feature can be on and does its work."""
        return feature not in self.off and self.features[feature].available and not self.breaking(feature)

    def whole(self, feature: str) -> bool:
        """Whether it can be on and nothing about it is degraded."""
        return self.usable(feature) and not self.lacking(feature)

    def lacking(self, feature: str) -> tuple[Unmet, ...]:
        """The unmet needs whose absence has an effect, as far as that is verified."""
        return tuple(u for u in self.unmet(feature) if verified(u) and u.need.effect is not Effect.NONE)

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
            return Unmet(need, why, tuple(f for u in inner for f in u.findings))
        if need.profile or need.requirement:
            rows = [f for f in self._rows(need) if not self._met(f)]
            if not rows:
                return None
            if need.linux is not None and not self._asked(need):
                return None
            return Unmet(need, need.why or self._why(rows[0]), tuple(rows))
        target = self.kernel.target
        if need.linux is None or (target is None and self.optimistic):
            return None
        if target is not None and (target in need.linux or vendor(target)):
            return None
        this = f"this is {target}" if target else "this input does not tell its version"
        return Unmet(need, need.why or f"{feature.title} needs Linux {need.linux}; {this}.")

    def _asked(self, need: Need) -> bool:
        target = self.kernel.target
        return not self.optimistic if target is None else need.linux is not None and target in need.linux

    def _rows(self, need: Need) -> list[Finding]:
        if need.profile:
            return [f for f in self.results[need.profile].findings if f.level is Level.REQUIRED]
        profile, _, requirement = need.requirement.partition("/")
        return [finding(self.results, profile, requirement)]

    def _met(self, item: Finding) -> bool:
        return self.optimistic if item.status is Status.UNKNOWN else item.status in MET

    @staticmethod
    def _why(item: Finding) -> str:
        return item.reason if item.status is Status.UNKNOWN else item.requirement.why


def verified(unmet: Unmet) -> bool:
    """Whether it is verified that the need is one."""
    return unmet.need.basis is not Basis.UNVERIFIED


def vendor(target: KernelVersion) -> bool:
    """Whether a version is of a vendor that backports so much that the number says little (RHEL and its kin)."""
    return ".el" in target.suffix


def finding(results: Results, profile: str, requirement: str) -> Finding:
    """One finding by name.

    Raises:
        KeyError: the profile has no such requirement.
    """
    for item in results[profile].findings:
        if item.requirement.id == requirement:
            return item
    raise KeyError(f"{profile}/{requirement}")


def worst(unmet: tuple[Unmet, ...]) -> Unmet | None:
    """The unmet need with the worst effect; the first of equals."""
    order = list(Effect)
    return min(unmet, key=lambda u: order.index(u.need.effect), default=None)
