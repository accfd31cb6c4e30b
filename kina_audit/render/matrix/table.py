"""``matrix --format table``: for a terminal, a line a kernel where names are not long; what passes is not named."""

from collections import Counter

from kina_audit.cilium.agent_profile import PROFILE
from kina_audit.render import RenderOptions, cut, one_line
from kina_audit.render.grid import grid
from kina_audit.render.matrix import LACKS, standing
from kina_audit.render.table_style import Style
from kina_audit.report.matrix import Matrix, Row, total

_MOST_NAME = 200
_MOST_FOLDERS = 20
_MANY = 20
"""Profiles that are named of each status; JSON and CSV have them all."""
_LABELS = {"fail": "FAIL", "unknown": "unknown", "": "not in the report", "warn": "warn"}
_ORDER = ("FAIL", "unknown", "not in the report", *LACKS.values(), "warn")


def render(matrix: Matrix, width: int, color: bool) -> str:
    """Kernels down; verdict, Cilium's mode and the profiles that do not pass beside them; errors and notes below."""
    style = Style(RenderOptions(width=width, color=color))
    audited = [row for row in matrix.rows if not row.error]
    names = _names(audited, width // 2)
    rows = [_cells(name, row, matrix) for name, row in zip(names, audited, strict=True)]
    lines = grid(rows, _heads(matrix), style) if rows else []
    if words := [word for word in LACKS.values() if any(word in standing(matrix, row) for row in audited)]:
        told = f"{', '.join(words)}: nobody asked for it, so that it fails no kernel; with -p NAME it does."
        lines += ["", *style.wrap(told, 0)]
    if matrix.beside:
        lines += ["", *style.wrap(matrix.beside, 0)]
    for row in matrix.rows:
        if row.below:
            said = one_line(row.below)
            named = "" if said.startswith(f"error: {row.name}: ") else f"{cut(row.name, _MOST_NAME)}: "
            lines += ["", *style.wrap(f"{named}{said}", 0)]
    return "\n".join([*lines, "", total(matrix)]) + "\n"


def _names(rows: list[Row], width: int) -> list[str]:
    """What each kernel is called: its node where it is known; a long path without the folders that do not tell it apart."""
    whole = [one_line(row.name) for row in rows]
    for parts in range(1, _MOST_FOLDERS):
        short = ["/".join(n.split("/")[-parts:]) if len(n) > width else n for n in whole]
        alike = {n for n, count in Counter(short).items() if count > 1}
        if not alike:
            whole = short
            break
    return [n if len(n) <= _MOST_NAME else f"...{n[3 - _MOST_NAME :]}" for n in whole]


def _heads(matrix: Matrix) -> list[str]:
    return ["kernel", "Linux", "verdict", *([f"Cilium {matrix.release}"] if matrix.release else []), "features"]


def _cells(name: str, row: Row, matrix: Matrix) -> list[str]:
    told = f" ({cut(row.told, _MOST_NAME)})" if row.told else ""
    mode = [row.reaches] if matrix.release else []
    return [name + told, f"{row.kernel or '?'} {row.arch}".strip(), row.verdict, *mode, _features(row, matrix)]


def _features(row: Row, matrix: Matrix) -> str:
    """The profiles that do not pass, by how they stand; a dash where there is no question about any."""
    found: dict[str, list[str]] = {}
    for (name, _), status in zip(matrix.profiles, standing(matrix, row), strict=False):
        if name == PROFILE and matrix.release:
            # Whether the agent starts is what the mode says.
            continue
        label = _LABELS.get(status, status)
        found.setdefault(label, []).append(name)
    parts = [_listed(label, found[label]) for label in _ORDER if label in found]
    return "; ".join(parts) or ("all pass" if found else "-")


def _listed(label: str, names: list[str]) -> str:
    more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
    return f"{label} {', '.join(names[:_MANY])}{more}"
