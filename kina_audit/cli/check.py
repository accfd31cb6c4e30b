"""``kina-audit check``: audit a kernel, recommend a Cilium mode, pass or fail."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from kina_audit.base.bounds import LABEL, LABELS
from kina_audit.cli import gate_options as gate
from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.help import ASKED, OUTPUT
from kina_audit.cli.parameters import command, option
from kina_audit.cli.probe_options import NoModulesOption, ProbeOption, SecondsOption, beside
from kina_audit.cli.profile_options import FolderOption, ProfileOption, chosen
from kina_audit.cli.tree_options import KernelTreeOption, ProbesOption, ToolchainOption, resolved
from kina_audit.render import FORMATS

if TYPE_CHECKING:
    from kina_audit.kernel.provenance import Kernel
    from kina_audit.profiles.model import Profile
    from kina_audit.report.many import Outcome
    from kina_audit.report.model import Report
    from kina_audit.sources.options import SourceOptions


def register(app: click.Group) -> None:
    """Add the command."""
    app.add_command(
        command(check, "check", short_help="Audit a kernel: what works, what is missing, which Cilium mode.")
    )


@given.reads_sources()
def check(
    source: given.Sources = None,
    profile: ProfileOption = None,
    profile_dir: FolderOption = None,
    label: Annotated[
        list[str] | None,
        option(
            "--label",
            metavar="NAME=VALUE",
            help="Add this to reports, such as node=worker-1; repeatable.",
            group=OUTPUT,
        ),
    ] = None,
    list_: Annotated[
        bool, option("--list", help="List the profiles that can be named, and exit.", group=ASKED)
    ] = False,
    cilium: given.CiliumOrNone = "",
    fail_on: gate.FailOnLevel = "",
    format_: Annotated[
        str,
        option("--format", "-f", metavar="FORMAT", help=f"To stdout: {', '.join(FORMATS)}.", group=OUTPUT),
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
    metrics: gate.Metrics = "compact",
    timestamp: gate.Timestamp = False,
    by: gate.By = "cause",
    color: given.Color = "auto",
) -> int:
    """Audit a kernel's configuration: which features work, which Cilium mode it carries, what is missing.

    Many SOURCEs make one document, each finding with its own file. Exit status, the worst of them: 0 pass, 1 the audit
    failed or this input cannot tell, 2 usage or profile error, 3 the source could not be read or nothing was checked.
    """
    from kina_audit.api import audit, load_kernel
    from kina_audit.base.datatype import replace
    from kina_audit.cli import github_files, outputs
    from kina_audit.cli.kept_options import kept
    from kina_audit.report.many import verdict, worst

    def read(name: str, profiles: "list[Profile]") -> "Kernel":
        kernel = load_kernel(name, options)
        return resolved(kernel, profiles, kernel_tree, toolchain, run_probes=run_probes, options=options)

    if list_:
        from kina_audit.cli.profiles import list_profiles

        return list_profiles(profile_dir)
    sources = list(dict.fromkeys(source or ["apple"]))
    gate.refuse_together(sources, baseline, locate, update=update_baseline)
    level = gate.level(fail_on, baseline)
    look = gate.look(verbose=verbose, color=terminal.use_colour(color), locate=locate, metrics=metrics, by=by)
    inputs: list[str | Path] = [*sources, *(waivers or []), *([baseline] if baseline else [])]
    many = len(sources) > 1
    formats: Mapping[str, str] | None = None
    if many:
        from kina_audit.render.many import MANY_FORMATS

        formats = MANY_FORMATS
    planned = outputs.plan(format_, output or [], *inputs, formats=formats, about=" for many kernels" * many)
    github_files.check(planned)
    accepted = gate.load_waivers(waivers or [])
    held = gate.load_baseline(baseline, update=update_baseline) if baseline else None
    # A baseline says what it is of; asked about something else, the audit refuses to compare.
    release = given.release(cilium) if cilium or held is None else held.cilium.release if held.cilium else None
    names = profile or gate.profiles_of(held, profile_dir, cilium=release is not None)
    library, profiles = chosen(names, profile_dir, cilium=release is not None)
    labels, settings, when = _labels(label or []), gate.decided_by_folder(), gate.now() if timestamp else ""
    outputs.refuse_nowhere(planned, labels)
    on, cilium_too = gate.day(today), None if release is None else library

    shown = any(o.path is None and o.format == "table" for o in planned)  # which says what is newer than the facts

    def audited(name: str) -> "Report":
        kernel = read(name, profiles)
        probing = beside(name, kernel, profiles, cilium_too, options, probe_timeout, no_new_modules) if probe else None
        report = audit(
            kernel, profiles, cilium=release, fail_on=level, library=library, waivers=accepted,
            today=on, strict=strict, baseline=held, baseline_origin=str(baseline),
            probing=probing,
        )  # fmt: skip
        if not shown:
            for text in report.knowledge.newer:
                options.say(f"warning: {text}")
        return replace(
            report, labels=labels, settings=settings, audited=when,
            options=kept(
                options, cilium=cilium, kernel_tree=kernel_tree, profile=names, profile_dir=profile_dir or [],
                baseline=baseline, waivers=waivers or [], today=today, strict=strict,
            ),
        )  # fmt: skip

    found: Sequence[Outcome]
    if many:
        from kina_audit.cli.outcomes import outcomes

        found = outcomes(sources, audited, options.say)
    else:
        found = [audited(sources[0])]
    outputs.write_all(found, planned, look, quiet=quiet)
    github_files.write(found, planned, look)
    if baseline and update_baseline:
        gate.take_improvements(found[0], baseline, quiet=quiet)
    if exit_zero and worst(found) == 1:
        options.say(f"verdict {verdict(found)}: exit status 1 is 0 by --exit-zero")
        return 0
    return worst(found)


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
        if not equals or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{0,62}", name) or len(value) > LABEL:
            raise UsageError(f"--label {text[:60]}: expected NAME=VALUE", "For example --label node=worker-1.")
        found[name] = value
    if len(found) > LABELS:
        raise UsageError(f"--label: more than {LABELS} of them")
    return tuple(found.items())
