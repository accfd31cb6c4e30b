"""Findings by cause: what is off, everything that is unmet for it, one fix.

A requirement's cause is the symbols of its condition that are not as it asks. Requirements with the same cause are one block;
a cause that is made up of others has no block of its own, for mending those mends it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from kina_audit.base.datatype import datatype, field
from kina_audit.cilium.agent_profile import PROFILE
from kina_audit.engine.evaluate import UNTOLD_ARCH, UNTOLD_VERSION
from kina_audit.engine.finding import UNMET, Finding, ProfileResult, Status
from kina_audit.kernel.config import WITHOUT_MODULE, SymbolFact, SymbolState
from kina_audit.kernel.expression import Expression, ExpressionError
from kina_audit.kernel.tristate import Node, bounds_of
from kina_audit.profiles.model import Level
from kina_audit.report.model import Report

_PREDICTED = r"^olddefconfig of Linux .* makes it \w+: "
_MOST_REASONS = 3
_WORD = re.compile(r"\w+")
_ORDER = {Status.FAIL: 0, Status.UNKNOWN: 1, Status.WARN: 2}
_LEVELS = list(Level)


@datatype
class Broken:
    """One requirement that is unmet for a cause, and whether it keeps the report from passing."""

    result: ProfileResult
    finding: Finding
    decides: bool

    rank: tuple[object, ...] = field(init=False, compare=False, repr=False)
    """Lower is worse."""

    def __post_init__(self) -> None:
        """Rank it once: who sorts asks again and again."""
        # What keeps Cilium's agent from starting is worse than a feature that is missing.
        row = self.finding.requirement
        rank = (not self.decides, _ORDER[self.finding.status], _LEVELS.index(row.level), row.profile != PROFILE)
        object.__setattr__(self, "rank", rank)

    @property
    def name(self) -> str:
        """``profile/requirement``."""
        return f"{self.result.profile.id}/{self.finding.requirement.id}"


@datatype
class Cause:
    """What is off, and what is unmet for it.

    Attributes:
        symbols: what is known of the symbols at fault; empty where no symbol is.
        reason: why they are so, as far as is known; may be empty.
        breaks: every requirement that is unmet for it, the worst first.
    """

    symbols: tuple[SymbolFact, ...]
    reason: str
    breaks: tuple[Broken, ...]

    @property
    def worst(self) -> Broken:
        """The requirement whose status, reason and fix are the cause's."""
        return self.breaks[0]

    @property
    def decides(self) -> bool:
        """Whether it keeps the report from passing."""
        return self.worst.decides

    @property
    def status(self) -> Status:
        """The worst requirement's; one that decides is never a mere warning, and what does not count is no more."""
        status = self.worst.finding.status
        if status is Status.FAIL and not self.decides:
            return Status.WARN
        return Status.FAIL if self.decides and status is Status.WARN else status

    @property
    def why(self) -> str:
        """What happens without it."""
        return self.worst.finding.requirement.why

    @property
    def fix(self) -> str:
        """What to do."""
        return self.worst.finding.fix


def causes(report: Report) -> tuple[Cause, ...]:
    """Every unmet requirement of the selected profiles, waived or not, each in one cause; the worst cause first."""
    groups: dict[tuple[str, ...], list[Broken]] = {}
    # By the object, of which many profiles have the same.
    keys: dict[int, tuple[str, ...]] = {}
    for result in report.results:
        for finding in result.findings:
            if finding.status in UNMET:
                broken = Broken(result, finding, report.decides(result, finding))
                key = keys.get(id(finding))
                if key is None:
                    key = keys[id(finding)] = _key(finding)
                groups.setdefault(key, []).append(broken)
    ordered = sorted(groups.items(), key=lambda g: (min(b.rank for b in g[1]), -len(g[1])))
    return tuple(_cause(found) for _, found in _folded(ordered))


Group = tuple[tuple[str, ...], list[Broken]]


def _folded(groups: list[Group]) -> Iterator[Group]:
    """The groups, without those whose symbols are all in smaller ones; these go to the worst of the smaller ones."""
    kept = dict(groups)
    place = {key: number for number, (key, _) in enumerate(groups)}
    having: dict[str, list[tuple[str, ...]]] = {}
    for key, _ in groups:
        for name in key if _is_symbols(key) else ():
            having.setdefault(name, []).append(key)
    for key, found in sorted(groups, key=lambda g: -len(g[0])):
        if not _is_symbols(key):
            continue
        near = {k for name in key for k in having[name] if k in kept}
        smaller = [k for k in near if {*k} < {*key}]
        if {name for k in smaller for name in k} == {*key}:
            worst = min(smaller, key=place.__getitem__)
            kept[worst] = [*kept[worst], *found]
            del kept[key]
    return iter(sorted(kept.items(), key=lambda g: (min(b.rank for b in g[1]), -len(g[1]))))


