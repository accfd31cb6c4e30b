"""The report: everything one audit found, from which every format is rendered."""

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

from kina_audit.base.datatype import datatype, field
from kina_audit.cilium.model import Advice
from kina_audit.engine.finding import UNMET, Finding, ProfileResult, Status
from kina_audit.engine.waive import WaiverUse
from kina_audit.kernel.provenance import Kernel
from kina_audit.profiles.model import Level
from kina_audit.report.decision import Deciding, decide
from kina_audit.report.knowledge import UNTOLD, Knowledge

if TYPE_CHECKING:
    from kina_audit.report.compare import Comparison


class FailOn(StrEnum):
    """Which unmet level fails the audit."""

    REQUIRED = "required"
    RECOMMENDED = "recommended"
    OPTIONAL = "optional"
    NEVER = "never"

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels at which an unmet requirement counts; ``never`` judges as ``required`` does, and ends with 0."""
        return _LEVELS[:1] if self is FailOn.NEVER else _LEVELS[: _LEVELS.index(Level(self)) + 1]


_LEVELS = (Level.REQUIRED, Level.RECOMMENDED, Level.OPTIONAL)


class Verdict(StrEnum):
    """The answer; ``unknown`` means that the input cannot tell, which is not a pass."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


def verdict_of(items: Iterable[Deciding]) -> Verdict:
    """What items add up to: fail before unknown, and without any it passes."""
    statuses = {item.status for item in items}
    if Status.FAIL in statuses:
        return Verdict.FAIL
    return Verdict.UNKNOWN if statuses else Verdict.PASS


@datatype
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
        audited: when, as an ISO time with its offset, if the user asked for that; empty: the report has no clock.
        knowledge: of which day the facts are, and what is newer than they are.
        options: the options that the kernel was read and asked about with, each with its value; commands keep them.
        deciding: everything that keeps it from passing; verdict, exit status and every format are made of this.
    """

    kernel: Kernel
    results: tuple[ProfileResult, ...]
    advice: Advice | None
    fail_on: FailOn
    tool_version: str
    waivers: tuple[WaiverUse, ...] = ()
    strict: bool = False
    baseline: "Comparison | None" = None
    labels: tuple[tuple[str, str], ...] = ()
    settings: str = ""
    audited: str = ""
    knowledge: Knowledge = UNTOLD
    options: tuple[tuple[str, ...], ...] = ()

    deciding: tuple[Deciding, ...] = field(init=False, compare=False, repr=False)
    _unmet: list[frozenset[str]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Decide once: formats ask for it again and again."""
        found = decide(self)
        object.__setattr__(self, "deciding", found)
        object.__setattr__(self, "_unmet", [])

    @property
    def verdict(self) -> Verdict:
        """pass, fail or unknown, by what decides; never pass while anything does."""
        return verdict_of(self.deciding)

    @property
    def features(self) -> Verdict:
        """The first of the two results that make the verdict: everything that decides and is not Cilium itself."""
        return verdict_of(i for i in self.deciding if not i.cilium)

    @property
    def cilium(self) -> Verdict:
        """The other result: Cilium's agent, and the mode and features that it had."""
        return verdict_of(i for i in self.deciding if i.cilium)

    @property
    def gate(self) -> tuple[Deciding, ...]:
        """What decides and is no finding."""
        return tuple(item for item in self.deciding if item.pair is None)

    def decides(self, result: ProfileResult, finding: Finding) -> bool:
        """Whether a finding keeps this report from passing."""
        if not self._unmet:
            self._unmet.append(frozenset(n for item in self.deciding if item.pair is not None for n in item.names))
        unmet = finding.status in UNMET and finding.waiver is None
        return unmet and f"{result.profile.id}/{finding.requirement.id}" in self._unmet[0]

    @property
    def waiver_warnings(self) -> tuple[str, ...]:
        """A sentence for every waiver that somebody should do something about."""
        return tuple(use.warning for use in self.waivers if use.warning)

    @property
    def exit_code(self) -> int:
        """0 for a pass, 1 otherwise: what cannot be told must not wave a kernel through, unless ``--fail-on never`` does."""
        return 0 if self.verdict is Verdict.PASS or self.fail_on is FailOn.NEVER else 1

    @property
    def decided(self) -> int:
        """How many findings were decided (pass, fail or warn)."""
        return sum(f.status in (Status.PASS, Status.FAIL, Status.WARN) for r in self.results for f in r.findings)

    def findings(self, *statuses: Status) -> tuple[tuple[ProfileResult, Finding], ...]:
        """Every finding with one of the statuses, with the profile it was found under."""
        return tuple((r, f) for r in self.results for f in r.findings if f.status in statuses)
