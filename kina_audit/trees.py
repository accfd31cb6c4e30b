"""Kernel trees in the library: open one, resolve a kernel with it, explain symbols, find fragments.

::

    from kina_audit import load_kernel
    from kina_audit.trees import open_kernel_tree, resolve_kernel

    tree = open_kernel_tree("6.18.5", arch="arm64")
    kernel, resolution = resolve_kernel(load_kernel("apple"), tree)
"""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from kina_audit.base.datatype import replace
from kina_audit.base.digest import sha256_hex
from kina_audit.base.version import __version__
from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.provenance import Kernel

if TYPE_CHECKING:
    from kina_audit.engine.finding import Status
    from kina_audit.kconfig.loaded import KernelTree
    from kina_audit.kconfig.resolve import Resolution
    from kina_audit.kernel.version import KernelVersion
    from kina_audit.profiles.model import Requirement
    from kina_audit.sources.options import SourceOptions


def open_kernel_tree(
    spec: str,
    *,
    arch: str = "arm64",
    toolchain: str = "",
    run_probes: bool = False,
    options: "SourceOptions | None" = None,
) -> "KernelTree":
    """A kernel tree, parsed or from the cache.

    Args:
        spec: a source folder, an archive of one, or a version such as ``6.18.5``.
        arch: Kconfig's name of the architecture.
        toolchain: ``gcc-12``, ``clang-18``, with facts (``gcc-14,pahole=1.27``), or ``cc:PROGRAM`` to ask a compiler.
        run_probes: run the tree's own probes with that compiler. Only for a tree you trust.
        options: cache folder, offline, progress.

    Raises:
        SourceError: no such tree, or one that cannot be read.
        UsageError: an unknown toolchain, or probes without a whole source tree.
    """
    from kina_audit.errors import UsageError
    from kina_audit.kconfig.answers import makefile_variables
    from kina_audit.kconfig.loaded import from_cached, read_tree, to_cached
    from kina_audit.sources.options import SourceOptions
    from kina_audit.sources.tree.find import find_tree, load_document, save_document
    from kina_audit.sources.tree.toolchain import named_toolchain, probed_toolchain

    options = options or SourceOptions()
    place = find_tree(spec, options)
    answers: Any = None
    if run_probes:
        from kina_audit.sources.tree.compiler import ProbeAnswers, measured_key

        if not place.complete:
            raise UsageError(
                "--run-probes needs a whole source tree: an archive's or version's scripts are not kept",
                "Unpack the archive and give its folder.",
            )
        tools, program = probed_toolchain(toolchain)
        answers = ProbeAnswers(place.root, arch, program, makefile_variables)
        asked: list[Any] = [measured_key(program)]
    else:
        tools = named_toolchain(toolchain, options)
        asked = []
    # Without probes one parsed tree serves every toolchain; what is possible under one is kept apart.
    key = sha256_hex(json.dumps([__version__, str(place.root), arch, run_probes, *asked]).encode())[:32]
    under = [tools.name, tools.version, tools.binutils, tools.text, sorted(tools.facts.items())]
    tools_key = sha256_hex(json.dumps([*under, sorted(tools.measured.items())]).encode())[:16]
    names = {"texts": f"{key}-texts", "possible": f"{key}-possible-{tools_key}"}
    if not options.refresh and (document := load_document(key, options)) is not None:
        cached = from_cached(place.root, place.origin, tools, document, lambda n: load_document(names[n], options))
        if cached is not None:
            cached.assumed, cached.measured = not toolchain and not run_probes, run_probes
            cached.keep = lambda text: save_document(names["possible"], text, options)
            return cached
    options.progress(f"reading the kernel tree {place.origin} for {arch}")
    tree, stamps = read_tree(place.root, place.origin, arch, tools, answers)
    tree.assumed, tree.measured = not toolchain and not run_probes, run_probes
    document, texts = to_cached(tree, stamps)
    save_document(names["texts"], texts, options)
    save_document(names["possible"], "", options)
    save_document(key, document, options)
    tree.keep = lambda text: save_document(names["possible"], text, options)
    return tree


def shipped_trees(
    target: "KernelVersion | None", arch: str, toolchain: str = "", *, options: "SourceOptions | None" = None
) -> "tuple[KernelTree, ...]":
    """The shipped lines that tell about a kernel version, as trees: its own, or both neighbours, the newer one last.

    Args:
        target: the version; None: the newest line.
        arch: Kconfig's name of the architecture.
        toolchain: what it is built with; empty: the default one, whose facts count as assumed.
        options: where answers of compilers are cached.

    Raises:
        UsageError: the version is too old, or there is no model for the architecture.
    """
    from kina_audit.errors import UsageError
    from kina_audit.kconfig.lines import ARCHES, line_text, lines, near_trees, shipped_tree
    from kina_audit.sources.options import SourceOptions
    from kina_audit.sources.tree.toolchain import named_toolchain

    tools = named_toolchain(toolchain, options or SourceOptions())
    if target is not None:
        trees = near_trees(target, arch, tools)
    else:
        trees = (shipped_tree(lines()[-1], arch, tools),) if arch in ARCHES else ()
    if not trees:
        shipped = f"Linux {line_text(lines()[0])} and newer, for {' and '.join(ARCHES)}"
        bits = "64 bits are --arch x86_64; else give" if arch == "x86" else "Give"
        raise UsageError(
            f"no model that ships is of Linux {target}, {arch}: there are {shipped}",
            f"{bits} the kernel's tree with --kernel-tree.",
        )
    return trees


