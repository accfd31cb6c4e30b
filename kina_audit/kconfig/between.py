"""The smallest fragment on every tree that tells about a kernel: between two lines, what both neighbours need together."""

from collections.abc import Mapping, Sequence

from kina_audit.base.datatype import replace
from kina_audit.kconfig.fix import FRAGMENT, Change, Fix, Goals, Proof, Search, find_fix, searched, value_before
from kina_audit.kconfig.reasons import Reasons
from kina_audit.kconfig.resolve import Requested, Resolution
from kina_audit.kconfig.taken_away import turned_off

_MOST_ROUNDS = 3
"""What one neighbour needs may undo what another one has; so often each is asked again."""

Values = Mapping[str, str]
"""Symbol to what a fragment sets it to."""


def fix_on_all(
    starts: Sequence[Resolution],
    goals: Goals,
    holds: Proof,
    *,
    quick: bool = False,
    explain: bool = True,
) -> Fix:
    """As `find_fix`, on several trees.

    Args:
        starts: the config resolved on each, the last one the one to ask.
        goals: what has to hold on each.
        holds: whether it does, for real.
        quick: as for `find_fix`.
        explain: as for `find_fix`.
    """
    *others, start = starts
    if not others:
        return find_fix(start, goals, holds, quick=quick, explain=explain)

    def proven(state: Resolution) -> bool:
        added = state.added
        return holds(state) and all(holds(other.changed(added) if added else other) for other in others)

    search, found = searched(start, goals, proven, quick=quick)
    if not found.blocked:
        if quick:
            return found
        before = {c.name: value_before(starts, c.name) for c in found.changes}
        return replace(found, changes=tuple(replace(c, before=before[c.name]) for c in found.changes))
    if not any(b.proven or b.goal.stuck for b in found.blocked):
        together = _Together(starts, goals, holds, quick=quick)
        lacking: Fix | None = None
        for order in (tuple(reversed(starts)), tuple(starts)):
            one = together.found(order)
            if one is not None and not one.blocked:
                return one
            lacking = lacking or one
        if lacking is not None and lacking.resolution.tree is not start.tree:
            return _without(lacking, starts, goals) if explain and not quick else lacking
    if quick or not explain:
        return found
    from kina_audit.kconfig.conflicts import explained

    return explained(search, found)


def on_all(starts: Sequence[Resolution], found: Fix) -> list[Resolution]:
    """The configs of `fix_on_all` with what it found."""
    *others, _ = starts
    values = {c.name: c.value for c in found.changes}
    return [*(_with(s, values) for s in others), found.resolution]


def _without(lacking: Fix, starts: Sequence[Resolution], goals: Goals) -> Fix:
    """A failed search on one of the trees, with what all of them need for the other goals."""
    lost = {b.goal.id for b in lacking.blocked}
    rest = fix_on_all(
        starts, lambda state: [g for g in goals(state) if g.id not in lost], lambda _: True, explain=False
    )
    return replace(lacking, partial=rest.changes)


class _Together:
    """A search on one tree after the other, each with what the ones before needed."""

    def __init__(self, starts: Sequence[Resolution], goals: Goals, holds: Proof, *, quick: bool) -> None:
        self.starts, self.goals, self.holds, self.quick = starts, goals, holds, quick
        self.searches = [Search(s.changed([]), goals, holds, quick=quick) for s in starts]
        self.tried = 0

    def found(self, order: Sequence[Resolution]) -> Fix | None:
        """A proven fragment; or the failed search on the tree that cannot have it; None: they do not go together."""
        values: dict[str, str] = {}
        for _ in range(_MOST_ROUNDS):
            for start in order:
                one = find_fix(_with(start, values), self.goals, self.holds, quick=True)
                self.tried += one.tried
                if one.blocked:
                    return replace(one, tried=self.tried)
                if any(c.name in values for c in one.changes):
                    return None
                values |= {c.name: c.value for c in one.changes}
            if self._suffice(values):
                return self._result(self._trimmed(values))
        return None

    def _suffice(self, values: Values) -> bool:
        states = [_with(s, values) for s in self.starts]
        met = all(not search.unmet(state) for search, state in zip(self.searches, states, strict=True))
        return met and all(map(self.holds, states))

    def _trimmed(self, values: Values) -> Values:
        for name in sorted(values):
            fewer = {n: v for n, v in values.items() if n != name}
            if self._suffice(fewer):
                values = fewer
        return values

    def _result(self, values: Values) -> Fix:
        states = [_with(s, values) for s in self.starts]
        off: dict[str, str] = {}
        if not self.quick:
            for search, state in zip(self.searches, states, strict=True):
                off |= {n: v for n, v in turned_off(search.start, state) if n not in values}
        changes = tuple(self._change(values, name) for name in sorted(values))
        return Fix(changes, states[-1], (), tuple(off.items()), self.tried)

    def _change(self, values: Values, name: str) -> Change:
        if self.quick:
            return Change(name, values[name], "", "", "")
        before = value_before(self.starts, name)
        return Change(name, values[name], before, self._use(values, name), self._place(name))

    def _use(self, values: Values, name: str) -> str:
        """What an assignment is for: the goals that fail without it on any of the trees."""
        fewer = {n: v for n, v in values.items() if n != name}
        ids = [g.id for search in self.searches for g in search.unmet(_with(search.start, fewer))]
        return ", ".join(dict.fromkeys(ids)) or "the proof needs it"

    def _place(self, name: str) -> str:
        """Where it is defined, on the newest tree that has it."""
        having = next(s for s in reversed(self.starts) if name in s.tree.model.index)
        return Reasons(having.tree, having.solver).place(having.tree.model.index[name])


def _with(start: Resolution, values: Values) -> Resolution:
    rows = [Requested(n, v, FRAGMENT, line) for line, (n, v) in enumerate(sorted(values.items()), 1)]
    return start.changed(rows) if rows else start
