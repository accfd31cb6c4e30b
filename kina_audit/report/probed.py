"""What ``kina-audit probe`` found, as a document; described by ``data/schemas/probe.schema.json``."""

from collections.abc import Mapping
from typing import Any

from kina_audit.base.datatype import datatype
from kina_audit.engine.finding import Finding
from kina_audit.engine.probed import Agreement, Outcome, Probing
from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.version import VersionRange
from kina_audit.report.model import Report, Verdict
from kina_audit.report.observation import attempt_document, observation_document

SCHEMA_ID = "https://kina-audit.dev/schemas/probe-1.schema.json"
SCHEMA_VERSION = "1.0"


@datatype
class Asked:
    """What a probe is about.

    Attributes:
        expr: the Kconfig expression behind it.
        touches: what it makes or reads.
        group: its family.
        kernel: the versions that have it; empty: every one.
    """

    expr: str
    touches: str
    group: str
    kernel: str = ""

    def expected(self, config: KernelConfig) -> Outcome:
        """What the config says of the expression; not-tried where it cannot tell, or the version has no such thing."""
        if self.kernel and (config.target is None or config.target not in VersionRange.parse(self.kernel)):
            return Outcome.NOT_TRIED
        low, high = Expression.parse(self.expr).bounds(config.fact)
        return Outcome.WORKS if low else Outcome.NOT_TRIED if high else Outcome.FAILS


@datatype
class Probed:
    """One run of ``probe``.

    Attributes:
        report: the audit of the config beside it, with what was observed.
        probing: every attempt.
        asked: what each probe is about.
        release: ``uname -r``.
        machine: ``uname -m``.
        config: where the config came from; empty: there was none to compare with.
        only: whether single probes were asked for; the report then has the requirements that these decide.
    """

    report: Report
    probing: Probing
    asked: Mapping[str, Asked]
    release: str
    machine: str
    config: str
    only: bool = False

    @property
    def verdict(self) -> Verdict:
        """The report's; where no requirement is decided by the probes that were asked for, what those came to."""
        if self.findings() or not self.only:
            return self.report.verdict
        if self.count(Outcome.FAILS):
            return Verdict.FAIL
        return Verdict.UNKNOWN if self.count(Outcome.NOT_TRIED) else Verdict.PASS

    @property
    def exit_code(self) -> int:
        """0 for a pass, 1 otherwise."""
        return 0 if self.verdict is Verdict.PASS else 1

    def findings(self, *agreements: Agreement) -> list[Finding]:
        """The findings of requirements that have probes, each once; with agreements: those that compare so."""
        found: dict[tuple[str, str], Finding] = {}
        for result in self.report.results:
            for f in result.findings:
                if f.observed is not None and (not agreements or f.observed.agreement in agreements):
                    found.setdefault((f.requirement.profile, f.requirement.id), f)
        return list(found.values())

    def count(self, outcome: Outcome) -> int:
        """How many probes ended so."""
        return sum(a.outcome is outcome for a in self.probing.attempts.values())


def to_document(probed: Probed) -> dict[str, Any]:
    """The whole run, ready for ``json.dumps``."""
    around = probed.probing.circumstances
    findings = probed.findings()
    return {
        "$schema": SCHEMA_ID,
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "kina-audit", "version": probed.report.tool_version},
        "verdict": str(probed.verdict),
        "kernel": {"release": probed.release, "machine": probed.machine, "config": probed.config or None},
        "circumstances": {
            "lacks": list(around.lacks),
            "seccomp": around.seccomp,
            "lockdown": around.lockdown or None,
            "modules_disabled": around.modules_disabled,
            "module_files": around.module_files,
            "new_modules": list(around.new_modules),
            "user_namespace": around.user_namespace,
        },
        "counts": {
            "probes": {str(o): probed.count(o) for o in Outcome},
            "requirements": {
                str(a): sum(f.observed is not None and f.observed.agreement is a for f in findings) for a in Agreement
            },
        },
        "requirements": [
            {
                "id": f"{f.requirement.profile}/{f.requirement.id}",
                "level": str(f.level),
                "status": str(f.status),
                "expr": f.expr.text,
                "observed": observation_document(f.observed),
            }
            for f in findings
        ],
        "probes": [
            {
                **attempt_document(a),
                "expected": str(probed.asked[a.probe].expected(probed.report.kernel.config)),
                "expr": probed.asked[a.probe].expr,
                "touches": probed.asked[a.probe].touches,
                "group": probed.asked[a.probe].group,
            }
            for a in probed.probing.attempts.values()
        ],
    }
