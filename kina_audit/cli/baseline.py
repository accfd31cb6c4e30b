"""``kina-audit baseline``: write down how a kernel stands, for ``check --baseline``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from kina_audit.base.bounds import BASELINE_BYTES
from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.input_files import read_text
from kina_audit.cli.outputs import refuse_input
from kina_audit.cli.parameters import command, option
from kina_audit.cli.profile_options import FolderOption, ProfileOption, chosen
from kina_audit.cli.tree_options import KernelTreeOption, ProbesOption, ToolchainOption, resolved
from kina_audit.errors import NothingCheckedError

if TYPE_CHECKING:
    from kina_audit.report.snapshot import Snapshot
    from kina_audit.sources.options import SourceOptions

_MOST_NAMES = 10
_MOST_TOLD = 40


def register(app: click.Group) -> None:
    """Add the command."""
    app.add_command(
        command(baseline, "baseline", short_help="Write down how a kernel stands, to hold later ones against it.")
    )


@given.reads_sources()
def baseline(
    source: given.Source,
    output: Annotated[Path, option("--output", "-o", metavar="FILE", help="Where to write it; - is stdout.")] = Path(
        "kernel.baseline.json"
    ),
    profile: ProfileOption = None,
    profile_dir: FolderOption = None,
    cilium: given.CiliumOrNone = "",
    kernel_tree: KernelTreeOption = "",
    toolchain: ToolchainOption = "",
    run_probes: ProbesOption = False,
    *,
    options: "SourceOptions",
    quiet: given.Quiet = False,
) -> int:
    """Write down how a kernel stands: statuses, the symbols behind them, Cilium's mode, where it came from.

    The file is sorted and has one fact a line: commit it, and review what changes in it. `check --baseline FILE`
    then fails on what was lost since. Exit status: 0 written, 2 or 3 as for `check`.
    """
    from kina_audit.api import audit, load_kernel
    from kina_audit.engine.finding import Status
    from kina_audit.report.baseline import write_baseline
    from kina_audit.report.by_tools import hint
    from kina_audit.report.snapshot import snapshot
    from kina_audit.sources.local.stdin import shown

    to_stdout = str(output) == "-"
    if not to_stdout:
        terminal.check_writable(output)
        refuse_input(output, source)
    library, profiles = chosen(profile, profile_dir, cilium=given.release(cilium) is not None)
    kernel = resolved(
        load_kernel(source, options), profiles, kernel_tree, toolchain,
        run_probes=run_probes, options=options,
    )  # fmt: skip
    report = audit(kernel, profiles, cilium=given.release(cilium), library=library)
    if report.kernel.config.cut:
        terminal.say(f"warning: {shown(source)}: {report.kernel.config.cut}")
    if not report.decided:
        raise NothingCheckedError(
            f"{shown(source)}: this input cannot tell anything that these profiles ask, so a baseline of it would accept anything",
            "Give the built kernel's .config, or --kernel-tree.",
        )
    taken = snapshot(report.kernel, report.results[: len(profiles)], report.advice)
    text = write_baseline(taken, report.tool_version)
    if to_stdout:
        terminal.print_out(text)
        return 0
    told = [] if quiet else _retaken(output, taken)
    terminal.write_file(output, text)
    for line in told:
        terminal.say(line)
    if not quiet:
        terminal.say(f"{output}: {len(taken.findings)} findings on {len(taken.symbols)} symbols written")
        untold = [name for name, standing in sorted(taken.findings.items()) if standing.status is Status.UNKNOWN]
        tools = hint(f for r in report.results[: len(profiles)] for f in r.findings)
        if tools:
            terminal.say(f"warning: {tools}")
        if untold:
            more = f" and {len(untold) - _MOST_NAMES} more" if len(untold) > _MOST_NAMES else ""
            named = ", ".join(untold[:_MOST_NAMES])
            terminal.say(f"{len(untold)} of them cannot be told from this input and are accepted so: {named}{more}")
    return 0


def _retaken(output: Path, taken: "Snapshot") -> list[str]:
    """What differs from the baseline that is about to be replaced, a line each; empty where there is none to compare with."""
    from kina_audit.errors import UsageError
    from kina_audit.render.sentences import change
    from kina_audit.report.baseline import read_baseline
    from kina_audit.report.compare import compare

    if not output.is_file():
        return []
    try:
        before = read_baseline(read_text(output, BASELINE_BYTES, "a baseline"), str(output))
    except UsageError:
        return [f"{output}: what was there could not be compared"]
    compared = compare(before, taken)
    asked = [f"no longer asked: {name}" for name in before.profiles if name not in taken.profiles]
    asked += [f"asked now: {name}" for name in taken.profiles if name not in before.profiles]
    asked += [
        f"another edition of the profile: {name}"
        for name, now in taken.profiles.items()
        if name in before.profiles and before.profiles[name].digest != now.digest
    ]
    both = before.profiles.keys() & taken.profiles.keys()
    changed = (*(c for c in compared.findings if c.profile in both), *compared.capabilities)
    asked += [f"{c.direction}: {change(c)}" for c in changed]
    mode = compared.mode
    if mode is not None and mode.before is not mode.after:
        asked.append(f"Cilium {mode.release} mode {mode.before} to {mode.after}")
    more = len(asked) - _MOST_TOLD
    return [f"{output}: {line}" for line in asked[:_MOST_TOLD]] + ([f"{output}: and {more} more"] if more > 0 else [])
