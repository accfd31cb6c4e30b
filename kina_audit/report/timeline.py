"""One config over time: what each version carries, and what changed from one to the next."""

from collections.abc import Iterable
from typing import Any

from kina_audit.base.datatype import datatype
from kina_audit.cilium.model import shown
from kina_audit.engine.finding import Status
from kina_audit.kernel.changes import changed_symbols
from kina_audit.report.compare import Change, Direction, compare
from kina_audit.report.model import Report
from kina_audit.report.snapshot import snapshot

SCHEMA_ID = "https://kina-audit.dev/schemas/timeline-1.schema.json"
SCHEMA_VERSION = "1.1"


@datatype
class Point:
    """One version of the config.

    Attributes:
        label: how a reader knows it: tags, or a commit.
        date: ISO date, or empty.
        commit: full or abbreviated, or empty.
        subject: the commit's first line, or empty.
        kernel: the version that is built from it.
        verdict: of the profiles.
        mode: Cilium's, or empty.
        statuses: one for each profile of the timeline.
        changes: what was lost and gained since the point before.
        symbols: how many symbols' lines differ from the point before; None for the first.
        mode_before: of the point before, or empty.
        untested: whether nobody is known to have tried the mode on such a kernel.
        event: ``deleted``, ``renamed to PATH`` or ``renamed from PATH``; a point that is gone has nothing else.
    """

    label: str
    date: str
    commit: str
    subject: str
    kernel: str
    verdict: str
    mode: str
    statuses: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    symbols: int | None = None
    mode_before: str = ""
    event: str = ""
    untested: bool = False

    @property
    def reaches(self) -> str:
        """The mode, and whether it is untested."""
        return shown(self.mode, untested=self.untested)

    @property
    def lost(self) -> tuple[Change, ...]:
        """What stands worse than at the point before."""
        return tuple(c for c in self.changes if c.direction is Direction.LOST)

    @property
    def gained(self) -> tuple[Change, ...]:
        """What stands better than at the point before."""
        return tuple(c for c in self.changes if c.direction is Direction.GAINED)

    @property
    def told(self) -> tuple[Change, ...]:
        """What nobody could tell at the point before, and is unmet."""
        return tuple(c for c in self.changes if c.before is Status.UNKNOWN and c.direction is Direction.SAME)


@datatype
class Timeline:
    """Points, oldest first, and what their columns mean.

    Attributes:
        name: what the config is.
        profiles: (id, title) of each column.
        release: Cilium's, or empty.
        points: oldest first.
        tool_version: version of kina-audit.
        notes: what a reader must know, such as a version that could not be fetched.
        by_choice: ids of the profiles that nobody asked for: what they lack fails no point.
    """

    name: str
    profiles: tuple[tuple[str, str], ...]
    release: str
    points: tuple[Point, ...]
    tool_version: str
    notes: tuple[str, ...] = ()
    by_choice: tuple[str, ...] = ()


@datatype
class Version:
    """What a point is made of: one version's audit, or that it is gone."""

    label: str
    subject: str
    report: Report | None
    date: str = ""
    commit: str = ""
    event: str = ""


def make_timeline(name: str, versions: Iterable[Version], notes: tuple[str, ...] = ()) -> Timeline:
    """A timeline of versions, oldest first, all audited by the same profiles and release.

    Each is compared with the one before it that was there.
    """
    points: list[Point] = []
    last: Report | None = None
    profiles: tuple[tuple[str, str], ...] = ()
    by_choice: tuple[str, ...] = ()
    release = version = ""
    for each in versions:
        report = each.report
        if report is None:
            points.append(Point(each.label, each.date, each.commit, each.subject, "", "", "", (), event=each.event))
            continue
        profiles = tuple((r.profile.id, r.profile.title) for r in report.results)
        by_choice = tuple(r.profile.id for r in report.results if not r.profile.asked)
        release = report.advice.release if report.advice else ""
        version = report.tool_version
        points.append(_point(each, report, last))
        last = report
    return Timeline(name, profiles, release, tuple(points), version, notes, by_choice)


def _point(version: Version, report: Report, last: Report | None) -> Point:
    origin, config = report.kernel.provenance, report.kernel.config
    changes: tuple[Change, ...] = ()
    symbols: int | None = None
    before = ""
    if last is not None:
        compared = compare(
            snapshot(last.kernel, last.results, last.advice), snapshot(report.kernel, report.results, report.advice)
        )
        changes = (*compared.findings, *compared.capabilities)
        symbols = len(changed_symbols(last.kernel.config, config))
        before = str(last.advice.mode) if last.advice else ""
    return Point(
        version.label,
        origin.date,
        origin.commit,
        version.subject,
        str(config.target or ""),
        str(report.verdict),
        str(report.advice.mode) if report.advice else "",
        tuple(str(r.status) for r in report.results),
        changes,
        symbols,
        before,
        version.event,
        report.advice is not None and report.advice.untested,
    )


def timeline_document(timeline: Timeline) -> dict[str, Any]:
    """The whole timeline, ready for ``json.dumps``; described by ``data/schemas/timeline.schema.json``."""
    ids = [i for i, _ in timeline.profiles]
    return {
        "$schema": SCHEMA_ID,
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "kina-audit", "version": timeline.tool_version},
        "name": timeline.name,
        "cilium_release": timeline.release or None,
        "notes": list(timeline.notes),
        "profiles": [{"id": i, "title": t} for i, t in timeline.profiles],
        "points": [
            {
                "label": p.label,
                "date": p.date or None,
                "commit": p.commit or None,
                "subject": p.subject or None,
                "kernel": p.kernel or None,
                "event": p.event or None,
                "verdict": p.verdict or None,
                "mode": p.mode or None,
                "untested": p.untested,
                "statuses": dict(zip(ids, p.statuses, strict=bool(p.statuses))),
                "changed_symbols": p.symbols,
                "changes": [
                    {
                        "name": c.name,
                        "level": str(c.level) if c.level else None,
                        "before": str(c.before) if c.before else None,
                        "after": str(c.after) if c.after else None,
                        "direction": str(c.direction),
                    }
                    for c in p.changes
                ],
            }
            for p in timeline.points
        ],
    }
