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
