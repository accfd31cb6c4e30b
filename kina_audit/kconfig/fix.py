"""The smallest fragment that makes requirements hold: proposed, resolved again, and proven before it is shown."""

from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush

from kina_audit.base.datatype import datatype
from kina_audit.kconfig.explored import MOST_KEPT
from kina_audit.kconfig.goals import compile_expression, highest
from kina_audit.kconfig.model import AND
from kina_audit.kconfig.reasons import Cause, Reasons
from kina_audit.kconfig.resolve import Requested, Resolution
from kina_audit.kconfig.solve import Solver
from kina_audit.kconfig.taken_away import taken_away, turned_off
from kina_audit.kconfig.ways import NOTHING, Way, Ways
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.setting import set_line

_MOST_STATES = 80
_MANY = 4
"""Of so many assignments, what is tried without one of them has more in common with the whole than with nothing."""
FRAGMENT = "the fragment"


@datatype
class Goal:
    """One condition that has to hold.

    Attributes:
        id: ``profile/requirement``.
        expr: the condition.
        wanted: 1 when a module will do, 2 for built-in.
        why: one sentence.
        stuck: why no assignment makes it hold, where that is known before; empty: it is to be searched for.
    """

    id: str
    expr: Expression
    wanted: int
    why: str
    stuck: str = ""


@datatype
class Change:
    """One assignment of a fragment.

    Attributes:
        name: the symbol.
        value: what to set it to.
        before: its value without the fragment; ``absent``: neither there nor in the config.
        reason: what it is for.
        place: where it is defined; empty, as the two before it, in the result of a quick search.
    """

    name: str
    value: str
    before: str
    reason: str
    place: str

    @property
    def line(self) -> str:
        """As in a config."""
        return set_line(self.name, self.value)


@datatype
class Blocked:
    """A goal that no assignment reaches.

    Attributes:
        goal: the goal.
        proven: True: no config of this tree, architecture and toolchain can hold it; False: none was found.
        causes: why; empty in the result of a quick search.
        against: the goal it cannot hold together with; empty: it cannot be reached alone.
    """

    goal: Goal
    proven: bool
    causes: tuple[Cause, ...]
    against: Goal | None = None


@datatype
class Fix:
    """The outcome of a search.

    Attributes:
        changes: the fragment; empty when nothing is missing, or nothing helps.
        resolution: the config with the fragment, resolved.
        blocked: goals that cannot be reached.
        turned_off: symbols the config had on that the fragment turns off, with their new value.
        tried: states that were resolved.
        partial: when goals cannot be reached, the fragment for the others.
    """

    changes: tuple[Change, ...]
    resolution: Resolution
    blocked: tuple[Blocked, ...] = ()
    turned_off: tuple[tuple[str, str], ...] = ()
    tried: int = 0
    partial: tuple[Change, ...] = ()


def value_before(starts: Sequence[Resolution], name: str) -> str:
    """A symbol's value in a config without a fragment, on the newest of its trees that writes a line for it."""
    for start in reversed(starts):
        if start.line(name):
            return start.value(name)
    row = starts[-1].requested.get(name)
    return f"{row.value} in the config, and is dropped" if row is not None and row.value != "n" else "absent"


Goals = Callable[[Resolution], Iterable[Goal]]
"""The goals of a state; a function, because what a Cilium mode asks for depends on what is there, and takes long to tell."""


Proof = Callable[[Resolution], bool]
"""Whether a state holds, resolved and audited for real."""


def find_fix(start: Resolution, goals: Goals, proven: Proof, *, quick: bool = False, explain: bool = True) -> Fix:
    """Search for the cheapest set of assignments under which every goal holds.

    Args:
        start: the config, fragments merged, resolved on the kernel tree.
        goals: what has to hold.
        proven: resolves and audits for real; only what it accepts is returned.
        quick: leave out what takes every symbol's value or every line of the config: whether something is turned off, what
            each line is for, and what it was.
        explain: when there is no fragment, find out which goals stand alone or against each other, and what can be had
            without them; not when it has to be quick.
    """
    search, found = searched(start, goals, proven, quick=quick)
    if not found.blocked or quick or not explain:
        return found
    from kina_audit.kconfig.conflicts import explained

    return explained(search, found)


