"""What ``kina-audit probe`` found, as a document; described by ``data/schemas/probe.schema.json``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kina_audit.engine.finding import Finding
from kina_audit.engine.probed import Agreement, Attempt, Observation, Outcome, Probing
from kina_audit.report.model import Report

SCHEMA_ID = "https://kina-audit.dev/schemas/probe-1.schema.json"
SCHEMA_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a probe is about.

    Attributes:
        expr: the Kconfig expression behind it.
        touches: what it makes or reads.
        group: its family.
    """

    expr: str
    touches: str
    group: str


@dataclass(frozen=True, slots=True)
class Probed:
    """One run of ``probe``.

    Attributes:
        report: the audit of the config beside it, with what was observed.
        probing: every attempt.
        asked: what each probe is about.
        release: ``uname -r``.
        machine: ``uname -m``.
        config: where the config came from; empty: there was none to compare with.
    """

    report: Report
    probing: Probing
    asked: Mapping[str, Asked]
    release: str
    machine: str
    config: str

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


def attempt_document(attempt: Attempt) -> dict[str, Any]:
    """One probe and what came of it."""
    return {
        "probe": attempt.probe,
        "outcome": str(attempt.outcome),
        "errno": attempt.errno or None,
        "said": attempt.said or None,
    }


def observation_document(seen: Observation | None) -> dict[str, Any] | None:
    """What a requirement's probes came to, for a finding."""
    if seen is None:
        return None
    return {
        "expected": str(seen.expected),
        "outcome": str(seen.outcome),
        "agreement": str(seen.agreement),
        "because": seen.because or None,
        "attempts": [attempt_document(a) for a in seen.attempts],
    }


def to_document(probed: Probed) -> dict[str, Any]:
    """The whole run, ready for ``json.dumps``."""
    around = probed.probing.circumstances
    findings = probed.findings()
    return {
        "$schema": SCHEMA_ID,
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "kina-audit", "version": probed.report.tool_version},
        "verdict": str(probed.report.verdict),
        "kernel": {"release": probed.release, "machine": probed.machine, "config": probed.config or None},
        "circumstances": {
            "lacks": list(around.lacks),
            "seccomp": around.seccomp,
            "lockdown": around.lockdown or None,
            "modules_disabled": around.modules_disabled,
            "module_files": around.module_files,
            "new_modules": list(around.new_modules),
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
                "expr": probed.asked[a.probe].expr,
                "touches": probed.asked[a.probe].touches,
                "group": probed.asked[a.probe].group,
            }
            for a in probed.probing.attempts.values()
        ],
    }
