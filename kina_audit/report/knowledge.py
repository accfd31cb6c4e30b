"""Of which day the facts are that a report is made with, and what was asked about that is newer than they are."""

from functools import cache

from kina_audit.base.datatype import datatype
from kina_audit.base.packaged import data_file, toml_document
from kina_audit.cilium.release import Release, find_release
from kina_audit.kernel.version import KernelVersion


@datatype
class Knowledge:
    """The facts' day, and where they end.

    Attributes:
        month: when they were last held against their sources, ``2026-11``; empty in a report older than this.
        newer: a sentence for each thing that is newer than everything the facts know.
    """

    month: str = ""
    newer: tuple[str, ...] = ()


UNTOLD = Knowledge()


@cache
def facts_day() -> str:
    """The ISO day in ``data/knowledge.toml``."""
    return str(toml_document(data_file("knowledge.toml"))["facts"])


def knowledge(target: KernelVersion | None, newest_line: tuple[int, int], release: Release | None) -> Knowledge:
    """What is to be said of the facts of an audit.

    Args:
        target: the kernel's version.
        newest_line: major and minor version of the newest kernel line that is known.
        release: the Cilium release that was asked for.
    """
    month, newer = facts_day()[:7], []
    if target is not None and (target.major, target.minor) > newest_line:
        known = ".".join(map(str, newest_line))
        newer.append(f"Linux {target} is newer than the facts here, which are of {month} and know Linux up to {known}.")
    if release is not None:
        last = find_release(f"{release.version.major}.{release.version.minor}")
        if last.version < release.version:
            newer.append(
                f"Cilium {release} is newer than the facts here, which are of {month} and know that line up to {last}."
            )
    return Knowledge(month, tuple(newer))
