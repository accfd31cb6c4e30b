"""What a resolved state gives its symbols, as facts that an audit reads."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from kina_audit.base.datatype import replace
from kina_audit.kconfig.solve import Solver
from kina_audit.kernel.config import (
    WITHOUT_MODULE,
    Completeness,
    KernelConfig,
    Origin,
    SymbolFact,
    SymbolState,
)

if TYPE_CHECKING:
    from kina_audit.kconfig.resolve import Resolution


_SET, _NOT_SET = SymbolState.SET, SymbolState.NOT_SET


def outcome(solver: Solver, symbol: str) -> str:
    """A symbol's value as an audit reads it: n where the config has no line for it."""
    sym = solver.model.index.get(symbol)
    if sym is None or sym in solver.trans:
        return "n"
    # A string may be empty and yet have a line, and a number may have a value and none.
    return solver.text(sym) if solver.is_written(sym) else "n"


def on_state(config: KernelConfig, state: "Resolution") -> KernelConfig:
    """A config with the values that a resolved state gives its symbols, computed when they are asked for."""
    return replace(
        config, raw={}, text="", minimal=False, completeness=Completeness.COMPLETE, origin=Origin.BUILT, warnings=(),
        cut="", predicted=_StateFacts(state, _without_module(config)), resolved=None, _lines={},
    )  # fmt: skip


def differing(state: "Resolution") -> Callable[[str], bool]:
    """Which symbols may stand otherwise in a state than in the one that its solver was made from."""
    index, solver = state.tree.model.index, state.solver

    @cache
    def differs(symbol: str) -> bool:
        sym = index.get(symbol)
        return sym is not None and solver.may_differ(sym)

    return differs


def _without_module(config: KernelConfig) -> dict[str, SymbolFact]:
    """What is known to be m without a module that can be loaded: no assignment but ``=y`` mends that."""
    if config.origin is not Origin.BUILT or config.minimal:
        return {}
    return {name: fact for name, fact in config.predicted.items() if fact.state in WITHOUT_MODULE}


class _StateFacts(Mapping[str, SymbolFact]):
    def __init__(self, state: "Resolution", held: Mapping[str, SymbolFact]) -> None:
        self.state = state
        self.held = held

    def __getitem__(self, symbol: str) -> SymbolFact:
        solver = self.state.solver
        if symbol in self.state.beyond:
            return KernelConfig({symbol: self.state.beyond[symbol]}).written(symbol)
        value = outcome(solver, symbol)
        if value == "m" and symbol in self.held:
            return self.held[symbol]
        if value == "n":
            return SymbolFact(symbol, "n", _NOT_SET)
        return SymbolFact(symbol, value, _SET, None, "", solver.model.types[solver.model.index[symbol]] == "s")

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
