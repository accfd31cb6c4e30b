"""From a config (and fragments) to the config a kernel tree's ``olddefconfig`` makes of it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kina_audit.base.datatype import datatype
from kina_audit.base.later import Later
from kina_audit.kconfig.dotconfig import asked_by, decoded, loose_comments, read_assignments, user_values, write_config
from kina_audit.kconfig.explored import Explored
from kina_audit.kconfig.loaded import KernelTree
from kina_audit.kconfig.numbers import valid_text
from kina_audit.kconfig.reasons import Cause, Reasons, undefined
from kina_audit.kconfig.solve import Solver
from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.version import KernelVersion

if TYPE_CHECKING:
    from kina_audit.kconfig.own import OwnSolver

_TYPE_NAMES = {"b": "bool", "t": "tristate", "i": "int", "h": "hex", "s": "string"}


@datatype
class Requested:
    """One assignment that somebody asked for.

    Attributes:
        name: the symbol.
        value: the text after ``=``; ``n`` for "is not set".
        where: the file it stands in.
        line: 1-based.
    """

    name: str
    value: str
    where: str
    line: int


@datatype
class Lost:
    """A requested value that did not survive, and why."""

    requested: Requested
    actual: str
    reason: str
    causes: tuple[Cause, ...] = ()


def pairs_of(rows: Sequence[Requested]) -> list[tuple[str, str]]:
    """Symbol and value of each."""
    return [(r.name, r.value) for r in rows]


class Resolution:
    """A resolved config.

    Attributes:
        tree: the kernel tree.
        solver: every symbol's value.
        rows: every assignment, in order; one the reader rejects leaves an earlier one of the symbol in force.
        own: the state of the kernel's own file that this one is of, or was changed from; None: the tree alone decides.
        beyond: symbols that this file has and the tree does not, with their text behind ``=``.
        added: the assignments that made this of another one, last in `rows`; to tell them takes no reading of the config.
        explored: what searches for fragments found out.
    """

    def __init__(
        self,
        tree: KernelTree,
        rows: Sequence[Requested],
        solver: Solver | None = None,
        *,
        own: "OwnSolver | None" = None,
        beyond: Mapping[str, str] | None = None,
        added: Sequence[Requested] = (),
    ) -> None:
        """``solver`` has what `rows` ask of the tree, where there is one already."""
        self.tree = tree
        self.rows = rows
        self.solver = solver or Solver(tree.model, user_values(tree.model, pairs_of(rows)))
        self.own = own
        self.beyond = beyond or {}
        self.added = added
        self.explored = Explored()
        self._requested: dict[str, Requested] = {}
        self._text = ""

    @property
    def requested(self) -> dict[str, Requested]:
        """Symbol to the last assignment of it."""
        if not self._requested:
            self._requested = {r.name: r for r in self.rows}
        return self._requested

    def changed(self, rows: Sequence[Requested], near: "tuple[Solver, set[int]] | None" = None) -> "Resolution":
        """The same config with assignments added, which take the place of earlier ones of their symbols.

        Args:
            rows: the assignments.
            near: a solver of a config that differs from the new one in some symbols alone, and these; none: this one's.
        """
        names = {r.name for r in rows}
        index = self.tree.model.index
        symbols = {index[n] for n in names if n in index}
        user = user_values(self.tree.model, pairs_of(rows), self.solver.user.without(symbols))
        # Of the rows, not of this, which may hold the new one.
        mine = self.rows
        kept = Later(lambda: (*(r for r in mine if r.name not in names), *rows))
        base, differing = near or (self.solver, symbols)
        if self.own is None:
            return Resolution(self.tree, kept, base.changed(user, differing), added=rows)
        from kina_audit.kconfig.own import Held, OwnSolver

        # What was set anew before this stays so.
        before = self.solver.forced.changed if isinstance(self.solver.forced, Held) else frozenset()
        held = Held(self.own, before | symbols)
        if isinstance(base, OwnSolver):
            solver = Solver(self.tree.model, user, forced=held)
        else:
            solver = base.changed(user, differing, forced=held)
        beyond = {n: v for n, v in self.beyond.items() if n not in names}
        return Resolution(self.tree, kept, solver, own=self.own, beyond=beyond, added=rows)

    @property
    def text(self) -> str:
        """The .config that olddefconfig writes."""
        if not self._text:
            self.solver.evaluate_all()
            self._text = write_config(self.tree.model, self.solver)
        return self._text

    def value(self, name: str) -> str:
        """A symbol's value as in a config: y, m, n, a number or a string's content; n when nothing defines it."""
        sym = self.tree.model.index.get(name)
        if sym is None:
            return "n"
        return self.solver.text(sym)

    def made_otherwise(self, name: str) -> str | None:
        """What the tree would make of a symbol that stands as a kernel's own file has it; None: the same."""
        from kina_audit.kconfig.own import made_otherwise

        sym = self.tree.model.index.get(name)
        return None if sym is None else made_otherwise(self.solver, sym)

    def line(self, name: str) -> str:
        """A symbol's line in the resolved config; empty when it has none."""
        sym = self.tree.model.index.get(name)
        if sym is None or not self.solver.is_written(sym) or sym in self.tree.model.transitional:
            return ""
        from kina_audit.kconfig.dotconfig import spelled

        return spelled(self.tree.model, self.solver, sym)

    def lost(self, names: Sequence[str]) -> list[Lost]:
        """Which of these symbols' requested values did not survive, and why."""
        found = [self._lost(self.requested[n]) for n in names if n in self.requested]
        return [row for row in found if row is not None]

    def _lost(self, row: Requested) -> Lost | None:
        model, solver = self.tree.model, self.solver
        sym = model.index.get(row.name)
        if sym is None:
            if row.value == "n":
                return None
            return Lost(row, "", undefined(self.tree, row.name))
        letter = model.types[sym]
        if letter in "ihs":
            text = decoded(row.value) if letter == "s" else row.value
            if text is None or not valid_text(letter, text):
                return Lost(row, solver.text(sym), f"{row.value} is no {_TYPE_NAMES[letter]}")
            if solver.text(sym) == text:
                return None
            return self._lost_text(row, sym)
        value = row.value[:1]
        actual = solver.text(sym)
        if value == actual:
            return None
        if value not in _accepted(letter):
            return Lost(row, actual, f"{row.value} is no {_TYPE_NAMES.get(letter, 'tristate')}")
        return self._tristate(row, sym, "nmy".index(value), actual)

    def _lost_text(self, row: Requested, sym: int) -> Lost:
        """Why a number or string is another one."""
        model, solver = self.tree.model, self.solver
        actual = solver.text(sym)
        if not model.prompts[sym]:
            return Lost(row, actual, "it has no prompt: its default decides")
        if solver.visibility(sym):
            from kina_audit.kconfig.possible import number_bounds

            bounds = number_bounds(model, sym)
            said = f", {bounds[0]} to {bounds[1]}" if bounds else ""
            return Lost(row, actual, f"it is outside the range the tree allows{said}")
        reasons = Reasons(self.tree, solver)
        causes = tuple(c for p in model.prompts[sym] for c in reasons.unmet(p, 1))
        return Lost(row, actual, f"unmet dependencies: {flat(causes)}", causes)

    def _tristate(self, row: Requested, sym: int, wanted: int, actual: str) -> Lost:
        model, solver = self.tree.model, self.solver
        reasons = Reasons(self.tree, solver)
        have = solver.tri(sym)
        if sym in model.transitional:
            return Lost(row, actual, "it is transitional: its value moved on to the symbol that replaced it")
        if have > wanted:
            on = [model.names[s] for s, c in reasons.selectors(sym) if min(solver.tri(s), solver.expr(c)) > wanted]
            if on:
                return Lost(row, actual, f"selected by {', '.join(on[:4])}")
            if sym in solver.choice_of:
                return Lost(row, actual, "it is the one of its choice that is left")
            if wanted == 1 and solver.modules == 0:
                return Lost(row, actual, "without MODULES=y, m becomes y")
            if not model.prompts[sym]:
                return Lost(row, actual, "it has no prompt: its default decides")
            if not solver.visibility(sym):
                return Lost(row, actual, "it is not visible, so its default decides")
            return Lost(row, actual, "m is no value of a bool symbol" if wanted == 1 else "the tree decides")
        if reasons.impossible(sym, wanted):
            return Lost(row, actual, f"it {reasons.ruled_out(sym)}", reasons.symbol(sym, wanted).causes)
        if sym in solver.choice_of and solver.visibility(sym):
            return Lost(row, actual, f"{self._chosen(sym)} is chosen instead: only one of a choice can be y")
        if not model.prompts[sym]:
            cause = reasons.symbol(sym, wanted)
            return Lost(row, actual, f"it is {cause.note}" if cause.note else "it has no prompt", cause.causes)
        if have and wanted == 2:
            return Lost(
                row,
                actual,
                "its dependencies are modules, so it can only be m",
                tuple(c for p in model.prompts[sym] for c in reasons.unmet(p, 2)),
            )
        causes = tuple(c for p in model.prompts[sym] for c in reasons.unmet(p, wanted))
        return Lost(row, actual, f"unmet dependencies: {flat(causes)}", causes)

    def _chosen(self, sym: int) -> str:
        chosen = self.solver.member(self.solver.choice_of[sym])
        return self.tree.model.names[chosen] if chosen >= 0 else "another symbol"


