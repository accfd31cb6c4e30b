"""What would better a kernel, found and proven on the models of the kernel lines that ship."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from kina_audit.base.datatype import replace
from kina_audit.cilium.capabilities import agent_state
from kina_audit.cilium.ladder import above, doubted, excluded, stand
from kina_audit.cilium.model import Mode, State, Unlock
from kina_audit.cilium.on_demand import Asked, OnDemand
from kina_audit.cilium.reading import Readings
from kina_audit.cilium.release import Release
from kina_audit.cilium.unlock import wanted
from kina_audit.engine.evaluate import Evaluator
from kina_audit.engine.finding import UNMET, Finding, ProfileResult, altered
from kina_audit.kernel.config import WITHOUT_MODULE, KernelConfig, SymbolFact, SymbolState
from kina_audit.profiles.model import Profile

if TYPE_CHECKING:
    from kina_audit.kconfig.fix import Fix, Goal
    from kina_audit.kconfig.resolve import Resolution
    from kina_audit.kconfig.solve import Solver


class BoxUnlocker:
    """Fragments for one kernel, proven on every shipped line that tells about its version."""

    def __init__(
        self, config: KernelConfig, features: Iterable[Profile], starts: "Sequence[Resolution] | None" = None
    ) -> None:
        """For one kernel.

        Args:
            config: what is audited, aimed at its kernel.
            features: the profiles tagged ``cilium``.
            starts: the config resolved on each tree that has to agree, the last one first to be asked; None: the
                shipped lines that tell about the kernel.
        """
        self.config = config
        self._asked = Asked(features)
        self._starts = starts
        self._held: dict[tuple[str, ...], tuple[str, ...]] = {}
        # Of the state that was asked about last, what it comes to, and of the values that the last ones were made from:
        # the config's own, and what lies near a long fragment.
        self._last: tuple[Resolution, Readings] | None = None
        self._bases: dict[Solver, Evaluator] = {}
        self._mode: tuple[Readings, Release, frozenset[str], Mode] | None = None

    @property
    def starts(self) -> "Sequence[Resolution]":
        """The kernel's config on each tree that tells about it; empty where none does."""
        if self._starts is None:
            from kina_audit.kconfig.carry import solved, trees_of
            from kina_audit.kconfig.resolve import of_file

            self._starts = [
                of_file(tree, self.config, solver=solved(self.config, tree)) for tree in trees_of(self.config)
            ]
        return self._starts

    def mode(self, wanted: Mode, release: Release, off: frozenset[str]) -> Unlock | None:
        """See `kina_audit.cilium.unlock.Unlocker`."""
        if not self.starts:
            return None
        from kina_audit.kconfig.between import on_all

        found = self.fix(wanted, release, off, quick=True)
        if found.blocked or not found.changes:
            return None
        # On the neighbours of a kernel between two lines it may come to different modes.
        states = on_all(self.starts, found)
        reached = max((self._mode_of(state, release, off) for state in states), key=lambda m: len(above(m)))
        unverified = any(agent_state(self._readings(state), release) is State.UNVERIFIED for state in states)
        return Unlock(reached, _lines(found), self._because(), unverified)

    def fix(
        self,
        wanted: Mode,
        release: Release,
        off: frozenset[str] = frozenset(),
        *,
        quick: bool = False,
        goals: "Callable[[Resolution], list[Goal]] | None" = None,
        holds: "Callable[[Resolution], bool] | None" = None,
    ) -> "Fix":
        """The smallest fragment with which the kernel carries a mode, or a better one.

        Args:
            wanted: the mode.
            release: the Cilium release.
            off: features that are switched off.
            quick: settle for the first fragment that does.
            goals: what else is asked of the kernel.
            holds: whether that holds.
        """
        # What a rung asks for may not suffice (without BTF, some releases lose rungs altogether); then what the next
        # one asks for does, or nothing.
        enough = (wanted, *above(wanted))
        if why := excluded(release, self.config.target) or doubted(release, self.config.target):
            return _refused(self.starts[-1], release, why)

        def found(rung: Mode, *, explain: bool) -> "Fix":
            return self._search(
                lambda state: chain(
                    self._goals(state, rung=rung, release=release, off=off), goals(state) if goals else ()
                ),
                lambda state: self._mode_of(state, release, off) in enough and (holds is None or holds(state)),
                quick=quick, explain=explain,
            )  # fmt: skip

        for rung in enough:
            one = found(rung, explain=False)
            if not one.blocked:
                return one
        return found(wanted, explain=True)

    def _goals(self, state: "Resolution", rung: Mode, release: Release, off: frozenset[str]) -> "Iterator[Goal]":
        return goals_of(wanted(self._readings(state).reader(release, off=off), rung))

    def assignments(self, findings: Sequence[Finding]) -> tuple[str, ...]:
        """See `kina_audit.cilium.unlock.Unlocker`."""
        key = tuple(f"{f.expr.text}/{f.requirement.module}" for f in findings)
        if key not in self._held:
            goals = list(goals_of(findings))

            def holds(state: "Resolution") -> bool:
                from kina_audit.kconfig.fix import Search

                # Of a kernel between two lines, the search asks the newer one alone.
                return not Search(state, lambda _: goals, lambda _: True, quick=True).unmet(state)

            proof = holds if len(self.starts) > 1 else lambda _: True
            found = self._search(lambda _: goals, proof, quick=True) if self.starts else None
            self._held[key] = _lines(found) if found is not None and not found.blocked else ()
        return self._held[key]

    def _search(
        self,
        goals: "Callable[[Resolution], Iterable[Goal]]",
        holds: "Callable[[Resolution], bool]",
        *,
        quick: bool,
        explain: bool = False,
    ) -> "Fix":
        """The smallest fragment that holds on all trees."""
        from kina_audit.kconfig.between import fix_on_all

        return fix_on_all(self.starts, goals, holds, quick=quick, explain=explain)

    def _because(self) -> str:
        lines = " and ".join(s.tree.model.version for s in self.starts)
        return f"Proven on the model of Linux {lines} ({self.starts[-1].tree.toolchain})."

    def _mode_of(self, state: "Resolution", release: Release, off: frozenset[str]) -> Mode:
        readings, last = self._readings(state), self._mode
        if last is None or last[0] is not readings or last[1:3] != (release, off):
            last = self._mode = (readings, release, off, stand(readings, release, off)[0])
        return last[3]

    def _readings(self, state: "Resolution") -> Readings:
        """Every feature's profile on a state; what rests on none of the lines that differ is evaluated once."""
        if self._last is None or self._last[0] is not state:
            from kina_audit.kconfig.state import differing, on_state

            base = state.solver.base
            if state.beyond:
                evaluator = Evaluator(on_state(self.config, state), terse=True)
            elif base is None:
                evaluator = self._of_base(state, state.solver)
            else:
                near = (self._of_base(state, base), differing(state))
                evaluator = Evaluator(on_state(self.config, state), terse=True, near=near)
            self._last = (state, Readings(OnDemand(self._asked, evaluator), self.config))
        return self._last[1]

    def _of_base(self, state: "Resolution", base: "Solver") -> Evaluator:
        """The evaluator of the values that a state was made from, or of its own."""
        found = self._bases.get(base)
        if found is None:
            from kina_audit.kconfig.resolve import Resolution
            from kina_audit.kconfig.state import on_state

            own = {start.solver for start in self.starts}
            self._bases = {solver: one for solver, one in self._bases.items() if solver in own}
            kernel = on_state(self.config, Resolution(state.tree, (), base))
            found = self._bases[base] = Evaluator(kernel, terse=True)
        return found


