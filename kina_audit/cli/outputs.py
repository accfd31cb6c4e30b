"""``--format`` and ``--output FORMAT=PATH``: which formats go where, checked before the audit runs."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kina_audit.base.datatype import datatype, replace
from kina_audit.cli import terminal
from kina_audit.errors import UsageError

if TYPE_CHECKING:
    from kina_audit.render import RenderOptions
    from kina_audit.report.many import Outcome
    from kina_audit.report.model import Report

STDOUT = "-"
_SCOPED = ("openreports", "policyreport")
_OBJECT = r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9.-]*[a-z0-9])?"
_NODE = r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?"


@datatype
class Output:
    """One format and where it goes; path None is stdout."""

    format: str
    path: Path | None


def plan(
    format_: str,
    outputs: Sequence[str],
    *inputs: str | Path,
    formats: Mapping[str, str] | None = None,
    about: str = "",
) -> list[Output]:
    """What to write where. ``FORMAT=-`` takes stdout over from ``format_``; ``inputs`` are not to be overwritten.

    ``formats`` are the names that exist; default: a report's. ``about`` says what they are for.

    Raises:
        UsageError: an unknown format, a malformed FORMAT=PATH, two formats for one place, or an input's own.
        OutputError: a path that cannot be written.
    """
    from kina_audit.render import FORMATS

    known = formats or FORMATS
    planned: list[Output] = []
    for text in outputs:
        name, equals, path = text.partition("=")
        if not equals or not path:
            raise UsageError(f"--output {text}: expected FORMAT=PATH", "For example --output json=report.json.")
        planned.append(Output(name, None if path == STDOUT else Path(path)))
    if sum(o.path is None for o in planned) > 1:
        raise UsageError("--output: two formats for stdout", "Give a path to all but one.")
    if not any(o.path is None for o in planned):
        planned.insert(0, Output(format_, None))
    for output in planned:
        if output.format not in known:
            from kina_audit.base.near import near

            told = near(output.format, known, cutoff=0.6)
            raise UsageError(f"no format {output.format!r}{about}{told}", f"Formats: {', '.join(sorted(known))}.")
        if output.path is not None:
            terminal.check_writable(output.path)
            refuse_input(output.path, *inputs)
    # Of the system itself: Path.resolve has an error of its own for links in a circle.
    paths = [os.path.realpath(o.path) for o in planned if o.path is not None and not _is_stream(o.path)]
    if len(paths) > len(set(paths)):
        raise UsageError("--output: two formats for one file", "Give each its own.")
    return planned


def _is_stream(path: Path) -> bool:
    return path.exists() and not path.is_file()


def refuse_input(path: Path, *inputs: str | Path) -> None:
    """Keep an output from replacing what the run reads.

    Raises:
        UsageError: it would.
    """
    for name in inputs:
        if path.is_file() and Path(name).is_file() and path.samefile(name):
            raise UsageError(f"--output: {path} is read by this run", "Give another path.")


def refuse_nowhere(planned: Sequence[Output], labels: Sequence[tuple[str, str]]) -> None:
    """Keep a resource from being written that its reader passes over or refuses: the node would keep its old labels.

    Node Feature Discovery takes a NodeFeature by the label that names its node (pkg/nfd-master/nfd-api-controller.go), and a
    label's value has at most 63 characters (Kubernetes' documentation, "Labels and Selectors"). A report whose scope is a
    Node needs a name that a Node can have, or is about none.

    Raises:
        UsageError: a NodeFeature of no node, or a resource of one that cannot be called so.
    """
    node = dict(labels).get("node", "")
    scoped = next((o.format for o in planned if o.format in _SCOPED), "")
    if node and scoped and not re.fullmatch(_OBJECT, node):
        raise UsageError(f"--format {scoped}: no node is called {node[:60]!r}", "Name it: --label node=worker-1.")
    if any(o.format == "nodefeature" for o in planned) and not re.fullmatch(_NODE, node):
        what = f"no node is called {node[:60]!r}" if node else "of which node?"
        raise UsageError(f"--format nodefeature: {what}", "Name it: --label node=worker-1.")


def write(report: "Report", planned: Sequence[Output], look: "RenderOptions", *, quiet: bool = False) -> None:
    """Render a report to everything that was planned; when none of it can say what fails, stderr does.

    Raises:
        OutputError: a file cannot be written.
    """
    from kina_audit.render import ADVICE_ONLY, render

    write_each(planned, look, lambda name, options: render(name, report, options))
    if report.deciding and all(o.format in ADVICE_ONLY for o in planned) and not quiet:
        from kina_audit.render.sentences import deciding_line

        names = ", ".join(item.name for item in report.deciding)
        terminal.say(f"verdict {report.verdict}: {deciding_line(report)}: {names}")


def write_all(
    found: "Sequence[Outcome]", planned: Sequence[Output], look: "RenderOptions", *, quiet: bool = False
) -> None:
    """Render one report, or those of many sources together.

    Raises:
        OutputError: a file cannot be written.
    """
    from kina_audit.report.model import Report

    if len(found) == 1 and isinstance(found[0], Report):
        write(found[0], planned, look, quiet=quiet)
    else:
        from kina_audit.render.many import render_many

        write_each(planned, look, lambda name, options: render_many(name, found, options))


def write_each(
    planned: Sequence[Output], look: "RenderOptions", rendered: Callable[[str, "RenderOptions"], str]
) -> None:
    """Write what ``rendered`` makes of each format; files first, so that a full pipe loses nothing.

    ``look`` is for the terminal: files are not coloured, and 80 columns wide.

    Raises:
        OutputError: a file cannot be written.
    """
    for output in sorted(planned, key=lambda o: o.path is None):
        if output.path is None:
            text = rendered(output.format, replace(look, width=terminal.width()))
            terminal.print_out(text, commands=output.format == "github", color=look.color)
        else:
            options = replace(look, width=terminal.DEFAULT_WIDTH, color=False, path=str(output.path))
            terminal.write_file(output.path, rendered(output.format, options))
