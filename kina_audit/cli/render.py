"""``kina-audit render``: a stored JSON report in any other format."""

from pathlib import Path
from typing import Annotated

import click

from kina_audit.base.bounds import REPORT_BYTES
from kina_audit.base.json_text import read_json
from kina_audit.cli import gate_options as gate
from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.input_files import read_text
from kina_audit.cli.parameters import Argument, command, option
from kina_audit.sources.local.stdin import shown


def register(app: click.Group) -> None:
    """Add the command."""
    app.add_command(command(render, "render", short_help="Render a stored report in another format."))


def render(
    report: Annotated[str, Argument(metavar="REPORT.json", help="What `check -f json` wrote; - for stdin.")],
    format_: Annotated[str, option("--format", "-f", metavar="FORMAT", help="To stdout.")] = "table",
    output: given.Outputs = None,
    locate: gate.Locate = "",
    metrics: gate.Metrics = "compact",
    by: gate.By = "cause",
    verbose: given.Verbose = False,
    color: given.Color = "auto",
) -> int:
    """Render a stored report, byte for byte as `check` would have.

    Exit status: 0, whatever the report's verdict; 2 no report, or one of another version.
    """
    from kina_audit.cli import outputs
    from kina_audit.errors import UsageError
    from kina_audit.report.stored import is_newer, read_report

    colour = terminal.use_colour(color)
    planned = outputs.plan(format_, output or [], report)
    name = shown(Path(report))
    try:
        document = read_json(read_text(Path(report), REPORT_BYTES, "a report"), once=True)
    except ValueError as error:
        raise UsageError(f"{name}: not JSON: {error}", "`kina-audit check -o json=FILE` writes a report.") from error
    look = gate.look(verbose=verbose, color=colour, locate=locate, metrics=metrics, by=by)
    stored = read_report(document, name)
    outputs.refuse_nowhere(planned, stored.labels)
    if is_newer(document):
        terminal.say(f"{name} was written by a newer kina-audit; what this one does not know is left out")
    outputs.write(stored, planned, look)
    return 0
