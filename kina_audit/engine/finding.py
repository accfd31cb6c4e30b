"""The outcome of one requirement on one kernel."""

from collections.abc import Callable, Collection
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from kina_audit.base.datatype import datatype, field, replace
from kina_audit.base.digest import sha256_hex
from kina_audit.kernel.config import SymbolFact
from kina_audit.kernel.expression import Expression
from kina_audit.profiles.model import Level, Profile, Requirement

if TYPE_CHECKING:
    from kina_audit.engine.probed import Observation
    from kina_audit.engine.waiver import Waiver


class Status(StrEnum):
    """How a requirement stands, or a whole profile.

    pass; fail (a required one is unmet); warn (a recommended or optional one is unmet); skip (does not apply to this
    kernel version or architecture); unknown (this input cannot tell).
    """

    PASS = "pass"
    FAIL = "fail"
    WARN = "warn"
    SKIP = "skip"
    UNKNOWN = "unknown"


UNMET = frozenset({Status.FAIL, Status.WARN, Status.UNKNOWN})
"""The statuses of a requirement that is not met, or not known to be."""
MET = frozenset({Status.PASS, Status.SKIP})
"""The others."""


class Explainer(Protocol):
    """Says of a finding what only those need to know who show it."""

    def explain(self, finding: "Finding") -> "tuple[str, tuple[SymbolFact, ...], str, str]":
        """(fix, symbols, reason, left), as `Finding` has them."""


class _Unexplained:
    """Holds who explains a finding until somebody asks, and is no part of what it is."""

    __slots__ = ("_explainer",)


@datatype
class Finding(_Unexplained):
    """The outcome of one requirement on one kernel.

    What `explained_by` made knows how it stands, and works out its fix, symbols, reason and left when the first of them is
    asked for: a fleet's verdicts need none of them.

    Attributes:
        requirement: what was asked.
        status: how it stands.
        expr: the condition that applied (a variant's, where one matched).
        fix: what to do, for that condition.
        symbols: every symbol of the condition, with its value and line.
        reason: why the status is skip or unknown, or what a prediction rests on; may be empty.
        waiver: the waiver that covers it, if it is unmet and one does; the status stays what it is.
        left: where it is met in one way only and there are others: which, and who notices; else empty.
        observed: what the running kernel did when it was tried; None: it was not asked.
        too_old: why it is skipped: the kernel is older than every one that has what is asked, not one that does without.
    """

    requirement: Requirement
    status: Status
    expr: Expression
    fix: str
    symbols: tuple[SymbolFact, ...]
    reason: str = ""
    waiver: "Waiver | None" = None
    left: str = ""
    observed: "Observation | None" = None
    too_old: bool = False

    @property
    def level(self) -> Level:
        """The requirement's level."""
        return self.requirement.level

    @property
    def needs(self) -> str:
        """The condition, as `needs` says it."""
        return needs(self.requirement, self.expr)

    @property
    def unmet(self) -> str:
        """A clause: that it is not met, or cannot be told, and by what; where no symbol says that, by the reason."""
        verb = "cannot be told from this input" if self.status is Status.UNKNOWN else "is not met"
        reason = "" if self.expr.symbols else self.reason.rstrip(".")
        wants = f"needs {self.needs}" if self.needs or not reason else ""
        return f"({self.level}) {verb}: {'; '.join(filter(None, [wants, reason]))}"

    @property
    def fingerprint(self) -> str:
        """Stable over kernel bumps and moved lines: made of profile, requirement and the symbols asked about."""
        row = self.requirement
        return _fingerprint(f"{row.profile}/{row.id}", row.symbols)


@lru_cache(maxsize=4096)  # of the requirements that one kernel after another lacks
def _fingerprint(name: str, symbols: tuple[str, ...]) -> str:
    return sha256_hex(f"{name} {' '.join(sorted(symbols))}".encode())[:32]


def needs(row: Requirement, expr: Expression) -> str:
    """What a requirement asks by one of its conditions, in words; empty where no condition says it."""
    if expr.text == "y":
        return ""
    if expr.text == "n":
        # A stored report keeps no variants, and shows the same.
        return f"another kernel than Linux {row.kernel}" if row.kernel is not None else "another kernel"
    return expr.text + ("" if row.module else " (built-in)")


class _MadeLater:
    """A field that is filled when somebody asks for it, where nobody gave it.

    Args:
        slot: the field's own.
        fill: puts a value there, and maybe into its fellows.
    """

    def __init__(self, slot: Any, fill: Callable[[Any], None]) -> None:
        self._slot, self._get, self._fill = slot, slot.__get__, fill

    def __get__(self, one: Any, kind: object) -> Any:
        try:
            return self._get(one, kind)
        except AttributeError:
            self._fill(one)
            return self._get(one, kind)

    def __set__(self, one: Any, value: object) -> None:
        self._slot.__set__(one, value)


def _explain(finding: Any) -> None:
    explainer = finding._explainer
    # None: another thread was first.
    if explainer is not None:
        for put, value in zip(_PUT_EXPLAINED, explainer.explain(finding), strict=True):
            put(finding, value)
        # It holds the whole kernel.
        _put_explainer(finding, None)


