"""Which assumptions about the toolchain a verdict rests on: each assumed answer is turned round, and values compared."""

from collections.abc import Iterable
from dataclasses import dataclass

from kina_audit.kconfig.resolve import Resolution
from kina_audit.kconfig.solve import Solver


@dataclass(frozen=True, slots=True)
class Assumption:
    """An answer nobody knew for certain, and the symbols whose value would differ without it."""

    question: str
    answer: str
    symbols: tuple[str, ...]


def assumptions(resolution: Resolution, names: Iterable[str]) -> tuple[Assumption, ...]:
    """The assumed answers that decide the value of any of these symbols."""
    model = resolution.tree.model
    wanted = [model.index[n] for n in dict.fromkeys(names) if n in model.index]
    found = []
    for question, answer, asked_by in model.assumed:
        forced: dict[int, int | str] = {}
        for sym in asked_by:
            if model.types[sym] in "bt":
                forced[sym] = 2 - resolution.solver.tri(sym)
            else:
                forced[sym] = "0" if answer != "0" else "999"
        if not forced:
            continue
        other = Solver(model, resolution.solver.user, forced)
        moved = [s for s in wanted if s not in forced and other.text(s) != resolution.solver.text(s)]
        if moved:
            found.append(Assumption(question, answer, tuple(model.names[s] for s in moved)))
    return tuple(found)
