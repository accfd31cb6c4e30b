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
    from kina_audit.report.many import Outcome

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


def write(found: "Sequence[Outcome]", planned: Sequence[Output], options: "RenderOptions") -> None:
    """Append the summary and the outputs ``verdict``, ``mode``, ``failed``, ``report`` and ``sarif``.

    Raises:
        OutputError: a file cannot be written.
    """
    if not asked_for(planned):
        return
    from kina_audit.render import render
    from kina_audit.render.many import render_many
    from kina_audit.report.model import Report

    if path := os.environ.get(SUMMARY, ""):
        one = found[0] if len(found) == 1 else None
        text = render("markdown", one, options) if isinstance(one, Report) else render_many("markdown", found, options)
        _append(Path(path), text + "\n")
    if path := os.environ.get(OUTPUT, ""):
        _append(Path(path), "".join(f"{key}={value}\n" for key, value in step_outputs(found, planned).items()))


def step_outputs(found: "Sequence[Outcome]", planned: Sequence[Output]) -> dict[str, str]:
    """What later steps can read; each on one line."""
    from kina_audit.render import one_line
    from kina_audit.report.many import verdict
    from kina_audit.report.model import Report

    paths = {o.format: str(o.path) for o in planned if o.path is not None}
    values = {
        "verdict": verdict(found),
        "mode": str(found[0].advice.mode)
        if len(found) == 1 and isinstance(found[0], Report) and found[0].advice
        else "",
        "failed": str(sum(len(o.deciding) if isinstance(o, Report) else 1 for o in found)),
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
