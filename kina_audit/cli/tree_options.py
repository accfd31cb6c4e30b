"""What the commands that work on a kernel tree have in common."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kina_audit.cli import terminal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kina_audit.kconfig.loaded import KernelTree
    from kina_audit.kconfig.resolve import Resolution
    from kina_audit.kernel.provenance import Kernel
    from kina_audit.profiles.model import Profile
    from kina_audit.sources.options import SourceOptions

KernelTreeOption = Annotated[
    str,
    typer.Option(
        "--kernel-tree", "-t", metavar="TREE", help="A source folder, linux-*.tar.xz, or a version as 6.18.5."
    ),
]
ToolchainOption = Annotated[
    str,
    typer.Option(
        "--toolchain", metavar="NAME", help="gcc-12, clang-18, gcc-14,pahole=1.27, or cc:PROGRAM to ask it. [gcc-12]"
    ),
]
ProbesOption = Annotated[
    bool, typer.Option("--run-probes", help="Run the tree's own probes. Only for a tree you trust.")
]


def opened(kernel_tree: str, toolchain: str, *, run_probes: bool, arch: str, options: "SourceOptions") -> "KernelTree":
    """The tree that the options name.

    Raises:
        UsageError: no tree is named.
        SourceError: it cannot be read.
    """
    from kina_audit.errors import UsageError
    from kina_audit.trees import open_kernel_tree

    if not kernel_tree:
        raise UsageError("no kernel tree is named", "Give --kernel-tree: a source folder, an archive, or a version.")
    return open_kernel_tree(kernel_tree, arch=arch, toolchain=toolchain, run_probes=run_probes, options=options)


def resolved(
    kernel: "Kernel",
    profiles: "Iterable[Profile]",
    kernel_tree: str,
    toolchain: str,
    *,
    run_probes: bool,
    options: "SourceOptions",
) -> "Kernel":
    """The kernel that a tree's ``olddefconfig`` makes of a config; the same kernel where no tree is named.

    Raises:
        SourceError: the tree cannot be read.
        UsageError: a recorded kernel, which has no config to resolve.
    """
    if not kernel_tree:
        return kernel
    from kina_audit.trees import arch_of, resolve_kernel

    tree = opened(kernel_tree, toolchain, run_probes=run_probes, arch=arch_of(kernel, options), options=options)
    return resolve_kernel(kernel, tree, symbols=[s for p in profiles for r in p.requirements for s in r.symbols])[0]


def read_fragments(paths: list[Path], source: str) -> list[tuple[str, str]]:
    """(name, text) of each fragment file; ``-`` is stdin, unless the kernel comes from there.

    Raises:
        SourceError: a file cannot be read, or is no text of assignments.
        UsageError: stdin is asked for twice.
    """
    from kina_audit.errors import NotAConfigError, UsageError
    from kina_audit.kernel.parse import refuse_shape
    from kina_audit.sources.file import read_text
    from kina_audit.sources.stdin import STDIN, shown

    if [source, *map(str, paths)].count(STDIN) > 1:
        raise UsageError("more than one of the kernel and the fragments is -", "Give the others as files.")
    found = []
    for path in paths:
        text = read_text(path)
        if "CONFIG_" not in text:
            raise NotAConfigError(
                f"{shown(path)}: no CONFIG_ line, so it is no fragment", "Lines look like CONFIG_VETH=y."
            )
        refuse_shape(text, shown(path))
        found.append((shown(path), text))
    return found


def refuse_unknown(resolution: "Resolution", fragments: set[str]) -> None:
    """Stop at a fragment that names what the tree does not have: most often a misspelt symbol.

    Raises:
        UsageError: with the file, the line, and near names.
    """
    from kina_audit.errors import UsageError

    index = resolution.tree.model.index
    names = [r.name for r in resolution.requested.values() if r.where in fragments and r.name not in index]
    unknown = resolution.lost(names)
    if unknown:
        row = unknown[0].requested
        more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
        raise UsageError(
            f"{row.where}:{row.line}: CONFIG_{row.name}{more}: {unknown[0].reason}",
            "Correct it, or go on with --allow-unknown.",
        )


def write_or_print(text: str, output: Path | None) -> None:
    """To a file, or stdout.

    Raises:
        OutputError: the file cannot be written.
    """
    if output is None or str(output) == "-":
        terminal.print_out(text)
    else:
        terminal.check_writable(output)
        terminal.write_file(output, text)
