"""``--format html``: one self-contained page for people, that works from a file and loads nothing."""

from typing import Any

from kina_audit.cilium.model import LADDER, Mode
from kina_audit.engine.finding import Finding, ProfileResult, Status
from kina_audit.profiles.model import Level
from kina_audit.render import RenderOptions
from kina_audit.render.answer import answer
from kina_audit.render.cause_blocks import blocks
from kina_audit.render.gate import gate
from kina_audit.render.page import page
from kina_audit.render.sentences import (
    baseline_lines,
    deciding_line,
    how_told,
    note_line,
    paragraphs,
    running,
    standing,
    titled,
    waived,
)
from kina_audit.report.decision import Deciding
from kina_audit.report.document import counts, met
from kina_audit.report.model import Report

_ORDER = {Status.FAIL: 0, Status.UNKNOWN: 1, Status.WARN: 2, Status.PASS: 3, Status.SKIP: 4}
_SAFE_LINKS = ("https://", "http://")
_MOST_WARNINGS = 20
_OPEN_AT_MOST = 30
"""With more profiles than this, none is open at first."""


def render(report: Report, options: RenderOptions) -> str:
    """The page; the same report gives the same bytes."""
    config = report.kernel.config
    findings = [f for r in report.results for f in r.findings]
    results = sorted(report.results, key=lambda r: _ORDER[r.status])
    causes, _ = blocks(report)
    few = len(results) <= _OPEN_AT_MOST
    return page(
        "report.html",
        ("report.js",),
        {
            "source": report.kernel.provenance.source,
            "target": str(config.target or "unknown version"),
            "arch": config.arch or "unknown architecture",
            "labels": report.labels,
            "verdict": str(report.verdict),
            "fail_on": str(report.fail_on),
            "settings": report.settings,
            "counts": counts(findings),
            "answer": answer(report),
            "advice": _advice(report),
            "mode_status": _mode_status(report),
            "facts_first": _first(report),
            "gate": [_gate(item) for item in gate(report).alone],
            "deciding": [b for b in causes if b.decides],
            "others": [b for b in causes if not b.decides and not b.waived],
            "deciding_line": deciding_line(report),
            "baseline": baseline_lines(report),
            "waivers": _waivers(report),
            "statuses": [str(s) for s in _ORDER],
            "profiles": [_profile(report, r, few=few) for r in results],
            "helm": _helm(report, options),
            "provenance": _provenance(report),
            "version": report.tool_version,
            "facts": report.knowledge.month,
        },
    )


def _gate(item: Deciding) -> dict[str, Any]:
    return {"name": item.name, "kind": str(item.kind), "status": str(item.status), "text": item.text}


def _advice(report: Report) -> Any:
    advice = report.advice
    if advice is None:
        return None
    return {
        "release": advice.release,
        "mode": advice.reaches,
        "headline": advice.headline,
        "summary": advice.summary,
        "known": advice.known,
        "blockers": advice.blockers,
        "cautions": advice.cautions,
        "capabilities": [
            {
                "title": c.title,
                "status": str(c.status),
                # Why the agent does not start is said once; the others say how they would stand with it.
                "state": c.with_agent.words.partition(" CONFIG_")[0] if c.with_agent else str(c.state),
                "because": c.with_agent.because if c.with_agent else c.because,
                "unlock": c.with_agent.unlock if c.with_agent else c.unlock,
                "evidence": c.evidence or "source",
                "link": _link(c.link),
            }
            for c in advice.capabilities
        ],
    }


def _link(address: str) -> str:
    return address if address.startswith(_SAFE_LINKS) else ""


def _mode_status(report: Report) -> str:
    if report.advice is None or report.advice.mode is Mode.UNKNOWN:
        return "unknown"
    return "fail" if report.advice.mode is Mode.UNSUPPORTED else "pass" if report.advice.mode is LADDER[0] else "warn"


def _profile(report: Report, result: ProfileResult, *, few: bool) -> dict[str, Any]:
    parts = []
    for level in (Level.REQUIRED, Level.RECOMMENDED):
        have, total = met(result, level)
        if total:
            parts.append(f"{have} of {total} {level}")
    return {
        "id": result.profile.id,
        "title": titled(result),
        "status": str(standing(report, result)),
        "open": few and result.status in (Status.FAIL, Status.UNKNOWN),
        "met": ", ".join(parts),
        "references": [link for link in result.profile.references if _link(link)],
        "findings": [_finding(f) for f in sorted(result.findings, key=lambda f: _ORDER[f.status])],
    }


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "id": found.requirement.id,
        "level": str(found.level),
        "status": str(found.status),
        "waiver": bool(found.waiver),
        "rows": [*paragraphs(found), ("source", found.requirement.source)],
    }


def _first(report: Report) -> list[str]:
    """What a reader must know of the input before the verdict means anything."""
    config = report.kernel.config
    observed = report.kernel.provenance.observed
    said = running(observed) if observed else []
    header = config.header.version
    if header is not None and (config.target is None or header.triple != config.target.triple):
        built = f"{config.target} is built" if config.target else "which version is built is not known"
        said.append(f"The file's header says {header}; {built}.")
    said += [*how_told(config), *map(note_line, report.kernel.provenance.notes)]
    said += [f"Warning: {text}" for text in report.knowledge.newer]
    return [
        *said,
        *(f"Warning: {f'line {w.line}: ' if w.line else ''}{w.text}" for w in config.warnings[:_MOST_WARNINGS]),
    ]


def _waivers(report: Report) -> list[str]:
    lines = [f"{r.profile.id}/{f.requirement.id}: {waived(f)}" for r in report.results for f in r.findings if f.waiver]
    return list(dict.fromkeys(lines)) + list(report.waiver_warnings)


def _helm(report: Report, options: RenderOptions) -> str:
    if report.advice is None or not report.advice.helm_values:
        return ""
    from kina_audit.render.helm_values import render as helm_values

    return helm_values(report, options)


def _provenance(report: Report) -> list[tuple[str, str]]:
    config, origin = report.kernel.config, report.kernel.provenance
    rows = [
        ("source", origin.source),
        ("audited", report.audited),
        ("kind", origin.kind),
        ("location", origin.location),
        ("project", origin.project),
        ("ref", origin.ref),
        ("commit", origin.commit),
        ("git blob", origin.blob),
        ("sha256", origin.sha256),
        ("date", origin.date),
        ("found in", " > ".join(origin.found_in)),
        ("kernel release", origin.kernel_release),
        ("header", str(config.header.version or "")),
        ("compiler", config.header.compiler or ""),
        ("target", f"{config.target or 'unknown'}" + (f" ({origin.target_from})" if origin.target_from else "")),
        ("symbols", str(len(config.raw))),
    ]
    return [(label, text) for label, text in rows if text]
