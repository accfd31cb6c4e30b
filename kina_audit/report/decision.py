"""What keeps a report from passing: one list, made here and nowhere else, that every format shows.

The verdict is read off this list and so is everything that counts or names what fails, so that a format cannot disagree
with the exit status. To make the audit fail for one more reason, add a `Kind` and yield its items in `_others`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from kina_audit.base.datatype import datatype, replace
from kina_audit.base.digest import sha256_hex
from kina_audit.cilium.agent_profile import PROFILE
from kina_audit.cilium.model import Advice, Mode
from kina_audit.engine.finding import UNMET, Finding, ProfileResult, Status
from kina_audit.engine.waive import WaiverState
from kina_audit.kernel.setting import setting
from kina_audit.kernel.vendors import newer_code, vendor_kernel
from kina_audit.profiles.model import Level

if TYPE_CHECKING:
    from kina_audit.report.compare import Change, Comparison
    from kina_audit.report.model import Report

_LEVELS = list(Level)
GATE = "gate"
"""What formats call the group of items that are no finding."""
AGENT = ("cilium", "agent")
"""The item of an agent that does not start, named as a requirement is."""


class Kind(StrEnum):
    """What an item is.

    An unmet requirement; one that was met and that this kernel is too old for; an agent that does not start; a wish that Cilium cannot grant; a Cilium mode or capability lost;
    a waiver.
    """

    FINDING = "finding"
    TOO_OLD = "too-old"
    AGENT = "agent"
    WISH = "wish"
    MODE = "mode"
    CAPABILITY = "capability"
    WAIVER = "waiver"


# Asked for at every finding: in Python 3.11 a member of an enumeration is found by code in Python.
_FINDING, _FAIL, _UNKNOWN = Kind.FINDING, Status.FAIL, Status.UNKNOWN


@datatype
class Deciding:
    """One thing that keeps the report from passing.

    Attributes:
        kind: what it is.
        name: ``profile/requirement``, ``cilium/agent``, ``cilium/want-FEATURE``, ``cilium/min-mode``, ``cilium/mode``, ``cilium-FEATURE/capability``, or a waiver's file
            and number.
        status: ``unknown`` when the input cannot tell, else ``fail``.
        said: one sentence; empty for `Kind.FINDING`, of which the finding says it when somebody asks for `text`.
        pairs: the finding, for `Kind.FINDING`, by each profile that has the requirement.
        symbols: names of the symbols that it rests on, where no finding says so.
        owner: of a lost feature of Cilium, the deciding requirement that says all that it lacks; empty: it is told by itself.
    """

    kind: Kind
    name: str
    status: Status
    said: str = ""
    pairs: tuple[tuple[ProfileResult, Finding], ...] = ()
    symbols: tuple[str, ...] = ()
    owner: str = ""

    @property
    def pair(self) -> tuple[ProfileResult, Finding] | None:
        """The first of the pairs; None: it is no finding."""
        return self.pairs[0] if self.pairs else None

    @property
    def also(self) -> tuple[str, ...]:
        """The other profiles' names of the same requirement."""
        return self.names[1:]

    @property
    def text(self) -> str:
        """One sentence on it."""
        return f"{self.name} {self.pair[1].unmet}." if self.pair is not None else self.said

    @property
    def cilium(self) -> bool:
        """Whether it is about Cilium itself: its agent, its mode, a feature of it."""
        if self.pair is not None:
            return self.pair[1].requirement.profile == PROFILE
        return self.kind in (Kind.AGENT, Kind.WISH, Kind.MODE, Kind.CAPABILITY)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name it goes by."""
        return (self.name, *[n for n in dict.fromkeys(map(_name, self.pairs)) if n != self.name])

    @property
    def fingerprint(self) -> str:
        """Stable over kernel bumps: the finding's, or made of the name."""
        if self.pair is not None:
            return self.pair[1].fingerprint
        return sha256_hex(self.name.encode("utf-8", errors="replace"))[:32]


def decide(report: "Report") -> tuple[Deciding, ...]:
    """Every item, each once: a requirement that many profiles include is one item with many names."""
    found: dict[tuple[Kind, str], Deciding] = {}
    for item in (*_findings(report), *_others(report)):
        key = item.kind, item.fingerprint
        known = found.setdefault(key, item)
        if known is not item and item.pairs:
            found[key] = replace(_finding((*known.pairs, *item.pairs)), name=known.name)
    return _with_owners(tuple(found.values()))


