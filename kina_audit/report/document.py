"""The JSON contract: a Report as a plain document, described by ``data/schemas/report.schema.json``.

Stable order, no clock, no host name: the same report gives the same bytes.
"""

from typing import TYPE_CHECKING, Any

from kina_audit.engine.finding import Finding, ProfileResult, Status
from kina_audit.engine.waive import WaiverUse
from kina_audit.kernel.config import SymbolFact, SymbolState
from kina_audit.kernel.provenance import Kernel, Observed
from kina_audit.profiles.model import Level, Profile
from kina_audit.report.advice import advice_document
from kina_audit.report.causes import Cause, causes
from kina_audit.report.decision import Deciding
from kina_audit.report.model import Report
from kina_audit.report.observation import observation_document

if TYPE_CHECKING:
    from kina_audit.engine.waiver import Waiver
    from kina_audit.report.compare import Change, Comparison

SCHEMA_ID = "https://kina-audit.dev/schemas/report-1.schema.json"
SCHEMA_VERSION = "1.3"


def to_document(report: Report) -> dict[str, Any]:
    """The whole report, ready for ``json.dumps``."""
    documents = _FindingDocuments(Lengths(report.kernel.config.text))
    return {
        "$schema": SCHEMA_ID,
        "schema_version": SCHEMA_VERSION,
        "tool": {
            "name": "kina-audit",
            "version": report.tool_version,
            "facts": report.knowledge.month or None,
            "newer": list(report.knowledge.newer),
        },
        "verdict": str(report.verdict),
        "results": {"features": str(report.features), "cilium": str(report.cilium)},
        "deciding": [_deciding(item) for item in report.deciding],
        "fail_on": str(report.fail_on),
        "settings": report.settings or None,
        "labels": dict(report.labels),
        "options": [list(words) for words in report.options],
        "audited": report.audited or None,
        "counts": counts([f for r in report.results for f in r.findings]),
        "kernel": _kernel(report.kernel, report),
        "causes": [_cause(c) for c in causes(report)],
        "profiles": [_profile(r, documents) for r in report.results],
        "advice": advice_document(report.advice) if report.advice else None,
        "strict": report.strict,
        "waivers": [_waiver_use(use) for use in report.waivers],
        "baseline": comparison_document(report.baseline) if report.baseline else None,
    }


def _deciding(item: Deciding) -> dict[str, Any]:
    return {
        "kind": str(item.kind),
        "name": item.name,
        "also": list(item.also),
        "status": str(item.status),
        "text": item.text,
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "symbols": [s.name for s in cause.symbols],
        "status": str(cause.status),
        "decides": cause.decides,
        "reason": cause.reason,
        "breaks": [
            {"name": b.name, "level": str(b.finding.level), "status": str(b.finding.status), "decides": b.decides}
            for b in cause.breaks
        ],
        "why": cause.why,
        "fix": cause.fix,
    }


def comparison_document(comparison: "Comparison") -> dict[str, Any]:
    """What one kernel lost and gained against another."""
    mode = comparison.mode
    return {
        "origin": comparison.origin or None,
        "before": dict(comparison.before.kernel),
        "after": dict(comparison.after.kernel),
        "mode": {
            "cilium_release": mode.release,
            "before": str(mode.before),
            "after": str(mode.after),
            "direction": str(mode.direction),
            "waived": mode.waived,
        }
        if mode
        else None,
        "profiles": [_change(c) for c in comparison.profiles],
        "findings": [_change(c) for c in comparison.findings],
        "capabilities": [_change(c) for c in comparison.capabilities],
    }


def _change(change: "Change") -> dict[str, Any]:
    return {
        "name": change.name,
        "level": str(change.level) if change.level else None,
        "before": str(change.before) if change.before else None,
        "after": str(change.after) if change.after else None,
        "direction": str(change.direction),
        "waived": change.waived,
        "too_old": change.too_old,
        "symbols": [{"name": n, "before": old, "after": new} for n, old, new in change.symbols],
    }


def _waiver_use(use: WaiverUse) -> dict[str, Any]:
    return {**_waiver(use.waiver), "state": str(use.state), "warning": use.warning}


def _waiver(waiver: "Waiver") -> dict[str, Any]:
    return {
        "pattern": waiver.pattern,
        "source": waiver.source or None,
        "kernel": waiver.kernel or None,
        "reason": waiver.reason,
        "expires": waiver.expires.isoformat(),
        "owner": waiver.owner or None,
        "link": waiver.link or None,
        "origin": waiver.origin,
    }


def counts(findings: list[Finding]) -> dict[str, int]:
    """How many findings have each status."""
    statuses = [f.status for f in findings]
    return {str(s): statuses.count(s) for s in Status}


def depends_on_target(finding: Finding) -> bool:
    """Whether a finding would differ, or could, if another version were built from the same file."""
    return finding.requirement.gated or any(
        f.state in (SymbolState.PREDICTED, SymbolState.UNKNOWN) for f in finding.symbols
    )


