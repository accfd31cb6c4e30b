"""Why a symbol is not what somebody wants it to be: unmet dependencies, down to what a person can change."""

from collections.abc import Sequence

from kina_audit.base.datatype import datatype
from kina_audit.base.near import near
from kina_audit.kconfig.loaded import KernelTree
from kina_audit.kconfig.model import AND, CONST, NO, NOT, OR, SYMBOL, expression_text, question_text
from kina_audit.kconfig.short import awaits
from kina_audit.kconfig.solve import Solver

_MOST_NAMES = 6
_MOST_ALTERNATIVES = 12
_DEEPEST = 12
TRI = "nmy"


@datatype
class Cause:
    """One reason, with what is behind it.

    Attributes:
        text: the unmet condition, e.g. ``MODULES is n``.
        note: what kind of symbol it is or what to do; may be empty.
        symbol: the symbol it is about, or empty.
        place: ``file:line`` of its definition, or empty.
        any_of: one of the causes behind it has to be mended, not all.
        causes: the reasons behind it.
        assumption: what was assumed of the toolchain, and decides it: (question, answer).
    """

    text: str
    note: str = ""
    symbol: str = ""
    place: str = ""
    any_of: bool = False
    causes: tuple["Cause", ...] = ()
    assumption: tuple[str, str] | None = None


class Reasons:
    """Answers about one tree and one resolved config."""

    def __init__(self, tree: KernelTree, solver: Solver) -> None:
        self.tree = tree
        self.model = tree.model
        self.solver = solver

    def value(self, sym: int) -> str:
        """The symbol's value, strings in quotes."""
        text = self.solver.text(sym)
        return f'"{text}"' if self.model.types[sym] == "s" else text

    def place(self, sym: int) -> str:
        """file:line of the definition with a prompt, or of the first one."""
        places = self.tree.places().of(sym) if sym < self.model.defined else []
        best = next((p for p in places if p.prompt), places[0] if places else None)
        return f"{best.file}:{best.line}" if best else ""

    def impossible(self, sym: int, wanted: int = 1) -> bool:
        """Whether no config whatever can give the symbol that value."""
        return sym < self.model.defined and self.model.types[sym] in "bt" and self.tree.possible(sym)[1] < wanted

    def selectors(self, sym: int) -> list[tuple[int, int]]:
        """(symbol, condition) of everything that selects a symbol."""
        return pairs(self.tree, self.model.selected[sym])

    def unmet(self, expr: int, wanted: int, seen: frozenset[int] = frozenset()) -> tuple[Cause, ...]:
        """Why an expression is below ``wanted``; empty when it is not."""
        if self.solver.expr(expr) >= wanted:
            return ()
        node = self.model.exprs[expr]
        kind = node[0]
        if kind == CONST:
            return (
                Cause(f"the condition is always {TRI[node[1]]}", "this tree, architecture or toolchain rules it out"),
            )
        if kind == SYMBOL:
            return (self.symbol(node[1], wanted, seen),)
        if kind == AND:
            causes = [c for part in node[1:] for c in self.unmet(part, wanted, seen)]
            return tuple(dict.fromkeys(causes))
        if kind == OR:
            if len(node) - 1 > _MOST_ALTERNATIVES:
                return (Cause(f"none of {len(node) - 1} alternatives holds", any_of=True),)
            behind = [self.unmet(part, wanted, seen) for part in node[1:]]
            groups = tuple(c[0] if len(c) == 1 else Cause("all of", causes=c) for c in behind if c)
            text = expression_text(self.model, expr)
            return (Cause(f"{text} does not hold" if len(text) < 100 else "none of", any_of=True, causes=groups),)
        if kind == NOT:
            inner = self.model.exprs[node[1]]
            if inner[0] == SYMBOL:
                return (self._is_on(inner[1]),)
            return (Cause(f"{expression_text(self.model, node[1])} holds"),)
        return (self._comparison(expr),)

    def symbol(self, sym: int, wanted: int, seen: frozenset[int] = frozenset()) -> Cause:
        """Why a symbol is below ``wanted``."""
        if sym in self.model.placeholders:
            return self._of_tools(sym)
        name, value = self.model.names[sym], self.solver.tri(sym)
        if sym >= self.model.defined or sym in self.model.foreign:
            return Cause(f"{name} does not exist", undefined(self.tree, name), name)
        text, place = f"{name or 'the choice'} is {TRI[value]}", self.place(sym)
        if sym in seen or len(seen) > _DEEPEST:
            return Cause(text, "", name, place)
        if note := self._by_file(sym):
            return Cause(text, note, name, place)
        seen |= {sym}
        if self.model.types[sym] == "b" and wanted == 1:
            wanted = 2
        impossible = self.impossible(sym, wanted)
        rules_out = self.ruled_out(sym)
        prompts = self.model.prompts[sym]
        if prompts:
            if self.solver.visibility(sym) >= wanted or (self.solver.visibility(sym) and self.model.types[sym] == "b"):
                if sym in self.solver.choice_of:
                    return Cause(
                        text, f"can be chosen: {self.chosen(sym)}, and only one of a choice can be y", name, place
                    )
                asked = self.solver.user.tri.get(sym)
                said = "the config says n" if asked == 0 else "the config has no line for it"
                if asked is None and any(self.solver.expr(c) for _, c in self.model.defaults[sym]):
                    said += ", and its default is n"
                return Cause(text, f"can be set: it is visible, and {said}", name, place)
            behind = tuple(c for p in prompts for c in self.unmet(p, wanted, seen))
            return Cause(text, rules_out if impossible else "", name, place, len(prompts) > 1, behind)
        note = f"hidden{self._selected_by(sym)}"
        causes: tuple[Cause, ...] = ()
        if self.model.defaults[sym]:
            causes = self.unmet(self.model.depends[sym], wanted, seen)
            if not causes:
                conditions = [c for v, c in self.model.defaults[sym] if self.model.exprs[v] != [CONST, 0]]
                causes = tuple(c for e in conditions for c in self.unmet(e, wanted, seen))
            if not causes:
                values = [v for v, c in self.model.defaults[sym] if self.solver.expr(c)][:1]
                causes = tuple(c for v in values for c in self.unmet(v, wanted, seen) if v != NO)
        return Cause(text, f"{rules_out}; {note}" if impossible else note, name, place, any_of=False, causes=causes)

    def _of_tools(self, sym: int) -> Cause:
        """The answer to a question about compiler and tools: what was asked, and who said so."""
        number = self.model.placeholders[sym]
        held = next(((q, a) for q, a, n in self.model.assumed if n == number), None)
        note = f"assumed: {held[0]} = {held[1]}" if held else f"by {self.tree.toolchain}"
        text = question_text(self.model.questions, number)
        return Cause(f"{text} is {self.model.names[sym] or 'empty'}", note, assumption=held)

    def ruled_out(self, sym: int) -> str:
        """A clause for a value that no config whatever gives a symbol."""
        highest = self.tree.possible(sym)[1]
        what = "can only be m" if highest == 1 else "cannot be enabled"
        return f"{what} on {self.model.arch} {self.model.version} with this toolchain"

    def chosen(self, sym: int) -> str:
        """A clause on what of a member's choice is chosen."""
        member = self.solver.member(self.solver.choice_of[sym])
        return f"{self.model.names[member]} is now" if member >= 0 else "nothing is now"

    def _selected_by(self, sym: int) -> str:
        rows = [self.model.names[s] for s, _ in self.selectors(sym)]
        if not rows:
            waits = awaits(self.solver, sym)
            return f": no prompt, and {'its default waits for what it depends on' if waits else 'nothing selects it'}"
        some = ", ".join(rows[:_MOST_NAMES]) + (
            f" and {len(rows) - _MOST_NAMES} more" if len(rows) > _MOST_NAMES else ""
        )
        return f": no prompt, it is on when selected by {some}"

    def _by_file(self, sym: int) -> str:
        """That a kernel's own file decides a symbol otherwise than the tree would; empty: it does not."""
        from kina_audit.kconfig.own import made_otherwise

        made = made_otherwise(self.solver, sym)
        if made is None:
            return ""
        return f"so the file says, and Linux {self.model.version} as released would make it {made or 'empty'}"

    def _is_on(self, sym: int) -> Cause:
        name = self.model.names[sym]
        on = [self.model.names[s] for s, c in self.selectors(sym) if self.solver.tri(s) and self.solver.expr(c)]
        note = f"selected by {', '.join(on[:_MOST_NAMES])}" if on else ""
        if sym in self.solver.choice_of and not on:
            note = "it is the one of its choice that is chosen"
        if by_file := self._by_file(sym):
            note = by_file
        elif sym < self.model.defined and self.model.types[sym] in "bt" and self.tree.possible(sym)[0]:
            note = f"it is always on on {self.model.arch} {self.model.version}"
        return Cause(f"{name} is {self.value(sym)}, and has to be n", note, name, self.place(sym))

    def _comparison(self, expr: int) -> Cause:
        node = self.model.exprs[expr]
        left, right = node[1], node[2]
        named = [s for s in (left, right) if s < self.model.defined]
        text = f"{expression_text(self.model, expr)} does not hold"
        told = [f"{self.model.names[s]} is {self.value(s)}" for s in named]
        if not named:
            return Cause(text)
        from kina_audit.kconfig.possible import number_bounds

        sym = named[0]
        bounds = number_bounds(self.model, sym)
        note = f"{self.model.names[sym]} goes from {bounds[0]} to {bounds[1]}" if bounds else ""
        if self.impossible(sym, 2):
            note = f"{self.model.names[sym]} {self.ruled_out(sym)}"
        return Cause(f"{text}: {', '.join(told)}", note, self.model.names[sym], self.place(sym))


