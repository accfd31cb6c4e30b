"""``kina-audit resolve``: the .config that ``make olddefconfig`` would write."""

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
    read_fragments,
    refuse_unknown,
    write_or_print,
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("resolve", short_help="Write the .config that make olddefconfig would.")(resolve)


def resolve(
    source: Annotated[str, typer.Argument(help=given.SOURCE_HELP)] = "apple",
    kernel_tree: KernelTreeOption = "",
    fragment: Annotated[
        list[Path] | None,
        typer.Option(
            "--fragment", "-F", help="Merge this fragment (- for stdin) first, as merge_config.sh does; repeatable."
        ),
    ] = None,
    allow_unknown: Annotated[
        bool, typer.Option("--allow-unknown", help="Fragments may name symbols that the tree does not have.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the config there. [stdout]")
    ] = None,
    toolchain: ToolchainOption = "",
    run_probes: ProbesOption = False,
    arch: given.Arch = "",
    offline: given.Offline = False,
    refresh: given.Refresh = False,
    quiet: given.Quiet = False,
) -> int:
    """Resolve a config with a kernel tree, as `make olddefconfig` would; nothing of the tree is executed.

    Requested values that do not survive are listed on stderr, with the reason: all of the fragments', and of the
    config those that feature profiles name.
    """
    from kina_audit.api import load_kernel, load_profiles
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.trees import arch_of, resolve_kernel

    fragments = read_fragments(fragment or [], source)
    options = given.source_options(arch=arch, offline=offline, refresh=refresh, quiet=quiet)
    kernel = load_kernel(source, options)
    tree = opened(kernel_tree, toolchain, run_probes=run_probes, arch=arch_of(kernel, options), options=options)
    _, resolution = resolve_kernel(kernel, tree, fragments)
    if not allow_unknown:
        refuse_unknown(resolution, {name for name, _ in fragments})
    write_or_print(resolution.text, output)
    library = ProfileLibrary()
    named = {s for p in load_profiles(library.ids(), library=library) for r in p.requirements for s in r.symbols}
    where = {name for name, _ in fragments}
    names = [r.name for r in resolution.requested.values() if r.where in where or (r.name in named and not quiet)]
    for lost in resolution.lost(names):
        row = lost.requested
        now = f"is {lost.actual}" if lost.actual else "is gone"
        terminal.say(f"{row.where}:{row.line}: CONFIG_{row.name}={row.value} {now}: {lost.reason}")
    return 0
