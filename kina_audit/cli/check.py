"""``kina-audit check``: audit a kernel, recommend a Cilium mode, pass or fail."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kina_audit.cli import gate_options as gate
from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.input_files import read_text
from kina_audit.cli.probe_options import NoModulesOption, ProbeOption, SecondsOption, beside
from kina_audit.cli.profile_options import FolderOption, ProfileOption, chosen
from kina_audit.cli.tree_options import KernelTreeOption, ProbesOption, ToolchainOption, resolved
from kina_audit.render import FORMATS
from kina_audit.sources.stdin import STDIN, shown

if TYPE_CHECKING:
    from kina_audit.kernel.provenance import Kernel
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.sources.options import SourceOptions

MAX_CLAIM_BYTES = 1024 * 1024
MOST_LABELS = 20
MOST_IN_A_LABEL = 200


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check", short_help="Audit a kernel: what works, what is missing, which Cilium mode.")(check)


@given.reads_sources()
def check(
    source: given.Source = "apple",
    profile: ProfileOption = None,
    profile_dir: FolderOption = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="NAME=VALUE", help="Add this to reports, such as node=worker-1; repeatable."),
    ] = None,
    claims: Annotated[
        Path | None,
        typer.Option("--claims", metavar="FILE", help="Hold this file's claims against the kernel; - for stdin."),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the profiles that can be named, and exit.")] = False,
    cilium: given.CiliumOrNone = "",
    fail_on: gate.FailOnLevel = "",
    format_: Annotated[
        str, typer.Option("--format", "-f", metavar="FORMAT", help=f"To stdout: {', '.join(FORMATS)}.")
    ] = "table",
    output: given.Outputs = None,
    kernel_tree: KernelTreeOption = "",
    toolchain: ToolchainOption = "",
    run_probes: ProbesOption = False,
    probe: ProbeOption = False,
    probe_timeout: SecondsOption = 20.0,
    no_new_modules: NoModulesOption = False,
    *,
    options: "SourceOptions",
    verbose: given.Verbose = False,
    quiet: given.Quiet = False,
    waivers: gate.Waivers = None,
    strict: gate.Strict = False,
    today: gate.Today = "",
    baseline: gate.Baseline = None,
    update_baseline: gate.UpdateBaseline = False,
    exit_zero: gate.ExitZero = False,
    locate: gate.Locate = "",
    color: given.Color = "auto",
) -> int:
    """Audit a kernel's configuration: which features work, which Cilium mode it carries, what is missing.

    Exit status: 0 pass, 1 the audit failed or this input cannot tell, 2 usage or profile error, 3 the source could
    not be read or nothing was checked.
    """
    from dataclasses import replace

    from kina_audit.api import audit, load_kernel
    from kina_audit.cli import github_files, outputs
    from kina_audit.cli.settings import decided_by_folder
    from kina_audit.errors import UsageError
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.render import RenderOptions
    from kina_audit.report.model import FailOn

    if list_:
        from kina_audit.cli.profiles import list_profiles

        return list_profiles(profile_dir)
    if claims is not None:
        unused = {
            "--output": output, "--label": label, "--fail-on": fail_on, "--waivers": waivers, "--strict": strict,
            "--baseline": baseline, "--update-baseline": update_baseline, "--exit-zero": exit_zero,
        }  # fmt: skip
        if said := [name for name, value in unused.items() if value]:
            options.say(f"--claims does without {', '.join(said)}: a claim is true, false or cannot be told")
        name, text = _claims_text(claims, source, format_)
        kernel = resolved(
            load_kernel(source, options),
            [],
            kernel_tree,
            toolchain,
            run_probes=run_probes,
            options=options,
        )
        library = ProfileLibrary(profile_dir or [], [Path(n) for n in profile or [] if n.endswith(".toml")])
        return _claims(text, name, kernel, library, cilium, format_)
    level = FailOn(given.one_of(FailOn, fail_on or ("recommended" if baseline else "required"), "--fail-on"))
    colour = terminal.use_colour(color)
    planned = outputs.plan(format_, output or [], source, *(waivers or []), *([baseline] if baseline else []))
    github_files.check(planned)
    labels = _labels(label or [])
    on = gate.day(today)
    accepted = gate.load_waivers(waivers or [])
    held = gate.load_baseline(baseline) if baseline else None
    if baseline is None and update_baseline:
        raise UsageError("--update-baseline without --baseline", "Name the file with --baseline.")
    if baseline and update_baseline:
        terminal.check_writable(baseline)
    # A baseline says what it is of; asked about something else, the audit refuses to compare.
    names = profile or (list(held.profiles) if held else [])
    release = given.release(cilium) if cilium or held is None else held.cilium.release if held.cilium else None
    library, profiles = chosen(names, profile_dir)
    kernel = resolved(
        load_kernel(source, options),
        profiles,
        kernel_tree,
        toolchain,
        run_probes=run_probes,
        options=options,
    )
    cilium_too = None if release is None else library
    probing = beside(source, kernel, profiles, cilium_too, options, probe_timeout, no_new_modules) if probe else None
    report = audit(
        kernel, profiles, cilium=release, fail_on=level, library=library, waivers=accepted,
        today=on, strict=strict, baseline=held, baseline_origin=str(baseline),
        probing=probing,
    )  # fmt: skip
    report = replace(report, labels=labels, settings=decided_by_folder())
    root, folder = gate.repository()
    look = RenderOptions(verbose=verbose, color=colour, root=root, folder=folder, locate=locate)
    outputs.write(report, planned, look, quiet=quiet)
    github_files.write(report, planned, look)
    if baseline and update_baseline:
        gate.take_improvements(report, baseline, quiet=quiet)
    failed = [r.profile.id for r in report.results if r.status == "fail"]
    if kernel_tree and failed:
        options.say(_mend(source, failed, kernel_tree))
    if exit_zero and report.exit_code:
        options.say(f"verdict {report.verdict}: exit status {report.exit_code} is 0 by --exit-zero")
        return 0
    return report.exit_code


def _mend(source: str, failed: list[str], kernel_tree: str) -> str:
    named = " ".join(f"--profile {name}" for name in failed)
    return f"for a fragment that mends it: kina-audit fix {source} {named} --kernel-tree {kernel_tree}"


def _labels(given_labels: list[str]) -> tuple[tuple[str, str], ...]:
    """The pairs of ``--label``.

    Raises:
        UsageError: one is no NAME=VALUE, or there are too many.
    """
    import re

    from kina_audit.errors import UsageError

    found: dict[str, str] = {}
    for text in given_labels:
        name, equals, value = text.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{0,62}", name) or len(value) > MOST_IN_A_LABEL:
            raise UsageError(f"--label {text[:60]}: expected NAME=VALUE", "For example --label node=worker-1.")
        found[name] = value
    if len(found) > MOST_LABELS:
        raise UsageError(f"--label: more than {MOST_LABELS} of them")
    return tuple(found.items())


def _claims_text(path: Path, source: str, format_: str) -> tuple[str, str]:
    """What the file of claims is called, and its text."""
    from kina_audit.errors import UsageError

    given.one_of(("table", "json", "markdown"), format_, "--claims with --format")
    if str(path) == source == STDIN:
        raise UsageError("both the kernel and the claims are -", "Give one of them as a file.")
    return shown(path), read_text(path, MAX_CLAIM_BYTES, "a file of claims")


def _claims(text: str, name: str, kernel: "Kernel", library: "ProfileLibrary", cilium: str, format_: str) -> int:
    """Judge claims; 0 when every one is true."""
    from kina_audit.api import judge_claims
    from kina_audit.render.claims import as_json, as_markdown, as_table
    from kina_audit.report.claims import Truth

    answers = judge_claims(kernel, text, name=name, cilium=cilium, library=library)
    config = kernel.config
    told = f"{kernel.provenance.source}: Linux {config.target or 'unknown version'}, {config.arch or 'unknown'}"
    if format_ == "json":
        terminal.print_out(as_json(answers, told))
    elif format_ == "markdown":
        terminal.print_out(as_markdown(answers, told))
    else:
        terminal.print_out(as_table(answers, told, terminal.width()))
    return 0 if all(a.truth is Truth.TRUE for a in answers) else 1
