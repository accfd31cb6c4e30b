"""Many kernels by profiles and Cilium modes: small rows, made one at a time, so that thousands need little memory."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from kina_audit.base.datatype import datatype, replace
from kina_audit.cilium.agent_profile import PROFILE
from kina_audit.cilium.model import Mode, shown
from kina_audit.engine.finding import UNMET, Finding, ProfileResult, Status
from kina_audit.engine.waiver import matches
from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.shape import CUT
from kina_audit.profiles.model import Level
from kina_audit.report.compare import MODE, Direction
from kina_audit.report.decision import AGENT, can_fail
from kina_audit.report.model import FailOn, Verdict
from kina_audit.report.stored import check_profile, check_version, read_change, read_mode_change

SCHEMA_ID = "https://kina-audit.dev/schemas/matrix-1.schema.json"
SCHEMA_VERSION = "1.3"
MOST_LOST = 10
"""Names of what was lost that a row's note has."""
MOST_UNMET = 200
"""Unmet requirements kept of one kernel; what is left out is counted."""


@datatype
class Unmet:
    """A requirement that keeps a profile from passing: where it stands, what it asks, what to do."""

    name: str
    level: str
    status: str
    needs: str
    fix: str


@datatype
class Row:
    """One kernel.

    Attributes:
        source: as the user named it.
        error: why it could not be audited; then everything else is empty.
        kernel: the version that is audited; empty when it is not known.
        arch: Kconfig's name of the architecture, or empty.
        verdict: of the profiles.
        mode: Cilium's, or empty when it was not asked for.
        untested: whether nobody is known to have tried that mode on such a kernel.
        statuses: one for each profile of the matrix, empty where the row does not have that profile.
        unmet: what is unmet, when it was asked for.
        labels: what a stored report was labelled with.
        audited: when a stored report was made, if it says so.
        note: that the config was cut, and how that shows, and which lines of fragments did not survive; else empty.
    """

    source: str
    error: str = ""
    kernel: str = ""
    arch: str = ""
    verdict: str = ""
    mode: str = ""
    statuses: tuple[str, ...] = ()
    unmet: tuple[Unmet, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    audited: str = ""
    note: str = ""
    untested: bool = False

    @property
    def reaches(self) -> str:
        """The mode, and whether it is untested."""
        return shown(self.mode, untested=self.untested)

    @property
    def name(self) -> str:
        """What a reader knows it by: its node, where a stored report says which one it is of, else its source."""
        return dict(self.labels).get("node") or self.source

    @property
    def told(self) -> str:
        """Its other labels, and when it was audited."""
        parts = [f"{k}={v}" for k, v in self.labels if k != "node"]
        return ", ".join([*parts, *([f"audited {self.audited}"] if self.audited else [])])

    @property
    def below(self) -> str:
        """What is said of it below a table; empty: nothing."""
        return f"error: {self.error}" if self.error else self.note

    @property
    def passes(self) -> bool:
        """Whether there is nothing to do about it."""
        return self.verdict == Verdict.PASS


@datatype
class Matrix:
    """Rows and what their columns mean.

    Attributes:
        profiles: (id, title) of each column.
        release: Cilium's, or empty.
        fail_on: which unmet level fails a row.
        rows: in the order of the sources.
        tool_version: version of kina-audit.
        settings: what a settings file of the working folder decided of the verdicts, and which; empty: nothing.
        by_choice: the columns that nobody asked for: lacking what they require fails no row, but by what is recommended.
        cilium_asked: whether an agent that does not start fails a row.
    """

    profiles: tuple[tuple[str, str], ...]
    release: str
    fail_on: str
    rows: tuple[Row, ...]
    tool_version: str
    settings: str = ""
    by_choice: frozenset[str] = frozenset()
    cilium_asked: bool = True

    @property
    def beside(self) -> str:
        """What is to be said of Cilium's modes where they decide no verdict and look as if they did; or nothing."""
        bad = any(r.mode in (Mode.UNSUPPORTED, Mode.UNKNOWN) for r in self.rows if not r.error)
        if self.cilium_asked or not bad:
            return ""
        return "Nobody asked for Cilium, so its mode fails no kernel; with --cilium RELEASE it does."

    @property
    def unasked(self) -> tuple[str, ...]:
        """The columns whose failing fails no row."""
        levels = FailOn(self.fail_on).levels
        names = (i for i, _ in self.profiles if i in self.by_choice)
        return tuple(i for i in names if not can_fail(Level.REQUIRED, levels, asked=False))

    @property
    def differing(self) -> tuple[int, ...]:
        """The columns in which not every audited row stands alike."""
        audited = [r for r in self.rows if not r.error]
        return tuple(i for i in range(len(self.profiles)) if len({r.statuses[i] for r in audited}) > 1)

    def only(self, columns: Sequence[int]) -> "Matrix":
        """The same with some of the columns; unmet requirements of the others are left out."""
        kept = {self.profiles[i][0] for i in columns}
        rows = tuple(
            replace(
                r,
                statuses=tuple(r.statuses[i] for i in columns) if r.statuses else (),
                unmet=tuple(u for u in r.unmet if u.name.rpartition("/")[0] in kept),
            )
            for r in self.rows
        )
        return replace(self, profiles=tuple(self.profiles[i] for i in columns), rows=rows)


def make_row(
    source: str, kernel: KernelConfig, results: Sequence[ProfileResult], verdict: str, mode: str, *, details: bool,
    untested: bool = False,
) -> Row:  # fmt: skip
    """The row of an audit; ``details`` keeps what is unmet."""
    unmet: tuple[Unmet, ...] = ()
    if details:
        pairs = [(r, f) for r in results for f in r.findings if f.status in UNMET and f.level != "optional"]
        pairs.sort(key=lambda p: (p[1].status is not Status.FAIL, p[1].status is not Status.UNKNOWN))
        unmet = tuple([_unmet(r, f) for r, f in pairs[:MOST_UNMET]])
    statuses = tuple([str(r.status) for r in results])
    return Row(
        source, "", str(kernel.target or ""), kernel.arch or "", verdict, mode, statuses, unmet,
        note=kernel.cut, untested=untested,
    )  # fmt: skip


def _unmet(result: ProfileResult, found: Finding) -> Unmet:
    row = found.requirement
    return Unmet(
        f"{result.profile.id}/{row.id}", str(row.level), str(found.status), found.needs or found.reason, found.fix
    )


def row_of_document(
    source: str, document: Mapping[str, Any], columns: Sequence[str], fail_on: FailOn, release: str, *, details: bool,
    asked: bool = False, by_choice: Collection[str] = (),
) -> Row:  # fmt: skip
    """The row of a stored JSON report, as an audit of its kernel would make it.

    The verdict is about the columns, by ``fail_on``, whatever the report was asked about: a profile that it does not have
    stays empty, and then it cannot be told that the kernel passes. A mode for another Cilium release is no answer either.
    What the report's own baseline says was lost is as red here as there, where no finding says it.
    ``by_choice``: the columns that nobody asked for.

    Raises:
        UsageError: the document is no report that this version reads.
        KeyError, TypeError, ValueError: something in it is missing or of another type.
    """
    check_version(document, source)
    profiles = {p["id"]: p for p in document["profiles"]}
    kernel, advice = document["kernel"], document["advice"]
    decisive: set[Status | None] = set()
    unmet: list[Unmet] = []
    statuses = []
    for name in columns:
        if name not in profiles:
            statuses.append("")
            decisive.add(None)
            continue
        check_profile(profiles[name])
        statuses.append(str(Status(profiles[name]["status"])))
        for f in profiles[name]["findings"]:
            status, level = Status(f["status"]), Level(f["level"])
            if status not in UNMET:
                continue
            if can_fail(level, fail_on.levels, asked=name not in by_choice) and not f.get("waiver"):
                decisive.add(status)
            if details and level is not Level.OPTIONAL:
                unmet.append(
                    Unmet(f"{name}/{_text(f['id'])}", str(level), str(status), _text(f["expr"]), _text(f["fix"]))
                )
    unmet.sort(key=lambda u: (u.status != "fail", u.status != "unknown"))
    labels = tuple((_text(k), _text(v)) for k, v in document.get("labels", {}).items())
    mode = ""
    if release:
        mode = str(Mode(advice["mode"]) if advice and advice["cilium_release"] == release else Mode.UNKNOWN)
    untested = bool(mode and advice and advice.get("untested"))
    if asked and mode:
        decisive |= _agent(document, _starts(advice, Mode(mode)), [c for c in columns if c not in by_choice])
    lost = _lost(document, columns, fail_on, release)
    decisive |= lost.keys() & {Status.FAIL, Status.UNKNOWN}
    verdict = Verdict.PASS
    if decisive:
        verdict = Verdict.FAIL if decisive & {Status.FAIL, Status.WARN} else Verdict.UNKNOWN
    return Row(
        source, "", _text(kernel["target_version"] or ""), _text(kernel["arch"] or ""), str(verdict), mode,
        tuple(statuses), tuple(unmet[:MOST_UNMET]), labels, _text(document.get("audited") or ""), _cut(kernel) or "; ".join(lost.values()), untested,
    )  # fmt: skip


def _lost(document: Mapping[str, Any], columns: Sequence[str], fail_on: FailOn, release: str) -> dict[Status, str]:
    """What a stored report lost against its baseline and no finding of it says: Cilium's, and what the kernel is too old for."""
    held = document.get("baseline")
    if not held:
        return {}
    found: dict[Status, list[str]] = {}
    changes = [c for x in held["findings"] if (c := read_change(x)).lacks and c.profile in columns]
    changes = [c for c in changes if c.level in fail_on.levels]
    mode = held["mode"]
    if mode and mode["cilium_release"] == release:
        changes += [read_change(x) for x in held["capabilities"]]
        went = read_mode_change(mode)
        if (went.fails or went.direction is Direction.LOST) and not went.waived:
            status = Status.UNKNOWN if went.after is Mode.UNKNOWN else Status.FAIL
            found.setdefault(status, []).append("/".join(MODE))
    for change in changes:
        if change.direction is Direction.LOST and not change.waived:
            status = Status.UNKNOWN if change.after is Status.UNKNOWN else Status.FAIL
            found.setdefault(status, []).append(change.name[:100])
    origin = _text(held["origin"] or "its baseline")[:100]
    more = {s: f" and {len(n) - MOST_LOST} more" if len(n) > MOST_LOST else "" for s, n in found.items()}
    return {s: f"lost since {origin}: {', '.join(n[:MOST_LOST])}{more[s]}" for s, n in found.items()}


def _starts(advice: Mapping[str, Any] | None, mode: Mode) -> bool | None:
    """Whether the agent starts; None: nobody asked the report about this release, or it could not tell."""
    if mode not in (Mode.UNKNOWN, Mode.UNSUPPORTED):
        return True
    # Reports before 1.3 do not say.
    told = (
        advice.get("starts", False if mode is Mode.UNSUPPORTED else None) if advice and advice["mode"] == mode else None
    )
    return told if isinstance(told, bool) else None


def _agent(document: Mapping[str, Any], starts: bool | None, columns: Sequence[str]) -> set[Status | None]:
    """What an agent that does not start adds to what decides, as `kina_audit.report.decision` has it."""
    rows = [f for p in document["profiles"] if p["id"] in columns for f in p["findings"]]
    told = any(f["defined_in"] == PROFILE and f["level"] == Level.REQUIRED and f["status"] in UNMET for f in rows)
    waived = any(
        w["state"] == "applied" and matches("/".join(AGENT), w["pattern"]) for w in document.get("waivers", ())
    )
    if starts or told or waived:
        return set()
    return {Status.UNKNOWN if starts is None else Status.FAIL}


def _cut(kernel: Mapping[str, Any]) -> str:
    """What a stored report says of a config that was cut."""
    texts = [_text(w["text"]) for w in kernel["warnings"]]
    return next((text for text in texts if text.startswith(f"{CUT}: ")), "")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:40]!r} where there should be text")
    return value


