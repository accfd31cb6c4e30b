"""The report: everything one audit found, from which every format is rendered."""

from dataclasses import dataclass
from enum import StrEnum

from kina_audit.cilium.model import Advice
from kina_audit.engine.finding import Finding, ProfileResult, Status
from kina_audit.kernel.provenance import Kernel
from kina_audit.profiles.model import Level


class FailOn(StrEnum):
    """Which unmet level fails the audit."""

    REQUIRED = "required"
    RECOMMENDED = "recommended"
    NEVER = "never"


class Verdict(StrEnum):
    """The answer; ``unknown`` means that the input cannot tell, which is not a pass."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Report:
    """One audit of one kernel.

    Attributes:
        kernel: what was audited and where it came from.
        results: the selected profiles in order; these make the verdict.
        advice: the Cilium recommendation, or None when it was not asked for.
        fail_on: the threshold.
        tool_version: version of kina-audit.
    """

    kernel: Kernel
    results: tuple[ProfileResult, ...]
    advice: Advice | None
    fail_on: FailOn
    tool_version: str

    @property
    def verdict(self) -> Verdict:
        """pass, fail or unknown, by the threshold; never pass when nothing was decided."""
        if self.fail_on is FailOn.NEVER:
            return Verdict.PASS
        levels = {Level.REQUIRED} if self.fail_on is FailOn.REQUIRED else {Level.REQUIRED, Level.RECOMMENDED}
        statuses = {f.status for r in self.results for f in r.findings if f.level in levels}
        if Status.FAIL in statuses or Status.WARN in statuses:
            return Verdict.FAIL
        return Verdict.UNKNOWN if Status.UNKNOWN in statuses else Verdict.PASS

    @property
    def exit_code(self) -> int:
        """0 for a pass, 1 otherwise: what cannot be told must not wave a kernel through."""
        return 0 if self.verdict is Verdict.PASS else 1

    @property
    def decided(self) -> int:
        """How many findings were decided (pass, fail or warn)."""
        return sum(f.status in (Status.PASS, Status.FAIL, Status.WARN) for r in self.results for f in r.findings)

    def findings(self, *statuses: Status) -> tuple[tuple[ProfileResult, Finding], ...]:
        """Every finding with one of the statuses, with the profile it was found under."""
        return tuple((r, f) for r in self.results for f in r.findings if f.status in statuses)
