"""The outcome of one requirement on one kernel."""

from dataclasses import dataclass
from enum import StrEnum

from kina_audit.kernel.config import SymbolFact
from kina_audit.kernel.expression import Expression
from kina_audit.profiles.model import Level, Profile, Requirement


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


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one requirement on one kernel.

    Attributes:
        requirement: what was asked.
        status: how it stands.
        expr: the condition that applied (a variant's, where one matched).
        fix: what to do, for that condition.
        symbols: every symbol of the condition, with its value and line.
        reason: why the status is skip or unknown, or what a prediction rests on; may be empty.
    """

    requirement: Requirement
    status: Status
    expr: Expression
    fix: str
    symbols: tuple[SymbolFact, ...]
    reason: str = ""

    @property
    def level(self) -> Level:
        """The requirement's level."""
        return self.requirement.level


@dataclass(frozen=True, slots=True)
class ProfileResult:
    """A profile's findings and what they add up to."""

    profile: Profile
    findings: tuple[Finding, ...]
    status: Status

    def of(self, *statuses: Status) -> tuple[Finding, ...]:
        """The findings with one of the given statuses, in the profile's order."""
        return tuple(f for f in self.findings if f.status in statuses)
