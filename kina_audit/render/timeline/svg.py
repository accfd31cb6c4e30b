"""``timeline --format svg``: versions across, profiles and Cilium's mode down; light and dark by the reader's setting."""

from kina_audit.cilium.model import LADDER
from kina_audit.render import cut, xml
from kina_audit.report.timeline import Timeline

_LEFT, _TITLE, _HEADS, _ROW, _COLUMN, _GAP = 150, 30, 56, 24, 116, 3
_WORD = {"pass": "works", "fail": "fails", "warn": "partly", "unknown": "cannot tell", "skip": "not asked"}
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1b2130; } .soft { fill: #566072; } .head { font-weight: 600; font-size: 15px; }
.pass { fill: #8fd3a6; } .fail { fill: #f09a94; } .warn { fill: #f2d08a; } .unknown { fill: #c3b4ee; } .skip { fill: #dfe4ea; }
.mode { fill: #1b2130; font-weight: 600; } .ground { fill: #ffffff; } .cell { fill: #12161f; }
@media (prefers-color-scheme: dark) {
text { fill: #e6eaf2; } .soft { fill: #a3adbf; } .mode { fill: #e6eaf2; } .ground { fill: #12161f; } .cell { fill: #12161f; }
.skip { fill: #4b5668; } }
"""


def render(timeline: Timeline, _width: int) -> str:
    """A picture of its own, with its style in it."""
    return drawing(timeline, f"<style>{_STYLE}</style>")


def drawing(timeline: Timeline, style: str = "") -> str:
    """The picture; inside a page, which has a title of its own, the page's own style colours it."""
    points, profiles = timeline.points, timeline.profiles
    rows = len(profiles) + bool(timeline.release)
    title = cut(timeline.name, 100)
    width = max(_LEFT + _COLUMN * len(points) + 20, 24 + 9 * len(title) if style else 0)
    top = (_TITLE if style else 0) + _HEADS
    height = top + _ROW * rows + 12
    out = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img" aria-label="{xml(title)}: which profiles work in which version">'
        ),
        style,
        f'<rect class="ground" width="{width}" height="{height}"/>',
    ]
    if style:
        out.append(f'<text class="head" x="12" y="26">{xml(title)}</text>')
    for number, point in enumerate(points):
        x = _LEFT + number * _COLUMN
        for line, text in enumerate((point.label, point.date, f"Linux {point.kernel or '?'}")):
            out.append(
                f'<text class="{"" if line == 0 else "soft"}" x="{x}" y="{top - _HEADS + 18 + line * 15}">{xml(cut(text, 16))}</text>'
            )
    for number, point in enumerate(points):
        if not point.statuses:
            out.append(_cell(number, top, "skip", f"{point.label}: {point.event}", point.event))
    if timeline.release:
        out.append(f'<text x="12" y="{top + 16}">{xml(cut(f"Cilium {timeline.release}", 26))}</text>')
        for number, point in enumerate(points):
            if not point.statuses:
                continue
            status = "fail" if point.mode == "unsupported" else "pass" if point.mode == LADDER[0] else "warn"
            status = "unknown" if point.mode == "unknown" else status
            out.append(_cell(number, top, status, f"{point.label}: {point.reaches}", point.mode))
    for row, (name, text) in enumerate(profiles, bool(timeline.release)):
        y = top + row * _ROW
        out.append(f'<text x="12" y="{y + 16}">{xml(cut(name, 22))}</text>')
        for number, point in enumerate(points):
            if not point.statuses:
                continue
            status = point.statuses[row - bool(timeline.release)]
            hint = f"{point.label}: {text} {_WORD[status]}"
            out.append(_cell(number, y, status, hint, _WORD[status]))
    out.append("</svg>")
    return "\n".join(out) + "\n"


def _cell(column: int, y: int, status: str, hint: str, word: str) -> str:
    x = _LEFT + column * _COLUMN
    return (
        f'<g><title>{xml(hint)}</title><rect class="{status}" x="{x}" y="{y}" width="{_COLUMN - _GAP}" '
        f'height="{_ROW - _GAP}" rx="3"/><text class="cell" x="{x + 8}" y="{y + 15}">{xml(cut(word, 16))}</text></g>'
    )
