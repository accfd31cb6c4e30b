"""``matrix --format table``: for a terminal, with the profiles' names numbered where they would not fit."""

from kina_audit.render import RenderOptions, cut, one_line
from kina_audit.render.table_style import Style
from kina_audit.report.matrix import Matrix, Row, total

_SHORT = {"pass": "ok", "fail": "FAIL", "warn": "warn", "unknown": "?", "skip": "-", "": ""}
_SOURCE = 44


def render(matrix: Matrix, width: int, color: bool) -> str:
    """Kernels down, profiles across; errors below."""
    from tabulate import tabulate

    style = Style(RenderOptions(width=width, color=color))
    ids = [i for i, _ in matrix.profiles]
    wide = _SOURCE + sum(max(5, len(i) + 2) for i in ids) + 40 > width
    heads = [f"#{n}" for n in range(1, len(ids) + 1)] if wide else ids
    mode = [f"Cilium {matrix.release}"] if matrix.release else []
    rows = [_cells(row, matrix, style) for row in matrix.rows if not row.error]
    lines = []
    if rows:
        text = tabulate(rows, ["kernel", "Linux", "verdict", *mode, *heads], tablefmt="plain", disable_numparse=True)
        lines = [line.rstrip() for line in text.splitlines()]
    if wide and rows:
        lines += ["", *style.wrap("; ".join(f"#{n} {i}" for n, i in enumerate(ids, 1)), 0)]
    for row in matrix.rows:
        if row.error:
            lines += ["", *style.wrap(f"{cut(row.source, 200)}: error: {one_line(row.error)}", 0)]
    return "\n".join([*lines, "", total(matrix)]) + "\n"


def _cells(row: Row, matrix: Matrix, style: Style) -> list[str]:
    source = one_line(row.source)
    shown = source if len(source) <= _SOURCE else "..." + source[3 - _SOURCE :]
    cells = [shown, f"{row.kernel or '?'} {row.arch}".strip(), row.verdict]
    if matrix.release:
        cells.append(row.mode)
    return cells + [style.bold(_SHORT[s]) if s in ("fail", "unknown") else _SHORT[s] for s in row.statuses]
