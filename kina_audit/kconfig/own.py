"""A kernel's own file as a state of a line: what the model computes, and what the file says wherever that differs.

A kernel that is built is as its file says, whatever tools or a vendor's own Kconfig made it so. Questions about it (why,
what would it take) are asked of the model all the same, so where the two differ the file's value takes the model's place.
"""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from kina_audit.kconfig.asked import UserValues
from kina_audit.kconfig.dotconfig import decoded, values_of
from kina_audit.kconfig.model import CONST, EQ, SYMBOL, TreeModel
from kina_audit.kconfig.solve import Solver
from kina_audit.kernel.config import Completeness, KernelConfig

Said = int | str
"""A symbol's value: 0, 1 or 2, or a text."""


def _said_by(config: KernelConfig, model: TreeModel) -> Callable[[int], Said | None]:
    """What a file says of a model's symbols; None: nothing that the model could read."""
    target = config.target
    own_line = target is not None and model.version.split(".")[:2] == [str(target.major), str(target.minor)]
    absent_is_off = own_line and config.completeness is Completeness.COMPLETE

    def said(sym: int) -> Said | None:
        raw, letter = config.raw.get(model.names[sym]), model.types[sym]
        if raw is None:
            return None if not absent_is_off else 0 if letter in "bt" else ""
        if letter in "bt":
            return "nmy".index(raw) if raw in ("n", "m", "y") else None
        return decoded(raw) if letter == "s" else raw

    return said


class OwnSolver(Solver):
    """Values of a line under a kernel's own file.

    Attributes:
        differs: symbols that the file has otherwise than the model, so far as they were asked for, with the model's text.
        named: symbols that the file has a line for.
    """

    def __init__(self, model: TreeModel, user: UserValues, config: KernelConfig) -> None:
        """``config`` is what the file says."""
        self.differs: dict[int, str] = {}
        self.named = frozenset(model.index[name] for name in config.raw if name in model.index)
        self._said = _said_by(config, model)
        super().__init__(model, user)

    def _compute(self, sym: int) -> int:
        value = super()._compute(sym)
        letter = self.model.types[sym]
        if sym >= self.model.defined or letter not in "btihs" or sym in self.trans or not self.model.names[sym]:
            return value
        said = self._said(sym)
        if said is None:
            return value
        if letter not in "bt":
            computed = self.texts[sym] if self.written[sym] else ""
            if computed != said:
                self.differs[sym] = computed
                self.texts[sym], self.written[sym] = str(said), said != ""
            return value
        if value != said:
            self.differs[sym] = "nmy"[value]
            self.tris[sym] = value = int(said)
            self.written[sym] = True
            if sym == self.model.modules:
                self.modules = value
        return value


def rebuilt(base: KernelConfig, model: TreeModel, values: UserValues, changed: AbstractSet[str]) -> Solver:
    """The values of what is made of a kernel's own config: it stays as it is but for what is set anew.

    Args:
        base: the kernel's own.
        model: the line.
        values: what the whole asks for.
        changed: the symbols that are set anew.
    """
    own = OwnSolver(model, values_of(model, base.raw), base)
    return Solver(model, values, forced=Held(own, {model.index[n] for n in changed if n in model.index}))


def made_otherwise(solver: Solver, sym: int) -> str | None:
    """What the model alone would make of a symbol that stands as a kernel's own file has it; None: the same."""
    if sym >= solver.model.defined:
        return None
    if isinstance(solver, OwnSolver):
        solver.tri(sym)
        return solver.differs.get(sym)
    held = solver.forced
    return held.own.differs[sym] if isinstance(held, Held) and sym in held else None


class Held(Mapping[int, Said]):
    """What stays as a kernel's own file has it when something else of its config changes, and it is built again.

    What the compiler and tools decide is decided again then, and so is what has neither a prompt nor a line.
    """

    def __init__(self, own: OwnSolver, changed: AbstractSet[int]) -> None:
        """``changed`` are the symbols that somebody sets anew."""
        self.own, self.changed = own, changed

    def __contains__(self, sym: object) -> bool:
        if sym in self.changed or not isinstance(sym, int):
            return False
        self.own.tri(sym)
        return sym in self.own.differs and self._stays(sym)

    def _stays(self, sym: int) -> bool:
        model = self.own.model
        if model.prompts[sym]:
            return True
        return sym in self.own.named and not _asks_tools(model, [e for row in model.defaults[sym] for e in row])

    def __getitem__(self, sym: int) -> Said:
        return self.own.tris[sym] if self.own.model.types[sym] in "bt" else self.own.texts[sym]

    def __iter__(self) -> Iterator[int]:
        return iter(self.own.differs)

    def __len__(self) -> int:
        return len(self.own.differs)

    def __bool__(self) -> bool:
        return True


def _asks_tools(model: TreeModel, exprs: list[int]) -> bool:
    """Whether an answer of the compiler or a tool stands in one of these expressions."""
    open_ = list(exprs)
    while open_:
        node = model.exprs[open_.pop()]
        if node[0] == SYMBOL or node[0] >= EQ:
            if any(s in model.placeholders for s in node[1:]):
                return True
        elif node[0] != CONST:
            open_ += node[1:]
    return False
