"""``--format junit``: JUnit XML as GitLab and Jenkins read it.

GitLab shows a case's ``classname`` as its suite and the text of ``failure``, Jenkins the ``message`` attribute, and
actions that annotate read ``file`` and ``line``; so everything stands in both places.
"""

from collections.abc import Sequence

from kina_audit.engine.finding import UNMET, Finding, ProfileResult, Status
from kina_audit.render import RenderOptions, cut, xml
from kina_audit.render.levels import mapping_of
from kina_audit.render.place import Places, of_source
from kina_audit.render.sentences import headline, name, paragraphs, waived
from kina_audit.report.decision import GATE, Deciding
from kina_audit.report.many import Outcome, Unread
from kina_audit.report.model import Report

_LONGEST = 1_000


def render(report: Report, options: RenderOptions) -> str:
    """One test suite a profile, one case a requirement; times are 0, because the same input gives the same bytes."""
    return _document(_suites(report, options, "kina-audit"), report.settings)


def render_many(found: Sequence[Outcome], options: RenderOptions) -> str:
    """The suites of every source, each named by its file; a source without a report is a suite with an error."""
    suites: list[_Suite] = []
    for outcome in found:
        if isinstance(outcome, Unread):
            suites.append(_Suite(f"kina-audit.{outcome.source}", [_unread(outcome, options)]))
        else:
            suites += _suites(outcome, options, f"kina-audit.{Places(outcome, options).identity}")
    return _document(suites, next((o.settings for o in found if isinstance(o, Report)), ""))


class _Suite:
    def __init__(self, title: str, cases: list[tuple[str, str]]) -> None:
        self.title, self.cases = title, cases
        self.counts = {"tests": len(cases)}
        for key, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            self.counts[key] = sum(o == outcome for o, _ in cases)

    def text(self) -> str:
        return (
            f'  <testsuite name="{xml(cut(self.title, _LONGEST))}" {_head(self.counts)} time="0">\n'
            f"{''.join(c for _, c in self.cases)}  </testsuite>\n"
        )


def _document(suites: list[_Suite], settings: str) -> str:
    title = xml(f"kina-audit ({cut(settings, _LONGEST)})" if settings else "kina-audit")
    keys = ("tests", "failures", "errors", "skipped")
    head = _head({key: sum(s.counts[key] for s in suites) for key in keys})
    body = "".join(s.text() for s in suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="{title}" {head} time="0">\n{body}</testsuites>\n'


def _head(counts: dict[str, int]) -> str:
    return " ".join(f'{key}="{value}"' for key, value in counts.items())


def _suites(report: Report, options: RenderOptions, prefix: str) -> list[_Suite]:
    places = Places(report, options)
    suites = []
    for result in report.results:
        title = f"{prefix}.{result.profile.id}"
        suites.append(_Suite(title, [_case(report, result, found, places, title) for found in result.findings]))
    if report.gate:
        title = f"{prefix}.{GATE}"
        suites.append(_Suite(title, [_gate(item, places, title) for item in report.gate]))
    return suites


def _case(report: Report, result: ProfileResult, found: Finding, places: Places, title: str) -> tuple[str, str]:
    outcome = mapping_of(report, result, found).junit
    place = places.of(found)
    head = (
        f'    <testcase classname="{xml(cut(title, _LONGEST))}" name="{xml(found.requirement.id)}" '
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


def _gate(item: Deciding, places: Places, title: str) -> tuple[str, str]:
    place = places.of_item(item)
    tag = "error" if item.status is Status.UNKNOWN else "failure"
    return tag, _simple(title, item.name, place.path, place.line, tag, item.kind, item.text)


def _unread(outcome: Unread, options: RenderOptions) -> tuple[str, str]:
    title = f"kina-audit.{outcome.source}"
    place = of_source(outcome.source, options)
    return "error", _simple(title, "source", place.path, place.line, "error", "unread", outcome.message)


def _simple(title: str, case: str, path: str, line: int, tag: str, kind: str, text: str) -> str:
    message = xml(cut(text, _LONGEST))
    return (
        f'    <testcase classname="{xml(cut(title, _LONGEST))}" name="{xml(cut(case, _LONGEST))}" '
        f'file="{xml(cut(path, _LONGEST))}" line="{line}" time="0">\n'
        f'      <{tag} type="{kind}" message="{message}">{message}</{tag}>\n    </testcase>\n'
    )
