"""``matrix --format csv``: a line a kernel; no cell can be taken for a formula."""

import csv
from io import StringIO

from kina_audit.render import one_line
from kina_audit.report.matrix import Matrix

_FORMULA = ("=", "+", "-", "@")


def render(matrix: Matrix, _width: int, _color: bool) -> str:
    """RFC 4180, with a header."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    ids = [i for i, _ in matrix.profiles]
    head = (
        "source",
        "kernel",
        "arch",
        "verdict",
        "cilium_mode",
        *ids,
        "labels",
        "audited",
        "error",
        "note",
        "untested",
    )
    writer.writerow([_cell(c) for c in head])
    for row in matrix.rows:
        statuses = row.statuses or ("",) * len(ids)
        labels = " ".join(f"{k}={v}" for k, v in row.labels)
        cells = (row.source, row.kernel, row.arch, row.verdict, row.mode, *statuses)
        untested = str(row.untested).lower() if row.mode else ""
        writer.writerow([_cell(c) for c in (*cells, labels, row.audited, row.error, row.note, untested)])
    return out.getvalue()


def _cell(text: str) -> str:
    """Text that a spreadsheet does not run."""
    line = one_line(text)
    return f"'{line}" if line.startswith(_FORMULA) else line
