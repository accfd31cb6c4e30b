"""What each format makes of a finding: the one mapping table, shown in docs/formats.md (a test holds them equal).

Three things decide: the finding's status, its requirement's level, and whether it keeps the report from passing
(``--fail-on``, waivers and a baseline say that, see `Report.decides`).
"""

from kina_audit.base.datatype import datatype
from kina_audit.engine.finding import UNMET, Finding, ProfileResult, Status
from kina_audit.profiles.model import Level
from kina_audit.report.model import Report

WAIVED = "waived"
"""Stands where a status would, for an unmet finding that a waiver covers."""


@datatype
class Mapping:
    """How one kind of finding looks in each format; an empty text: it is left out.

    Attributes:
        sarif: a result's level.
        github: the workflow command.
        gitlab: a code-quality issue's severity.
        junit: what becomes of the test case: ``passed``, ``failure``, ``error`` or ``skipped``.
        tap: the test line, without number and name.
        policy: a policy report's result.
        mark: the word in Markdown and in the table.
    """

    sarif: str
    github: str
    gitlab: str
    junit: str
    tap: str
    policy: str
    mark: str


TABLE: dict[tuple[str, Level | None, bool], Mapping] = {
    # status, level (None: any), decides
    (Status.FAIL, Level.REQUIRED, True): Mapping("error", "error", "critical", "failure", "not ok", "fail", "FAIL"),
    (Status.WARN, Level.RECOMMENDED, True): Mapping("error", "error", "major", "failure", "not ok", "fail", "FAIL"),
    (Status.WARN, Level.OPTIONAL, True): Mapping("error", "error", "major", "failure", "not ok", "fail", "FAIL"),
    (Status.UNKNOWN, None, True): Mapping("error", "error", "major", "error", "not ok", "error", "UNKNOWN"),
    (Status.FAIL, Level.REQUIRED, False): Mapping(
        "warning", "warning", "minor", "passed", "not ok # TODO", "warn", "fail"
    ),
    (Status.WARN, Level.RECOMMENDED, False): Mapping(
        "warning", "warning", "minor", "passed", "not ok # TODO", "warn", "warn"
    ),
    (Status.WARN, Level.OPTIONAL, False): Mapping("", "", "", "passed", "not ok # TODO", "warn", "warn"),
    (Status.UNKNOWN, None, False): Mapping("", "notice", "", "passed", "not ok # TODO", "warn", "unknown"),
    (Status.PASS, None, False): Mapping("", "", "", "passed", "ok", "pass", "pass"),
    (Status.SKIP, None, False): Mapping("", "", "", "skipped", "ok # SKIP", "skip", "skip"),
    (WAIVED, None, False): Mapping("", "notice", "", "skipped", "ok # SKIP", "skip", "waived"),
}
"""(status or WAIVED, level, decides) to what each format shows."""


def key_of(report: Report, result: ProfileResult, finding: Finding) -> tuple[str, Level | None, bool]:
    """The row of `TABLE` that a finding falls in."""
    if finding.waiver is not None and finding.status in UNMET:
        return (WAIVED, None, False)
    decides = report.decides(result, finding)
    exact = (finding.status, finding.level, decides)
    return exact if exact in TABLE else (finding.status, None, decides)


def mapping_of(report: Report, result: ProfileResult, finding: Finding) -> Mapping:
    """What each format makes of a finding."""
    return TABLE[key_of(report, result, finding)]
