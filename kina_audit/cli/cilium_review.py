"""``kina-audit cilium review``: what breaks of a configuration you have, line by line."""

from typing import TYPE_CHECKING, Annotated

import typer

from kina_audit.cli import source_options as given
from kina_audit.cli import terminal

if TYPE_CHECKING:
    from kina_audit.sources.options import SourceOptions


@given.reads_sources()
def review(
    values: Annotated[
        str,
        typer.Argument(metavar="VALUES", help="Helm values or a cilium-config ConfigMap, YAML or JSON; - for stdin."),
    ],
    source: given.Source = "apple",
    cilium: given.Cilium = "",
    format_: Annotated[str, typer.Option("--format", "-f", help="text or json.")] = "text",
    *,
    options: "SourceOptions",
) -> int:
    """What breaks, on a kernel, of the Helm values or the cilium-config you have, line by line.

    What is not set has the chart's default. Exit status: 0 nothing breaks, 1 something does or the input cannot tell,
    2 the values or an option are wrong, 3 the source could not be read.
    """
    from kina_audit.api import load_kernel, review_cilium
    from kina_audit.errors import UsageError
    from kina_audit.render.cilium_review import as_json, as_text
    from kina_audit.sources.cilium_values import read_values

    given.one_of(("text", "json"), format_, "--format")
    if values == source == "-":
        raise UsageError("both VALUES and SOURCE are stdin", "Give one of them as a file.")
    kind, rows = read_values(values)
    kernel = load_kernel(source, options)
    found = review_cilium(kernel, rows, kind, cilium=cilium)
    terminal.print_out(as_json(found) if format_ == "json" else as_text(found, kernel, values, terminal.width()))
    return 1 if found.breaks or found.undecided else 0
