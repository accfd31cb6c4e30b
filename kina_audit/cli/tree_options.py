"""What the commands that work on a kernel tree have in common."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.help import TREE
from kina_audit.cli.parameters import option

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kina_audit.kconfig.loaded import KernelTree
    from kina_audit.kconfig.resolve import Resolution
    from kina_audit.kernel.provenance import Kernel
    from kina_audit.kernel.version import KernelVersion
    from kina_audit.profiles.model import Profile
    from kina_audit.sources.options import SourceOptions

KernelTreeOption = Annotated[
    str,
    option(
        "--kernel-tree",
        "-t",
        metavar="TREE",
        help="A source folder, linux-*.tar.xz, or a version as 6.18.5.",
        group=TREE,
    ),
]
ToolchainOption = given.Toolchain
ProbesOption = Annotated[
    bool,
    option("--run-probes", help="Run the tree's own probes. Only for a tree you trust.", group=TREE),
]

FragmentOption = given.Fragments
NOTHING = "none"
"""As a SOURCE: an empty config, so what a tree does by default."""


def read_kernel(source: str, options: "SourceOptions") -> "Kernel":
    """The kernel that a command about trees is asked about; the empty config, as a kernel, for ``none``.

    Raises:
        SourceError: it cannot be read.
        UsageError: ``--target-kernel`` is no version.
    """
    from kina_audit.api import load_kernel

    if source not in ("", NOTHING):
        return load_kernel(source, options)
    from kina_audit.kconfig.lines import line_text, lines
    from kina_audit.kernel.config import Completeness, KernelConfig, Origin
    from kina_audit.kernel.provenance import Provenance
    from kina_audit.sources.target import aim

    arch = options.stated_arch or options.arch
    config = KernelConfig({}, completeness=Completeness.PARTIAL, origin=Origin.INPUT, arch=arch)
    provenance = Provenance(NOTHING, NOTHING, "the empty config")
    return aim(config, provenance, options.target_kernel or line_text(lines()[-1]))


def opened(
    kernel: "Kernel",
    kernel_tree: str,
    toolchain: str,
    *,
    run_probes: bool,
    options: "SourceOptions",
    between: str = "",
) -> "tuple[KernelTree, ...]":
    """The trees that tell about a kernel: the one that is named, or of the shipped lines its own or both neighbours.

    Of shipped lines it is said which; the last one is the one to ask.

    Args:
        kernel: what they are asked about.
        kernel_tree: a source folder, an archive or a version; empty: the shipped lines.
        toolchain: what the kernel is built with.
        run_probes: run the named tree's own probes.
        options: how sources are read.
        between: what the command makes of two lines, for people.

    Raises:
        UsageError: no shipped line tells about the kernel.
        SourceError: the tree cannot be read.
    """
    from kina_audit.errors import UsageError
    from kina_audit.trees import arch_of, open_kernel_tree, shipped_trees

    arch = arch_of(kernel, options)
    if kernel.config.cut:
        options.say(f"{kernel.config.cut}: what it has no line for is taken as the default")
    if kernel_tree:
        if options.built:
            options.say("--built is not used: what a tree makes of a config is no kernel's own config any more")
        return (open_kernel_tree(kernel_tree, arch=arch, toolchain=toolchain, run_probes=run_probes, options=options),)
    if run_probes:
        raise UsageError("--run-probes without a tree", "Give --kernel-tree: a whole source folder.")
    target = kernel.config.target
    if target is None:
        raise UsageError("which kernel version it is for is not known", "Give it with --target-kernel.")
    toolchain = toolchain or kernel.config.toolchain
    trees = shipped_trees(target, arch, toolchain, options=options)
    options.say(told_by(trees, target, between))
    return trees


def told_by(trees: "tuple[KernelTree, ...]", target: "KernelVersion | None", between: str) -> str:
    """Which shipped lines tell, for people, and what is made of two."""
    models = [tree.model for tree in trees]
    which = "models" if len(models) > 1 else "model"
    text = f"by the {which} of Linux {' and '.join(m.version for m in models)} ({models[-1].arch}) that ship{'s' * (len(models) == 1)}"
    text += f", toolchain {trees[-1].toolchain}"
    if len(trees) > 1:
        text += f"; Linux {target} lies between them, and {between}"
    elif target is not None and models[0].version.split(".")[:2] != [str(target.major), str(target.minor)]:
        text += f"; Linux {target} is newer than every line that ships"
    return text


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
    from kina_audit.trees import resolve_kernel

    [tree] = opened(kernel, kernel_tree, toolchain, run_probes=run_probes, options=options)
    return resolve_kernel(kernel, tree, symbols=[s for p in profiles for r in p.requirements for s in r.symbols])[0]


def read_fragments(paths: list[Path], source: str) -> list[tuple[str, str]]:
    """(name, text) of each fragment file; ``-`` is stdin, unless the kernel comes from there.

    Raises:
        SourceError: a file cannot be read, or is no text of assignments.
        UsageError: stdin is asked for twice.
    """
    from kina_audit.errors import NotAConfigError
    from kina_audit.kernel.parse import NOT_UTF_8, parse_config
    from kina_audit.sources.local.file import read_text
    from kina_audit.sources.local.stdin import shown

    given.refuse_stdin_twice([source], paths)
    found = []
    for path in paths:
        text = read_text(path)
        if "CONFIG_" not in text:
            raise NotAConfigError(
                f"{shown(path)}: no CONFIG_ line, so it is no fragment", "Lines look like CONFIG_VETH=y."
            )
        if "\ufffd" in text:
            terminal.say(f"{shown(path)}:{text[: text.index(chr(0xFFFD))].count(chr(10)) + 1}: {NOT_UTF_8}")
        # What is refused as a kernel's config, such as a web page, is no fragment of one either.
        parse_config(text.encode("utf-8", "replace"), name=shown(path))
        found.append((shown(path), text))
    return found


def refuse_unknown(states: "Sequence[Resolution]", fragments: set[str]) -> None:
    """Stop at a fragment that names what no tree that tells has: most often a misspelt symbol.

    Raises:
        UsageError: with the file, the line, and near names.
    """
    from kina_audit.errors import UsageError

    resolution = states[-1]
    named = [r.name for r in resolution.requested.values() if r.where in fragments]
    names = [name for name in named if not any(name in state.tree.model.index for state in states)]
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
