"""``kina-audit explain``: what a symbol is, its value, and why."""

from typing import TYPE_CHECKING, Annotated

import typer

from kina_audit.base.json_text import indented
from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.help import Grouped
from kina_audit.cli.tree_options import (
    NOTHING,
    FragmentOption,
    KernelTreeOption,
    ProbesOption,
    ToolchainOption,
    opened,
    read_fragments,
    refuse_unknown,
)

if TYPE_CHECKING:
    from kina_audit.kconfig.explain import Explanation
    from kina_audit.kconfig.loaded import KernelTree
    from kina_audit.kconfig.resolve import Resolution


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain", cls=Grouped, short_help="Explain why a symbol has its value, and what turns it on.")(explain)


def explain(
    what: Annotated[str, typer.Argument(metavar="SYMBOL|PROFILE/REQUIREMENT", help="What to explain.")],
    source: Annotated[str, typer.Argument(help=f"{given.SOURCE_HELP} None: the tree's own defaults.")] = "",
    kernel_tree: KernelTreeOption = "",
    fragment: FragmentOption = None,
    target_kernel: given.TargetKernel = "",
    format_: given.TextOrJson = "text",
    toolchain: ToolchainOption = "",
    run_probes: ProbesOption = False,
    arch: given.Arch = "",
    offline: given.Offline = False,
    refresh: given.Refresh = False,
    quiet: given.Quiet = False,
) -> int:
    """Explain a symbol of a resolved config: its type, where it is defined, its value, and why it has it.

    Without a kernel tree, by the model of the kernel line that ships.
    """
    from kina_audit.api import load_kernel
    from kina_audit.kconfig.resolve import resolve as resolve_text
    from kina_audit.kconfig.text import explanation_text
    from kina_audit.trees import start_of

    given.one_of(("text", "json"), format_, "--format")
    fragments = read_fragments(fragment or [], source)
    options = given.source_options(
        arch=arch, target_kernel=target_kernel, offline=offline, refresh=refresh, quiet=quiet
    )
    kernel = load_kernel(source, options) if source not in ("", NOTHING) else None
    trees = opened(kernel, kernel_tree, toolchain, run_probes=run_probes, options=options)
    states = [start_of(kernel, t, fragments) if kernel else resolve_text(t, "", fragments) for t in trees]
    refuse_unknown(states[-1], {name for name, _ in fragments})
    heading, names = _named(what, states[-1])
    found = [row for name in names for row in _of_trees(states, name)]
    if format_ == "json":
        document = [{**e.to_document(), "tree": _tree(t)} for t, e in found]
        terminal.print_out(indented(document[0] if len(document) == 1 and not heading else document))
        return 0
    told = {id(t): "" if kernel_tree else f"by {t.origin} ({t.model.arch}), toolchain {t.toolchain}" for t in trees}
    terminal.print_out(heading + "\n".join(explanation_text(e, terminal.width(), told[id(t)]) for t, e in found))
    return 0


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


def _named(what: str, resolution: "Resolution") -> tuple[str, list[str]]:
    """(heading, symbols) of a symbol's or a requirement's name."""
    if "/" not in what:
        return "", [what]
    from kina_audit.errors import UsageError
    from kina_audit.kernel.version import KernelVersion
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.trees import standing

    profile_id, _, requirement_id = what.partition("/")
    profile = ProfileLibrary().get(profile_id)
    row = next((r for r in profile.requirements if r.id == requirement_id), None)
    if row is None:
        known = ", ".join(r.id for r in profile.requirements)
        raise UsageError(f"profile {profile_id} has no requirement {requirement_id}", f"It has: {known}.")
    model = resolution.tree.model
    applies = row.condition(KernelVersion.parse(model.version), model.arch)
    if applies is None:
        raise UsageError(f"{what} does not apply to Linux {model.version} on {model.arch}", f"It is for {row.kernel}.")
    names = [s for s in applies[0].symbols if s in model.index]
    missing = [s for s in applies[0].symbols if s not in model.index]
    status = standing(resolution, row)
    heading = f"{what} needs {applies[0].text}: {status}\n"
    if status != "pass":
        heading += f"{row.why}\n"
    heading += "".join(f"{s} does not exist on Linux {model.version} ({model.arch})\n" for s in missing)
    return heading + "\n", names
