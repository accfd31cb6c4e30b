"""``--format junit``: JUnit XML as GitLab and Jenkins read it.

GitLab shows a case's ``classname`` as its suite and the text of ``failure``, Jenkins the ``message`` attribute, and
actions that annotate read ``file`` and ``line``; so everything stands in both places.
"""

from kina_audit.engine.finding import UNMET, Finding, ProfileResult, Status
from kina_audit.render import RenderOptions, cut, xml
from kina_audit.render.levels import mapping_of
from kina_audit.render.place import Places
from kina_audit.render.sentences import headline, name, paragraphs, waived
from kina_audit.report.decision import GATE, Deciding
from kina_audit.report.model import Report

_LONGEST = 1_000


def render(report: Report, options: RenderOptions) -> str:
    """One test suite a profile, one case a requirement; times are 0, because the same input gives the same bytes."""
    places = Places(report, options)
    suites, totals = [], dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for result in report.results:
        cases = [_case(report, result, found, places) for found in result.findings]
        suites.append(_suite(f"kina-audit.{result.profile.id}", cases, totals))
    if report.gate:
        suites.append(_suite(f"kina-audit.{GATE}", [_gate(item, places) for item in report.gate], totals))
    head = " ".join(f'{key}="{value}"' for key, value in totals.items())
    body = "".join(suites)
    title = f"kina-audit ({cut(report.settings, _LONGEST)})" if report.settings else "kina-audit"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="{xml(title)}" {head} time="0">\n{body}</testsuites>\n'


def _suite(title: str, cases: list[tuple[str, str]], totals: dict[str, int]) -> str:
    own = {"tests": len(cases)}
    for key, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        own[key] = sum(o == outcome for o, _ in cases)
    for key, count in own.items():
        totals[key] += count
    head = " ".join(f'{key}="{value}"' for key, value in own.items())
    return f'  <testsuite name="{xml(title)}" {head} time="0">\n{"".join(c for _, c in cases)}  </testsuite>\n'


def _case(report: Report, result: ProfileResult, found: Finding, places: Places) -> tuple[str, str]:
    outcome = mapping_of(report, result, found).junit
    place = places.of(found)
    head = (
        f'    <testcase classname="kina-audit.{xml(result.profile.id)}" name="{xml(found.requirement.id)}" '
        f'file="{xml(place.path)}" line="{place.line}" time="0"'
    )
    said = xml("\n".join(f"{k}: {cut(v, _LONGEST)}" for k, v in [("finding", name(result, found)), *paragraphs(found)]))
    if outcome in ("failure", "error"):
        message = xml(cut(headline(result, found), _LONGEST))
        return (
            outcome,
            f'{head}>\n      <{outcome} type="{found.status}" message="{message}">{said}</{outcome}>\n    </testcase>\n',
        )
    if outcome == "skipped":
        why = f"waived {waived(found)}" if found.waiver else found.reason
        text = xml(cut(why, _LONGEST))
        return outcome, f'{head}>\n      <skipped message="{text}">{text}</skipped>\n    </testcase>\n'
    if found.status in UNMET:  # does not decide the verdict, and is not silent either
        return outcome, f"{head}>\n      <system-out>{said}</system-out>\n    </testcase>\n"
    return outcome, f"{head}/>\n"


def _gate(item: Deciding, places: Places) -> tuple[str, str]:
    message = xml(cut(item.text, _LONGEST))
    place = places.of_item(item)
    head = (
        f'    <testcase classname="kina-audit.{GATE}" name="{xml(cut(item.name, _LONGEST))}" '
        f'file="{xml(place.path)}" line="{place.line}" time="0">\n'
    )
    tag = "error" if item.status is Status.UNKNOWN else "failure"
    return tag, f'{head}      <{tag} type="{item.kind}" message="{message}">{message}</{tag}>\n    </testcase>\n'