def _accepted(letter: str) -> str:
    return "ymn" if letter == "t" else "yn"


def flat(causes: Sequence[Cause]) -> str:
    """Causes in one line."""
    return ", ".join(c.text for c in causes[:4]) + (" ..." if len(causes) > 4 else "")


def resolve(
    tree: KernelTree, text: str, fragments: Sequence[tuple[str, str]] = (), *, name: str = "the config"
) -> Resolution:
    """Merge fragments into a config as ``merge_config.sh`` does, and resolve it as ``olddefconfig`` does.

    Args:
        tree: the kernel tree.
        text: the config.
        fragments: (name, text) of each; later ones win.
        name: what to call the config in messages.
    """
    return Resolution(tree, _merged_rows(tree, text, fragments, name))


def _merged_rows(tree: KernelTree, text: str, fragments: Sequence[tuple[str, str]], name: str) -> list[Requested]:
    loose = loose_comments(KernelVersion.parse(tree.model.version).triple)
    rows = [Requested(a.name, a.value, name, a.line) for a in read_assignments(text, loose=loose)]
    for where, fragment in fragments:
        fresh = [Requested(a.name, a.value, where, a.line) for a in read_assignments(fragment, loose=loose)]
        names = {r.name for r in fresh}
        rows = [r for r in rows if r.name not in names] + fresh
    return rows


