"""``kina-audit matrix``: many kernels by profiles and Cilium modes."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import click

from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.help import OUTPUT
from kina_audit.cli.parameters import Argument, command, option
from kina_audit.cli.profile_options import FolderOption, ProfileOption

if TYPE_CHECKING:
    from kina_audit.report.matrix import Row
    from kina_audit.sources.options import SourceOptions


def register(app: click.Group) -> None:
    """Add the command."""
    app.add_command(command(matrix, "matrix", short_help="Audit many kernels: which of them carries what."))


@given.reads_sources("verbose")
def matrix(
    sources: Annotated[
        list[str],
        Argument(
            help="Kernels: anything check takes, a folder of configs, a pattern, @LIST (one a line), stored JSON reports, "
            "'recorded:*'."
        ),
    ],
    profile: ProfileOption = None,
    profile_dir: FolderOption = None,
    cilium: given.CiliumOrNone = "",
    fail_on: Annotated[
        str, option("--fail-on", metavar="LEVEL", help="required, recommended, optional or never.")
    ] = "required",
    only_differences: Annotated[
        bool, option("--only-differences", help="Only profiles on which the kernels differ.")
    ] = False,
    jobs: Annotated[int, option("--jobs", "-j", least=0, help="Processes. [one a core]")] = 0,
    format_: Annotated[
        str,
        option("--format", "-f", metavar="table|json|markdown|csv|html", help="To stdout.", group=OUTPUT),
    ] = "table",
    output: given.Outputs = None,
    *,
    options: "SourceOptions",
    quiet: given.Quiet = False,
    color: given.Color = "auto",
) -> int:
    """Audit many kernels, and show which of them carry which profile and Cilium mode.

    Exit status: 0 every kernel passes, 1 one does not or could not be audited, 2 usage or profile error, 3 none could be
    audited.
    """
    from kina_audit.base.datatype import replace
    from kina_audit.cli import outputs
    from kina_audit.cli.gate_options import decided_by_folder
    from kina_audit.errors import NothingCheckedError
    from kina_audit.matrix import MatrixRequest, make_matrix, rows
    from kina_audit.render import RenderOptions
    from kina_audit.render.matrix import MATRIX_FORMATS, render_matrix
    from kina_audit.report.model import FailOn
    from kina_audit.sources.expand import expand

    colour = terminal.use_colour(color)
    planned = outputs.plan(format_, output or [], formats=MATRIX_FORMATS)
    request = MatrixRequest(
        tuple(profile or ()),
        tuple(profile_dir or ()),
        given.release(cilium),
        given.one_of(FailOn, fail_on, "--fail-on"),
        any(o.format in ("html", "json") for o in planned),
        options,
    )
    names = list(expand(sources, options.say))
    if any(n.source == "-" for n in names):
        # Only this process has the stdin that is meant.
        jobs = 1
    found = make_matrix(request, _told(rows(names, request, jobs), len(names), quiet=quiet))
    audited = [r for r in found.rows if not r.error]
    found = replace(found, settings=decided_by_folder())
    shown = found.only(found.differing) if only_differences and audited else found
    outputs.write_each(
        planned,
        RenderOptions(color=colour),
        lambda name, look: render_matrix(name, shown, look.width, color=look.color),
    )
    if not audited:
        raise NothingCheckedError("none of these kernels could be audited", "The errors are above, a line a kernel.")
    if request.fail_on == FailOn.NEVER:
        return 1 if any(r.error for r in found.rows) else 0
    return 0 if all(r.passes for r in found.rows) else 1


def _told(found: "Iterable[Row]", total: int, *, quiet: bool) -> "Iterator[Row]":
    """The same rows, with how far it has come on stderr where that takes more than a second."""
    import time

    start = last = time.monotonic()
    for number, row in enumerate(found, 1):
        now = time.monotonic()
        if not quiet and now - start > 1 and now - last > 2:
            last = now
            terminal.progress(f"audited {number} of {total} kernels")
        yield row
