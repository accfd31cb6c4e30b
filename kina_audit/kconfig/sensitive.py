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
    tree, solver = resolution.tree, resolution.solver
    model = tree.model
    wanted = [model.index[n] for n in dict.fromkeys(names) if n in model.index]
    found: dict[tuple[str, str], list[int]] = {}
    for question, answer, number in model.assumed:
        moved = found.setdefault((question, answer), [])
        for turned in _others(answer):
            other = Solver(tree.answered({number: turned}), solver.user)
            moved += [s for s in wanted if other.text(s) != solver.text(s)]
    return tuple(
        Assumption(question, answer, tuple(model.names[s] for s in dict.fromkeys(moved)))
        for (question, answer), moved in found.items()
        if moved
    )


def _others(answer: str) -> tuple[str, ...]:
    """Answers that would be as good as the assumed one, for all that anybody knows."""
    if answer in ("y", "n"):
        return ("n" if answer == "y" else "y",)
    return tuple({"0", "999"} - {answer}) if answer.isdigit() else ("",)
