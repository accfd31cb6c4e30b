"""``--format gitlab``: GitLab's code-quality report, a JSON list of issues."""

from collections.abc import Sequence
from typing import Any

from kina_audit.base.digest import sha256_hex
from kina_audit.base.json_text import indented
from kina_audit.render import RenderOptions, cut
from kina_audit.render.place import Places, of_source
from kina_audit.render.sentences import headline
from kina_audit.render.shown import shown
from kina_audit.report.decision import GATE
from kina_audit.report.many import Outcome, Unread
from kina_audit.report.model import Report

SEVERITIES = ("blocker", "critical", "major", "minor", "info")
"""GitLab's words, most serious first."""

_LONGEST = 1_000


def render(report: Report, options: RenderOptions) -> str:
    """Every unmet finding that no waiver covers, each with a fingerprint that outlives moved lines."""
    return indented(_issues(report, options))


def render_many(found: Sequence[Outcome], options: RenderOptions) -> str:
    """The issues of every source, each at its own file; a source without a report is one, too."""
    issues: list[dict[str, Any]] = []
    for outcome in found:
        issues += [_unread(outcome, options)] if isinstance(outcome, Unread) else _issues(outcome, options)
    return indented(issues)


def _issues(report: Report, options: RenderOptions) -> list[dict[str, Any]]:
    places = Places(report, options)
    issues = []
    for result, found, mapping in shown(report, lambda m: m.gitlab, SEVERITIES):
        place, check = places.of(found), f"{found.requirement.profile}/{found.requirement.id}"
        print_ = places.fingerprint(found.fingerprint)
        issues.append(_issue(headline(result, found), check, print_, mapping.gitlab, place.path, place.line))
    for item in report.gate:
        place, print_ = places.of_item(item), places.fingerprint(item.fingerprint)
        issues.append(_issue(f"{item.name}: {item.text}", GATE, print_, "major", place.path, place.line))
    return issues


def _unread(outcome: Unread, options: RenderOptions) -> dict[str, Any]:
    print_ = sha256_hex(f"unread\0{outcome.source}".encode("utf-8", "replace"))[:32]
    place = of_source(outcome.source, options)
    return _issue(outcome.message, "source", print_, "blocker", place.path, place.line)


def _issue(text: str, check: str, fingerprint: str, severity: str, path: str, line: int) -> dict[str, Any]:
    return {
        "description": cut(text, _LONGEST),
        "check_name": check,
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": path, "lines": {"begin": line}},
    }