def of_config(
    tree: KernelTree, config: KernelConfig, fragments: Sequence[tuple[str, str]] = (), *, name: str = "the config",
    solver: Solver | None = None,
) -> Resolution:  # fmt: skip
    """A parsed config, with fragments merged, resolved on a tree: from its text, or a record's assignments.

    ``solver``, where there is one, has solved the config on the tree already.
    """
    if solver is not None:
        return Resolution(tree, _rows_later(tree, config, name), solver)
    return resolve(tree, _text_of(config), fragments, name=name)


def _text_of(config: KernelConfig) -> str:
    if config.text:
        return config.text
    from kina_audit.kernel.merge import spelled

    return spelled(config)


def of_file(
    tree: KernelTree, config: KernelConfig, fragments: Sequence[tuple[str, str]] = (), *, name: str = "the config",
    solver: Solver | None = None,
) -> Resolution:  # fmt: skip
    """A parsed config as a state of its line: a kernel's own or a vendor's file is followed, anything else is resolved."""
    if config.base is not None:
        changed = config.changed
        rows = [Requested(n, config.raw[n], name, config.line(n) or 0) for n in config.raw if n in changed]
        return _merged(of_file(tree, config.base, name=name).changed(rows), fragments)
    if not config.follows_file:
        return of_config(tree, config, fragments, name=name, solver=solver)
    from kina_audit.kconfig.own import OwnSolver

    own = OwnSolver(tree.model, asked_by(config, tree.model, KernelVersion.parse(tree.model.version).triple), config)
    beyond = {n: v for n, v in config.raw.items() if n not in tree.model.index}
    return _merged(Resolution(tree, _rows_later(tree, config, name), own, own=own, beyond=beyond), fragments)


def _rows_later(tree: KernelTree, config: KernelConfig, name: str) -> Sequence[Requested]:
    return Later(lambda: tuple(_merged_rows(tree, _text_of(config), (), name)))


def _merged(state: Resolution, fragments: Sequence[tuple[str, str]]) -> Resolution:
    loose = loose_comments(KernelVersion.parse(state.tree.model.version).triple)
    for where, text in fragments:
        state = state.changed([Requested(a.name, a.value, where, a.line) for a in read_assignments(text, loose=loose)])
    return state
