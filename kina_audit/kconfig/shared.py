"""What two solvers of one tree have in common, so that a few lines changed, or other tools, do not mean a new beginning."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from typing import Self

from kina_audit.kconfig.asked import UserValues
from kina_audit.kconfig.model import TreeModel

_CHOICE = 1 << 40
"""Added to a choice's number: what its symbol is in older trees, a node of its own among symbols and expressions."""

_NOBODY = -1 << 60
"""Stands for who asks from outside among the nodes."""


class Cone:
    """What of a solver's values rests on some of its symbols; it grows with what the solver works out."""

    def __init__(self, solver: "Shared", roots: Iterable[int]) -> None:
        self.roots = frozenset(roots)
        self._nodes: set[int] = set()
        solver.index_reads()
        self._known = len(solver.reads)
        for root in self.roots:
            self._spread(solver, root)

    def nodes(self, solver: "Shared") -> Container[int]:
        """The symbols of the same solver that rest on one of them, and the expressions, each as ``~expression``.

        The solver is not kept: with no circle between the two, they end with their last reader.
        """
        reads, nodes = solver.reads, self._nodes
        if self._known < len(reads):
            known, self._known = self._known, len(reads)
            # Every other one is what was read.
            if not nodes.isdisjoint(reads[known::2]):
                solver.index_reads()
                fresh = iter(reads[known:])
                for read, reader in zip(fresh, fresh, strict=True):
                    if read in nodes and reader not in nodes:
                        self._spread(solver, reader)
        return nodes

    def _spread(self, solver: "Shared", node: int) -> None:
        todo = [node]
        nodes, readers = self._nodes, solver.readers
        while todo:
            one = todo.pop()
            if one not in nodes:
                nodes.add(one)
                if one in readers:
                    todo += readers[one]


class Shared(ABC):
    """What a solver holds, and how one that differs a little from another takes over the rest.

    Of a solver made from another one (`changed`, `under`) only what differs is worked out again: the first one notes what
    every value was read for.
    """

    def __init__(
        self,
        model: TreeModel,
        user: UserValues,
        base: "Self | None" = None,
        roots: Iterable[int] = (),
        *,
        forced: Mapping[int, int | str] | None = None,
    ) -> None:
        """For one config.

        Args:
            model: the tree.
            user: what the config asks of it.
            base: a solver of the same tree that differs in `roots` alone, and was not made from another one.
            roots: symbols for which the config, the toolchain or `forced` says something else.
            forced: values that symbols have whatever the tree makes of them.
        """
        self.model = model
        self.user = user
        self.forced = {} if forced is None else forced
        self.modern = model.menu_choices
        self.choice_of = model.members
        self.trans = frozenset(model.transitional)
        self._start(base, roots)
        if base is not None and self.modules != base.modules:
            # Every tristate symbol looks at MODULES.
            self._start(None, ())

    def _start(self, base: "Self | None", roots: Iterable[int]) -> None:
        self.memo = {0: 0, 1: 1, 2: 2}
        self.tris: dict[int, int] = {}
        self.texts: dict[int, str] = {}
        self.visible: dict[int, int] = {}
        self.written: dict[int, bool] = {}
        self.chosen: dict[int, int] = {}
        self.open_choices: set[int] = set()
        # What was read and for what, in turn.
        self.reads: list[int] = []
        self.readers: defaultdict[int, list[int]] = defaultdict(list)
        self._indexed = 0
        self._reader = _NOBODY
        self._lends = True
        self._on_tools: Cone | None = None
        self.base = base
        self.cone = Cone(base or self, roots)
        self.modules = 0
        if self.model.modules < self.model.defined:
            self.modules = self.tri(self.model.modules)

    def changed(
        self, user: UserValues, symbols: Iterable[int], *, forced: Mapping[int, int | str] | None = None
    ) -> Self:
        """The same tree for a config that asks something else of some symbols, or no longer forces them."""
        roots = set(symbols)
        for sym in symbols:
            if (choice := self.choice_of.get(sym)) is not None:
                roots.add(self._choice_node(choice))
        forced = self.forced if forced is None else forced
        return type(self)(self.model, user, self.base or self, self.cone.roots | roots, forced=forced)

    def under(self, model: TreeModel) -> Self:
        """The same config on a model that `kina_audit.kconfig.questions.bind` made of the same tree with other answers."""
        mine = self.model
        others = {n for n in mine.asking if (mine.names[n], mine.types[n]) != (model.names[n], model.types[n])}
        return type(self)(model, self.user, self.base or self, self.cone.roots | others, forced=self.forced)

    def asks_tools(self, sym: int) -> bool:
        """Whether a symbol's value was worked out from an answer of the compiler or a tool."""
        if self._on_tools is None:
            self._on_tools = Cone(self, self.model.asking)
        self.tri(sym)
        return self.base is not None or sym in self._on_tools.nodes(self)

    def may_differ(self, sym: int) -> bool:
        """Whether a symbol's value may be another one than in the solver that this one was made from."""
        base = self.base
        if base is None or not base._lends:
            return True
        base.tri(sym)
        return sym in self.cone.nodes(base)

    def index_reads(self) -> None:
        """Bring `readers` up to date with `reads`."""
        fresh, readers = iter(self.reads[self._indexed :]), self.readers
        for read, reader in zip(fresh, fresh, strict=True):
            readers[read].append(reader)
        self._indexed = len(self.reads)

    def _choice_node(self, choice: int) -> int:
        return _CHOICE + choice if self.modern else self.model.choice_symbols[choice]

    def tri(self, sym: int) -> int:
        """0, 1 or 2; strings and numbers are 0."""
        value = self.tris.get(sym)
        return self._calculate(sym) if value is None else value

    def text(self, sym: int) -> str:
        """The value as a config spells it, strings without quotes."""
        value = self.tri(sym)
        return "nmy"[value] if self.model.types[sym] in "bt" else self.texts[sym]

    def is_written(self, sym: int) -> bool:
        """Whether a config has a line for the symbol."""
        self.tri(sym)
        return self.written[sym]

    def visibility(self, sym: int) -> int:
        """How far the symbol's prompts can be seen: 0, 1 or 2."""
        self.tri(sym)
        return self.visible[sym]

    @abstractmethod
    def _calculate(self, sym: int) -> int:
        """Work a symbol's value out; what `tri` says."""

    def _take(self, base: Self, sym: int) -> int:
        """A symbol's value as another solver has it."""
        value = self.tris[sym] = base.tris[sym]
        self.texts[sym], self.visible[sym], self.written[sym] = base.texts[sym], base.visible[sym], base.written[sym]
        if self.model.types[sym] in "cC":
            choice = self.model.choice_symbols.index(sym)
            self.chosen[choice] = base.chosen.get(choice, -1)
        return value