def _is_symbols(key: tuple[str, ...]) -> bool:
    return bool(key) and key[0] != ""


def _cause(found: Sequence[Broken]) -> Cause:
    breaks = tuple(sorted(found, key=lambda b: b.rank))
    finding = breaks[0].finding
    # The same symbols in each, but for modules, of which each lacks its own.
    facts = {s.name: s for b in breaks for s in b.finding.symbols}
    names = (
        dict.fromkeys(n for b in breaks for n in lacking(b.finding))
        if _without_modules(finding, lacking(finding))
        else lacking(finding)
    )
    symbols = tuple(facts[n] for n in names)
    return Cause(symbols, _reason(finding, symbols), breaks)


def _key(finding: Finding) -> tuple[str, ...]:
    """What findings of one cause share: the symbols at fault, or else, behind an empty text, the reason."""
    if finding.reason in (UNTOLD_VERSION, UNTOLD_ARCH):
        return ("", finding.reason)
    names = lacking(finding)
    if states := _without_modules(finding, names):
        # One package, or one list of modules to load, mends them all.
        return ("", "modules", *states)
    return tuple(sorted(names)) if names else ("", finding.expr.text, finding.reason, str(finding.requirement.kernel))


def _without_modules(finding: Finding, names: Sequence[str]) -> tuple[str, ...]:
    """The states of the symbols at fault, where all of them are m and it is their modules that are missing."""
    states = {s.state for s in finding.symbols if s.name in names}
    return tuple(sorted(map(str, states))) if states and states <= WITHOUT_MODULE else ()


def lacking(finding: Finding) -> tuple[str, ...]:
    """The symbols that are not as an unmet finding asks, in its own order; empty where no symbol is at fault."""
    if finding.reason in (UNTOLD_VERSION, UNTOLD_ARCH):
        return ()
    known = {s.name: s for s in finding.symbols}
    try:
        names = _unmet(_parsed(finding.expr.text).node, known, 1 if finding.requirement.module else 2)
        return tuple(dict.fromkeys(n for n in names if n in known))
    except ExpressionError:
        return tuple(known)


@cache
def _parsed(text: str) -> Expression:
    """A condition by its text: a stored report has no more of it."""
    return Expression.parse(text)


def _unmet(node: Node, known: Mapping[str, SymbolFact], needed: int) -> Iterator[str]:
    low, _ = bounds_of(node, lambda name: known.get(name) or SymbolFact(name, None, SymbolState.UNKNOWN))
    if low >= needed:
        return
    children = [n for n in node[1:] if isinstance(n, tuple)]
    if node[0] == "sym":
        yield str(node[1])
    elif node[0] in ("&&", "||"):
        for child in children:
            yield from _unmet(child, known, needed)
    else:
        # A negation or a comparison that does not hold is the fault of every symbol in it.
        for child in children:
            yield from _names(child)


def _names(node: Node) -> Iterator[str]:
    if node[0] == "sym":
        yield str(node[1])
    for child in node[1:]:
        if isinstance(child, tuple):
            yield from _names(child)


def _reason(finding: Finding, symbols: Sequence[SymbolFact]) -> str:
    """Why symbols are as they are, each clause once; where nothing is known of them, what the finding says.

    What is off only because another of them is says nothing new.
    """
    names = {s.name for s in symbols}
    clauses: dict[str, list[str]] = {}
    for fact in symbols:
        said = re.sub(_PREDICTED, "", fact.note) if fact.note.startswith("olddefconfig") else fact.note
        if said and not names & {*_WORD.findall(said)} - {fact.name}:
            clauses.setdefault(said, []).append(fact.name)
    if not any(s.note for s in symbols):
        return finding.reason
    if len(names) == 1:
        return next(iter(clauses), "")
    told = [f"{', '.join(who)}: {said}" for said, who in clauses.items()]
    more = len(told) - _MOST_REASONS
    return "; ".join(told[:_MOST_REASONS]) + (f"; {more} more likewise" if more > 0 else "")
