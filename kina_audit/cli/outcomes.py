"""Many sources in one run of `check`: each has its report, or the reason why it has none."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kina_audit.errors import NothingCheckedError, SourceError

if TYPE_CHECKING:
    from kina_audit.report.many import Outcome
    from kina_audit.report.model import Report


def outcomes(sources: Sequence[str], audited: "Callable[[str], Report]", say: Callable[[str], None]) -> "list[Outcome]":
    """What became of each source, in order; a source that cannot be read does not end the others.

    Raises:
        UsageError, ProfileError: of the run, not of a source.
    """
    from kina_audit.report.many import Unread, waived_together
    from kina_audit.report.model import Report
    from kina_audit.sources.local.stdin import shown

    found: list[Outcome] = []
    for source in sources:
        try:
            found.append(audited(source))
        except (SourceError, NothingCheckedError) as error:
            say(error.message)
            found.append(Unread(shown(source), error.message, error.exit_code))
    reports = iter(waived_together([o for o in found if isinstance(o, Report)]))
    return [next(reports) if isinstance(o, Report) else o for o in found]


def hint_at_fix(found: "Sequence[Outcome]", kernel_tree: str, say: Callable[[str], None]) -> None:
    """Say which command finds a fragment for what fails, where there is a tree to find it in."""
    from kina_audit.report.model import Report

    for report in [o for o in found if isinstance(o, Report)] if kernel_tree else ():
        failed = [r.profile.id for r in report.results if r.status == "fail"]
        if failed:
            named = " ".join(f"--profile {name}" for name in failed)
            source = report.kernel.provenance.source
            say(f"for a fragment that mends it: kina-audit fix {source} {named} --kernel-tree {kernel_tree}")