def assumed_behind(causes: Sequence[Cause]) -> list[tuple[str, str]]:
    """What was assumed of the toolchain and stands behind any of these causes: (question, answer) pairs."""
    found = [c.assumption for c in causes if c.assumption]
    found += [held for c in causes for held in assumed_behind(c.causes)]
    return list(dict.fromkeys(found))


def undefined(tree: KernelTree, name: str) -> str:
    """A clause on a name that a tree does not define: where it may come from."""
    from kina_audit.kconfig.elsewhere import other_architectures

    said = f"nothing defines it on {tree.model.arch} {tree.model.version}"
    if where := other_architectures(tree, name):
        return f"{said}; {where}"
    return f"{said}{near(name, tree.model.index, 2, 0.8)}"


def pairs(tree: KernelTree, expr: int) -> list[tuple[int, int]]:
    """The (symbol, condition) pairs of a "selected by" or "implied by" expression."""
    model = tree.model
    found: list[tuple[int, int]] = []
    node = model.exprs[expr]
    for part in node[1:] if node[0] == OR else [expr]:
        inner = model.exprs[part]
        if inner[0] == SYMBOL:
            found.append((inner[1], 2))
        elif inner[0] == AND:
            first = model.exprs[inner[1]]
            if first[0] == SYMBOL:
                rest = inner[2] if len(inner) == 3 else part
                found.append((first[1], rest))
    return found
