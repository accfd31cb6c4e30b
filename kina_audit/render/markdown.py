"""``--format markdown``: for a job summary or a comment on a pull request; what failed first, details folded away."""

import re
from collections.abc import Sequence

from kina_audit.engine.finding import UNMET, Finding, ProfileResult, Status
from kina_audit.profiles.model import Level
from kina_audit.render import RenderOptions, cut, one_line
from kina_audit.render.answer import answer
from kina_audit.render.cause_blocks import Block
from kina_audit.render.cause_blocks import blocks as cause_blocks
from kina_audit.render.gate import gate
from kina_audit.render.levels import key_of, mapping_of
from kina_audit.render.markdown_text import code, escape
from kina_audit.render.sentences import ALL_NAMES, baseline_lines, deciding_line, name, standing, titled
from kina_audit.report.decision import Deciding
from kina_audit.report.document import met
from kina_audit.report.many import Outcome, Unread, verdict
from kina_audit.report.model import Report

MOST_CHARACTERS = 60_000
"""A comment takes 65,536 characters; a job summary takes 1 MiB."""

_LONGEST = 500
_MOST_NOTES = 20
_AT = re.compile(r"([\w:./-]*@[\w:./-]*\w)")


def render(report: Report, options: RenderOptions) -> str:
    """GitHub-flavoured Markdown below GitHub's limits; what does not fit is counted at the end."""
    return fit(_parts(report, options), MOST_CHARACTERS)


def _parts(report: Report, options: RenderOptions) -> list[str]:
    parts = [*_head(report), *_baseline(report), *_findings(report, options), _profiles(report)]
    return [*parts, *_advice(report), *_waivers(report)]


def render_many(found: Sequence[Outcome], options: RenderOptions) -> str:
    """A table of every source, then each one's own part."""
    rows, parts = [], []
    for outcome in found:
        if isinstance(outcome, Unread):
            rows.append(
                [code(cut(outcome.source, _LONGEST), in_table=True), "ERROR", escape(cut(outcome.message, _LONGEST))]
            )
            continue
        source = outcome.kernel.provenance.source
        said = deciding_line(outcome) or "nothing keeps it from passing"
        rows.append([code(cut(source, _LONGEST), in_table=True), str(outcome.verdict).upper(), escape(said)])
        parts.append("\n\n".join(_parts(outcome, options)))
    head = [f"## kina-audit: {verdict(found).upper()} of {len(found)} kernels", table(["kernel", "verdict", ""], rows)]
    return fit([*head, *parts], MOST_CHARACTERS)


def fit(blocks: list[str], most: int) -> str:
    """Blocks joined by empty lines, as many as fit; the rest is counted."""
    kept: list[str] = []
    size = 0
    for position, block in enumerate(blocks):
        size += len(block.encode("utf-16-le")) // 2 + 2
        if size > most - 200:
            kept.append(f"*{len(blocks) - position} more parts do not fit here; `--format json` has everything.*")
            break
        kept.append(block)
    return "\n\n".join(kept) + "\n"


def table(headers: list[str], rows: list[list[str]]) -> str:
    """A table of cells that are already escaped."""
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _head(report: Report) -> list[str]:
    config, origin = report.kernel.config, report.kernel.provenance
    settings = f" ({escape(cut(report.settings, _LONGEST))})" if report.settings else ""
    why = f": {escape(said)}" if (said := deciding_line(report)) else ""
    blocks = [f"## kina-audit: {str(report.verdict).upper()}{settings}{why}"]
    blocks += _answer(report)
    notes = [*report.knowledge.newer, *origin.notes, *[w.text for w in config.warnings], *report.waiver_warnings]
    blocks += [f"> {escape(cut(text, _LONGEST))}" for text in notes[:_MOST_NOTES]]
    if len(notes) > _MOST_NOTES:
        blocks.append(f"> and {len(notes) - _MOST_NOTES} more notes")
    return blocks


def _answer(report: Report) -> list[str]:
    """The same answer as the table's first screen."""
    said = answer(report)
    results = f" ({said.results})" if said.results else ""
    blocks = [_prose(said.kernel), _prose(f"verdict: {report.verdict}{results}")]
    if said.cilium:
        blocks.append(f"**{escape(said.cilium)}**")
    steps = [*said.ladder, *said.without_rebuild]
    if steps:
        blocks.append("\n".join(f"- {_prose(text)}" for text in steps))
    if said.features:
        blocks.append(_prose(f"features: {said.features}"))
    if said.next:
        fence = "`" * (2 + max(1, *(len(run) for run in re.findall("`+", "".join(said.next))), 0))
        blocks.append("\n".join([f"{fence}sh", *(one_line(c) for c in said.next), fence]))
    return blocks