_EXPLAINED = ("fix", "symbols", "reason", "left")
_PUT_EXPLAINED = tuple([getattr(Finding, name).__set__ for name in _EXPLAINED])
_put_explainer, _put_requirement, _put_status, _put_expr, _put_waiver, _put_observed, _put_too_old = (
    getattr(Finding, name).__set__
    for name in ("_explainer", "requirement", "status", "expr", "waiver", "observed", "too_old")
)
for _name in _EXPLAINED:
    setattr(Finding, _name, _MadeLater(getattr(Finding, _name), _explain))
_new = Finding.__new__


def explained_by(explainer: Explainer, requirement: Requirement, status: Status, expr: Expression) -> Finding:
    """A finding whose fix, symbols, reason and left are worked out when somebody asks for the first of them."""
    # A thousand of them a kernel, so each slot is filled by its own setter.
    made = _new(Finding)
    _put_explainer(made, explainer)
    _put_requirement(made, requirement)
    _put_status(made, status)
    _put_expr(made, expr)
    _put_waiver(made, None)
    _put_observed(made, None)
    _put_too_old(made, False)  # noqa: FBT003
    return made


class Judge(Protocol):
    """Holds requirements against one kernel."""

    def requirement(self, row: Requirement) -> Finding:
        """The finding of one requirement."""

    def statuses(self, profile: Profile, level: Level | None) -> list[Status]:
        """The statuses of the findings of one level, or None: of all, for who asks for no more."""


class _Judged:
    """Holds who makes a result's findings until somebody asks, and is no part of what it is."""

    __slots__ = ("_judge",)
    _judge: Judge


@datatype
class ProfileResult(_Judged):
    """A profile's findings and what they add up to.

    What `judged_by` made has its findings made when somebody asks for them: of what passes, few do.
    """

    profile: Profile
    findings: tuple[Finding, ...]
    status: Status
    _by_id: dict[str, Finding] = field(init=False, default_factory=dict, repr=False, compare=False)

    def finding(self, requirement: str) -> Finding | None:
        """The finding of a requirement, by its id; None: the profile has no such requirement."""
        if not self._by_id:
            # The first of a name counts: a profile's own requirement before one that it includes.
            self._by_id.update((f.requirement.id, f) for f in reversed(self.findings))
        return self._by_id.get(requirement)

    @property
    def required(self) -> list[Finding]:
        """The findings without which the profile's feature does not work."""
        required = Level.REQUIRED
        return [f for f in self.findings if f.requirement.level is required]

    def of(self, *statuses: Status) -> tuple[Finding, ...]:
        """The findings with one of the given statuses, in the profile's order."""
        return tuple(f for f in self.findings if f.status in statuses)

    def unmet(self, levels: Collection[Level]) -> list[Finding]:
        """The findings of some levels that are not met, or not known to be, in the profile's order."""
        judge = getattr(self, "_judge", None)
        if judge is None:
            return [f for f in self.findings if f.status in UNMET and f.requirement.level in levels]
        if self.status in MET and Level.OPTIONAL not in levels:
            return []
        profile, level = self.profile, next(iter(levels)) if len(levels) == 1 else None
        each = zip(profile.at(level).rows, judge.statuses(profile, level), strict=True)
        return [judge.requirement(row) for row, status in each if status in UNMET and row.level in levels]

    @property
    def skipped(self) -> bool:
        """Whether nothing of it applies to the kernel."""
        skip = Status.SKIP
        return self.status is skip and all(f.status is skip for f in self.findings)


def _judge(result: Any) -> None:
    _put_findings(result, tuple(map(result._judge.requirement, result.profile.requirements)))


_put_judge, _put_profile, _put_findings, _put_result, _put_by_id = (
    getattr(ProfileResult, name).__set__ for name in ("_judge", "profile", "findings", "status", "_by_id")
)
setattr(ProfileResult, "findings", _MadeLater(ProfileResult.findings, _judge))  # noqa: B010  (a class's field, to mypy)
_new_result = ProfileResult.__new__


def judged_by(judge: Judge, profile: Profile, status: Status) -> ProfileResult:
    """A result whose findings are made when somebody asks for them; ``status`` is what they add up to."""
    made = _new_result(ProfileResult)
    _put_judge(made, judge)
    _put_profile(made, profile)
    _put_result(made, status)
    _put_by_id(made, {})
    return made


class _Altered:
    """Another judge's findings, each changed when it is made; their statuses stay what they are."""

    def __init__(self, judge: Judge, change: Callable[[Finding], Finding]) -> None:
        self._judge, self._change = judge, change
        self.statuses = judge.statuses

    def requirement(self, row: Requirement) -> Finding:
        """The finding of one requirement, changed."""
        return self._change(self._judge.requirement(row))


def altered(result: ProfileResult, change: Callable[[Finding], Finding]) -> ProfileResult:
    """A result with other findings of the same statuses.

    Args:
        result: of a profile.
        change: gives one for each; it is asked when somebody asks for the finding, and gives the same for the same.
    """
    judge = getattr(result, "_judge", None)
    if judge is None:
        return replace(result, findings=tuple(map(change, result.findings)))
    return judged_by(_Altered(judge, change), result.profile, result.status)
