"""What turns an audit into a gate: waivers, a baseline, the day it is; the options that commands share."""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from kina_audit.base.bounds import BASELINE_BYTES, TOML_BYTES
from kina_audit.base.version import __version__
from kina_audit.cli import terminal
from kina_audit.cli.help import GATE, OUTPUT
from kina_audit.cli.parameters import option
from kina_audit.errors import UsageError

if TYPE_CHECKING:
    from kina_audit.engine.waiver import Waiver
    from kina_audit.render import RenderOptions
    from kina_audit.report.many import Outcome
    from kina_audit.report.model import FailOn
    from kina_audit.report.snapshot import Snapshot

FailOnLevel = Annotated[
    str,
    option(
        "--fail-on",
        metavar="LEVEL",
        help="required, recommended, optional or never. [required; with --baseline: recommended]",
        group=GATE,
    ),
]
Waivers = Annotated[
    list[Path] | None,
    option("--waivers", metavar="FILE", help="A TOML file of waivers; repeatable.", group=GATE),
]
Strict = Annotated[bool, option("--strict", help="An unused or expired waiver fails the audit.", group=GATE)]
Today = Annotated[
    str,
    option(
        "--today",
        metavar="DATE",
        help="The day waivers are held against, e.g. 2026-11-23. [today]",
        group=GATE,
    ),
]
Baseline = Annotated[
    Path | None,
    option("--baseline", metavar="FILE", help="Fail only on what was lost since this baseline.", group=GATE),
]
UpdateBaseline = Annotated[
    bool,
    option("--update-baseline", help="Take what was gained into the baseline; never a loss.", group=GATE),
]
ExitZero = Annotated[
    bool,
    option("--exit-zero", help="End with 0 instead of 1; errors (2, 3) stay what they are.", group=GATE),
]
Locate = Annotated[
    str,
    option(
        "--locate",
        metavar="PATH[:LINE]",
        help="Show findings at this place of the repository, not in the config.",
        group=OUTPUT,
    ),
]

Metrics = Annotated[
    str,
    option(
        "--metrics",
        metavar="SET",
        help="What openmetrics writes: compact (at most 120 series) or all.",
        group=OUTPUT,
    ),
]
Timestamp = Annotated[bool, option("--timestamp", help="Write the time of the audit into the report.", group=OUTPUT)]
By = Annotated[
    str,
    option(
        "--by",
        metavar="WHAT",
        help="Findings of a table by cause, or by profile, one by one.",
        group=OUTPUT,
    ),
]


def level(text: str, baseline: Path | None) -> "FailOn":
    """The threshold of ``--fail-on``: with a baseline, a lost recommended requirement counts, too.

    Raises:
        UsageError: no such level.
    """
    from kina_audit.cli.source_options import one_of
    from kina_audit.report.model import FailOn

    return FailOn(one_of(FailOn, text or ("recommended" if baseline else "required"), "--fail-on"))


def refuse_together(sources: Sequence[str], baseline: Path | None, locate: str, *, update: bool) -> None:
    """Refuse options that make no sense together.

    Raises:
        UsageError: they do not.
    """
    if baseline is None and update:
        raise UsageError("--update-baseline without --baseline", "Name the file with --baseline.")
    if baseline and len(sources) > 1:
        raise UsageError("--baseline is of one kernel", "Hold each SOURCE against its own, in a run of its own.")
    if locate and len(sources) > 1:
        raise UsageError(
            "--locate is of one kernel: a reader takes findings at one place for one",
            "Give each SOURCE a run of its own; files need no --locate.",
        )


def look(*, verbose: bool, color: bool, locate: str, metrics: str, by: str) -> "RenderOptions":
    """How reports of this run look, with the repository's folder around the working folder.

    Raises:
        UsageError: no such set of metrics, or nothing that findings are shown by.
    """
    from kina_audit.cli.source_options import one_of
    from kina_audit.render import BY, METRIC_SETS, RenderOptions

    root, folder = repository()
    return RenderOptions(
        verbose=verbose, color=color, root=root, folder=folder, locate=locate,
        metrics=one_of(METRIC_SETS, metrics, "--metrics"), by=one_of(BY, by, "--by"),
    )  # fmt: skip


