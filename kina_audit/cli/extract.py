"""``kina-audit extract``: print the config that is in an image, an archive, a guest ..."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.parameters import Argument, command, option

if TYPE_CHECKING:
    from kina_audit.sources.options import SourceOptions


def register(app: click.Group) -> None:
    """Add the command."""
    app.add_command(command(extract, "extract", short_help="Print the config of a kernel image, package or node."))


@given.reads_sources("target_kernel", "built", "fragment", "toolchain")
def extract(
    source: Annotated[str, Argument(help=given.SOURCE_HELP)],
    output: Annotated[
        Path | None, option("--output", "-o", metavar="FILE", help="Write it there instead of to stdout.")
    ] = None,
    *,
    options: "SourceOptions",
    verbose: Annotated[
        bool, option("--verbose", "-v", help="Say where the config was found, and show commands that are run.")
    ] = False,
    quiet: given.Quiet = False,
) -> int:
    """Print a kernel's config byte for byte, wherever it is: what scripts/extract-ikconfig does, for everything.

    Where stdout is no file, control characters in it are made visible, and no line is a command to a CI.

    Exit status: 0 printed, 2 usage error, 3 no config could be read.
    """
    from kina_audit.errors import SourceError
    from kina_audit.sources import open_source
    from kina_audit.sources.local.stdin import shown

    if output is not None and str(output) != "-":
        terminal.check_writable(output)
    kernel = open_source(source, options)
    found = kernel.provenance
    if not kernel.config_bytes:
        raise SourceError(
            f"{shown(source)}: a record holds what its kernel line does not give by itself, not the config's own text",
            f"`kina-audit resolve {shown(source)}` writes the config that is built from it.",
        )
    if verbose and not quiet:
        terminal.say(" > ".join([found.location, *found.found_in]))
    if output is None or str(output) == "-":
        terminal.print_config(kernel.config_bytes)
    else:
        terminal.write_file(output, kernel.config_bytes)
    return 0
