"""``kina-audit check``: audit a kernel, recommend a Cilium mode, pass or fail."""

from pathlib import Path
from typing import Annotated

import typer

from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.tree_options import KernelTreeOption, ProbesOption, ToolchainOption
from kina_audit.sources.options import COMMAND_TIMEOUT, MOST_DECOMPRESSED


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    source: given.Source = "apple",
    profile: Annotated[
        list[str] | None,
        typer.Option("--profile", "-p", metavar="NAME|PATH", help="Audit this profile; repeatable."),
    ] = None,
    profile_dir: Annotated[
        list[Path] | None, typer.Option("--profile-dir", help="A folder with more profiles; repeatable.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the profiles that can be named, and exit.")] = False,
    cilium: Annotated[
        str, typer.Option("--cilium", metavar="RELEASE", help="Cilium release, e.g. 1.18 or 1.20.2. [newest known]")
    ] = "",
    fail_on: Annotated[
        str, typer.Option("--fail-on", metavar="LEVEL", help="required, recommended or never.")
    ] = "required",
    format_: Annotated[
        str, typer.Option("--format", "-f", help="table, json, helm-values or configmap, to stdout.")
    ] = "table",
    output: Annotated[
        list[str] | None,
        typer.Option("--output", "-o", metavar="FORMAT=PATH", help="Also write this format there; repeatable."),
    ] = None,
    arch: given.Arch = "arm64",
    target_kernel: given.TargetKernel = "",
    kernel_tree: KernelTreeOption = "",
    toolchain: ToolchainOption = "",
    run_probes: ProbesOption = False,
    offline: given.Offline = False,
    refresh: given.Refresh = False,
    no_fallback: given.NoFallback = False,
    allow_http: given.AllowHttp = False,
    max_decompressed: given.MaxDecompressed = MOST_DECOMPRESSED,
    timeout: given.Timeout = COMMAND_TIMEOUT,
    verbose: given.Verbose = False,
    quiet: given.Quiet = False,
    color: Annotated[str, typer.Option("--color", help="auto, always or never.")] = "auto",
) -> int:
    """Audit a kernel's configuration: which features work, which Cilium mode it carries, what is missing.

    Exit status: 0 pass, 1 the audit failed or this input cannot tell, 2 usage or profile error, 3 the source could
    not be read or nothing was checked.
    """
    from kina_audit.api import audit, load_kernel, load_profiles
    from kina_audit.cli import outputs
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.report.model import FailOn

    if list_:
        from kina_audit.cli.profiles import list_profiles

        return list_profiles(profile_dir)
    level = FailOn(given.one_of(FailOn, fail_on, "--fail-on"))
    colour = terminal.use_colour(color)
    options = given.source_options(
        arch=arch, target_kernel=target_kernel, offline=offline, refresh=refresh, no_fallback=no_fallback,
        allow_http=allow_http, max_decompressed=max_decompressed, timeout=timeout, verbose=verbose, quiet=quiet,
    )  # fmt: skip
    planned = outputs.plan(format_, output or [])
    names = profile or []
    library = ProfileLibrary(profile_dir or [], [Path(n) for n in names if n.endswith(".toml")])
    profiles = load_profiles(names, library=library)
    kernel = load_kernel(source, options)
    if kernel_tree:
        from kina_audit.trees import arch_of, open_kernel_tree, resolve_kernel

        tree = open_kernel_tree(
            kernel_tree, arch=arch_of(kernel, arch), toolchain=toolchain, run_probes=run_probes, options=options
        )
        kernel, _ = resolve_kernel(
            kernel, tree, symbols=[s for p in profiles for r in p.requirements for s in r.symbols]
        )
    report = audit(kernel, profiles, cilium=cilium, fail_on=level, library=library)
    outputs.write(report, planned, colour=colour, verbose=verbose)
    failed = [r.profile.id for r in report.results if r.status == "fail"]
    if kernel_tree and failed:
        named = " ".join(f"--profile {name}" for name in failed)
        options.say(f"for a fragment that mends it: kina-audit fix {source} {named} --kernel-tree {kernel_tree}")
    return report.exit_code
