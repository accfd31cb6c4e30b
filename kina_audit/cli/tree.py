"""``kina-audit tree``: the kernel trees in the cache."""

from pathlib import Path
from typing import Annotated

import click

from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.help import Ordered
from kina_audit.cli.parameters import Argument, command


def register(app: click.Group) -> None:
    """Add the commands."""
    app.add_command(
        Ordered(
            "tree",
            commands=[
                command(list_trees, "list", short_help="List the trees in the cache."),
                command(add, "add", short_help="Keep the Kconfig files of a version or an archive."),
                command(remove, "remove"),
            ],
            help="List, add and remove cached kernel trees.",
        )
    )


def list_trees() -> int:
    """List the trees in the cache; each name can be given to --kernel-tree."""
    from kina_audit.sources.tree.find import cached_trees

    rows = list(cached_trees(given.source_options(offline=True, refresh=False, quiet=True)))
    for name, origin, size in rows:
        terminal.print_out(f"{name}  {size / 1024 / 1024:.1f} MiB  {origin}\n")
    if not rows:
        terminal.say("no tree is cached; add one with `kina-audit tree add 6.18.5`")
    return 0


def add(
    tree: Annotated[str, Argument(metavar="TREE", help="A version, or an archive of the kernel's source.")],
    offline: given.Offline = False,
    quiet: given.Quiet = False,
) -> int:
    """Fetch a version from kernel.org, or read an archive, and keep its Kconfig files."""
    from kina_audit.errors import UsageError
    from kina_audit.kconfig.tree import tree_version
    from kina_audit.sources.tree.find import find_tree

    if Path(tree).is_dir():
        raise UsageError(f"{tree}: a source folder is read in place and never cached", f"Use it: --kernel-tree {tree}")
    place = find_tree(tree, given.source_options(offline=offline, refresh=False, quiet=quiet))
    terminal.print_out(f"{place.root.name}: Linux {tree_version(place.root)}\n")
    return 0


def remove(name: Annotated[str, Argument(metavar="NAME", help="As `tree list` shows it.")]) -> int:
    """Delete a tree from the cache."""
    from kina_audit.sources.tree.find import remove_tree

    remove_tree(name, given.source_options(offline=True, refresh=False, quiet=True))
    return 0
