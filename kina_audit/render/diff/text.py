"""``diff --format text``: for people at a terminal."""

from kina_audit.kernel.changes import Happened, SymbolChange, grouped
from kina_audit.render import RenderOptions
from kina_audit.render.diff.words import answer, kernel, mode, sections, symbol
from kina_audit.render.sentences import note_line
from kina_audit.render.table_style import Style
from kina_audit.report.difference import Difference

_MOST_OF_A_GROUP = 40
_VALUED = {Happened.VALUE, Happened.RENAMED, Happened.UNDECIDED}


def render(found: Difference, options: RenderOptions) -> str:
    """Features lost and gained, the symbols behind them, then the other symbols by group."""
    style = Style(options)
    lines = [*style.field("old", kernel(found.old)), *style.field("new", kernel(found.new))]
    lines += [line for note in found.notes for line in style.wrap(note_line(note))]
    lines += ["", style.bold(answer(found))]
    if mode(found):
        lines.append(mode(found))
    for title, rows in sections(found):
        lines += ["", style.bold(title), *[line for row in rows for line in _hanging(style, row)]]
    if found.behind:
        lines += ["", style.bold("The symbols behind them")]
        lines += [line for s in found.behind for line in _hanging(style, _placed(s))]
    for happened, changes in grouped(found.others).items():
        lines += ["", style.bold(f"Other symbols, {happened}: {len(changes)}")]
        kept = changes if options.verbose else changes[:_MOST_OF_A_GROUP]
        if happened in _VALUED:
            lines += [line for s in kept for line in _hanging(style, symbol(s))]
        else:
            lines += style.wrap(" ".join(_valued(s) for s in kept))
        if len(kept) < len(changes):
            lines.append(f"  ... and {len(changes) - len(kept)} more; --verbose shows them")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _hanging(style: Style, text: str) -> list[str]:
    first, *rest = style.wrap(text) or [""]
    return [first, *["  " + line for line in rest]]


def _valued(change: SymbolChange) -> str:
    """A symbol's name, and its value where the group's title does not give it."""
    if change.happened is Happened.REMOVED and change.before != "y":
        return f"{change.name}={change.before}"
    if change.happened is Happened.ADDED and change.after != "y":
        return f"{change.name}={change.after}"
    return change.name


def _placed(change: SymbolChange) -> str:
    lines = [f"{side} line {line}" for side, line in (("old", change.before_line), ("new", change.after_line)) if line]
    return symbol(change) + (f" ({', '.join(lines)})" if lines else "")