def _prose(text: str) -> str:
    """Text in which names with an @ are code, which mentions nobody."""
    parts = _AT.split(cut(text, _LONGEST))
    return "".join(code(part) if number % 2 else _between(part) for number, part in enumerate(parts))


def _between(part: str) -> str:
    """Text between names, with the spaces at its ends."""
    before, after = part[:1].isspace(), part[-1:].isspace() and part.strip()
    return f"{' ' * bool(before)}{escape(part)}{' ' * bool(after)}"


def _baseline(report: Report) -> list[str]:
    if report.baseline is None:
        return []
    lines = [f"- {escape(cut(line, ALL_NAMES))}" for line in baseline_lines(report)]
    return [f"### Against the baseline {code(cut(report.baseline.origin, _LONGEST))}", *lines]


def _profiles(report: Report) -> str:
    rows = []
    for result in report.results:
        cells = []
        for level in (Level.REQUIRED, Level.RECOMMENDED):
            have, total = met(result, level)
            cells.append(f"{have}/{total}" if total else "-")
        rows.append([str(standing(report, result)), escape(result.profile.id), escape(titled(result)), *cells])
    return table(["status", "profile", "", "required", "recommended"], rows)


def _findings(report: Report, options: RenderOptions) -> list[str]:
    """By cause, as in the table; what does not decide is folded away."""
    found, _ = cause_blocks(report, verbose=options.verbose)
    parts: list[str] = []
    if report.deciding:
        parts += ["### What keeps it from passing", *[_gate(item) for item in gate(report).alone]]
        parts += [_cause(b) for b in found if b.decides]
    others = [b for b in found if not b.decides and not b.waived]
    parts += _folded(f"{len(others)} more that are unmet or cannot be told", [_cause(b) for b in others])
    accepted = [b for b in found if b.waived]
    parts += _folded(f"{len(accepted)} waived", [_cause(b) for b in accepted])
    if options.verbose:
        pairs = [(r, f) for r in report.results for f in r.findings if f.status not in UNMET]
        parts += _folded("met, or for other kernels", [_finding(report, *p) for p in pairs])
    return parts


def _cause(block: Block) -> str:
    mark = str(block.status)
    lines = [
        f"- **{mark.upper() if block.decides else 'waived' if block.waived else mark}** {code(cut(block.what, _LONGEST))}"
    ]
    for label, names in block.lists.items():
        lines.append(f"  - {label}: {', '.join(f'{code(name)} {escape(note)}'.strip() for name, note in names)}")
    lines += [f"  - {label}: {escape(cut(text, _LONGEST))}" for label, text in block.fields if one_line(text)]
    return "\n".join(lines)


def _gate(item: Deciding) -> str:
    mark = "UNKNOWN" if item.status is Status.UNKNOWN else "FAIL"
    return f"- **{mark}** {code(cut(item.name, _LONGEST))} ({item.kind}): {escape(cut(item.text, _LONGEST))}"


def _folded(title: str, parts: list[str]) -> list[str]:
    return [f"<details><summary>{title}</summary>", *parts, "</details>"] if parts else []


def _finding(report: Report, result: ProfileResult, found: Finding) -> str:
    """One that is met, or is not asked here."""
    mark = mapping_of(report, result, found).mark
    line = f"- **{mark}** {code(name(result, found))} ({found.level})"
    line += f" needs {code(cut(found.needs, _LONGEST))}" if found.needs else ""
    told = key_of(report, result, found)[0] == "skip" or (found.reason and not found.needs)
    return f"{line}\n  - because: {escape(cut(found.reason, _LONGEST))}" if told else line


def _advice(report: Report) -> list[str]:
    advice = report.advice
    if advice is None:
        return []
    rows = [[escape(c.name), escape(c.value), escape(cut(c.because, _LONGEST))] for c in advice.choices]
    blocks = [f"### Cilium {escape(advice.release)}"] if rows or advice.cautions else []
    if rows:
        blocks.append(table(["choice", "value", "because"], rows))
    blocks += [f"> {escape(c)}" for c in advice.cautions]
    return blocks


def _waivers(report: Report) -> list[str]:
    rows = [
        [
            str(use.state),
            code(cut(use.waiver.pattern, _LONGEST), in_table=True),
            use.waiver.expires.isoformat(),
            escape(cut(use.waiver.reason, _LONGEST)),
            escape(cut(" ".join(filter(None, (use.waiver.owner, use.waiver.link))), _LONGEST)),
        ]
        for use in report.waivers
    ]
    return ["### Waivers", table(["state", "covers", "until", "reason", "owner"], rows)] if rows else []
