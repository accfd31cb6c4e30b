"""``check --claims``: hold somebody's statements against a kernel."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kina_audit.base.bounds import CLAIM_BYTES
from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.input_files import read_text
from kina_audit.sources.local.stdin import STDIN, shown

if TYPE_CHECKING:
    from kina_audit.kernel.provenance import Kernel
    from kina_audit.profiles.load import ProfileLibrary


def alone(sources: Sequence[str], said: Sequence[str], say: Callable[[str], None]) -> None:
    """Say which options claims do without.

    Raises:
        UsageError: there is more than one kernel.
    """
    from kina_audit.errors import UsageError

    if said:
        say(f"--claims does without {', '.join(said)}: a claim is true, false or cannot be told")
    if len(sources) > 1:
        raise UsageError("--claims are about one kernel", "Give one SOURCE.")


def claims_text(path: Path, source: str, format_: str) -> tuple[str, str]:
    """What the file of claims is called, and its text."""
    from kina_audit.errors import UsageError

    given.one_of(("table", "json", "markdown"), format_, "--claims with --format")
    if str(path) == source == STDIN:
        raise UsageError("both the kernel and the claims are -", "Give one of them as a file.")
    return shown(path), read_text(path, CLAIM_BYTES, "a file of claims")


def judge(text: str, name: str, kernel: "Kernel", library: "ProfileLibrary", cilium: str, format_: str) -> int:
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
