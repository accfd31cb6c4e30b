"""``kina-audit cilium review``: what breaks of a configuration you have, line by line."""

from typing import Annotated

import typer

from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.sources.options import COMMAND_TIMEOUT, MOST_DECOMPRESSED


def review(
    values: Annotated[
        str,
        typer.Argument(metavar="VALUES", help="Helm values or a cilium-config ConfigMap, YAML or JSON; - for stdin."),
    ],
    source: given.Source = "apple",
    cilium: Annotated[
        str, typer.Option("--cilium", metavar="RELEASE", help="Cilium release, e.g. 1.18 or 1.20.2. [newest known]")
    ] = "",
    format_: Annotated[str, typer.Option("--format", "-f", help="text or json.")] = "text",
    arch: given.Arch = "arm64",
    target_kernel: given.TargetKernel = "",
    offline: given.Offline = False,
    refresh: given.Refresh = False,
    no_fallback: given.NoFallback = False,
    allow_http: given.AllowHttp = False,
    max_decompressed: given.MaxDecompressed = MOST_DECOMPRESSED,
    timeout: given.Timeout = COMMAND_TIMEOUT,
    verbose: given.Verbose = False,
    quiet: given.Quiet = False,
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
    options = given.source_options(
        arch=arch, target_kernel=target_kernel, offline=offline, refresh=refresh, no_fallback=no_fallback,
        allow_http=allow_http, max_decompressed=max_decompressed, timeout=timeout, verbose=verbose, quiet=quiet,
    )  # fmt: skip
    kind, rows = read_values(values)
    kernel = load_kernel(source, options)
    found = review_cilium(kernel, rows, kind, cilium=cilium)
    terminal.print_out(as_json(found) if format_ == "json" else as_text(found, kernel, values, terminal.width()))
    return 1 if found.breaks or found.undecided else 0
