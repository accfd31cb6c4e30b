"""``--format sarif``: SARIF 2.1.0 with what GitHub code scanning requires.

Only findings that are unmet and not waived are results: code scanning ignores ``kind``, ``suppressions`` and
``baselineState``, so anything else would stand there as an open alert. The fingerprint is our own: made from profile,
requirement and symbols, so that a kernel bump neither closes nor reopens alerts.
"""

import re
from collections.abc import Sequence
from typing import Any

from kina_audit.engine.finding import Finding, ProfileResult, Status
from kina_audit.json_text import indented
from kina_audit.render import RenderOptions, cut, one_line
from kina_audit.render.markdown_text import code, escape
from kina_audit.render.place import Place, Places
from kina_audit.render.sentences import headline, name, paragraphs
from kina_audit.render.shown import Shown, shown
from kina_audit.report.decision import GATE, Deciding
from kina_audit.report.model import Report

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = ("error", "warning", "note")
MOST_RESULTS = 5_000
"""Code scanning keeps that many of a run, the serious ones first, as they are here."""

_DESCRIPTION = 1_024
_NAME = 255
_MESSAGE = 2_000
_PROBLEM = {"required": "error", "recommended": "warning", "optional": "recommendation"}


def render(report: Report, options: RenderOptions) -> str:
    """One run with its rules and results."""
    places = Places(report, options)
    found = shown(report, lambda m: m.sarif, LEVELS)[:MOST_RESULTS]
    rules = {_rule_id(f): _rule(r, f, level=m.sarif) for r, f, m in found}
    index = {rule: number for number, rule in enumerate(rules)}
    names = {item.pair[1].fingerprint: item.names for item in report.deciding if item.pair is not None}
    results = [_result(s, places.of(s[1]), index, names) for s in found]
    if report.gate:
        rules[GATE] = _gate_rule()
        results += [_gate(item, len(index), places.of_item(item)) for item in report.gate]
    run = {
        "tool": {
            "driver": {
                "name": "kina-audit",
                "informationUri": "https://kina-audit.dev",
                "semanticVersion": report.tool_version,
                "rules": list(rules.values()),
            }
        },
        "automationDetails": {"id": f"kina-audit/{cut(report.kernel.config.arch or 'unknown', 40)}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report)],
        "results": results,
    }
    return indented({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule_id(found: Finding) -> str:
    return cut(f"{found.requirement.profile}/{found.requirement.id}", _NAME)


def _pascal(text: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", text))[:_NAME] or "Requirement"


def _rule(result: ProfileResult, found: Finding, level: str) -> dict[str, Any]:
    row = found.requirement
    text = cut(f"{row.why} {row.fix} Needs {row.expr.text}. Source: {row.source}", _MESSAGE)
    markdown = "\n\n".join(
        [escape(one_line(row.why)), f"**Fix:** {escape(one_line(row.fix))}", f"**Needs:** {code(row.expr.text)}"]
        + [f"**Source:** {escape(one_line(row.source))}"] * bool(row.source)
    )
    rule = {
        "id": _rule_id(found),
        "name": _pascal(row.id),
        "shortDescription": {"text": cut(f"{result.profile.title}: {row.id}", _DESCRIPTION)},
        "fullDescription": {"text": cut(row.why, _DESCRIPTION) or row.id},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": level},
        "properties": {
            "tags": ["kernel", "kconfig", cut(row.profile, 60)],
            "precision": "very-high",
            "problem.severity": _PROBLEM[row.level],
        },
    }
    reference = next((r for r in result.profile.references if r.startswith("https://") and r.isascii()), "")
    return {**rule, "helpUri": reference} if reference and not set(reference) & set(' <>"\\^`{|}') else rule


def _result(item: Shown, place: Place, index: dict[str, int], names: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    result, found, mapping = item
    rule = _rule_id(found)
    # Readers cut a message that starts with the rule's own id down to nothing.
    said = "Cannot be told" if found.status is Status.UNKNOWN else "Not met"
    because = "".join(f" {label}: {text}" for label, text in paragraphs(found) if label in ("because", "why", "fix"))
    text = cut(f"{said}: {headline(result, found)}{because}", _MESSAGE)
    known = names.get(found.fingerprint, (name(result, found),))
    return _located(rule, index[rule], mapping.sarif, text, place, found.fingerprint, known)


def _gate(item: Deciding, rule_index: int, place: Place) -> dict[str, Any]:
    return _located(GATE, rule_index, "error", cut(item.text, _MESSAGE), place, item.fingerprint, item.names)


def _located(
    rule: str, rule_index: int, level: str, text: str, place: Place, fingerprint: str, names: Sequence[str]
) -> dict[str, Any]:
    region = {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.line,
        "endColumn": place.end_column,
    }
    artifact = {"uri": place.uri, "uriBaseId": "%SRCROOT%"}
    return {
        "ruleId": rule,
        "ruleIndex": rule_index,
        "level": level,
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": artifact, "region": region},
                "logicalLocations": [{"fullyQualifiedName": cut(n, _NAME)} for n in names],
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": f"{fingerprint}:1", "kinaAudit/v1": fingerprint},
    }


def _gate_rule() -> dict[str, Any]:
    text = "The kernel lost a Cilium mode or capability against its baseline, or a waiver is unused or expired."
    return {
        "id": GATE,
        "name": "KernelGate",
        "shortDescription": {"text": "Lost against the baseline, or a stale waiver"},
        "fullDescription": {"text": text},
        "help": {"text": f"{text} Compare with: kina-audit diff OLD NEW."},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["kernel"], "precision": "very-high", "problem.severity": "error"},
    }


def _invocation(report: Report) -> dict[str, Any]:
    said = [report.settings, *report.waiver_warnings, *report.kernel.provenance.notes]
    notes = [{"level": "warning", "message": {"text": cut(text, _MESSAGE)}} for text in said if one_line(text)]
    return {
        "executionSuccessful": True,
        "exitCode": report.exit_code,
        "exitCodeDescription": f"verdict {report.verdict}",
        "toolExecutionNotifications": notes,
    }