def _with_owners(items: tuple[Deciding, ...]) -> tuple[Deciding, ...]:
    """The items, with each lost feature of Cilium under the requirement that says all that it lacks.

    Each of them told its whole chain of reasons, thirty times the same, beside the one symbol that was lost.
    """
    if not any(i.kind is Kind.CAPABILITY for i in items):
        return items
    owners: dict[str, str] = {}
    findings = [(item, item.pair[1]) for item in items if item.pair is not None]
    for item, finding in sorted(findings, key=lambda f: (_LEVELS.index(f[1].level), not f[0].cilium)):
        for symbol in finding.symbols:
            owners.setdefault(symbol.name, item.name)
    return tuple([_owned(i, owners) if i.kind is Kind.CAPABILITY and i.symbols else i for i in items])


def _owned(item: Deciding, owners: Mapping[str, str]) -> Deciding:
    if not owners.keys() >= set(item.symbols):
        return item
    owner = owners[item.symbols[0]]
    told = item.text.partition(". ")[0].removeprefix("Lost: ")
    return replace(item, owner=owner, said=f"Lost with {owner}: {told}. Needs {', '.join(item.symbols)}.")


def can_fail(level: Level, levels: Collection[Level], *, asked: bool) -> bool:
    """Whether an unmet requirement fails the audit, by its level and by whether its feature was asked for.

    Of a feature of the default set that nobody asked for, what is required counts like what is recommended.
    """
    return level in levels and (asked or level is not Level.REQUIRED or Level.RECOMMENDED in levels)


def _findings(report: "Report") -> list[Deciding]:
    """The unmet requirements, those that are one and the same together."""
    compared, levels = report.baseline, report.fail_on.levels
    groups: dict[int, list[tuple[ProfileResult, Finding]]] = {}
    counting = {asked: [level for level in _LEVELS if can_fail(level, levels, asked=asked)] for asked in (True, False)}
    for result in report.results:
        # What was accepted in a baseline was asked for.
        counts = counting[result.profile.asked or compared is not None]
        for finding in result.unmet(counts):
            lost = compared is None or compared.lost(result.profile.id, finding.requirement.id)
            if lost and finding.waiver is None:
                groups.setdefault(id(finding.requirement), []).append((result, finding))
    return [_finding(pairs) for pairs in groups.values()]


def _others(report: "Report") -> Iterator[Deciding]:
    compared = report.baseline
    yield from _agent(report)
    yield from _wishes(report.advice) if report.advice is not None else ()
    if compared is not None:
        from kina_audit.report.compare import MODE

        mode = compared.mode
        if mode is not None and compared.mode_lost:
            text = f"Cilium {mode.release}'s mode went from {mode.before} to {mode.after}."
            yield Deciding(Kind.MODE, "/".join(MODE), _status(unknown=mode.after is Mode.UNKNOWN), text)
        for change in compared.regressions(()):
            yield _capability(report, compared, change)
        yield from _too_old(report, compared)
    for use in report.waivers if report.strict else ():
        if use.warning:
            yield Deciding(Kind.WAIVER, use.waiver.origin, Status.FAIL, f"{use.warning}.")


def _status(*, unknown: bool) -> Status:
    return _UNKNOWN if unknown else _FAIL


def _finding(pairs: Sequence[tuple[ProfileResult, Finding]]) -> Deciding:
    """One requirement, with every profile that has it."""
    name, unknown = _name(pairs[0]), pairs[0][1].status is _UNKNOWN
    if unknown and not all(f.status is _UNKNOWN for _, f in pairs):
        # The first one says what is said of all.
        pairs, unknown = sorted(pairs, key=lambda pair: pair[1].status is _UNKNOWN), False
    return Deciding(_FINDING, name, _status(unknown=unknown), pairs=tuple(pairs))


def _name(pair: tuple[ProfileResult, Finding]) -> str:
    return f"{pair[0].profile.id}/{pair[1].requirement.id}"


def _agent(report: "Report") -> Iterator[Deciding]:
    """An agent that does not start where Cilium was asked for, unless the profile that asks just that says so itself.

    With a baseline only a loss counts, and a lost mode is an item of its own.
    """
    advice = report.advice
    if advice is None or report.baseline is not None or not _agent_counts(advice):
        return
    if any(use.state is WaiverState.APPLIED and use.waiver.covers(*AGENT) for use in report.waivers):
        return
    if any(f.level is Level.REQUIRED and f.status in UNMET for f in agent_findings(report)):
        return
    unknown = advice.starts is None
    verb = "cannot be told to start" if unknown else "does not start"
    text = f"Cilium {advice.release}'s agent {verb} on this kernel. {advice.summary}"
    yield Deciding(Kind.AGENT, "/".join(AGENT), _status(unknown=unknown), text, symbols=tuple(_symbols(advice)))


