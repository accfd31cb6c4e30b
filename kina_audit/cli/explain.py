"""``kina-audit explain``: what a symbol is, its value, and why."""

from typing import TYPE_CHECKING, Annotated

import typer

from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.tree_options import (
    KernelTreeOption,
    ProbesOption,
    ToolchainOption,
    opened,
)
from kina_audit.json_text import indented

if TYPE_CHECKING:
    from kina_audit.kconfig.resolve import Resolution


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain", short_help="Explain why a symbol has its value, from the kernel's tree.")(explain)


def explain(
    what: Annotated[str, typer.Argument(metavar="SYMBOL|PROFILE/REQUIREMENT", help="What to explain.")],
    source: Annotated[str, typer.Argument(help=f"{given.SOURCE_HELP} None: the tree's own defaults.")] = "",
    kernel_tree: KernelTreeOption = "",
    format_: Annotated[str, typer.Option("--format", "-f", help="text or json.")] = "text",
    toolchain: ToolchainOption = "",
    run_probes: ProbesOption = False,
    arch: given.Arch = "",
    offline: given.Offline = False,
    refresh: given.Refresh = False,
    quiet: given.Quiet = False,
) -> int:
    """Explain a symbol of a resolved config: its type, where it is defined, its value, and why it has it."""
    from kina_audit.api import load_kernel
    from kina_audit.errors import UsageError
    from kina_audit.kconfig.explain import explain as explain_symbol
    from kina_audit.kconfig.resolve import resolve as resolve_text
    from kina_audit.kconfig.text import explanation_text
    from kina_audit.trees import arch_of, start_of

    if format_ not in ("text", "json"):
        raise UsageError(f"--format {format_}: not one of text, json")
    options = given.source_options(arch=arch, offline=offline, refresh=refresh, quiet=quiet)
    kernel = load_kernel(source, options) if source else None
    tree = opened(kernel_tree, toolchain, run_probes=run_probes, arch=arch_of(kernel, options), options=options)
    resolution = start_of(kernel, tree) if kernel else resolve_text(tree, "")
    heading, names = _named(what, resolution)
    found = [explain_symbol(resolution, name) for name in names]
    if format_ == "json":
        document = [dict(e.to_document()) for e in found]
        terminal.print_out(indented(document if heading else document[0]))
    else:
        terminal.print_out(heading + "\n".join(explanation_text(e, terminal.width()) for e in found))
    return 0


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