def _kernel(kernel: Kernel, report: Report) -> dict[str, Any]:
    config, origin = kernel.config, kernel.provenance
    header = config.header
    differs = config.target is not None and header.version is not None and config.target.triple != header.version.triple
    affected = [
        f"{r.profile.id}/{f.requirement.id}"
        for r in (report.results if differs or config.target is None else ())
        for f in r.findings
        if depends_on_target(f)
    ]
    return {
        "source": origin.source,
        "kind": origin.kind,
        "location": origin.location,
        "project": origin.project or None,
        "ref": origin.ref or None,
        "commit": origin.commit or None,
        "blob": origin.blob or None,
        "sha256": origin.sha256 or None,
        "date": origin.date or None,
        "fetched": origin.fetched or None,
        "found_in": list(origin.found_in),
        "kernel_release": origin.kernel_release or None,
        "observed": _observed(origin.observed),
        "fragments": list(origin.fragments),
        "doubt": origin.doubt or None,
        "notes": list(origin.notes),
        "header_version": str(header.version) if header.version else None,
        "header_arch": header.arch,
        "compiler": header.compiler,
        "target_version": str(config.target) if config.target else None,
        "target_from": origin.target_from or ("the config's header" if config.target else None),
        "target_differs": differs,
        "target_dependent_findings": affected,
        "arch": config.arch,
        "completeness": str(config.completeness),
        "origin": str(config.origin),
        "resolved": {
            "how": config.resolved.how,
            "lines": list(config.resolved.lines),
            "toolchain": config.resolved.toolchain or None,
        }
        if config.resolved
        else None,
        "symbols": len(config.raw),
        "warnings": [{"line": w.line or None, "text": w.text} for w in config.warnings],
    }


def _observed(observed: Observed | None) -> dict[str, Any] | None:
    if observed is None:
        return None
    return {
        "release": observed.release,
        "machine": observed.machine or None,
        "btf": observed.btf,
        "facts": dict(observed.facts),
    }


def _profile(result: ProfileResult, documents: "_FindingDocuments") -> dict[str, Any]:
    profile = result.profile
    return {
        "id": profile.id,
        "title": profile.title,
        "digest": documents.digest(profile),
        "status": str(result.status),
        "asked": profile.asked,
        "counts": counts(list(result.findings)),
        "references": list(profile.references),
        "any_of": list(profile.any_of),
        "findings": [documents.of(f) for f in result.findings],
    }


class Lengths:
    """How long each line of a config is: formats that mark a region need it, also when they are rendered later."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines: list[str] = []

    def of(self, line: int | None) -> int | None:
        """Characters of a line, from 1; None where there is no text."""
        if line is None or not self._text:
            return None
        if not self._lines:
            self._lines = self._text.split("\n")
        return len(self._lines[line - 1].rstrip("\r")) if line <= len(self._lines) else None


class _FindingDocuments:
    """Findings as documents, each made once: profiles that include others share theirs, and conditions share symbols."""

    def __init__(self, lengths: Lengths) -> None:
        self._lengths = lengths
        self._made: dict[int, dict[str, Any]] = {}
        self._symbols: dict[int, dict[str, Any]] = {}
        self._asked: dict[int, str] = {}

    def of(self, finding: Finding) -> dict[str, Any]:
        """One finding, which lives as long as this does."""
        made = self._made.get(id(finding))
        if made is None:
            made = self._made[id(finding)] = _finding(finding, [self._symbol(s) for s in finding.symbols])
        return made

    def digest(self, profile: Profile) -> str:
        """A profile's digest."""
        return profile.digest_with(self._asked)

    def _symbol(self, fact: SymbolFact) -> dict[str, Any]:
        made = self._symbols.get(id(fact))
        if made is None:
            line = fact.line
            made = self._symbols[id(fact)] = {
                "name": fact.name,
                "value": fact.value,
                "state": str(fact.state),
                "line": line,
                "line_length": self._lengths.of(line),
                "note": fact.note,
            }
        return made


def _finding(finding: Finding, symbols: list[dict[str, Any]]) -> dict[str, Any]:
    row = finding.requirement
    found = {
        "id": row.id,
        "defined_in": row.profile,
        "level": str(row.level),
        "status": str(finding.status),
        "expr": finding.expr.text,
        "module": row.module,
        "kernel": str(row.kernel) if row.kernel else None,
        "arch": list(row.arch),
        "symbols": symbols,
        "why": row.why,
        "fix": finding.fix,
        "reason": finding.reason,
        "left": finding.left,
        "source": row.source,
        "fingerprint": finding.fingerprint,
        "asks": {"expr": row.expr.text, "fix": row.fix, "symbols": list(row.symbols), "gated": row.gated},
        "waiver": _waiver(finding.waiver) if finding.waiver else None,
        "observed": observation_document(finding.observed),
    }
    return {**found, "too_old": True} if finding.too_old else found


def met(result: ProfileResult, level: Level) -> tuple[int, int]:
    """(met, applicable) requirements of one level."""
    rows = [f for f in result.findings if f.level is level and f.status is not Status.SKIP]
    return sum(f.status is Status.PASS for f in rows), len(rows)