def _wishes(advice: Advice) -> Iterator[Deciding]:
    """Features that are wanted and refused, and a mode that is not good enough: what somebody asked of Cilium by name."""
    untold = {c.feature for c in advice.capabilities if c.status is Status.UNKNOWN}
    for wish in advice.wishes:
        if not wish.granted:
            unlock = {setting(u)[0] for c in advice.capabilities if c.feature == wish.feature for u in c.unlock}
            status = _status(unknown=wish.feature in untold or advice.starts is None)
            text = f"Cilium {advice.release} is wanted with {wish.feature}. {wish.because}"
            yield Deciding(Kind.WISH, f"cilium/want-{wish.feature}", status, text, symbols=tuple(sorted(unlock)))
    if not advice.good_enough:
        text = (
            f"Cilium {advice.release} is wanted in mode {advice.least} or better, and the kernel carries {advice.mode}."
        )
        unknown = advice.mode is Mode.UNKNOWN
        if unknown:
            text = f"Cilium {advice.release} is wanted in mode {advice.least} or better. {advice.summary}"
        yield Deciding(Kind.WISH, "cilium/min-mode", _status(unknown=unknown), text, symbols=tuple(_symbols(advice)))


def _agent_counts(advice: Advice) -> bool:
    return advice.asked and advice.starts is not True


def beside_findings(compared: "Comparison | None", advice: Advice | None) -> tuple[tuple[str, str], ...]:
    """(profile, name) of what decides, is no finding, and may be waived."""
    if compared is not None:
        from kina_audit.report.compare import lost_beside_findings

        return lost_beside_findings(compared)
    return (AGENT,) if advice is not None and _agent_counts(advice) else ()


def agent_findings(report: "Report") -> Iterator[Finding]:
    """What the profiles that somebody asked for ask for Cilium's agent."""
    rows = (f for r in report.results if r.profile.asked for f in r.findings)
    yield from (f for f in rows if f.requirement.profile == PROFILE)


def _symbols(advice: Advice) -> Iterator[str]:
    for rung in advice.ladder[:1]:
        yield from (setting(line)[0] for line in rung.symbols)


def _too_old(report: "Report", compared: "Comparison") -> Iterator[Deciding]:
    """Requirements that were met, and that are not asked any more because the kernel is too old to have what they ask."""
    lost = {c.name: c for c in compared.regressions(report.fail_on.levels) if c.lacks}
    groups: dict[str, list[tuple[str, Finding]]] = {}
    for result in report.results if lost else ():
        for finding in result.findings:
            name = f"{result.profile.id}/{finding.requirement.id}"
            if name in lost:
                groups.setdefault(finding.fingerprint, []).append((name, finding))
    target = report.kernel.config.target
    vendor = vendor_kernel(target) if target is not None else None
    for pairs in groups.values():
        name, finding = pairs[0]
        also = ", ".join(dict.fromkeys(other for other, _ in pairs if other != name))
        text = (
            f"Lost: {name} ({finding.level}): {lost[name].before} to skip, {finding.reason}. {finding.requirement.why}"
        )
        if vendor is not None and target is not None:
            text += f" {newer_code(vendor, target)}."
        text += f" Asked by {also}, too." if also else ""
        yield Deciding(Kind.TOO_OLD, name, _status(unknown=bool(vendor)), text, symbols=finding.requirement.symbols)


def _capability(report: "Report", compared: "Comparison", change: "Change") -> Deciding:
    """A lost capability, with why it does not work and what would turn it on: what was lost of it, where that is known."""
    known = [c for c in report.advice.capabilities if c.id == change.profile] if report.advice else []
    because = "".join(f" {c.because}" for c in known if c.because)
    unlock = tuple(dict.fromkeys(setting(u)[0] for c in known for u in c.unlock))
    gone = {name for c in compared.findings if c.direction == "lost" for name, _, _ in c.symbols}
    unlock = tuple([name for name in unlock if name in gone]) or unlock
    needs = f" Needs {', '.join(unlock)}." if unlock else ""
    text = f"Lost: {change.name}: {change.before or 'new'} to {change.after or 'gone'}.{because}{needs}"
    unknown = change.after is Status.UNKNOWN
    return Deciding(Kind.CAPABILITY, change.name, _status(unknown=unknown), text, symbols=unlock)
