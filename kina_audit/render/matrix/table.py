"""``matrix --format table``: for a terminal, with the profiles' names numbered where they would not fit."""

from collections import Counter

from kina_audit.render import RenderOptions, cut, one_line
from kina_audit.render.table_style import Style
from kina_audit.report.matrix import Matrix, Row, total

_SHORT = {"pass": "ok", "fail": "FAIL", "warn": "warn", "unknown": "?", "skip": "-", "": ""}
_SOURCE = 44


def render(matrix: Matrix, width: int, color: bool) -> str:
    """Kernels down, profiles across; errors and notes below."""
    from tabulate import tabulate

    style = Style(RenderOptions(width=width, color=color))
    ids = [i for i, _ in matrix.profiles]
    wide = _SOURCE + sum(max(5, len(i) + 2) for i in ids) + 40 > width
    heads = [f"#{n}" for n in range(1, len(ids) + 1)] if wide else ids
    mode = [f"Cilium {matrix.release}"] if matrix.release else []
    names = _names([row for row in matrix.rows if not row.error])
    rows = [[n, *_cells(r, matrix, style)] for n, r in zip(names, [r for r in matrix.rows if not r.error], strict=True)]
    lines = []
    if rows:
        text = tabulate(rows, ["kernel", "Linux", "verdict", *mode, *heads], tablefmt="plain", disable_numparse=True)
        lines = [line.rstrip() for line in text.splitlines()]
    if wide and rows:
        lines += ["", *style.wrap("; ".join(f"#{n} {i}" for n, i in enumerate(ids, 1)), 0)]
    for row in matrix.rows:
        if row.below:
            lines += ["", *style.wrap(f"{cut(row.name, 200)}: {one_line(row.below)}", 0)]
    return "\n".join([*lines, "", total(matrix)]) + "\n"


def _names(rows: list[Row]) -> list[str]:
    """What each kernel is called: its node where it is known, cut on the left, and whole where that would make two alike."""
    whole = [one_line(row.name) for row in rows]
    short = [n if len(n) <= _SOURCE else "..." + n[3 - _SOURCE :] for n in whole]
    alike = {n for n, count in Counter(short).items() if count > 1}
    named = [w if s in alike else s for s, w in zip(short, whole, strict=True)]
    told = [f" ({cut(row.told, _SOURCE)})" if row.told else "" for row in rows]
    return [n + t for n, t in zip(named, told, strict=True)]


def _cells(row: Row, matrix: Matrix, style: Style) -> list[str]:
    cells = [f"{row.kernel or '?'} {row.arch}".strip(), row.verdict]
    if matrix.release:
        cells.append(row.reaches)
    return cells + [style.bold(_SHORT[s]) if s in ("fail", "unknown") else _SHORT[s] for s in row.statuses]