def _refused(start: "Resolution", release: Release, why: str) -> "Fix":
    """A release that does not run on this version of the kernel, whatever its config says."""
    from kina_audit.kconfig.fix import Blocked, Fix, Goal
    from kina_audit.kconfig.reasons import Cause
    from kina_audit.kernel.expression import Expression

    goal = Goal(f"Cilium {release}", Expression("another version of the kernel", ("const", "n"), ()), 2, why, why)
    return Fix((), start, (Blocked(goal, proven=False, causes=(Cause(why),)),))


def told_arch(raw: Mapping[str, str]) -> str:
    """The architecture that a config's own symbols tell, as `kina_audit.kconfig.elsewhere.told_by` does."""
    from kina_audit.kconfig.elsewhere import told_by

    return told_by(raw)


def has_line(config: KernelConfig) -> bool:
    """Whether a shipped line tells about a kernel, so that a fragment for it can be proven without its tree."""
    from kina_audit.kconfig.lines import ARCHES, near

    return config.target is not None and config.arch in ARCHES and bool(near(config.target))


def with_reasons(results: Sequence[ProfileResult], config: KernelConfig) -> tuple[ProfileResult, ...]:
    """The same results, in which what an unmet finding lacks says why it is off, as far as the kernel's line tells."""
    from kina_audit.kconfig.carry import why_absent

    if config.resolved is None:
        return tuple(results)
    # Profiles that include others share findings, and these share facts.
    facts: dict[int, SymbolFact] = {}
    findings: dict[int, Finding] = {}

    def told(fact: SymbolFact) -> SymbolFact:
        if fact.state is not SymbolState.ABSENT or fact.note:
            return fact
        found = facts.get(id(fact))
        if found is None:
            found = facts[id(fact)] = replace(fact, note=why_absent(config, fact.name))
        return found

    def reasoned(finding: Finding) -> Finding:
        if finding.status not in UNMET:
            return finding
        found = findings.get(id(finding))
        if found is None:
            found = findings[id(finding)] = replace(finding, symbols=tuple(map(told, finding.symbols)))
        return found

    return tuple([altered(r, reasoned) for r in results])


def goals_of(findings: Iterable[Finding]) -> "Iterator[Goal]":
    """What findings ask, as goals for `kina_audit.kconfig.fix.find_fix`."""
    from kina_audit.kconfig.fix import Goal

    for f in findings:
        row = f.requirement
        yield Goal(f"{row.profile}/{row.id}", f.expr, 1 if row.module else 2, row.why, stuck(f))


def stuck(finding: Finding) -> str:
    """Why no line of a config meets a requirement that a kernel does not: its module is not there; empty: another reason."""
    if finding.status not in UNMET or not any(s.state in WITHOUT_MODULE for s in finding.symbols):
        return ""
    return finding.reason or finding.fix


def _lines(found: "Fix") -> tuple[str, ...]:
    return tuple(c.line for c in found.changes)
