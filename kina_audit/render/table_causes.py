"""Findings by cause, in the terminal table."""

from kina_audit.render import RenderOptions
from kina_audit.render.cause_blocks import blocks
from kina_audit.render.table_style import Style
from kina_audit.report.model import Report


def cause_lines(report: Report, style: Style, options: RenderOptions) -> tuple[list[str], int]:
    """(every cause of which something is to be shown; how many requirements are not shown)."""
    found, hidden = blocks(report, verbose=options.verbose)
    lines: list[str] = []
    for block in found:
        lines += ["", *style.headed(block.status, block.what)]
        for label, names in block.lists.items():
            lines += style.items(label, [f"{name} {note}".strip() for name, note in names])
        lines += [line for label, text in block.fields for line in style.field(label, text)]
    return lines, hidden
