"""``kina-audit schema``: print a JSON Schema that ships with the package."""

import re
from typing import Annotated, Any

import click

from kina_audit.cli import terminal
from kina_audit.cli.parameters import Argument, command

SCHEMAS = ("baseline", "diff", "matrix", "probe", "profile", "report", "settings", "timeline", "why")
_BASE = "https://kina-audit.dev/schemas/"


def register(app: click.Group) -> None:
    """Add the command."""
    app.add_command(command(schema, "schema", short_help="Print the JSON Schema of a file format."))


def schema(
    name: Annotated[str, Argument(help="baseline, diff, matrix, probe, profile, report, settings, timeline or why.")],
) -> int:
    """Print the JSON Schema of a file format."""
    return print_schema(name)


def print_schema(name: str) -> int:
    """Print one packaged schema.

    Raises:
        UsageError: there is no schema of that name.
    """
    from kina_audit.base.near import near
    from kina_audit.base.packaged import data_file
    from kina_audit.errors import UsageError

    if name not in SCHEMAS:
        raise UsageError(f"no schema {name!r}{near(name, SCHEMAS)}", f"Schemas: {', '.join(SCHEMAS)}.")
    text = data_file(f"schemas/{name}.schema.json").read_text(encoding="utf-8")
    terminal.print_out(bundled(text) if f'"$ref": "{_BASE}' in text else text)
    return 0


def bundled(text: str) -> str:
    """A schema with what it takes of the others inside it, so that it can be used alone."""
    import json

    from kina_audit.base.json_text import indented
    from kina_audit.base.packaged import data_file

    document = json.loads(text)
    own: dict[str, Any] = document.pop("$defs", {})
    taken: dict[str, Any] = {}

    def localised(node: Any, home: str) -> Any:
        if isinstance(node, list):
            return [localised(item, home) for item in node]
        if not isinstance(node, dict):
            return node
        address = node.get("$ref", "")
        other = re.fullmatch(rf"{re.escape(_BASE)}([a-z]+)-1\.schema\.json#/\$defs/(\w+)", address)
        own = re.fullmatch(r"#/\$defs/(\w+)", address)
        found = {key: localised(value, home) for key, value in node.items()}
        if other is not None or (own is not None and home):
            source, name = (other[1], other[2]) if other is not None else (home, own[1] if own else "")
            key = f"{source}_{name}"
            if key not in taken:
                taken[key] = {}  # it may refer to itself
                definitions = json.loads(data_file(f"schemas/{source}.schema.json").read_text(encoding="utf-8"))[
                    "$defs"
                ]
                taken[key] = localised(definitions[name], source)
            found["$ref"] = f"#/$defs/{key}"
        return found

    whole = {key: localised(value, "") for key, value in document.items()}
    own = {key: localised(value, "") for key, value in own.items()}
    return indented({**whole, "$defs": {**own, **taken}})
