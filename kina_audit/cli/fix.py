"""``kina-audit fix``: the smallest fragment that makes a profile pass or a Cilium mode possible."""

from pathlib import Path
from typing import Annotated

import typer

from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.tree_options import (
    KernelTreeOption,
    ProbesOption,
    ToolchainOption,
    opened,
    write_or_print,
)
from kina_audit.json_text import indented


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("fix", short_help="Find the smallest fragment that makes a profile or mode pass.")(fix)


def fix(
    source: Annotated[str, typer.Argument(help=given.SOURCE_HELP)] = "apple",
    profile: Annotated[
        list[str] | None, typer.Option("--profile", "-p", metavar="NAME|PATH", help="Make it pass; repeatable.")
    ] = None,
    mode: Annotated[str, typer.Option("--mode", help="Make this Cilium mode possible, e.g. full-ebpf.")] = "",
    cilium: Annotated[str, typer.Option("--cilium", metavar="RELEASE", help="Cilium release, with --mode.")] = "",
    recommended: Annotated[bool, typer.Option("--recommended", help="Recommended requirements, too.")] = False,
    kernel_tree: KernelTreeOption = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FRAGMENT", help="Write the fragment there. [stdout]")
    ] = None,
    format_: Annotated[str, typer.Option("--format", "-f", help="text or json.")] = "text",
    toolchain: ToolchainOption = "",
    run_probes: ProbesOption = False,
    arch: given.Arch = "",
    offline: given.Offline = False,
    refresh: given.Refresh = False,
    quiet: given.Quiet = False,
) -> int:
    """Find the smallest fragment that, merged and resolved, makes a profile pass or a Cilium mode possible.

    It is proven before it is shown: merged, resolved with the tree, audited. Exit status: 0 there is a fragment or
    nothing is missing, 1 there is none.
    """
    from kina_audit.api import load_kernel, load_profiles
    from kina_audit.errors import UsageError
    from kina_audit.kconfig.sensitive import assumptions
    from kina_audit.kconfig.text import blocked_text, fix_document, fragment_text
    from kina_audit.trees import arch_of, fix_mode, fix_profiles, line_of

    if bool(profile) == bool(mode):
        raise UsageError("give either --profile or --mode", "For example --mode full-ebpf.")
    if format_ not in ("text", "json"):
        raise UsageError(f"--format {format_}: not one of text, json")
    options = given.source_options(arch=arch, offline=offline, refresh=refresh, quiet=quiet)
    kernel = load_kernel(source, options)
    profiles = load_profiles(profile or []) if profile else []
    tree = (
        opened(kernel_tree, toolchain, run_probes=run_probes, arch=arch_of(kernel, options), options=options)
        if kernel_tree
        else line_of(kernel, toolchain, options=options)
    )
    found = (
        fix_mode(kernel, tree, mode, cilium=cilium)
        if mode
        else fix_profiles(kernel, tree, profiles, recommended=recommended)
    )
    wanted = f"Cilium mode {mode}" if mode else f"profile {', '.join(p.id for p in profiles)}"
    assumed = assumptions(found.resolution, [c.name for c in found.changes])
    if format_ == "json":
        write_or_print(indented(fix_document(found, assumed)), output)
    elif found.changes:
        write_or_print(fragment_text(found, f"For {wanted}, by kina-audit fix.", assumed), output)
    if found.blocked:
        if format_ != "json":
            terminal.print_out(f"No fragment gives {wanted}.\n" + blocked_text(found, terminal.width()))
        return 1
    if not found.changes and format_ != "json":
        terminal.say(f"nothing is missing for {wanted}")
    return 0
