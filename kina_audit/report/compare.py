"""What one kernel lost and gained against another: requirements, profiles, Cilium's mode and capabilities."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from kina_audit.base.datatype import datatype, replace
from kina_audit.cilium.model import LADDER, Mode
from kina_audit.engine.finding import Status
from kina_audit.engine.waive import waiver_of
from kina_audit.engine.waiver import Waiver
from kina_audit.kernel.version import KernelVersion, Triple
from kina_audit.profiles.model import Level
from kina_audit.report.snapshot import Snapshot

_OF_A_REQUIREMENT = {Status.PASS: 0, Status.SKIP: 0, Status.UNKNOWN: 1, Status.WARN: 2, Status.FAIL: 2}
"""Warn and fail are both unmet: the level says which of them a requirement can be."""
_OF_MANY = {Status.PASS: 0, Status.SKIP: 0, Status.WARN: 1, Status.UNKNOWN: 1, Status.FAIL: 2}
"""A profile or a capability that warns works, but not wholly."""
MODE = ("cilium", "mode")
"""How a waiver names a lost mode: ``requirement = "cilium/mode"``."""
CAPABILITY = "capability"
"""How a waiver names a lost capability: ``cilium-wireguard/capability``, or the profile ``cilium-wireguard``."""


class Direction(StrEnum):
    """Which way something went.

    Coming to ``unknown`` from what is met, in full or in part, is a loss, and from what is unmet no gain. From
    ``unknown`` nothing is lost, for nobody knew that it was there; what is met then is a gain.
    """

    LOST = "lost"
    GAINED = "gained"
    SAME = "same"


@datatype
class Change:
    """One requirement, profile or capability that does not stand as it did.

    Attributes:
        profile: profile id.
        requirement: requirement id; empty for a profile.
        before: None when OLD did not have it.
        after: None when NEW does not have it.
        level: of the requirement; None for a profile and a capability.
        symbols: (name, before, after) of the symbols whose value differs, for a requirement; without those that only
            one side was asked about.
        waived: a waiver covers the loss.
        too_old: the side that is skipped is a kernel too old to have what is asked, not one that does without.
    """

    profile: str
    requirement: str
    before: Status | None
    after: Status | None
    level: Level | None = None
    symbols: tuple[tuple[str, str | None, str | None], ...] = ()
    waived: bool = False
    too_old: bool = False

    @property
    def name(self) -> str:
        """``profile/requirement``, or the profile's id."""
        return f"{self.profile}/{self.requirement}" if self.requirement else self.profile

    @property
    def lacks(self) -> bool:
        """Whether what is asked is not there any more because the kernel is too old; no finding says that it is unmet."""
        return self.too_old and self.after is Status.SKIP

    @property
    def fails(self) -> bool:
        """Whether what is required is told now, and fails: no loss, and not accepted either."""
        return (self.level, self.before, self.after) == (Level.REQUIRED, Status.UNKNOWN, Status.FAIL)

    @property
    def unaccepted(self) -> bool:
        """Whether it takes a waiver: it was lost, or fails now."""
        return self.fails or self.direction is Direction.LOST

    @property
    def direction(self) -> Direction:
        """A requirement that is new and unmet is a loss: nobody accepted it."""
        if self.before is Status.UNKNOWN:
            return Direction.GAINED if self.after is Status.PASS else Direction.SAME
        if self.lacks:
            return Direction.LOST if self.before is Status.PASS else Direction.SAME
        if self.too_old and self.after is Status.PASS:
            return Direction.GAINED
        ranks = _OF_MANY if self.level is None else _OF_A_REQUIREMENT
        before, after = self.before or Status.PASS, self.after or Status.PASS
        if before is not after and ranks[before] == ranks[after] == 1:  # partly, and nobody can tell
            return Direction.LOST
        if after is Status.UNKNOWN and ranks[before] == 2:
            return Direction.SAME
        return _direction(ranks[before], ranks[after])


@datatype
class ModeChange:
    """Cilium's mode on both sides, for one release."""

    release: str
    before: Mode
    after: Mode
    waived: bool = False

    @property
    def direction(self) -> Direction:
        """Down the ladder is a loss; ``unknown`` is one of every mode but ``unsupported``, which is none of it."""
        if {self.before, self.after} == {Mode.UNSUPPORTED, Mode.UNKNOWN}:
            return Direction.SAME
        before, after = mode_rank(self.before), mode_rank(self.after)
        return _direction(before, after)

    @property
    def fails(self) -> bool:
        """Whether there is none, where nobody could tell."""
        return (self.before, self.after) == (Mode.UNKNOWN, Mode.UNSUPPORTED)

    @property
    def unaccepted(self) -> bool:
        """Whether it takes a waiver: it was lost, or fails now."""
        return self.fails or self.direction is Direction.LOST


