"""``kina-audit check``: audit a kernel, recommend a Cilium mode, pass or fail."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from kina_audit.cli import terminal
from kina_audit.cli.tree_options import KernelTreeOption, ProbesOption, ToolchainOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    source: Annotated[
        str,
        typer.Argument(
            help="A config file, - for stdin, running, apple[@REF], recorded:NAME or https://... (default: apple)."
        ),
    ] = "apple",
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
    arch: Annotated[str, typer.Option("--arch", help="arm64 or x86_64: which of Apple's configs.")] = "arm64",
    target_kernel: Annotated[
        str,
        typer.Option("--target-kernel", metavar="VERSION", help="The kernel version built from the config."),
    ] = "",
    kernel_tree: KernelTreeOption = "",
    toolchain: ToolchainOption = "",
    run_probes: ProbesOption = False,
    offline: Annotated[
        bool, typer.Option("--offline", envvar="KINA_AUDIT_OFFLINE", help="Never touch the network.")
    ] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ignore what is cached.")] = False,
    no_fallback: Annotated[
        bool, typer.Option("--no-fallback", help="Fail rather than use the recorded kernel without a network.")
    ] = False,
    allow_http: Annotated[bool, typer.Option("--allow-http", help="Accept http:// addresses.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the findings that pass, too.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on stderr.")] = False,
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
    from kina_audit.sources.options import SourceOptions

    if list_:
        from kina_audit.cli.profiles import list_profiles

        return list_profiles(profile_dir)
    level = FailOn(_one_of(FailOn, fail_on, "--fail-on"))
    colour = terminal.use_colour(color)
    _one_of(("arm64", "x86_64"), arch, "--arch")
    planned = outputs.plan(format_, output or [])
    names = profile or []
    library = ProfileLibrary(profile_dir or [], [Path(n) for n in names if n.endswith(".toml")])
    profiles = load_profiles(names, library=library)
    options = SourceOptions(
        arch=arch,
        target_kernel=target_kernel,
        offline=offline,
        refresh=refresh,
        fallback=not no_fallback,
        allow_http=allow_http,
        say=(lambda _: None) if quiet else terminal.say,
    )
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


def _one_of(allowed: Iterable[str], text: str, option: str) -> str:
    from kina_audit.errors import UsageError

    choices = list(allowed)
    if text not in choices:
        raise UsageError(f"{option} {text}: not one of {', '.join(choices)}")
    return text