def matrix_document(matrix: Matrix) -> dict[str, Any]:
    """The whole matrix, ready for ``json.dumps``; described by ``data/schemas/matrix.schema.json``."""
    ids = [i for i, _ in matrix.profiles]
    return {
        "$schema": SCHEMA_ID,
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "kina-audit", "version": matrix.tool_version},
        "cilium_release": matrix.release or None,
        "fail_on": matrix.fail_on,
        "settings": matrix.settings or None,
        "profiles": [{"id": i, "title": t, "asked": i not in matrix.by_choice} for i, t in matrix.profiles],
        "counts": counts(matrix.rows),
        "kernels": [
            {
                "source": r.source,
                "error": r.error or None,
                "kernel": r.kernel or None,
                "arch": r.arch or None,
                "verdict": r.verdict or None,
                "mode": r.mode or None,
                "untested": r.untested,
                "labels": dict(r.labels),
                "audited": r.audited or None,
                "note": r.note or None,
                "unmet": [
                    {"name": u.name, "level": u.level, "status": u.status, "needs": u.needs, "fix": u.fix}
                    for u in r.unmet
                ],
                "statuses": {i: s for i, s in zip(ids, r.statuses, strict=False) if s},
            }
            for r in matrix.rows
        ],
    }


def total(matrix: Matrix) -> str:
    """One line: how many kernels, and how many of each verdict."""
    number = len(matrix.rows)
    found = ", ".join(f"{n} {name}" for name, n in counts(matrix.rows).items() if n)
    settings = f" ({matrix.settings})" if matrix.settings else ""
    return f"{number} kernel{'' if number == 1 else 's'}: {found}{settings}"


def counts(rows: Iterable[Row]) -> dict[str, int]:
    """How many kernels have each verdict; ``error``: could not be audited."""
    found = dict.fromkeys((*map(str, Verdict), "error"), 0)
    for row in rows:
        found["error" if row.error else row.verdict] += 1
    return found
