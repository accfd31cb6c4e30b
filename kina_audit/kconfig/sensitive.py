"""Which assumptions about the toolchain a verdict rests on: each assumed answer is turned round, and values compared."""

from collections.abc import Iterable

from kina_audit.base.datatype import datatype
from kina_audit.kconfig.model import RELATION_TEXT, SYMBOL, TreeModel
from kina_audit.kconfig.resolve import Resolution
from kina_audit.kconfig.solve import Solver


@datatype
class Assumption:
    """An answer nobody knew for certain, and the symbols whose value would differ without it."""

    question: str
    answer: str
    symbols: tuple[str, ...]

    @property
    def said(self) -> str:
        """As ``--toolchain`` takes it, where it does: 124 is what Kconfig compares with, and pahole=1.24 what is given."""
        match self.question:
            case "the version of pahole":
                return f"pahole={int(self.answer) // 100}.{int(self.answer) % 100}"
            case "the version of rustc":
                return f"rustc={self.answer}"
            case _:
                return f"{self.question} = {self.answer}"


def assumptions(resolution: Resolution, names: Iterable[str]) -> tuple[Assumption, ...]:
    """The assumed answers that decide the value of any of these symbols."""
    tree, solver = resolution.tree, resolution.solver
    if solver is resolution.own:
        # A kernel that is was built with the tools it was built with.
        return ()
    model = tree.model
    wanted = [model.index[n] for n in dict.fromkeys(names) if n in model.index]
    found: dict[tuple[str, str], list[int]] = {}
    for question, answer, number in model.assumed:
        moved = found.setdefault((question, answer), [])
        for turned in _others(model, answer, number):
            other = Solver(tree.answered({number: turned}), solver.user, forced=solver.forced)
            moved += [s for s in wanted if other.text(s) != solver.text(s)]
    return tuple(
        Assumption(question, answer, tuple(model.names[s] for s in dict.fromkeys(moved)))
        for (question, answer), moved in found.items()
        if moved
    )


def _others(model: TreeModel, answer: str, number: int) -> tuple[str, ...]:
    """Answers that would be as good as the assumed one, for all that anybody knows.

    Of a number, one on each side of everything that the tree compares it with.
    """
    if answer in ("y", "n"):
        return ("n" if answer == "y" else "y",)
    if not answer.isdigit():
        return ("",)
    bounds = {int(text) for text in _compared_with(model, number) if text.isdigit()}
    near = {n for bound in bounds for n in (bound - 1, bound, bound + 1)} | {0, 999}
    return tuple(str(n) for n in sorted(near - {int(answer)}) if n >= 0)


def _compared_with(model: TreeModel, number: int) -> set[str]:
    """Constants that a tree compares the answer to a question with, under the name of the symbol that holds it."""
    of = {sym for sym, asked in model.placeholders.items() if asked == number}
    holding = of | {
        sym
        for sym in range(model.defined)
        if any(model.exprs[v][0] == SYMBOL and model.exprs[v][1] in of for v, _ in model.defaults[sym])
    }
    return {
        model.names[other]
        for node in model.exprs
        if node[0] in RELATION_TEXT
        for sym, other in ((node[1], node[2]), (node[2], node[1]))
        if sym in holding and other >= model.defined
    }
