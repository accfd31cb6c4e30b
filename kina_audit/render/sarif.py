"""``--format sarif``: SARIF 2.1.0 with what GitHub code scanning requires.

Only findings that are unmet and not waived are results: code scanning ignores ``kind``, ``suppressions`` and
``baselineState``, so anything else would stand there as an open alert. The fingerprint is our own: made from profile,
requirement, symbols and the config's path, so that a kernel bump neither closes nor reopens alerts and two configs have
each their own.
"""

import re
from collections.abc import Sequence
from typing import Any

from kina_audit.base.digest import sha256_hex
from kina_audit.base.json_text import indented
from kina_audit.base.version import __version__
from kina_audit.engine.finding import Finding, ProfileResult, Status, needs
from kina_audit.render import RenderOptions, cut, one_line
from kina_audit.render.markdown_text import code, escape
from kina_audit.render.place import Place, Places, of_source
from kina_audit.render.sentences import headline, name, paragraphs
from kina_audit.render.shown import Shown, shown
from kina_audit.report.decision import GATE, Deciding
from kina_audit.report.many import Outcome, Unread, verdict, worst
from kina_audit.report.model import Report

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = ("error", "warning", "note")
MOST_RESULTS = 5_000
"""Code scanning keeps that many of a run, the serious ones first, as they are here."""

_DESCRIPTION = 1_024
_NAME = 255
_MESSAGE = 2_000
_UNREAD = "unread"
_PROBLEM = {"required": "error", "recommended": "warning", "optional": "recommendation"}


def render(report: Report, options: RenderOptions) -> str:
    """One run with its rules and results."""
    identity = Places(report, options).identity
    return _document([report], options, f"{cut(report.kernel.config.arch or 'unknown', 40)}/{_slug(identity)}")


def render_many(found: Sequence[Outcome], options: RenderOptions) -> str:
    """One run with the results of every source, each at its own file; code scanning takes no second run of a tool."""
    return _document(found, options, "many")


def _slug(text: str) -> str:
    """A path as part of a category."""
    return "/".join(p for p in re.sub(r"[^A-Za-z0-9._/-]+", "-", text)[-150:].split("/") if p.strip("."))


