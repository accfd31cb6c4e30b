"""``matrix --format markdown``: a table for a pull request or a page."""

from kina_audit.render import one_line
from kina_audit.render.markdown_text import code, escape
from kina_audit.render.matrix import LACKS, standing
from kina_audit.report.matrix import Matrix, total


def render(matrix: Matrix, _width: int, _color: bool) -> str:
    """A table, kernels down and profiles across."""
    head = ["kernel", "Linux", "verdict", *([f"Cilium {matrix.release}"] if matrix.release else [])]
    head += [i for i, _ in matrix.profiles]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in matrix.rows:
        cells = [code(one_line(row.name + (f" ({row.told})" if row.told else "")), in_table=True)]
        if row.error:
            cells += [escape(f"error: {one_line(row.error)}"), *[""] * (len(head) - 2)]
        else:
            cells += [escape(f"{row.kernel or 'unknown'} {row.arch}".strip()), row.verdict]
            cells += [row.reaches] if matrix.release else []
            cells += [_MARK.get(s, s) for s in standing(matrix, row)]
        lines.append("| " + " | ".join(cells) + " |")
    notes = [f"{code(one_line(row.name))}: {escape(one_line(row.note))}." for row in matrix.rows if row.note]
    if matrix.unasked:
        names = ", ".join(code(i) for i in matrix.unasked)
        notes.insert(0, f"Nobody asked for {names}: what a kernel {' or '.join(LACKS.values())} there fails none.")
    if matrix.beside:
        notes.insert(0, matrix.beside)
    return "\n".join([*lines, "", *[part for note in notes for part in (note, "")], f"{total(matrix)}."]) + "\n"


_MARK = {"pass": "pass", "fail": "**FAIL**", "warn": "warn", "unknown": "**unknown**", "skip": "-"}
