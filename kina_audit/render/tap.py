"""``--format tap``: the Test Anything Protocol, version 14, one test a requirement."""

import json

from kina_audit.engine.finding import UNMET
from kina_audit.render import RenderOptions, cut, one_line
from kina_audit.render.levels import mapping_of
from kina_audit.render.sentences import name, paragraphs, waived
from kina_audit.report.model import Report

_LONGEST = 400


def render(report: Report, _options: RenderOptions) -> str:
    """TAP; what does not decide the verdict is a TODO, what is waived or for other kernels is skipped."""
    pairs = [(r, f) for r in report.results for f in r.findings]
    lines = ["TAP version 14", f"1..{len(pairs) + len(report.gate)}"]
    for number, (result, found) in enumerate(pairs, 1):
        outcome, _, directive = mapping_of(report, result, found).tap.partition(" # ")
        reason = waived(found) if found.waiver else found.reason if directive == "SKIP" else str(found.level)
        note = f" # {directive} {_text(reason)}".rstrip() if directive else ""
        lines.append(f"{outcome} {number} - {_text(name(result, found))}{note}")
        if found.status in UNMET:
            lines += ["  ---", *[f"  {k}: {json.dumps(one_line(v)[:4096])}" for k, v in paragraphs(found)], "  ..."]
    for number, item in enumerate(report.gate, len(pairs) + 1):
        said = json.dumps(one_line(item.text)[:4096])
        lines += [f"not ok {number} - {_text(item.name)}", "  ---", f"  because: {said}", "  ..."]
    lines += [f"# {one_line(w)}" for w in (report.settings, *report.waiver_warnings) if w]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    return cut(text, _LONGEST).replace("\\", "\\\\").replace("#", "\\#")
