"""``kina-audit baseline``: write down how a kernel stands, for ``check --baseline``."""

from pathlib import Path
from typing import Annotated

import typer

from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.profile_options import FolderOption, ProfileOption
from kina_audit.sources.options import COMMAND_TIMEOUT, MOST_DECOMPRESSED


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("baseline")(baseline)


def baseline(
    source: given.Source,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write it; - is stdout.")
    ] = Path("kernel.baseline.json"),
    profile: ProfileOption = None,
    profile_dir: FolderOption = None,
    cilium: Annotated[
        str, typer.Option("--cilium", metavar="RELEASE", help="Cilium release, e.g. 1.18 or 1.20.2. [newest known]")
    ] = "",
    arch: given.Arch = "arm64",
    target_kernel: given.TargetKernel = "",
    offline: given.Offline = False,
    refresh: given.Refresh = False,
    no_fallback: given.NoFallback = False,
    allow_http: given.AllowHttp = False,
    max_decompressed: given.MaxDecompressed = MOST_DECOMPRESSED,
    timeout: given.Timeout = COMMAND_TIMEOUT,
    verbose: given.Verbose = False,
    quiet: given.Quiet = False,
) -> int:
    """Write down how a kernel stands: statuses, the symbols behind them, Cilium's mode, where it came from.

    The file is sorted and has one fact a line: commit it, and review what changes in it. `check --baseline FILE`
    then fails on what was lost since. Exit status: 0 written, 2 or 3 as for `check`.
    """
    from kina_audit.api import audit, load_kernel, load_profiles
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.report.baseline import write_baseline
    from kina_audit.report.snapshot import snapshot

    options = given.source_options(
        arch=arch, target_kernel=target_kernel, offline=offline, refresh=refresh, no_fallback=no_fallback,
        allow_http=allow_http, max_decompressed=max_decompressed, timeout=timeout, verbose=verbose, quiet=quiet,
    )  # fmt: skip
    to_stdout = str(output) == "-"
    if not to_stdout:
        terminal.check_writable(output)
    names = profile or []
    library = ProfileLibrary(profile_dir or [], [Path(n) for n in names if n.endswith(".toml")])
    profiles = load_profiles(names, library=library)
    report = audit(load_kernel(source, options), profiles, cilium=cilium, library=library)
    taken = snapshot(report.kernel, report.results[: len(profiles)], report.advice)
    text = write_baseline(taken, report.tool_version)
    if to_stdout:
        terminal.print_out(text)
        return 0
    terminal.write_file(output, text)
    if not quiet:
        terminal.say(f"{output}: {len(taken.findings)} findings on {len(taken.symbols)} symbols written")
    return 0
