"""``matrix --format html``: the grid on one page, with each kernel's unmet requirements a click away."""

import re

from kina_audit.cilium.model import Mode
from kina_audit.render.matrix import LACKS, said, standing
from kina_audit.render.page import page
from kina_audit.report.compare import mode_rank
from kina_audit.report.matrix import Matrix, Unmet, counts

MOST_WITH_DETAILS = 500
"""Kernels whose unmet requirements are on the page; a page with thousands of them helps nobody."""

_MARK = {"pass": "ok", "unknown": "?", "skip": "-"}
_BADGE = dict.fromkeys(LACKS.values(), "warn")
_RANK = {"fail": 0, "unknown": 1, "": 2, **dict.fromkeys(LACKS.values(), 3), "warn": 3, "skip": 4, "pass": 5}
"""What sorting a column puts first: what somebody has to look at."""


def _sortable(version: str) -> str:
    """A version whose text sorts as its numbers do."""
    numbers = [f"{int(n[:9]):09d}" for n in re.findall(r"[0-9]+", version)[:4]]
    return ".".join(numbers)


def _stands(matrix: Matrix, unmet: Unmet) -> dict[str, str]:
    """How a requirement stands; one of a profile that nobody asked for fails nothing."""
    word = said(unmet.status, asked=unmet.name.rpartition("/")[0] not in matrix.unasked)
    return {"word": word, "badge": _BADGE.get(word, word)}


def render(matrix: Matrix, _width: int, _color: bool) -> str:
    """The page; the same matrix gives the same bytes."""
    differing = set(matrix.differing)
    rows = []
    detailed = 0
    for number, row in enumerate(matrix.rows, 1):
        shown = bool(row.unmet) and detailed < MOST_WITH_DETAILS
        detailed += shown
        rows.append(
            {
                "id": f"k{number}",
                "row": row,
                "details": shown,
                "unmet": [(u, _stands(matrix, u)) for u in row.unmet] if shown else [],
                "rank": _RANK[row.verdict],
                "mode": f"{mode_rank(Mode(row.mode)):.1f}" if row.mode else "9",
                "version": _sortable(row.kernel),
                "kernel": f"{row.kernel or 'unknown'} {row.arch}".strip(),
                "cells": [
                    {"status": _BADGE.get(s, s), "mark": _MARK.get(s, s), "same": i not in differing, "rank": _RANK[s]}
                    for i, s in enumerate(standing(matrix, row))
                ],
            }
        )
    audited = [r for r in matrix.rows if not r.error]
    columns = [
        {
            "id": name,
            "title": title,
            "same": i not in differing,
            "passing": sum(r.statuses[i] in ("pass", "warn") for r in audited),
        }
        for i, (name, title) in enumerate(matrix.profiles)
    ]
    return page(
        "matrix.html",
        ("matrix.js",),
        {
            "release": matrix.release,
            "fail_on": matrix.fail_on,
            "settings": matrix.settings,
            "unasked": matrix.unasked,
            "beside": matrix.beside,
            "counts": counts(matrix.rows),
            "total": len(matrix.rows),
            "audited": len(audited),
            "columns": columns,
            "rows": rows,
            "left_out": sum(bool(r.unmet) for r in matrix.rows) - detailed,
            "most": MOST_WITH_DETAILS,
            "version": matrix.tool_version,
        },
    )
