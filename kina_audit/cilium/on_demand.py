"""Cilium's profiles, and single findings of theirs, evaluated when somebody asks for them."""

from collections.abc import Iterable

from kina_audit.engine.evaluate import Evaluator
from kina_audit.engine.finding import Finding, ProfileResult
from kina_audit.profiles.model import Profile, Requirement


class Asked(dict[str, tuple[Requirement, ...]]):
    """What needs ask, by the name of a profile, all that it requires, or of one requirement; one does for many kernels.

    Args:
        profiles: every profile tagged ``cilium``.
    """

    def __init__(self, profiles: Iterable[Profile]) -> None:
        super().__init__()
        self.profiles = {p.id: p for p in profiles}

    def __missing__(self, name: str) -> tuple[Requirement, ...]:
        profile, _, requirement = name.partition("/")
        rows = self.profiles[profile]
        found = tuple([r for r in rows.requirements if r.id == requirement][:1]) if requirement else rows.required
        if requirement and not found:
            raise KeyError(name)
        self[name] = found
        return found


class OnDemand(dict[str, ProfileResult]):
    """Profiles, and single findings of theirs, evaluated when somebody asks for them: the ladder looks at a few of them."""

    def __init__(self, asked: Asked, evaluator: Evaluator) -> None:
        super().__init__()
        self._asked, self._evaluator = asked, evaluator

    def __missing__(self, name: str) -> ProfileResult:
        found = self[name] = self._evaluator.profile(self._asked.profiles[name])
        return found

    def of(self, name: str) -> list[Finding]:
        """The findings of what a need asks, by its name."""
        return list(map(self._evaluator.requirement, self._asked[name]))
