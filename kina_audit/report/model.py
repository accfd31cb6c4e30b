"""The report: everything one audit found, from which every format is rendered."""

from dataclasses import dataclass
from enum import StrEnum

from kina_audit.cilium.model import Advice
from kina_audit.engine.finding import UNMET, Finding, ProfileResult, Status
from kina_audit.engine.waive import WaiverUse
from kina_audit.kernel.provenance import Kernel
from kina_audit.profiles.model import Level
from kina_audit.report.compare import Comparison


class FailOn(StrEnum):
    """Which unmet level fails the audit."""

    REQUIRED = "required"
    RECOMMENDED = "recommended"
    OPTIONAL = "optional"
    NEVER = "never"

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels at which an unmet requirement counts."""
        return () if self is FailOn.NEVER else _LEVELS[: _LEVELS.index(Level(self)) + 1]


_LEVELS = (Level.REQUIRED, Level.RECOMMENDED, Level.OPTIONAL)


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
        waivers: every waiver that was given, and what became of it.
        strict: whether an unused or expired waiver fails the audit.
        baseline: what changed against the baseline; with one, only what was lost counts.
        labels: (name, value) pairs that the user gave, such as a node's name; nothing adds one by itself.
        settings: what a settings file of the working folder decided of the verdict, and which; empty: nothing.
    """

    kernel: Kernel
    results: tuple[ProfileResult, ...]
    advice: Advice | None
    fail_on: FailOn
    tool_version: str
    waivers: tuple[WaiverUse, ...] = ()
    strict: bool = False
    baseline: Comparison | None = None
    labels: tuple[tuple[str, str], ...] = ()
    settings: str = ""

    @property
    def verdict(self) -> Verdict:
        """pass, fail or unknown, by the threshold; never pass when nothing was decided."""
        if self.fail_on is FailOn.NEVER:
            return Verdict.PASS
        if self.strict and self.waiver_warnings:
            return Verdict.FAIL
        statuses = {f.status for r in self.results for f in r.findings if self.decides(r, f)}
        if self.baseline is not None:
            if self.baseline.mode_lost:
                return Verdict.FAIL
            statuses |= {c.after for c in self.baseline.regressions() if c.after is not None}
        if Status.FAIL in statuses or Status.WARN in statuses:
            return Verdict.FAIL
        return Verdict.UNKNOWN if Status.UNKNOWN in statuses else Verdict.PASS

    def decides(self, result: ProfileResult, finding: Finding) -> bool:
        """Whether a finding keeps this report from passing."""
        if finding.status not in UNMET or finding.waiver is not None or finding.level not in self.fail_on.levels:
            return False
        return self.baseline is None or self.baseline.lost(result.profile.id, finding.requirement.id)

    @property
    def waiver_warnings(self) -> tuple[str, ...]:
        """A sentence for every waiver that somebody should do something about."""
        return tuple(use.warning for use in self.waivers if use.warning)

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
