"""The outcome of one requirement on one kernel."""

from enum import StrEnum
from typing import TYPE_CHECKING

from kina_audit.base.datatype import datatype
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


@datatype
class Finding:
    """The outcome of one requirement on one kernel.

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
    def fingerprint(self) -> str:
        """Stable over kernel bumps and moved lines: made of profile, requirement and the symbols asked about."""
        row = self.requirement
        names = " ".join(sorted(row.symbols))
        return sha256_hex(f"{row.profile}/{row.id} {names}".encode())[:32]


@datatype
class ProfileResult:
    """A profile's findings and what they add up to."""

    profile: Profile
    findings: tuple[Finding, ...]
    status: Status

    def of(self, *statuses: Status) -> tuple[Finding, ...]:
        """The findings with one of the given statuses, in the profile's order."""
        return tuple(f for f in self.findings if f.status in statuses)
