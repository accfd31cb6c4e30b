"""``kina-audit schema``: print a JSON Schema that ships with the package."""

from typing import Annotated

import typer

from kina_audit.cli import terminal

SCHEMAS = ("baseline", "diff", "matrix", "probe", "profile", "report", "settings", "timeline", "why")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("schema", short_help="Print the JSON Schema of a file format.")(schema)


def schema(
    name: Annotated[
        str, typer.Argument(help="baseline, diff, matrix, probe, profile, report, settings, timeline or why.")
    ],
) -> int:
    """Print the JSON Schema of a file format."""
    return print_schema(name)


def print_schema(name: str) -> int:
    """Print one packaged schema.

    Raises:
        UsageError: there is no schema of that name.
    """
    from kina_audit.errors import UsageError
    from kina_audit.packaged import data_file

    if name not in SCHEMAS:
        raise UsageError(f"no schema {name!r}", f"Schemas: {', '.join(SCHEMAS)}.")
    terminal.print_out(data_file(f"schemas/{name}.schema.json").read_text(encoding="utf-8"))
    return 0