def now() -> str:
    """The time of an audit, as an ISO time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def day(text: str) -> date:
    """The day that ``--today`` names, or today.

    Raises:
        UsageError: no such day.
    """
    if not text:
        return date.today()  # noqa: DTZ011  (waivers end on the reader's own calendar)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--today {text[:40]}: not a day", "For example --today 2026-11-23.") from error


def decided_by_folder() -> str:
    """What the settings of the working folder decide of the verdict, for the report to say; empty: nothing."""
    context = click.get_current_context()
    if not context.default_map:
        return ""
    from kina_audit.cli.settings import decided_by

    return decided_by(context)


def load_waivers(paths: Sequence[Path]) -> "tuple[Waiver, ...]":
    """The waivers of TOML files.

    Raises:
        UsageError: a file cannot be read, is no TOML, or holds no valid waiver.
    """
    if not paths:
        return ()
    from kina_audit.base.toml_text import read_toml
    from kina_audit.cli.input_files import read_text
    from kina_audit.cli.settings import inline_waivers
    from kina_audit.engine.waiver import read_waivers

    found: list[Waiver] = []
    for path in paths:
        if (inline := inline_waivers(path)) is not None:
            found += read_waivers(inline, str(path))
            continue
        text = read_text(path, TOML_BYTES, "a file of waivers")
        try:
            document = read_toml(text)
        except ValueError as error:
            raise UsageError(f"{path}: not TOML: {error}", "Write each waiver under [[waiver]].") from error
        odd = sorted(set(document) - {"waiver"})
        if odd:
            raise UsageError(f"{path}: unknown key {odd[0][:80]!r}", "A file of waivers holds [[waiver]] tables only.")
        if not document.get("waiver"):
            raise UsageError(f"{path}: no [[waiver]] in it", "Leave --waivers out, or write one.")
        found += read_waivers(document["waiver"], str(path))
    return tuple(found)


def load_baseline(path: Path, *, update: bool = False) -> "Snapshot":
    """A baseline from its file, which can be written when it is to be updated.

    Raises:
        UsageError: it cannot be read, or is not a baseline this version compares with.
        OutputError: it cannot be written.
    """
    from kina_audit.cli.input_files import read_text
    from kina_audit.report.baseline import read_baseline

    if update:
        terminal.check_writable(path)
    return read_baseline(read_text(path, BASELINE_BYTES, "a baseline"), str(path))


def profiles_of(held: "Snapshot | None", folders: Sequence[Path] | None, *, cilium: bool) -> list[str]:
    """The profiles that a baseline is of; empty: those that are taken where nobody names any."""
    from kina_audit.cli.profile_options import chosen

    if held is None or {p.id for p in chosen([], folders, cilium=cilium)[1]} == set(held.profiles):
        return []
    return list(held.profiles)


def take_improvements(report: "Outcome", path: Path, *, quiet: bool) -> None:
    """Write what was gained into the baseline's file, and say so.

    Raises:
        OutputError: it cannot be written.
    """
    from kina_audit.report.baseline import take_over, write_baseline
    from kina_audit.report.model import Report

    compared = report.baseline if isinstance(report, Report) else None
    if compared is None:
        return
    if compared.improved:
        terminal.write_file(path, write_baseline(take_over(compared), __version__))
    if not quiet:
        count = len(compared.improvements) + (compared.improved and not compared.improvements)
        terminal.say(f"{path}: {count} improvements taken" if compared.improved else f"{path}: nothing was gained")


def repository() -> tuple[str, str]:
    """(root of the repository around the working folder, the working folder inside it), for paths in reports."""
    here = Path.cwd()
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        root = os.environ.get(name, "")
        if root and here.is_relative_to(root):
            return root, _inside(here, Path(root))
    for folder in (here, *here.parents):
        if (folder / ".git").exists():
            return str(folder), _inside(here, folder)
    return str(here), ""


def _inside(here: Path, root: Path) -> str:
    inside = here.relative_to(root).as_posix()
    return "" if inside == "." else inside
