"""``kina-audit explain``: what a symbol is, its value, and why."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from kina_audit.base.json_text import indented
from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.mix_ups import is_source, swapped
from kina_audit.cli.parameters import Argument, command
from kina_audit.cli.profile_options import FolderOption
from kina_audit.cli.tree_options import (
    FragmentOption,
    KernelTreeOption,
    ProbesOption,
    ToolchainOption,
    opened,
    read_fragments,
    read_kernel,
    refuse_unknown,
)

if TYPE_CHECKING:
    from kina_audit.kconfig.explain import Explanation
    from kina_audit.kconfig.loaded import KernelTree
    from kina_audit.kconfig.resolve import Resolution
    from kina_audit.kernel.config import KernelConfig
    from kina_audit.kernel.provenance import Kernel


def register(app: click.Group) -> None:
    """Add the command."""
    app.add_command(command(explain, "explain", short_help="Explain why a symbol has its value, and what turns it on."))


def explain(
    what: Annotated[str, Argument(metavar="SYMBOL|PROFILE/REQUIREMENT", help="What to explain.")],
    source: Annotated[str, Argument(help=f"{given.SOURCE_HELP}; none: the tree's own defaults. [none]")] = "",
    profile_dir: FolderOption = None,
    kernel_tree: KernelTreeOption = "",
    fragment: FragmentOption = None,
    target_kernel: given.TargetKernel = "",
    format_: given.TextOrJson = "text",
    toolchain: ToolchainOption = "",
    run_probes: ProbesOption = False,
    built: given.Built = False,
    arch: given.Arch = "",
    offline: given.Offline = False,
    refresh: given.Refresh = False,
    quiet: given.Quiet = False,
) -> int:
    """Explain a symbol of a resolved config: its type, where it is defined, its value, and why it has it.

    Without a kernel tree, by the model of the kernel line that ships; what a kernel's own file says goes before it.
    """
    from kina_audit.kconfig.text import explanation_text
    from kina_audit.loading import as_checked
    from kina_audit.trees import start_of

    given.one_of(("text", "json"), format_, "--format")
    if is_source(what) and source and not is_source(source):
        raise swapped("the symbol comes first", "explain", source, what)
    fragments = read_fragments(fragment or [], source)
    options = given.source_options(
        arch=arch, target_kernel=target_kernel, toolchain=toolchain, built=built, offline=offline, refresh=refresh,
        quiet=quiet,
    )  # fmt: skip
    given.refuse_built(options, fragments)
    kernel = read_kernel(source, options)
    trees = opened(
        kernel, kernel_tree, toolchain, run_probes=run_probes, options=options, between="where they differ, both are shown",
    )  # fmt: skip
    states = [start_of(kernel, t, fragments, follow=not kernel_tree) for t in trees]
    refuse_unknown(states, {name for name, _ in fragments})
    heading, names = _named(what, states[-1], None if kernel_tree else kernel, profile_dir or [])
    found = [row for name in names for row in _of_trees(states, name)]
    audited = None if kernel_tree else as_checked(kernel, fragments, options).config
    if format_ == "json":
        document = [
            {**e.to_document(), "tree": _tree(t), "checked": _checked(audited, e.symbol)} for t, e in found
        ]  # fmt: skip
        terminal.print_out(indented(document[0] if len(document) == 1 and not heading else document))
        return 0
    told = {id(t): "" if kernel_tree else f"by {t.origin} ({t.model.arch}), toolchain {t.toolchain}" for t in trees}
    shown = [explanation_text(e, terminal.width(), told[id(t)], _otherwise(audited, e)) for t, e in found]
    terminal.print_out(heading + "\n".join(shown))
    return 0


def _checked(audited: "KernelConfig | None", name: str) -> dict[str, str | None] | None:
    """What `check` reads of a symbol; None: a tree was given, and nothing but that tells."""
    if audited is None:
        return None
    fact = audited.fact(name)
    return {"value": fact.value, "note": fact.note or None}


def _otherwise(audited: "KernelConfig | None", found: "Explanation") -> str:
    """What `check` says of the symbol, where that is less, or something else; empty: the same."""
    if audited is None:
        return ""
    fact = audited.fact(found.symbol)
    if fact.value == found.value or (fact.value == "n" and not found.written):
        return ""
    return f"{fact.value or 'cannot tell'}: {fact.note}" if fact.note else str(fact.value or "cannot tell")


def _of_trees(states: "list[Resolution]", name: str) -> "list[tuple[KernelTree, Explanation]]":
    """An explanation, by the newest of the trees; where they differ on what matters, one by each."""
    from kina_audit.kconfig.explain import explain as explain_symbol

    *older, newest = states
    found = [(newest.tree, explain_symbol(newest, name))]
    for state in older:
        if name.removeprefix("CONFIG_") in state.tree.model.index:
            other = explain_symbol(state, name)
            if (other.value, other.enabled_by) != (found[-1][1].value, found[-1][1].enabled_by):
                found.insert(0, (state.tree, other))
    return found


def _tree(tree: "KernelTree") -> dict[str, str]:
    model = tree.model
    return {"version": model.version, "arch": model.arch, "toolchain": tree.toolchain, "origin": tree.origin}


def _named(what: str, resolution: "Resolution", kernel: "Kernel | None", folders: list[Path]) -> tuple[str, list[str]]:
    """(heading, symbols) of a symbol's or a requirement's name; ``kernel`` is asked about as it is, else the tree's."""
    if "/" not in what:
        return "", [what]
    from kina_audit.cilium.agent_profile import ID, PROFILE
    from kina_audit.errors import UsageError
    from kina_audit.kernel.version import KernelVersion
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.trees import standing

    profile_id, _, requirement_id = what.partition("/")
    profile = ProfileLibrary(folders).get(profile_id)
    row = next((r for r in profile.requirements if r.id == requirement_id), None)
    if row is None:
        if what == f"{PROFILE}/{ID}":
            raise UsageError(
                f"{what} asks no symbol: it is whether a Cilium release goes with the kernel's version",
                f"`kina-audit check -p {PROFILE} --cilium RELEASE` says whether it does.",
            )
        known = ", ".join(r.id for r in profile.requirements)
        raise UsageError(f"profile {profile_id} has no requirement {requirement_id}", f"It has: {known}.")
    model = resolution.tree.model
    version = (kernel.config.target if kernel is not None else None) or KernelVersion.parse(model.version)
    applies = row.condition(version, model.arch)
    if applies is None:
        raise UsageError(f"{what} does not apply to Linux {version} on {model.arch}", f"It is for {row.kernel}.")
    names = [s for s in applies[0].symbols if s in model.index or s in resolution.beyond]
    missing = [s for s in applies[0].symbols if s not in names]
    status = standing(resolution, row, kernel)
    heading = f"{what} needs {applies[0].text}: {status}\n"
    if status != "pass":
        heading += f"{row.why}\n"
    heading += "".join(f"{s} does not exist on Linux {model.version} ({model.arch})\n" for s in missing)
    return heading + "\n", names