def searched(start: Resolution, goals: Goals, proven: Proof, *, quick: bool) -> "tuple[Search, Fix]":
    """The search of `find_fix` and what it came to, not yet explained; arguments as there."""
    search = Search(start, goals, proven, quick=quick)
    if start.solver is start.own:
        # A kernel that is may hold it all; whatever it lacks takes building it again.
        if not any(g.stuck for g in goals(start)) and not search.unmet(start) and proven(start):
            return search, Fix((), start)
        start.explored.open = start.explored.open or start.changed([])
        search = Search(start.explored.open, goals, proven, quick=quick)
    return search, search.run()


class Search:
    """The search for one fragment; every state it looks at is resolved for real."""

    def __init__(
        self,
        start: Resolution,
        goals: Goals,
        proven: Proof,
        *,
        quick: bool = False,
        most: int = _MOST_STATES,
    ) -> None:
        self.quick = quick
        self.tree, self.start, self.proven = start.tree, start, proven
        self._goals = goals
        # Of the state that was asked about last: finding out what a Cilium mode asks of one is an audit of its own.
        self._asked: tuple[Resolution, Sequence[Goal]] | None = None
        self.tried = 0
        self.most = most
        self._lacking: dict[Way, list[Goal]] = {}

    def run(self) -> Fix:
        """Search; what is found is proven and has no line too many."""
        hopeless = tuple(
            Blocked(g, proven=True, causes=self.causes(self.start, g)) for g in self.unmet(self.start) if self.never(g)
        )
        stuck = [g for g in self.goals(self.start) if g.stuck]
        hopeless += tuple(Blocked(g, proven=False, causes=(Cause(g.stuck),)) for g in stuck)
        if hopeless:
            return Fix((), self.start, hopeless, (), self.tried)
        queue: list[tuple[int, int, int, Way]] = [(0, 0, 0, NOTHING)]
        seen = {NOTHING}
        blocked: tuple[Blocked, ...] = ()
        spare: tuple[Way, Resolution] | None = None
        least: list[Goal] = []
        serial = 0
        costs = Ways(self.tree, self.start.solver)
        while queue and self.tried < self.most:
            _, _, _, chosen = heappop(queue)
            self.tried += 1
            state = self._state(chosen)
            unmet = self.unmet(state)
            if not unmet:
                found = self._proof(chosen, state)
                if found is not None:
                    if self.quick or not taken_away(self.start, found[1]) or not queue or spare is not None:
                        return self._result(*found)
                    # It works but takes something away: see whether the next one does not.
                    spare = found
                continue
            if not least or len(unmet) < len(least):
                least = unmet
            ways = Ways(self.tree, state.solver)
            options = ways.together([ways.reach(self.compile(g), g.wanted) for g in unmet])
            if not options:
                if chosen == NOTHING or not blocked:
                    blocked = self._blocked(state, ways, unmet)
                continue
            for way in options:
                values = dict(chosen) | dict(way)
                fresh: Way = frozenset(values.items())
                if fresh not in seen:
                    seen.add(fresh)
                    serial += 1
                    heappush(queue, (costs.cost(fresh), len(fresh), serial, fresh))
        if spare is not None:
            return self._result(*spare)
        if not blocked:
            # Each has its ways, but not with the others: what the best state lacked is what stands against the rest.
            least = least or self.unmet(self.start)
            blocked = tuple(Blocked(g, proven=False, causes=self.causes(self.start, g)) for g in least)
        if not blocked:
            from kina_audit.kconfig.conflicts import refused

            blocked = (refused(),)
        return Fix((), self.start, blocked, (), self.tried)

    def _lacks(self, chosen: Way, near: tuple[Way, Solver] | None = None) -> list[Goal]:
        """The goals that a fragment leaves unmet; ``near`` as for `_state`."""
        found = self._lacking.get(chosen)
        if found is None:
            found = self._lacking[chosen] = self.unmet(self._state(chosen, near))
        return found

    def never(self, *goals: Goal) -> bool:
        """Whether it is proven that no config whatever holds these goals, taken together."""
        exprs = [self.compile(goal) for goal in goals]
        if len(exprs) > 1:
            self.tree.model.exprs.append([AND, *exprs])
            exprs = [len(self.tree.model.exprs) - 1]
        return highest(self.tree, exprs[0]) < min(goal.wanted for goal in goals)

    def _state(self, chosen: Way, near: tuple[Way, Solver] | None = None) -> Resolution:
        """The config with a fragment; ``near`` is another fragment that shares most of it, solved."""
        if not chosen:
            return self.start
        known = self.start.explored.states
        if (state := known.get(chosen)) is not None:
            return state
        added = sorted((self.tree.model.names[s], v) for s, v in chosen)
        rows = [Requested(n, value, FRAGMENT, line) for line, (n, value) in enumerate(added, 1)]
        differing = None if near is None else (near[1], {sym for sym, _ in chosen ^ near[0]})
        state = self.start.changed(rows, differing)
        if self.quick and len(known) < MOST_KEPT:
            known[chosen] = state
        return state

    def goals(self, state: Resolution) -> Sequence[Goal]:
        """What has to hold in a state."""
        if self._asked is None or self._asked[0] is not state:
            self._asked = (state, tuple(self._goals(state)))
        return self._asked[1]

    def unmet(self, state: Resolution) -> list[Goal]:
        """The goals that a state does not hold."""
        return [g for g in self.goals(state) if not self._met(state, g)]

    def _met(self, state: Resolution, goal: Goal) -> bool:
        return state.solver.expr(self.compile(goal)) >= goal.wanted

    def compile(self, goal: Goal) -> int:
        """The goal's condition as an expression of the model."""
        compiled, text = self.start.explored.compiled, goal.expr.text
        found = compiled.get(text)
        if found is None:
            found = compiled[text] = compile_expression(self.tree, goal.expr.node, self.start.beyond)
        return found

    def _proof(self, chosen: Way, state: Resolution) -> tuple[Way, Resolution] | None:
        """The state without assignments that are not needed, proven; or as it is; or None when the proof fails."""
        fewest = chosen
        near = (
            (chosen, Solver(self.tree.model, state.solver.user, forced=state.solver.forced))
            if len(chosen) >= _MANY
            else None
        )
        for item in sorted(chosen):
            if self._suffices(fewest - {item}, near):
                fewest = fewest - {item}
        trimmed = self._state(fewest) if fewest != chosen else state
        if self.proven(trimmed):
            return fewest, trimmed
        return (chosen, state) if fewest != chosen and self.proven(state) else None

    def _suffices(self, chosen: Way, near: tuple[Way, Solver] | None) -> bool:
        """Whether a fragment leaves no goal unmet; for who does not ask which, the first one tells."""
        if not chosen:
            # Where nothing is missing, nothing was searched for.
            return False
        if not self.quick:
            return not self._lacks(chosen, near)
        state = self._state(chosen, near)
        return all(self._met(state, goal) for goal in self._goals(state))

    def _blocked(self, state: Resolution, ways: Ways, unmet: Sequence[Goal]) -> tuple[Blocked, ...]:
        """The goals that no assignment is proposed for; all, where each has some and they do not go together."""
        none = [g for g in unmet if not ways.reach(self.compile(g), g.wanted)] or unmet
        return tuple(Blocked(g, proven=False, causes=self.causes(state, g)) for g in none)

    def causes(self, state: Resolution, goal: Goal) -> tuple[Cause, ...]:
        """Why a state does not hold a goal; a quick search's caller does not ask, and it may take long to tell."""
        if self.quick:
            return ()
        return Reasons(self.tree, state.solver).unmet(self.compile(goal), goal.wanted)

    def _result(self, chosen: Way, state: Resolution) -> Fix:
        names = {self.tree.model.names[s]: v for s, v in chosen}
        reasons = Reasons(self.tree, self.start.solver)
        uses = dict.fromkeys(names, "") if self.quick else self._uses(chosen)
        changes = [
            Change(
                name, value, "" if self.quick else value_before((self.start,), name), uses[name],
                "" if self.quick else reasons.place(self.tree.model.index[name]),
            )
            for name, value in sorted(names.items())
        ]  # fmt: skip
        return Fix(tuple(changes), state, (), () if self.quick else tuple(turned_off(self.start, state)), self.tried)

    def _uses(self, chosen: Way) -> dict[str, str]:
        """What each assignment is for: the goals that fail without it."""
        found = {}
        for item in chosen:
            unmet = self._lacks(chosen - {item})
            found[self.tree.model.names[item[0]]] = (
                ", ".join(dict.fromkeys(g.id for g in unmet)) or "the proof needs it"
            )
        return found
