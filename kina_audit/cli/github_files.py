"""GitHub Actions' own files: the job summary and the step's outputs, when the variables that name them are set."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kina_audit.cli import terminal
from kina_audit.cli.outputs import Output
from kina_audit.errors import OutputError

if TYPE_CHECKING:
    from kina_audit.render import RenderOptions
    from kina_audit.report.model import Report

SUMMARY = "GITHUB_STEP_SUMMARY"
OUTPUT = "GITHUB_OUTPUT"


def asked_for(planned: Sequence[Output]) -> bool:
    """Whether the run speaks to GitHub at all."""
    return any(o.format == "github" for o in planned)


def check(planned: Sequence[Output]) -> None:
    """Fail before the audit when GitHub's files cannot be written.

    Raises:
        OutputError: one cannot.
    """
    for name in (SUMMARY, OUTPUT):
        path = os.environ.get(name, "")
        if asked_for(planned) and path:
            terminal.check_writable(Path(path))


def write(report: "Report", planned: Sequence[Output], options: "RenderOptions") -> None:
    """Append the summary and the outputs ``verdict``, ``mode``, ``failed``, ``report`` and ``sarif``.

    Raises:
        OutputError: a file cannot be written.
    """
    from kina_audit.render import render

    if not asked_for(planned):
        return
    if path := os.environ.get(SUMMARY, ""):
        _append(Path(path), render("markdown", report, options) + "\n")
    if path := os.environ.get(OUTPUT, ""):
        _append(Path(path), "".join(f"{key}={value}\n" for key, value in step_outputs(report, planned).items()))


def step_outputs(report: "Report", planned: Sequence[Output]) -> dict[str, str]:
    """What later steps can read; each on one line."""
    from kina_audit.render import one_line

    paths = {o.format: str(o.path) for o in planned if o.path is not None}
    values = {
        "verdict": str(report.verdict),
        "mode": str(report.advice.mode) if report.advice else "",
        "failed": str(len(report.deciding)),
        "report": paths.get("json", ""),
        "sarif": paths.get("sarif", ""),
    }
    return {key: one_line(value) for key, value in values.items()}


def _append(path: Path, text: str) -> None:
    try:
        with open(path, "a", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