def _document(found: Sequence[Outcome], options: RenderOptions, category: str) -> str:
    rules: dict[str, dict[str, Any]] = {}
    gate: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for outcome in found:
        if isinstance(outcome, Unread):
            rules.setdefault(_UNREAD, _unread_rule())
            gate.append(_unread(outcome, options))
            continue
        places = Places(outcome, options)
        names = {item.pair[1].fingerprint: item.names for item in outcome.deciding if item.pair is not None}
        for result, finding, mapping in shown(outcome, lambda m: m.sarif, LEVELS):
            rules.setdefault(_rule_id(finding), _rule(result, finding, level=mapping.sarif))
            results.append(_result((result, finding, mapping), places, names))
        for item in outcome.gate:
            rules.setdefault(GATE, _gate_rule())
            gate.append(_gate(item, places))
    # What is no finding is never what there is no room for; the requirements that took it along stand before it.
    results = sorted(results, key=lambda r: LEVELS.index(r["level"]))[: max(0, MOST_RESULTS - len(gate))]
    errors = sum(r["level"] == LEVELS[0] for r in results)
    results = [*results[:errors], *gate, *results[errors:]][:MOST_RESULTS]
    index = {rule: number for number, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "kina-audit",
                "informationUri": "https://kina-audit.dev",
                "semanticVersion": next((o.tool_version for o in found if isinstance(o, Report)), __version__),
                "rules": list(rules.values()),
            }
        },
        "automationDetails": {"id": f"kina-audit/{category}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(found)],
        "results": [{"ruleId": r["ruleId"], "ruleIndex": index[r["ruleId"]], **r} for r in results],
    }
    return indented({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule_id(found: Finding) -> str:
    return cut(f"{found.requirement.profile}/{found.requirement.id}", _NAME)


def _pascal(text: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", text))[:_NAME] or "Requirement"


def _rule(result: ProfileResult, found: Finding, level: str) -> dict[str, Any]:
    row = found.requirement
    asked = needs(row, row.expr)
    text = cut(f"{row.why} {row.fix}{f' Needs {asked}.' if asked else ''} Source: {row.source}", _MESSAGE)
    markdown = "\n\n".join(
        [escape(one_line(row.why)), f"**Fix:** {escape(one_line(row.fix))}"]
        + [f"**Needs:** {code(asked)}"] * bool(asked)
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


def _result(item: Shown, places: Places, names: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    result, found, mapping = item
    # Readers cut a message that starts with the rule's own id down to nothing.
    said = "Cannot be told" if found.status is Status.UNKNOWN else "Not met"
    head = headline(result, found)
    more = [(label, text) for label, text in paragraphs(found) if label in ("because", "why", "fix")]
    text = f"{said}: {head}" + "".join(f" {label}: {text}" for label, text in more if text.rstrip(".") not in head)
    known = names.get(found.fingerprint, (name(result, found),))
    print_ = places.fingerprint(found.fingerprint)
    return _located(_rule_id(found), mapping.sarif, text, places.of(found), print_, known)


def _gate(item: Deciding, places: Places) -> dict[str, Any]:
    return _located(GATE, "error", item.text, places.of_item(item), places.fingerprint(item.fingerprint), item.names)


def _unread(outcome: Unread, options: RenderOptions) -> dict[str, Any]:
    print_ = sha256_hex(f"unread\0{outcome.source}".encode("utf-8", "replace"))[:32]
    return _located(_UNREAD, "error", outcome.message, of_source(outcome.source, options), print_, (outcome.source,))


def _located(rule: str, level: str, text: str, place: Place, fingerprint: str, names: Sequence[str]) -> dict[str, Any]:
    region = {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.line,
        "endColumn": place.end_column,
    }
    artifact = {"uri": place.uri, "uriBaseId": "%SRCROOT%"}
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": cut(text, _MESSAGE)},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": artifact, "region": region},
                "logicalLocations": [{"fullyQualifiedName": cut(n, _NAME)} for n in names],
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": f"{fingerprint}:1", "kinaAudit/v2": fingerprint},
    }


def _gate_rule() -> dict[str, Any]:
    text = "Cilium's agent does not start or cannot do what is wanted, the kernel lost a mode or capability against its baseline or is too old for what it had, or a waiver is stale."
    return {
        "id": GATE,
        "name": "KernelGate",
        "shortDescription": {"text": "No Cilium agent, a loss against the baseline, or a stale waiver"},
        "fullDescription": {"text": text},
        "help": {"text": f"{text} Compare with: kina-audit diff OLD NEW."},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["kernel"], "precision": "very-high", "problem.severity": "error"},
    }


def _unread_rule() -> dict[str, Any]:
    return {
        "id": _UNREAD,
        "name": "KernelUnread",
        "shortDescription": {"text": "A kernel that could not be audited"},
        "fullDescription": {"text": "The source could not be read, or nothing in it was checked."},
        "help": {"text": "Nothing is known of this kernel. Mend the source and audit it again."},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["kernel"], "precision": "very-high", "problem.severity": "error"},
    }


def _invocation(found: Sequence[Outcome]) -> dict[str, Any]:
    notes = []
    for outcome in found:
        if isinstance(outcome, Unread):
            notes.append({"level": "error", "message": {"text": cut(outcome.message, _MESSAGE)}})
            continue
        said = [outcome.settings, *outcome.waiver_warnings, *outcome.kernel.provenance.notes]
        notes += [{"level": "warning", "message": {"text": cut(text, _MESSAGE)}} for text in said if one_line(text)]
    return {
        "executionSuccessful": not any(isinstance(o, Unread) for o in found),
        "exitCode": worst(found),
        "exitCodeDescription": f"verdict {verdict(found)}",
        "toolExecutionNotifications": notes,
    }
