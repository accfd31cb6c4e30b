"""Rows of a table that is as wide as the terminal: long names and lists go over lines."""

import re
from collections.abc import Sequence
from itertools import zip_longest
from textwrap import wrap

from kina_audit.render.table_style import Style

_GAP = 2
_NARROW = 16
"""Characters that names and features have at the least; a narrower terminal breaks the lines itself."""
_STOP = re.compile(r"[^-_./@:, ]+[-_./@:, ]*|[-_./@:, ]+")


def grid(rows: Sequence[list[str]], heads: list[str], style: Style) -> list[str]:
    """Rows below their heads, as wide as the terminal: the first and the last column share what the others leave.

    The second, what is good to know, is left out where there is no room for it.
    """
    table = [heads, *rows]
    needs = [max(len(row[n]) for row in table) for n in range(len(heads))]
    taken = sum(needs[2:-1]) + _GAP * (len(heads) - 2)
    room = style.width - taken
    if needs[0] + needs[-1] + needs[1] + _GAP <= room or room - needs[1] - _GAP >= 4 * _NARROW:
        room -= needs[1] + _GAP
    else:
        table = [[row[0], *row[2:]] for row in table]
        del needs[1]
    first = min(needs[0], max(_NARROW, min(room - _NARROW, max(room - needs[-1], room * 3 // 5))))
    widths = [first, *needs[1:-1], max(_NARROW, room - first)]
    lines = []
    for number, row in enumerate(table):
        name, *others = [(cell, width) for cell, width in zip(row, widths, strict=True)]
        broken = [_broken(*name), *(wrap(cell, w, break_on_hyphens=False) or [""] for cell, w in others)]
        for cells in zip_longest(*broken, fillvalue=""):
            line = (" " * _GAP).join(f"{c:<{w}}" for c, w in zip(cells, widths, strict=True)).rstrip()
            lines.append(style.bold(line) if number == 0 else line)
    return lines


def _broken(name: str, width: int) -> list[str]:
    """A name over as many lines as it takes, broken behind what parts it."""
    lines = [""]
    for piece in _STOP.findall(name):
        if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
        while len(lines[-1].rstrip()) > width:
            lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    return lines