@datatype
class Comparison:
    """Everything that does not stand as it did.

    Attributes:
        before: of the old kernel, or the baseline.
        after: of the new kernel.
        findings: requirements whose status differs, in the order of NEW.
        profiles: profiles whose status differs.
        capabilities: Cilium features whose status differs.
        mode: None when either side has no recommendation, or they are for different releases.
        origin: the baseline's file; empty for a diff.
    """

    before: Snapshot
    after: Snapshot
    findings: tuple[Change, ...]
    profiles: tuple[Change, ...]
    capabilities: tuple[Change, ...]
    mode: ModeChange | None
    origin: str = ""

    def regressions(self, levels: Sequence[Level]) -> tuple[Change, ...]:
        """What was lost, or fails now, and no waiver covers: requirements of these levels, and Cilium's capabilities."""
        found = (*self.losses, *(c for c in self.findings if c.fails and not c.waived))
        return tuple(c for c in found if c.level is None or c.level in levels)

    @property
    def losses(self) -> tuple[Change, ...]:
        """Every requirement and capability that was lost and no waiver covers."""
        return tuple(c for c in (*self.findings, *self.capabilities) if c.direction is Direction.LOST and not c.waived)

    def lost(self, profile: str, requirement: str) -> bool:
        """Whether nobody accepted how a requirement stands: it was lost or fails now, or it was not compared."""
        if f"{profile}/{requirement}" not in self.after.findings:
            return True
        return any(c.profile == profile and c.requirement == requirement and c.unaccepted for c in self.findings)

    def regressed(self, levels: Sequence[Level]) -> bool:
        """Whether anything was lost at these levels, or fails now: a requirement, a capability, the mode."""
        return self.mode_lost or bool(self.regressions(levels))

    @property
    def lost_at_all(self) -> bool:
        """Whether anything was lost, at whatever level and waived or not."""
        mode = self.mode is not None and self.mode.direction is Direction.LOST
        return mode or any(c.direction is Direction.LOST for c in (*self.findings, *self.capabilities))

    @property
    def mode_lost(self) -> bool:
        """Whether the mode went down, or there is none now, and no waiver covers it."""
        mode = self.mode
        return mode is not None and mode.unaccepted and not mode.waived

    @property
    def improvements(self) -> tuple[Change, ...]:
        """What was gained."""
        return tuple(c for c in (*self.findings, *self.capabilities) if c.direction is Direction.GAINED)

    @property
    def improved(self) -> bool:
        """Whether anything was gained."""
        return bool(self.improvements) or (self.mode is not None and self.mode.direction is Direction.GAINED)


def compare(before: Snapshot, after: Snapshot, origin: str = "") -> Comparison:
    """Compare two snapshots of the same profiles."""
    findings = []
    for name in {**after.findings, **before.findings}:
        old, new = before.findings.get(name), after.findings.get(name)
        status = (old.status if old else None, new.status if new else None)
        if status[0] is status[1]:
            continue
        known = new or old
        if known is None:
            continue
        profile, _, requirement = name.partition("/")
        names = dict.fromkeys([*(new.symbols if new else ()), *(old.symbols if old else ())])
        noted = [n for n in names if n in before.symbols and n in after.symbols]
        values = [(n, before.symbols[n], after.symbols[n]) for n in noted]
        differing = tuple(v for v in values if v[1] != v[2])
        skipped = before if status[0] is Status.SKIP else after if status[1] is Status.SKIP else None
        too_old = skipped is not None and None not in status and _before(skipped.kernel, known.since)
        findings.append(Change(profile, requirement, *status, known.level, differing, too_old=too_old))
    profiles = _statuses(
        {i: p.status for i, p in before.profiles.items()}, {i: p.status for i, p in after.profiles.items()}, ""
    )
    mode: ModeChange | None = None
    capabilities: tuple[Change, ...] = ()
    if before.cilium and after.cilium and before.cilium.release == after.cilium.release:
        mode = ModeChange(after.cilium.release, before.cilium.mode, after.cilium.mode)
        capabilities = _statuses(before.cilium.capabilities, after.cilium.capabilities, CAPABILITY)
    return Comparison(before, after, tuple(findings), profiles, capabilities, mode, origin)


def _before(kernel: Mapping[str, str], since: Triple | None) -> bool:
    """Whether a kernel is older than a version."""
    version = KernelVersion.found_in(kernel.get("target_version", "")) if since else None
    return version is not None and since is not None and version.triple < since


def _statuses(before: Mapping[str, Status], after: Mapping[str, Status], requirement: str) -> tuple[Change, ...]:
    names = sorted({**before, **after})
    pairs = [(n, before.get(n), after.get(n)) for n in names]
    return tuple(Change(n, requirement, old, new) for n, old, new in pairs if old is not new)


def mode_rank(mode: Mode) -> float:
    """0 is best."""
    if mode is Mode.UNKNOWN:
        return LADDER.index(Mode.UNSUPPORTED) - 0.5
    return LADDER.index(mode)


def _direction(before: float, after: float) -> Direction:
    if before == after:
        return Direction.SAME
    return Direction.LOST if after > before else Direction.GAINED


def waive_losses(comparison: Comparison, valid: Sequence[Waiver]) -> Comparison:
    """The same comparison, with every loss marked that a waiver covers."""
    if not valid:
        return comparison
    mode = comparison.mode
    if mode is not None and mode.unaccepted and waiver_of(*MODE, valid):
        mode = replace(mode, waived=True)

    def mark(change: Change) -> Change:
        defined = comparison.after.findings.get(change.name)
        found = waiver_of(change.profile, change.requirement, valid, defined.defined_in if defined else "")
        return replace(change, waived=found is not None and change.unaccepted)

    return replace(
        comparison,
        findings=tuple([mark(c) for c in comparison.findings]),
        capabilities=tuple([mark(c) for c in comparison.capabilities]),
        mode=mode,
    )


def lost_beside_findings(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    """(profile, name) of the losses that are no unmet requirement: capabilities, the mode, what a kernel is too old for."""
    changes = (*comparison.capabilities, *(c for c in comparison.findings if c.lacks))
    lost = [(c.profile, c.requirement) for c in changes if c.direction is Direction.LOST]
    defined = [(comparison.after.findings[c.name].defined_in, c.requirement) for c in comparison.findings
               if c.lacks and c.direction is Direction.LOST]  # fmt: skip
    lost += [pair for pair in defined if pair[0]]
    mode = comparison.mode
    if mode is not None and mode.unaccepted:
        lost.append(MODE)
    return tuple(lost)
