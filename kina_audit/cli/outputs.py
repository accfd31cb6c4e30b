"""``--format`` and ``--output FORMAT=PATH``: which formats go where, checked before the audit runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kina_audit.cli import terminal
from kina_audit.errors import UsageError

if TYPE_CHECKING:
    from kina_audit.report.model import Report

STDOUT = "-"


@dataclass(frozen=True, slots=True)
class Output:
    """One format and where it goes; path None is stdout."""

    format: str
    path: Path | None


def plan(format_: str, outputs: Sequence[str]) -> list[Output]:
    """What to write where. ``FORMAT=-`` takes stdout over from ``format_``.

    Raises:
        UsageError: an unknown format, a malformed FORMAT=PATH, or two formats for stdout.
        OutputError: a path that cannot be written.
    """
    from kina_audit.render import FORMATS

    planned: list[Output] = []
    for text in outputs:
        name, equals, path = text.partition("=")
        if not equals or not path:
            raise UsageError(f"--output {text}: expected FORMAT=PATH", "For example --output json=report.json.")
        planned.append(Output(name, None if path == STDOUT else Path(path)))
    if sum(o.path is None for o in planned) > 1:
        raise UsageError("--output: two formats for stdout", "Give a path to all but one.")
    if not any(o.path is None for o in planned):
        planned.insert(0, Output(format_, None))
    for output in planned:
        if output.format not in FORMATS:
            raise UsageError(f"no format {output.format!r}", f"Formats: {', '.join(sorted(FORMATS))}.")
        if output.path is not None:
            terminal.check_writable(output.path)
    return planned


def write(report: "Report", planned: Sequence[Output], *, colour: bool, verbose: bool) -> None:
    """Render a report to everything that was planned; files first, so that a full pipe loses nothing.

    Raises:
        OutputError: a file cannot be written.
    """
    from kina_audit.render import RenderOptions, render

    for output in sorted(planned, key=lambda o: o.path is None):
        if output.path is None:
            options = RenderOptions(width=terminal.width(), color=colour, verbose=verbose)
            terminal.print_out(render(output.format, report, options))
        else:
            options = RenderOptions(width=terminal.DEFAULT_WIDTH, color=False, verbose=verbose)
            terminal.write_file(output.path, render(output.format, report, options))
