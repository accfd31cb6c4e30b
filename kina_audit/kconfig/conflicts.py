"""Why there is no fragment: goals that cannot be reached alone, goals that stand against each other, and what is left."""

from collections.abc import Sequence

from kina_audit.base.datatype import replace
from kina_audit.kconfig.fix import Blocked, Fix, Goal, Search
from kina_audit.kconfig.reasons import Cause
from kina_audit.kernel.expression import Expression

_MOST_ALONE = 24
_MOST_STATES = 24
"""Less than the search for a fragment has: what one goal or two need is found soon or not at all."""


_AUDIT = "the audit"


def refused() -> Blocked:
    """Where every goal holds, and the proof does not."""
    goal = Goal(_AUDIT, Expression("to pass", ("const", "n"), ()), 2, "")
    return Blocked(goal, proven=False, causes=(Cause("it does not, though all that it is known to ask for is there"),))


def explained(search: Search, found: Fix) -> Fix:
    """A failed search with every goal that cannot be had, and the fragment for the others.

    Args:
        search: the search.
        found: what it came to.
    """
    if found.blocked[0].goal.id == _AUDIT:
        return found
    goals = list(search.goals(search.start))
    blocked = _alone(search, [b for b in found.blocked if b.proven or b.goal.stuck])
    if not blocked:
        blocked = _together(search, goals, [b.goal for b in found.blocked])
    blocked = blocked or list(found.blocked)
    lost = {b.goal.id for b in blocked}
    rest = _search(search, [g for g in goals if g.id not in lost]).run()
    return replace(found, blocked=tuple(blocked), partial=() if rest.blocked else rest.changes)


def _search(search: Search, goals: Sequence[Goal]) -> Search:
    return Search(search.start, lambda _: goals, lambda _: True, most=_MOST_STATES)


def _alone(search: Search, proven: list[Blocked]) -> list[Blocked]:
    """Goals that cannot be reached even when nothing else is asked for."""
    blocked = {b.goal.id: b for b in proven}
    for goal in search.unmet(search.start)[:_MOST_ALONE]:
        if goal.id not in blocked:
            found = _search(search, [goal]).run()
            blocked |= {b.goal.id: b for b in found.blocked}
    return list(blocked.values())


def _together(search: Search, goals: list[Goal], stubborn: list[Goal]) -> list[Blocked]:
    """Of the goals that stayed unmet, each with one that it cannot hold together with."""
    found: list[Blocked] = []
    for goal in stubborn:
        for other in goals[:_MOST_ALONE]:
            if other.id == goal.id:
                continue
            proven = search.never(goal, other)
            if not proven and not _search(search, [goal, other]).run().blocked:
                continue
            # What the other one takes is what this one meets.
            state = _search(search, [other]).run().resolution
            causes = search.causes(state, goal) or search.causes(search.start, goal)
            found.append(Blocked(goal, proven, causes, other))
            break
    return found
