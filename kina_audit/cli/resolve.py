"""``kina-audit resolve``: the .config that ``make olddefconfig`` would write."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.parameters import Argument, command, option
from kina_audit.cli.tree_options import (
    FragmentOption,
    KernelTreeOption,
    ProbesOption,
    ToolchainOption,
    opened,
    read_fragments,
    read_kernel,
    refuse_unknown,
    write_or_print,
)

if TYPE_CHECKING:
    from kina_audit.kconfig.resolve import Resolution

_MOST_SHOWN = 10


def register(app: click.Group) -> None:
    """Add the command."""
    app.add_command(command(resolve, "resolve", short_help="Write the .config that make olddefconfig would."))


def resolve(
    source: Annotated[str, Argument(help=f"{given.SOURCE_HELP}; none: the tree's own defaults.")] = "apple",
    kernel_tree: KernelTreeOption = "",
    fragment: FragmentOption = None,
    target_kernel: given.TargetKernel = "",
    allow_unknown: Annotated[
        bool, option("--allow-unknown", help="Fragments may name symbols that the tree does not have.")
    ] = False,
    output: Annotated[
        Path | None, option("--output", "-o", metavar="FILE", help="Write the config there. [stdout]")
    ] = None,
    toolchain: ToolchainOption = "",
    run_probes: ProbesOption = False,
    arch: given.Arch = "",
    offline: given.Offline = False,
    refresh: given.Refresh = False,
    quiet: given.Quiet = False,
) -> int:
    """Resolve a config as `make olddefconfig` would, with a kernel tree, or else the model of the kernel line that ships.

    Nothing of a tree is executed. A shipped model has no menus, so there are no headings in what it writes.

    Requested values that do not survive are listed on stderr, with the reason: all of the fragments', and of the
    config those that feature profiles name.
    """
    from kina_audit.api import load_profiles
    from kina_audit.kernel.parse import NOT_UTF_8
    from kina_audit.kernel.version import KernelVersion
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.trees import start_of

    fragments = read_fragments(fragment or [], source)
    options = given.source_options(
        arch=arch, target_kernel=target_kernel, offline=offline, refresh=refresh, quiet=quiet
    )
    kernel = read_kernel(source, options)
    trees = opened(
        kernel, kernel_tree, toolchain, run_probes=run_probes, options=options, between="what is written is what the newer one makes",
    )  # fmt: skip
    *older, resolution = [start_of(kernel, t, fragments) for t in trees]
    if not allow_unknown:
        refuse_unknown([*older, resolution], {name for name, _ in fragments})
    for warning in kernel.config.warnings:
        if warning.text == NOT_UTF_8:
            terminal.say(f"{kernel.provenance.location}:{warning.line}: {warning.text}")
    write_or_print(resolution.text, output)
    target, version = kernel.config.target, KernelVersion.found_in(resolution.tree.model.version)
    if target is not None and version is not None and target.triple != version.triple and not quiet:
        terminal.say(
            f"it is headed Linux {version}, by whose model it is; as Linux {target}'s it is audited with --target-kernel {target}"
        )
    library = ProfileLibrary()
    named = {s for p in load_profiles(library.ids(), library=library) for r in p.requirements for s in r.symbols}
    where = {name for name, _ in fragments}
    names = [r.name for r in resolution.requested.values() if r.where in where or (r.name in named and not quiet)]
    for lost in resolution.lost(names):
        row = lost.requested
        now, why = f"is {lost.actual}" if lost.actual else "is gone", lost.reason
        if having := [
            o for o in older if row.name in o.tree.model.index and row.name not in resolution.tree.model.index
        ]:
            why = f"Linux {having[0].tree.model.version} has it, and the newer one does not"
        terminal.say(f"{row.where}:{row.line}: CONFIG_{row.name}={row.value} {now}: {why}")
    for line in _assumed(resolution, sorted({*named, *names})) if not quiet else ():
        terminal.say(line)
    for other in older if not quiet else ():
        differ = sorted(n for n in named if other.value(n) != resolution.value(n))
        if differ:
            said = _first([f"{n} ({other.value(n)} there)" for n in differ])
            terminal.say(f"Linux {other.tree.model.version} makes other values of {said}")
    return 0


def _assumed(resolution: "Resolution", names: Iterable[str]) -> Iterator[str]:
    """What was assumed of the tools, with the symbols of some names that it decides."""
    from kina_audit.kconfig.sensitive import assumptions

    for one in assumptions(resolution, names):
        yield f"assumes {one.said}, which decides {_first(one.symbols)}: name yours with --toolchain"


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return f"{', '.join(names[:_MOST_SHOWN])}{more}"