def arch_of(kernel: Kernel, options: "SourceOptions") -> str:
    """The architecture to read a tree for: the config's own, or the one that was asked for."""
    told = kernel.config.arch or kernel.config.header.arch
    return told or options.stated_arch or options.arch


def resolve_kernel(
    kernel: Kernel, tree: "KernelTree", fragments: Sequence[tuple[str, str]] = (), *, symbols: Iterable[str] = ()
) -> "tuple[Kernel, Resolution]":
    """The kernel that the tree's ``olddefconfig`` would build from a config.

    Args:
        kernel: what to resolve.
        tree: from `open_kernel_tree`.
        fragments: (name, text) of each, merged as ``merge_config.sh`` does.
        symbols: symbols whose changes are worth a note.

    Returns:
        The kernel with what the tree makes of its config and notes on what changed, and the resolution for questions.
    """
    from kina_audit.kconfig.on_tree import carry_on_tree
    from kina_audit.kernel.merge import merged

    config = kernel.config
    if fragments:
        config = merged(config, fragments, kernel.provenance.source)
    config = carry_on_tree(config, tree)
    resolution = start_of(kernel, tree, fragments)
    known = [name for name in symbols if config.fact(name).value is not None]
    provenance = replace(
        kernel.provenance,
        # What a kernel shows while it runs is of that one.
        observed=None,
        target_from=f"the kernel tree {tree.origin}",
        notes=(*kernel.provenance.notes, *_notes(resolution, fragments, known, kernel.config.cut)),
    )
    return Kernel(config, provenance, kernel.config_bytes), resolution


def start_of(
    kernel: Kernel, tree: "KernelTree", fragments: Sequence[tuple[str, str]] = (), *, follow: bool = False
) -> "Resolution":
    """A kernel's config and fragments merged on a tree; symbols are evaluated when they are asked for.

    Args:
        kernel: what is asked about.
        tree: the tree.
        fragments: (name, text) of each.
        follow: what a kernel's own or a vendor's file says goes before what the tree would make of it, as everywhere
            where the tree is a line that ships.
    """
    from kina_audit.kconfig.resolve import of_config, of_file

    make = of_file if follow else of_config
    return make(tree, kernel.config, fragments, name=kernel.provenance.location)


def _notes(
    resolution: "Resolution", fragments: Sequence[tuple[str, str]], symbols: Iterable[str], cut: str = ""
) -> list[str]:
    from kina_audit.kconfig.sensitive import assumptions

    tree = resolution.tree
    names = list(dict.fromkeys(symbols))
    with_fragments = f" with {', '.join(name for name, _ in fragments)}" if fragments else ""
    release = f"Linux {tree.model.version} ({tree.model.arch})"
    tools = "" if tree.assumed else f", toolchain {tree.toolchain}"
    notes = [f"resolved{with_fragments} as olddefconfig of {release} does{tools}"]
    if cut:
        notes.append(f"{cut}; what it has no line for is taken as the tree's default")
    for lost in resolution.lost(names):
        row = lost.requested
        now = f"is {lost.actual}" if lost.actual else "is gone"
        notes.append(f"CONFIG_{row.name}={row.value} ({row.where} line {row.line}) {now}: {lost.reason}")
    notes += [
        f"CONFIG_{name} is {resolution.value(name)} without a line in the input"
        for name in names
        if name not in resolution.requested and resolution.value(name) not in ("n", "") and resolution.line(name)
    ]
    notes += [f"assumed: {held.said}; it decides {', '.join(held.symbols)}" for held in assumptions(resolution, names)]
    return notes


def standing(state: "Resolution", row: "Requirement", kernel: Kernel | None = None) -> "Status":
    """How a requirement stands on a resolved config; ``kernel`` is asked about as it is, its own version included."""
    from kina_audit.engine.evaluate import Evaluator
    from kina_audit.kconfig.state import on_state

    config = kernel.config if kernel is not None else aimed(KernelConfig({}), state.tree)
    return Evaluator(on_state(config, state)).requirement(row).status


def aimed(config: KernelConfig, tree: "KernelTree") -> KernelConfig:
    """A config for the kernel that a tree is of."""
    from kina_audit.kernel.version import KernelVersion

    return config.with_target(KernelVersion.parse(tree.model.version), arch=tree.model.arch)
