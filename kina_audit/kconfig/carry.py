"""What a config becomes on the kernel it is for: the one way from a config's text to the values an audit stands on.

A config that is a kernel's own (IKCONFIG, /proc, /boot, a package, a guest) is the truth, and no model overrules it.
Everything else is the input of ``olddefconfig``, and the model of its target's line says what comes out. Between two
shipped lines both neighbours are asked; where they differ, the value is unknown. What the compiler and tools decide is
unknown, too, until they are named.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property

from kina_audit.base.datatype import replace
from kina_audit.kconfig.asked import UserValues
from kina_audit.kconfig.dotconfig import asked_by
from kina_audit.kconfig.lines import ARCHES, Line, line_text, lines, near, near_trees, shipped_tree, stable_moves
from kina_audit.kconfig.loaded import KernelTree
from kina_audit.kconfig.model import TreeModel
from kina_audit.kconfig.possible_tools import POSSIBLE_TOOLS, alternatives, tools_named
from kina_audit.kconfig.short import selectors, short_reason, standing_against
from kina_audit.kconfig.solve import Solver
from kina_audit.kconfig.state import outcome
from kina_audit.kconfig.toolchain import Toolchain
from kina_audit.kernel.config import (
    TOOLS_DECIDE,
    TRI_OF,
    Completeness,
    ConfigWarning,
    KernelConfig,
    Origin,
    Resolved,
    SymbolFact,
    SymbolState,
)

Place = tuple[Line, str]
"""A line and an architecture: one model."""


def carry(config: KernelConfig, toolchain: str | Toolchain = "") -> KernelConfig:
    """A config with what is known of each symbol on the kernel it is for.

    Args:
        config: as a source gives it.
        toolchain: what the kernel is built with, e.g. ``gcc-14,pahole=1.30``; empty: nobody said.

    Returns:
        The same config, `resolved` filled in where it is an input that a shipped line tells about.

    Raises:
        UsageError: an unknown toolchain.
    """
    toolchain = toolchain or config.toolchain
    tools = Toolchain.parse(toolchain) if isinstance(toolchain, str) and toolchain else toolchain or None
    if (config.origin is Origin.BUILT and not config.minimal) or (config.resolved is not None and tools is None):
        return config
    if config.target is None:
        return _as_written(config, "which kernel version it is for is not known")
    if config.arch is not None and config.arch not in ARCHES:
        hint = "; of 64 bits there is, with --arch x86_64" if config.arch == "x86" else ""
        return _as_written(config, f"there is no model of {config.arch} kernels{hint}")
    told_by = near(config.target)
    if not told_by:
        oldest = line_text(lines()[0])
        return _as_written(config, f"Linux {config.target} is older than {oldest}, the oldest line here")
    facts = Facts(config, told_by, tools)
    # Only the line that wrote a file knows what it lacks, and only before fragments make more of it visible.
    alone = config.base is None and config.kept is None and not config.cut
    if facts.exact and facts.written_there and config.arch is not None and alone:
        from kina_audit.kconfig.whole import lost_part

        if lost := lost_part(told_by[0], config.arch, config.raw):
            warnings = (*config.warnings, ConfigWarning(0, lost))
            config = replace(config, cut=lost, completeness=Completeness.PARTIAL, warnings=warnings, _lines={})
            facts = Facts(config, told_by, tools)
    if config.cut:
        return replace(_as_written(config, config.cut), predicted=facts)
    exact = facts.exact
    names = " and ".join(line_text(line) for line in told_by)
    if config.minimal and config.origin is Origin.BUILT:
        told = f"recorded as what the model of Linux {names} does not give by itself"
        return replace(config, predicted=facts, resolved=_resolved(told, told_by, tools), _lines=config._lines)
    if exact:
        told = f"resolved as olddefconfig of Linux {names} does"
    elif len(told_by) == 1:
        told = f"resolved as olddefconfig of Linux {names} does, the newest line here"
    else:
        told = f"resolved as olddefconfig of Linux {names} does, the lines on either side of {config.target}"
    return replace(config, predicted=facts, resolved=_resolved(told, told_by, tools), _lines=config._lines)


def _resolved(told: str, told_by: tuple[Line, ...], tools: Toolchain | None) -> Resolved:
    return Resolved(told, tuple(line_text(line) for line in told_by), tools.name if tools else "")


def trees_of(config: KernelConfig) -> tuple[KernelTree, ...]:
    """The shipped lines that tell about a config's kernel, or the named one, as trees; none where no line does.

    They are under the toolchain that the config names, or else the first of `POSSIBLE_TOOLS`.
    """
    if config.target is None:
        return ()
    # One that was asked what it can do is more than its name.
    given = config.predicted.given if isinstance(config.predicted, Facts) else None
    tools = given or Toolchain.parse(config.toolchain or POSSIBLE_TOOLS[0][1])
    if isinstance(config.predicted, Facts) and config.predicted.named is not None:
        return (config.predicted.named,)
    return near_trees(config.target, config.arch, tools)


def solved(config: KernelConfig, tree: KernelTree) -> Solver | None:
    """The solver that told about a carried config on one of `trees_of` it; None: there is none."""
    facts = config.predicted
    if not isinstance(facts, Facts):
        return None
    label = facts._labels[0]
    return next((s for p in facts.places if (s := facts._solver(p, label)).model is tree.model), None)


def why_absent(config: KernelConfig, symbol: str) -> str:
    """Why a symbol that a config has no line for is off on its kernel; empty where no model told that it is."""
    return config.predicted.reason(symbol) if isinstance(config.predicted, Facts) else ""


def _as_written(config: KernelConfig, why: str) -> KernelConfig:
    return replace(config, resolved=Resolved(f"not resolved: {why}; taken as it is written"), _lines=config._lines)


class Facts(Mapping[str, SymbolFact]):
    """Symbol to what is known of it, computed when it is asked for."""

    named: KernelTree | None = None

    def __init__(self, config: KernelConfig, told_by: tuple[Line, ...], tools: Toolchain | None) -> None:
        self.config = config
        self.lines = told_by
        # Without an architecture both are asked, and what they differ in is unknown.
        arches = ARCHES if config.arch is None else (config.arch,)
        self.places = tuple((line, arch) for line in told_by for arch in arches)
        self.given = tools
        self.tools = alternatives(tools) if tools else {label: tools_named(name) for label, name in POSSIBLE_TOOLS}
        header, target = config.header.version, config.target
        assert target is not None
        self.exact = (target.major, target.minor) in told_by
        # Symbol to whose "select" of it is all that a stable update between the model's release and the target's dropped;
        # empty: it moved otherwise.
        since = [m for m in stable_moves() if (target.major, target.minor) <= m[0].triple < target.triple]
        self.moves = {symbol: by for _, symbols, by in reversed(since) for symbol in symbols}
        same_line = header is not None and header.triple[:2] == target.triple[:2]
        self.written_there = same_line and config.completeness is Completeness.COMPLETE and not config.minimal
        self.written_by_target = self.written_there and header is not None and header.triple == target.triple
        self.vendor = header.suffix if self.written_there and header is not None else ""
        self.changed = config.changed if config.base is not None else frozenset()
        self._known: dict[str, SymbolFact] = {}
        self._solvers: dict[tuple[Place, str], Solver] = {}

    def __getitem__(self, symbol: str) -> SymbolFact:
        found = self._known.get(symbol)
        if found is None:
            found = self._known[symbol] = self._fact(symbol)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.config.raw)

    def __len__(self) -> int:
        return len(self.config.raw)

    @cached_property
    def _labels(self) -> list[str]:
        return list(self.tools)

    def solver_of_tools(self) -> Solver:
        """The first line's values under the first toolchain."""
        return self._solver(self.places[0], self._labels[0])

    def tree(self, place: Place, label: str) -> KernelTree:
        """A line under one of the toolchains."""
        return shipped_tree(*place, self.tools[label])

    def _solver(self, place: Place, label: str) -> Solver:
        found = self._solvers.get((place, label))
        if found is None:
            model = self.tree(place, label).model
            if label != (first := self._labels[0]) and self.config.base is None:
                found = self._solver(place, first).under(model)
            else:
                found = self._made(model, asked_by(self.config, model, place[0]))
            self._solvers[place, label] = found
        return found

    def _made(self, model: TreeModel, values: UserValues) -> Solver:
        if self.config.base is None:
            return Solver(model, values)
        from kina_audit.kconfig.own import rebuilt

        return rebuilt(self.config.base, model, values, self.changed)

    def _fact(self, symbol: str) -> SymbolFact:
        written = self.config.written(symbol)
        if symbol in self.config.untold:
            return _unknown(written, "the record cannot tell it")
        if self.config.cut:
            return self._of_a_part(symbol, written)
        if self._beyond(symbol):
            return written
        # What the file of a kernel of the target's own release says is from after the move.
        if (by := self.moves.get(symbol)) is not None and not (by and self._stays(symbol, written.value, by)):
            if self.written_by_target:
                return written
            line = line_text(self.lines[0])
            return _unknown(written, f"a stable update of Linux {line} moved it after the model's release")
        outcomes = {place: self._outcomes(place, symbol) for place in self.places}
        says = "n" if written.value is None else written.value
        told = {value for found in outcomes.values() for value in found}
        if len(told) > 1:
            by_tools = next((place for place, found in outcomes.items() if len(found) > 1), None)
            if by_tools is None:
                return _unknown(written, self._differs({place: next(iter(found)) for place, found in outcomes.items()}))
            if self.written_there and len(self.places) == 1 and says in outcomes[by_tools]:
                # Written by this very line's own tools, which then decided what the file says.
                return written
            may = tuple(sorted(told)) if told <= TRI_OF.keys() else ()
            return replace(_unknown(written, _by_tools(outcomes[by_tools])), among=may)
        value = told.pop()
        if len(self.lines) > 1 and value == "n" and (why := self._came_or_went(symbol)):
            return _unknown(written, why)
        if (
            self.config.minimal
            and symbol not in self.config.raw
            and (value == "n" or self.config.origin is Origin.BUILT)
        ):
            return self._of_record(symbol, value)
        if self.config.base is not None and self.config.base.origin is Origin.INPUT:
            from kina_audit.kconfig.own import made_otherwise

            # A vendor's file, which stays as it is where its line contradicts it.
            solver = self.solver_of_tools()
            if (made := made_otherwise(solver, solver.model.index.get(symbol, solver.model.defined))) is not None:
                return _unknown(written, self._vendors(says, made, "its own Kconfig decides"))
        if value == says:
            # A fragment has no line for what its base leaves off.
            return written if written.value is not None else SymbolFact(symbol, "n", SymbolState.ABSENT)
        solver = self.solver_of_tools()
        reason = short_reason(solver, symbol, self.config.raw.get(symbol))
        where = " and ".join(line_text(line) for line in self.lines)
        if self.vendor and self.config.base is None:
            return _unknown(written, self._vendors(says, value, reason))
        sym = solver.model.index.get(symbol)
        is_string = sym is not None and solver.model.types[sym] == "s" and value != "n"
        note = f"olddefconfig of Linux {where} makes it {value}: {reason}"
        return SymbolFact(symbol, value, SymbolState.PREDICTED, written.at, note, is_string)

    def _of_a_part(self, symbol: str, written: SymbolFact) -> SymbolFact:
        """A symbol of a config that was cut: what it says, unless what is left of it denies that."""
        says = written.value
        if says is None or not any(symbol in self._solver(p, self._labels[0]).model.index for p in self.places):
            return written
        outcomes = [self._outcomes(place, symbol) for place in self.places]
        if all(says in found for found in outcomes):
            return written
        made = {value for found in outcomes for value in found}
        where = " and ".join(line_text(line) for line in self.lines)
        note = f"it says {says}, and of what is left of it Linux {where} makes {' or '.join(sorted(made))}"
        return _unknown(written, f"{self.config.cut}; {note}")

    def _beyond(self, symbol: str) -> bool:
        """Whether a kernel's own config that this one was made of has a symbol that no line has: a vendor's."""
        if self.config.base is None or symbol not in self.config.raw or symbol in self.changed:
            return False
        return not any(symbol in self._solver(p, self._labels[0]).model.index for p in self.places)

    def _vendors(self, says: str, made: str, reason: str) -> str:
        where = " and ".join(line_text(line) for line in self.lines)
        contradiction = f"the file says {says}, and Linux {where} as released would make it {made} ({reason})"
        return f"{contradiction}; {self.config.header.version} is a vendor's kernel"

    def reason(self, symbol: str) -> str:
        """Why a symbol without a line is off, in one clause."""
        return short_reason(self.solver_of_tools(), symbol, None)

    def _of_record(self, symbol: str, value: str) -> SymbolFact:
        """A symbol that a record leaves to its line, as the kernel's own config would have it."""
        solver = self._solver(self.places[-1], self._labels[0])
        sym = solver.model.index.get(symbol)
        has_line = sym is not None and solver.is_written(sym)
        if value == "n":
            return SymbolFact(symbol, "n", SymbolState.NOT_SET if has_line else SymbolState.ABSENT)
        is_string = sym is not None and solver.model.types[sym] == "s"
        return SymbolFact(symbol, value, SymbolState.SET, None, "", is_string)

    def _stays(self, symbol: str, asked: str | None, by: str) -> bool:
        """Whether the model tells a symbol without that "select" of it: it is asked for, off, or selected by another."""
        solver = self.solver_of_tools()
        others = set(selectors(solver, solver.model.index[symbol])) - {by}
        return asked in ("y", "m") or bool(others) or list(self._outcomes(self.places[0], symbol)) == ["n"]

    def _differs(self, values: "Mapping[Place, str]") -> str:
        """Why places that tell different values tell nothing."""
        if len(self.lines) == 1:
            said = " but ".join(f"{value} on {arch}" for (_, arch), value in values.items())
            return f"it becomes {said}; give the architecture with --arch"
        by_line = {line: value for (line, _), value in values.items()}
        said = " but ".join(f"{value} on Linux {line_text(line)}" for line, value in by_line.items())
        return f"it becomes {said}, and Linux {self.config.target} lies between them"

    def _came_or_went(self, symbol: str) -> str:
        """Why two lines that both say n tell nothing: only one has the symbol, and what stands against it there is new.

        In between the symbol may have come without it: the legacy tables' gates are older than the switch before them.
        """
        label = self._labels[0]
        for arch in {arch for _, arch in self.places}:
            solvers = {line: self._solver((line, arch), label) for line in self.lines}
            having = [line for line, s in solvers.items() if symbol in s.model.index]
            if len(having) != 1:
                continue
            [line], [other] = having, [one for one in self.lines if one not in having]
            against = standing_against(solvers[line], symbol)
            if against is None:
                continue
            if not against or not all(name in solvers[other].model.index for name in against):
                lacks = f"Linux {line_text(other)} does not have it, and Linux {line_text(line)} has it off"
                return f"{lacks}; Linux {self.config.target} lies between them"
        return ""

    def _outcomes(self, place: Place, symbol: str) -> dict[str, list[str]]:
        """What the symbol may become on a line: each value, and the toolchains that make it that."""
        labels = self._labels
        first = self._solver(place, labels[0])
        sym = first.model.index.get(symbol)
        if sym is None or not first.asks_tools(sym):
            return {outcome(first, symbol): labels}
        found: dict[str, list[str]] = {}
        for label in labels:
            found.setdefault(outcome(self._solver(place, label), symbol), []).append(label)
        return found


def _by_tools(outcomes: Mapping[str, list[str]]) -> str:
    values = ", ".join(f"{value} with {' or '.join(labels)}" for value, labels in outcomes.items())
    return f"{TOOLS_DECIDE}: {values}; name yours with --toolchain"


def _unknown(written: SymbolFact, note: str) -> SymbolFact:
    return SymbolFact(written.name, None, SymbolState.UNKNOWN, written.at, note)
