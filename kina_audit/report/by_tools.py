"""What only the tools that a kernel is built with tell."""

from collections.abc import Iterable

from kina_audit.engine.finding import Finding, Status
from kina_audit.kernel.config import TOOLS_DECIDE, TOOLS_SUCH_AS

_MOST = 8


def by_tools(findings: Iterable[Finding]) -> list[str]:
    """The symbols for whose sake findings are unknown and that the toolchain decides."""
    unknown = (f for f in findings if f.status is Status.UNKNOWN)
    return list(dict.fromkeys(s.name for f in unknown for s in f.symbols if s.note.startswith(TOOLS_DECIDE)))


def hint(findings: Iterable[Finding]) -> str:
    """The sentence that says so and how the toolchain is named; empty where it decides nothing."""
    names = by_tools(findings)
    return (
        f"{TOOLS_DECIDE} {', '.join(names[:_MOST])}; name yours, such as --toolchain {TOOLS_SUCH_AS}" if names else ""
    )
