"""Which findings an annotating format shows, each once: profiles that include others repeat their requirements."""

from collections.abc import Callable

from kina_audit.engine.finding import Finding, ProfileResult
from kina_audit.render.levels import Mapping, mapping_of
from kina_audit.report.model import Report

Shown = tuple[ProfileResult, Finding, Mapping]


def shown(report: Report, pick: Callable[[Mapping], str], order: tuple[str, ...]) -> list[Shown]:
    """Findings for which ``pick`` gives a word, the most serious first by ``order``, then as the report has them."""
    found: dict[str, Shown] = {}
    for result in report.results:
        for finding in result.findings:
            mapping = mapping_of(report, result, finding)
            if not pick(mapping):
                continue
            known = found.get(finding.fingerprint)
            if known is None or order.index(pick(mapping)) < order.index(pick(known[2])):
                found[finding.fingerprint] = (result, finding, mapping)
    return sorted(found.values(), key=lambda s: order.index(pick(s[2])))
