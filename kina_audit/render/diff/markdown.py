"""``diff --format markdown``: for a comment on the pull request that bumps the kernel."""

from kina_audit.kernel.changes import SymbolChange, grouped
from kina_audit.render import RenderOptions, cut
from kina_audit.render.diff.words import answer, kernel, mode, sections
from kina_audit.render.markdown import MOST_CHARACTERS, fit, table
from kina_audit.render.markdown_text import code, escape
from kina_audit.render.sentences import ALL_NAMES, told
from kina_audit.report.difference import Difference

_LONGEST = 500
_MOST_OF_A_GROUP = 200


def render(found: Difference, options: RenderOptions) -> str:
    """GitHub-flavoured Markdown below a comment's limit; the other symbols are folded away."""
    heading = "REGRESSION" if found.regressed else "no regression"
    blocks = [f"## kina-audit diff: {heading}"]
    blocks.append(f"- old: {escape(kernel(found.old))}\n- new: {escape(kernel(found.new))}")
    blocks.append(f"**{escape(answer(found))}**" + (f"\n\n{escape(mode(found))}" if mode(found) else ""))
    blocks += [f"> {escape(cut(note, _LONGEST))}" for note in found.notes]
    for title, lines in sections(found):
        blocks.append(f"### {title}\n\n" + "\n".join(f"- {escape(cut(line, ALL_NAMES))}" for line in lines))
    if found.behind:
        blocks += ["### The symbols behind them", _symbols(list(found.behind))]
    for happened, changes in grouped(found.others).items():
        kept = changes if options.verbose else changes[:_MOST_OF_A_GROUP]
        more = f"\n\nand {len(changes) - len(kept)} more" if len(kept) < len(changes) else ""
        summary = f"<details><summary>Other symbols, {happened}: {len(changes)}</summary>"
        # One block, so that a page that is cut never leaves one open.
        blocks.append(f"{summary}\n\n{_symbols(kept)}{more}\n\n</details>")
    return fit(blocks, MOST_CHARACTERS)


def _symbols(changes: list[SymbolChange]) -> str:
    rows = [
        [
            code(f"{c.renamed_from} -> {c.name}" if c.renamed_from else c.name, in_table=True),
            _value(c.before),
            _value(c.after),
        ]
        for c in changes
    ]
    return table(["symbol", "before", "after"], rows)


def _value(value: str | None) -> str:
    return escape(cut(told(value), _LONGEST))
