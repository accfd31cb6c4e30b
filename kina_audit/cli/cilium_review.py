"""``kina-audit cilium review``: what breaks of a configuration you have, line by line."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.parameters import Argument

if TYPE_CHECKING:
    from collections.abc import Callable

    from kina_audit.sources.cilium_values import Values
    from kina_audit.sources.options import SourceOptions

_VALUES = (
    "Helm values, a cilium-config ConfigMap, or a HelmChartConfig, HelmRelease or Application with them; - for stdin."
)


@given.reads_sources()
def review(
    values: Annotated[str, Argument(metavar="VALUES", help=_VALUES)],
    source: given.Source = "apple",
    cilium: given.Cilium = "",
    format_: given.TextOrJson = "text",
    *,
    options: "SourceOptions",
) -> int:
    """What breaks, on a kernel, of the Helm values or the cilium-config you have, line by line.

    What is not set has the chart's default. Exit status: 0 nothing breaks, 1 something does or the input cannot tell,
    2 the values or an option are wrong, 3 the source or the values could not be read, these are empty, or none is one of
    Cilium's.
    """
    from kina_audit.api import load_kernel, review_cilium
    from kina_audit.errors import UsageError
    from kina_audit.render.cilium_review import as_json, as_text

    given.one_of(("text", "json"), format_, "--format")
    if values == source == "-":
        raise UsageError("both VALUES and SOURCE are stdin", "Give one of them as a file.")
    read = _read(values, source)
    for note in read.notes:
        options.say(f"note: {note}")
    release = cilium or _stated(read, options.say)
    kernel = load_kernel(source, options)
    found = review_cilium(kernel, read.rows, read.kind, cilium=release)
    terminal.print_out(as_json(found) if format_ == "json" else as_text(found, kernel, values, terminal.width()))
    return 1 if found.breaks or found.undecided else 0


def _read(values: str, source: str) -> "Values":
    """The values; a kernel in their place is told as one.

    Raises:
        UsageError: it is one, or holds no values.
    """
    from kina_audit.cli.mix_ups import is_source_word, swapped
    from kina_audit.errors import UsageError
    from kina_audit.sources.cilium_values import read_values

    if is_source_word(values):
        raise swapped("the values come first", "cilium review", source, values)
    try:
        return read_values(values)
    except UsageError as error:
        if Path(source).suffix in (".yaml", ".yml", ".json"):
            raise swapped("the values come first", "cilium review", source, values) from error
        raise


def _stated(read: "Values", say: "Callable[[str], None]") -> str:
    """The release that the object around the values names, where it is one that is known."""
    from kina_audit.cilium.release import find_release
    from kina_audit.errors import UsageError

    if not read.release:
        return ""
    minor = re.fullmatch(r"[v=~^ ]*(\d+\.\d+)\.[xX*]", read.release)  # 1.18.x: the newest of the line
    stated = minor[1] if minor else read.release
    try:
        find_release(stated)
    except UsageError:
        say(f"note: {read.place} asks for chart {read.release[:40]}; name a release that is known with --cilium")
        return ""
    say(f"note: {read.place} asks for chart {read.release}")
    return stated
