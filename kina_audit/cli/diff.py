"""``kina-audit diff``: what a kernel lost and gained against another."""

from typing import TYPE_CHECKING, Annotated

import click

from kina_audit.cli import gate_options as gate
from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.help import OUTPUT
from kina_audit.cli.parameters import Argument, command, option
from kina_audit.cli.profile_options import FolderOption, ProfileOption, chosen
from kina_audit.cli.tree_options import KernelTreeOption, ProbesOption, ToolchainOption, resolved

if TYPE_CHECKING:
    from kina_audit.kernel.provenance import Kernel
    from kina_audit.sources.options import SourceOptions


def register(app: click.Group) -> None:
    """Add the command."""
    app.add_command(command(diff, "diff", short_help="Compare two kernels: features lost and gained, and why."))


@given.reads_sources("target_kernel", "fragment")
def diff(
    old: Annotated[str, Argument(help=f"The kernel that runs now. {given.SOURCE_HELP}")],
    new: Annotated[str, Argument(help="The kernel that is to replace it; any source, too.")],
    profile: ProfileOption = None,
    profile_dir: FolderOption = None,
    cilium: given.CiliumOrNone = "",
    fail_on: Annotated[
        str, option("--fail-on", metavar="regression|never", help="End with 1 when something was lost, or never.")
    ] = "never",
    old_target: Annotated[
        str, option("--old-target", metavar="VERSION", help="The kernel version built from OLD.")
    ] = "",
    new_target: Annotated[
        str, option("--new-target", metavar="VERSION", help="The kernel version built from NEW.")
    ] = "",
    kernel_tree: KernelTreeOption = "",
    old_kernel_tree: Annotated[
        str, option("--old-kernel-tree", metavar="TREE", help="For OLD alone; resolves it first.")
    ] = "",
    new_kernel_tree: Annotated[
        str, option("--new-kernel-tree", metavar="TREE", help="For NEW alone; resolves it first.")
    ] = "",
    allow_other_arch: Annotated[
        bool, option("--allow-other-arch", help="Compare kernels of two architectures all the same.")
    ] = False,
    toolchain: ToolchainOption = "",
    run_probes: ProbesOption = False,
    format_: Annotated[
        str, option("--format", "-f", metavar="text|json|markdown", help="To stdout.", group=OUTPUT)
    ] = "text",
    output: given.Outputs = None,
    waivers: gate.Waivers = None,
    today: gate.Today = "",
    *,
    options: "SourceOptions",
    verbose: given.Verbose = False,
    color: given.Color = "auto",
) -> int:
    """Compare two kernels: features lost and gained, Cilium's mode, the symbols behind it, every other symbol.

    Exit status: 0, or 1 with --fail-on regression when a required or recommended requirement, a Cilium capability or
    the mode was lost; 2 usage or profile error, 3 a source could not be read or nothing was checked.
    """
    from kina_audit.api import compare_kernels, load_kernel
    from kina_audit.base.datatype import replace
    from kina_audit.cli import outputs
    from kina_audit.errors import UsageError
    from kina_audit.render import RenderOptions
    from kina_audit.render.diff import DIFF_FORMATS, render_diff

    given.one_of(("regression", "never"), fail_on, "--fail-on")
    colour = terminal.use_colour(color)
    if old == new == "-":
        raise UsageError("both kernels are to be read from stdin", "Give one of them as a file.")
    planned = outputs.plan(format_, output or [], old, new, *(waivers or []), formats=DIFF_FORMATS)
    on = gate.day(today)
    accepted = gate.load_waivers(waivers or [])
    library, profiles = chosen(profile, profile_dir, cilium=given.release(cilium) is not None)

    def side(source: str, target: str, tree: str) -> "Kernel":
        kernel = load_kernel(source, replace(options, target_kernel=target))
        return resolved(kernel, profiles, tree, toolchain, run_probes=run_probes, options=options)

    before = side(old, old_target, old_kernel_tree or kernel_tree)
    after = side(new, new_target, new_kernel_tree or kernel_tree)
    arches = [kernel.config.arch for kernel in (before, after)]
    if all(arches) and arches[0] != arches[1] and not allow_other_arch:
        raise UsageError(
            f"OLD is an {arches[0]} kernel and NEW is {arches[1]}: features that only one of them can have are no loss",
            "Compare kernels of one architecture, or say --allow-other-arch.",
        )
    found = compare_kernels(
        before, after, profiles, cilium=given.release(cilium), library=library, waivers=accepted, today=on
    )
    found = replace(found, settings=gate.decided_by_folder())
    look = RenderOptions(verbose=verbose, color=colour)
    outputs.write_each(planned, look, lambda name, chosen: render_diff(name, found, chosen))
    return 1 if fail_on == "regression" and found.regressed else 0
