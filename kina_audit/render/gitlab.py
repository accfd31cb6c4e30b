"""``--format gitlab``: GitLab's code-quality report, a JSON list of issues."""

from kina_audit.json_text import indented
from kina_audit.render import RenderOptions, cut
from kina_audit.render.place import Places
from kina_audit.render.sentences import headline
from kina_audit.render.shown import shown
from kina_audit.report.decision import GATE
from kina_audit.report.model import Report

SEVERITIES = ("blocker", "critical", "major", "minor", "info")
"""GitLab's words, most serious first."""

_LONGEST = 1_000


def render(report: Report, options: RenderOptions) -> str:
    """Every unmet finding that no waiver covers, each with a fingerprint that outlives moved lines."""
    places = Places(report, options)
    issues = []
    for result, found, mapping in shown(report, lambda m: m.gitlab, SEVERITIES):
        place = places.of(found)
        issues.append(
            {
                "description": cut(headline(result, found), _LONGEST),
                "check_name": f"{found.requirement.profile}/{found.requirement.id}",
                "fingerprint": found.fingerprint,
                "severity": mapping.gitlab,
                "location": {"path": place.path, "lines": {"begin": place.line}},
            }
        )
    for item in report.gate:
        place = places.of_item(item)
        issues.append(
            {
                "description": cut(f"{item.name}: {item.text}", _LONGEST),
                "check_name": GATE,
                "fingerprint": item.fingerprint,
                "severity": "major",
                "location": {"path": place.path, "lines": {"begin": place.line}},
            }
        )
    return indented(issues)
