"""``kina-audit probe``: try the features on the kernel that runs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import click

from kina_audit.base.near import near
from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.parameters import Argument, command, option
from kina_audit.cli.probe_options import NoModulesOption, SecondsOption
from kina_audit.cli.profile_options import FolderOption, ProfileOption, chosen

if TYPE_CHECKING:
    from kina_audit.engine.probed import Probing
    from kina_audit.kernel.provenance import Kernel
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.profiles.model import Profile, Requirement
    from kina_audit.report.model import Report
    from kina_audit.report.probed import Asked
    from kina_audit.sources.options import SourceOptions

NO_CONFIG = "none"


def register(app: click.Group) -> None:
    """Add the command."""
    app.add_command(command(probe, "probe", short_help="Try the features on the kernel that runs."))


@given.reads_sources(
    "no_fallback", "allow_http", "refresh", "offline", "max_decompressed", "timeout", "built", "fragment", "toolchain"
)
def probe(
    source: Annotated[
        str, Argument(help="The config to compare with: running, a file, or none.", metavar="[SOURCE]")
    ] = "running",
    profile: ProfileOption = None,
    profile_dir: FolderOption = None,
    only: Annotated[
        list[str] | None, option("--only", metavar="NAME", help="Try this probe ('link_*' for many); repeatable.")
    ] = None,
    list_: Annotated[bool, option("--list", help="List what would be tried, and what each touches.")] = False,
    probe_timeout: SecondsOption = 20.0,
    no_new_modules: NoModulesOption = False,
    format_: given.TableOrJson = "table",
    output: given.Outputs = None,
    *,
    options: "SourceOptions",
    verbose: given.Verbose = False,
    color: given.Color = "auto",
) -> int:
    """Try on the running kernel what the selected profiles ask for, and compare it with the config.

    Everything happens in a child in namespaces of its own and leaves no trace, but for modules that the kernel loads.
    Needs root, or the capabilities that --list names.

    Exit status: 0 every required requirement works or is promised by the config, 1 one fails or cannot be told, 2 usage,
    3 the config could not be read or nothing was tried.
    """
    import os

    from kina_audit.cli import outputs
    from kina_audit.render import RenderOptions
    from kina_audit.render.probed import PROBE_FORMATS, render_probed
    from kina_audit.report.probed import Probed

    library, profiles = chosen(profile, profile_dir)
    names, asked = planned(profiles, only or [])
    if list_:
        terminal.print_out(_listed(names, asked))
        return 0
    colour = terminal.use_colour(color)
    wanted = outputs.plan(format_, output or [], source, formats=PROBE_FORMATS)
    kernel = _config(source, options)
    probing = tried(names, kernel, options, seconds=probe_timeout, no_new_modules=no_new_modules, steps=verbose)
    report = _held(kernel, profiles, probing, library, only=bool(only))
    name = os.uname()
    compared = "" if kernel.provenance.kind == NO_CONFIG else kernel.provenance.location
    found = Probed(report, probing, asked, name.release, name.machine, compared, bool(only))
    look = RenderOptions(verbose=verbose, color=colour)
    outputs.write_each(wanted, look, lambda form, how: render_probed(form, found, how))
    return found.exit_code


def planned(profiles: "Sequence[Profile]", only: Sequence[str] = ()) -> "tuple[list[str], dict[str, Asked]]":
    """The names of the probes to try, and what each is about.

    Raises:
        ProfileError: a profile names a probe that does not exist.
        UsageError: ``only`` matches none.
    """
    from fnmatch import fnmatchcase

    from kina_audit.engine.probing import wanted
    from kina_audit.errors import ProfileError, UsageError
    from kina_audit.probe.catalogue import every_probe
    from kina_audit.report.probed import Asked

    known = every_probe()
    names: list[str] = []
    if only:
        for pattern in only:
            found = [n for n in known if fnmatchcase(n, pattern)]
            if not found:
                raise UsageError(
                    f"no probe {pattern!r}{near(pattern, known, 3, 0.5)}",
                    "`kina-audit probe -p all --list` lists them.",
                )
            names += [n for n in found if n not in names]
    else:
        for p in profiles:
            for row in p.requirements:
                for name in wanted((row,)):
                    if name not in known:
                        raise ProfileError(
                            f"{p.path}: requirement {row.id!r}: no probe {name!r}{near(name, known, 3, 0.5)}",
                            "`kina-audit probe -p all --list` lists them.",
                        )
                    if name not in names:
                        names.append(name)
    if not names:
        raise UsageError("no requirement of the selected profiles has a probe", "Select other profiles.")
    return names, {n: Asked(known[n].expr, known[n].touches, known[n].group, known[n].kernel) for n in names}


def tried(
    names: Sequence[str],
    kernel: "Kernel",
    options: "SourceOptions",
    *,
    seconds: float,
    no_new_modules: bool,
    steps: bool = False,
) -> "Probing":
    """Run probes on this machine's kernel, with progress on stderr.

    Raises:
        UsageError: not on Linux, or pyroute2 is missing.
        NothingCheckedError: not one probe could be tried.
    """
    from kina_audit.engine.probed import Outcome
    from kina_audit.errors import NothingCheckedError
    from kina_audit.probe.modules import held_back
    from kina_audit.probe.runner import run

    left_out = held_back(names, kernel.config) if no_new_modules else {}
    probing = run(
        [n for n in names if n not in left_out],
        seconds=seconds,
        left_out=left_out,
        step=(lambda name, step: options.say(f"{name}: {step}")) if steps else None,
    )
    if probing.circumstances.new_modules and not no_new_modules:
        options.say(f"the kernel loaded {len(probing.circumstances.new_modules)} modules for the probes")
    if no_new_modules and probing.circumstances.new_modules:
        options.say(f"the kernel loaded modules all the same: {', '.join(probing.circumstances.new_modules)}")
    if all(a.outcome is Outcome.NOT_TRIED for a in probing.attempts.values()):
        reasons = {a.said for a in probing.attempts.values()}
        raise NothingCheckedError(
            f"not one probe could be tried: {'; '.join(sorted(reasons)[:3])}",
            "Run it as root, or in a container with --privileged.",
        )
    return probing


def _config(source: str, options: "SourceOptions") -> "Kernel":
    """The config to compare with; one that says nothing, where there is none."""
    from kina_audit.api import load_kernel
    from kina_audit.errors import SourceNotFoundError
    from kina_audit.probe.bare import nothing_known

    if source == NO_CONFIG:
        return nothing_known()
    try:
        return load_kernel(source, options)
    except SourceNotFoundError as error:
        if source != "running":
            raise
        options.say(f"{error.message}; probes decide alone")
        return nothing_known()


def _held(
    kernel: "Kernel", profiles: "Sequence[Profile]", probing: "Probing", library: "ProfileLibrary", *, only: bool
) -> "Report":
    """The audit of what has probes: the rest is `check`'s to judge.

    With ``only``, of what the probes that were asked for decide: about a requirement that rests on others, too, this
    run says nothing.
    """
    from kina_audit.api import audit
    from kina_audit.base.datatype import replace
    from kina_audit.base.version import __version__
    from kina_audit.engine.probing import came_to
    from kina_audit.errors import NothingCheckedError
    from kina_audit.report.model import FailOn, Report

    def within(row: "Requirement") -> bool:
        outcome, attempts = came_to(row, probing)
        return outcome is not None and not (only and any(a.probe not in probing.attempts for a in attempts))

    some = [replace(p, requirements=rows) for p in profiles if (rows := tuple(filter(within, p.requirements)))]
    try:
        return audit(kernel, some, cilium=None, library=library, probing=probing)
    except NothingCheckedError:
        if not only:
            raise
        return Report(kernel, (), None, FailOn.REQUIRED, __version__)


def _listed(names: Sequence[str], asked: "dict[str, Asked]") -> str:
    from kina_audit.probe.catalogue import every_probe

    known = every_probe()
    lines = []
    for name in names:
        needs = ", ".join(f"CAP_{c}" for c in known[name].capabilities)
        lines += [name, f"  touches  {asked[name].touches}", f"  behind   {asked[name].expr}"]
        lines += [f"  needs    {needs}"] if needs else []
    return "\n".join(lines) + "\n"
