"""``kina-audit claims``: hold somebody's statements against a kernel."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from kina_audit.base.bounds import CLAIM_BYTES
from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.parameters import Argument, command
from kina_audit.cli.profile_options import FolderOption, ProfileOption
from kina_audit.cli.tree_options import KernelTreeOption, ProbesOption, ToolchainOption, resolved

if TYPE_CHECKING:
    from kina_audit.sources.options import SourceOptions


def register(app: click.Group) -> None:
    """Add the command."""
    app.add_command(command(claims, "claims", short_help="Hold what somebody said about a kernel against it."))


@given.reads_sources()
def claims(
    claims_: Annotated[
        Path,
        Argument(metavar="CLAIMS", help="A file of claims, one a line, as docs/claims.md says; - for stdin."),
    ],
    source: given.Source = "apple",
    profile: ProfileOption = None,
    profile_dir: FolderOption = None,
    cilium: given.Cilium = "",
    format_: given.TableJsonOrMarkdown = "table",
    kernel_tree: KernelTreeOption = "",
    toolchain: ToolchainOption = "",
    run_probes: ProbesOption = False,
    *,
    options: "SourceOptions",
) -> int:
    """Hold what somebody said about a kernel against the kernel, line by line: true, false, or cannot be told.

    Exit status: 0 every claim is true, 1 one is false or cannot be told, 2 a claim or an option is wrong, 3 the source
    could not be read.
    """
    from kina_audit.api import judge_claims, load_kernel
    from kina_audit.cli.input_files import read_text
    from kina_audit.errors import UsageError
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.render.claims import as_json, as_markdown, as_table
    from kina_audit.report.claims import Truth
    from kina_audit.sources.local.stdin import STDIN, shown

    given.one_of(("table", "json", "markdown"), format_, "--format")
    if str(claims_) == source == STDIN:
        raise UsageError("both the kernel and the claims are -", "Give one of them as a file.")
    text = read_text(claims_, CLAIM_BYTES, "a file of claims")
    library = ProfileLibrary(profile_dir or [], [Path(n) for n in profile or [] if n.endswith(".toml")])
    kernel = load_kernel(source, options)
    kernel = resolved(kernel, [], kernel_tree, toolchain, run_probes=run_probes, options=options)
    answers = judge_claims(kernel, text, name=shown(claims_), cilium=cilium, library=library)
    config = kernel.config
    told = f"{kernel.provenance.source}: Linux {config.target or 'unknown version'}, {config.arch or 'unknown'}"
    if format_ == "json":
        terminal.print_out(as_json(answers, told))
    elif format_ == "markdown":
        terminal.print_out(as_markdown(answers, told))
    else:
        terminal.print_out(as_table(answers, told, terminal.width()))
    return 0 if all(a.truth is Truth.TRUE for a in answers) else 1
