"""Ways to bring an expression of a tree to a value: small sets of assignments, cheapest first.

A heuristic that proposes; whoever uses it resolves the config again to see what an assignment really does.
"""

from collections.abc import Iterable, Mapping
from functools import cache

from kina_audit.kconfig.dotconfig import quoted
from kina_audit.kconfig.loaded import KernelTree
from kina_audit.kconfig.model import AND, CONST, CONTAINS, EQ, GE, GT, LE, LT, NE, NOT, OR, SYMBOL
from kina_audit.kconfig.numbers import compare_texts
from kina_audit.kconfig.reasons import pairs
from kina_audit.kconfig.solve import Solver

Way = frozenset[tuple[int, str]]
"""(symbol, value as a config spells it) pairs."""

NOTHING: Way = frozenset()
_HELD = [NOTHING]
"""The ways to what is so already."""

_MOST = 10
_MOST_SELECTORS = 24
_DEEPEST = 14
COST = 10
"""Of one assignment."""

_COST_OFF = 200
_COST_INDIRECT = 4
_COST_MODULE = 1
_COST_ODD = 25
_COST_REORDER = 1
_ODD = ("EXPERT", "COMPILE_TEST", "DEBUG_", "TEST_", "_TEST", "_KUNIT", "STAGING", "BROKEN", "_SELFTEST")


class Ways:
    """Proposals for one resolved state."""

    def __init__(self, tree: KernelTree, solver: Solver) -> None:
        self.tree = tree
        self.model = tree.model
        self.solver = solver
        self.memo: dict[tuple[int, int], list[Way]] = {}
        self.memo_off: dict[int, list[Way]] = {}
        self.open: set[tuple[int, int]] = set()
        self.depth = 0

    def cost(self, way: Iterable[tuple[int, str]]) -> int:
        """How much a set of assignments changes: fewer, visible and additive ones are cheaper."""
        total = 0
        for sym, value in way:
            total += COST
            if value == "n":
                total += _COST_OFF if self.solver.tri(sym) else 0
            elif value == "m":
                total += _COST_MODULE
            elif self.model.types[sym] == "s" and not value.startswith(quoted(self.solver.text(sym))[:-1]):
                total += _COST_REORDER
            if _odd(self.model.names[sym]):
                total += _COST_ODD
        return total

    def reach(self, expr: int, wanted: int) -> list[Way]:
        """Ways to make an expression at least ``wanted``; empty when none is seen."""
        if self.solver.expr(expr) >= wanted:
            return [NOTHING]
        node = self.model.exprs[expr]
        kind = node[0]
        if kind == CONST:
            return []
        if kind == SYMBOL:
            return self.symbol(node[1], wanted)
        if kind == AND:
            return self.product(self.reach(part, wanted) for part in node[1:])
        if kind == OR:
            return self._union(self.reach(part, wanted) for part in self._best_first(node[1:]))
        if kind == NOT:
            return self.off(node[1])
        return self._listing(node) if kind == CONTAINS else self._comparison(node)

    def off(self, expr: int) -> list[Way]:
        """Ways to make an expression n."""
        if self.solver.expr(expr) == 0:
            return [NOTHING]
        node = self.model.exprs[expr]
        kind = node[0]
        if kind == CONST:
            return []
        if kind == SYMBOL:
            return self._symbol_off(node[1])
        if kind == AND:
            return self._union(self.off(part) for part in node[1:])
        if kind == OR:
            return self.product(self.off(part) for part in node[1:])
        if kind == NOT:
            return self.reach(node[1], 2)
        if kind == CONTAINS:
            items = self.solver.text(node[1]).split(",")
            return self._setting(node[1], quoted(",".join(i for i in items if i != self.model.names[node[2]])))
        opposite = {EQ: NE, NE: EQ, LT: GE, GE: LT, GT: LE, LE: GT}
        return self._comparison([opposite[kind], node[1], node[2]])

    def symbol(self, sym: int, wanted: int) -> list[Way]:
        """Ways to make a symbol at least ``wanted``."""
        if self.solver.tri(sym) >= wanted:
            return [NOTHING]
        model = self.model
        if sym >= model.defined or model.types[sym] not in "btcC" or self.tree.possible(sym)[1] < wanted:
            return []
        key = (sym, wanted)
        if key in self.memo:
            return self.memo[key]
        if key in self.open or self.depth > _DEEPEST:
            return []
        self.open.add(key)
        self.depth += 1
        found = self._ways_on(sym, wanted)
        self.depth -= 1
        self.open.discard(key)
        self.memo[key] = found
        return found

    def _ways_on(self, sym: int, wanted: int) -> list[Way]:
        model = self.model
        found: list[Way] = []
        boolean = model.types[sym] in "bc" or self.solver.modules == 0
        if model.types[sym] in "cC":
            # A choice of old trees has no line of its own: it is on where its prompt is visible and, if it is optional,
            # one of its members is asked for, which is what somebody wants who gets here.
            return self._union(self.reach(prompt, 1 if boolean else wanted) for prompt in model.prompts[sym])
        for prompt in model.prompts[sym]:
            # A bool prompt under a dependency that is m is as visible as under one that is y.
            found += [w | {(sym, "y")} for w in self.reach(prompt, 1 if boolean else 2)]
            if not boolean and wanted == 1:
                found += [w | {(sym, "m")} for w in self.reach(prompt, 1)]
        if not model.prompts[sym] or not found:
            found += self._selected(sym, wanted)
            found += self._implied(sym, wanted)
            for value, condition in model.defaults[sym]:
                found += self.product([self.reach(condition, wanted), self.reach(value, wanted)])
        return self._cheapest(found)

    def _selected(self, sym: int, wanted: int) -> list[Way]:
        rows = pairs(self.tree, self.model.selected[sym])
        rows = [r for r in rows if self.tree.possible(r[0])[1] >= wanted]
        rows.sort(key=lambda r: (self.solver.expr(r[1]) < wanted, not self.solver.visibility(r[0]), r[0]))
        found: list[Way] = []
        for selecting, condition in rows[:_MOST_SELECTORS]:
            found += self.product([self.symbol(selecting, wanted), self.reach(condition, wanted)])
        return found

    def _implied(self, sym: int, wanted: int) -> list[Way]:
        """What is implied is on as far as its own dependencies are met."""
        found: list[Way] = []
        for implying, condition in pairs(self.tree, self.model.implied[sym])[:_MOST_SELECTORS]:
            found += self.product(
                [
                    self.symbol(implying, wanted),
                    self.reach(condition, wanted),
                    self.reach(self.model.depends[sym], wanted),
                ]
            )
        return found

    def _symbol_off(self, sym: int) -> list[Way]:
        if self.solver.tri(sym) == 0:
            return [NOTHING]
        if sym >= self.model.defined or self.tree.possible(sym)[0]:
            return []
        if sym in self.memo_off:
            return self.memo_off[sym]
        self.memo_off[sym] = []
        if self.depth > _DEEPEST:
            return []
        self.depth += 1
        selecting = self.off(self.model.selected[sym])
        if self.model.types[sym] in "cC":
            found = self.product(self.off(p) for p in self.model.prompts[sym])
        elif sym in self.solver.choice_of:
            found = self._unchosen(sym)
        elif self.model.prompts[sym]:
            found = [w | {(sym, "n")} for w in selecting]
        else:
            found = self.product([selecting, *(self.off(c) for _, c in self.model.defaults[sym])])
        self.depth -= 1
        self.memo_off[sym] = self._cheapest(found)
        return self.memo_off[sym]

    def _unchosen(self, sym: int) -> list[Way]:
        """A member of a choice is off when another one is chosen, or where it cannot be seen."""
        others = [m for m in self.model.choices[self.solver.choice_of[sym]] if m != sym]
        unseen = self.product(self.off(p) for p in self.model.prompts[sym])
        return self._union([[w | {(sym, "n")} for w in self.symbol(m, 2)] for m in others] + [unseen])

    def _comparison(self, node: list[int]) -> list[Way]:
        kind, left, right = node
        types = self.model.types
        if compare_texts(kind, (self.solver.text(left), types[left]), (self.solver.text(right), types[right])):
            return [NOTHING]
        sym, other = (left, right) if left < self.model.defined else (right, left)
        if sym >= self.model.defined or other < self.model.defined:
            return []
        text = self.model.names[other]
        if types[sym] in "bt":
            return self._tristate_comparison(kind, sym, text)
        if types[sym] == "s" and kind == EQ:
            return self._setting(sym, quoted(text))
        if types[sym] not in "ih" or sym != left:
            return []
        try:
            number = int(text, 0)
        except ValueError:
            return []
        step = {EQ: 0, LE: 0, GE: 0, LT: -1, GT: 1}.get(kind)
        if step is None:
            return []
        return self._setting(sym, str(number + step) if types[sym] == "i" else hex(number + step))

    def _listing(self, node: list[int]) -> list[Way]:
        """Ways to bring an item into a list in a string: at its end (or before its first rival), or to its front."""
        _, sym, *names = node
        wanted, *rivals = (self.model.names[s] for s in names)
        items = [i for i in self.solver.text(sym).split(",") if i and i != wanted]
        at = next((n for n, item in enumerate(items) if item in rivals), len(items))
        places = dict.fromkeys((at, 0))
        return self._union(self._setting(sym, quoted(",".join([*items[:n], wanted, *items[n:]]))) for n in places)

    def _setting(self, sym: int, value: str) -> list[Way]:
        """Ways to set a number or string. A hidden one is made visible first: what it then is decides what to add."""
        if self.solver.visibility(sym):
            return [frozenset({(sym, value)})]
        return self._union(self.reach(prompt, 1) for prompt in self.model.prompts[sym])

    def _tristate_comparison(self, kind: int, sym: int, text: str) -> list[Way]:
        if (kind, text) in ((EQ, "y"), (GE, "y")):
            return self.symbol(sym, 2)
        if (kind, text) in ((NE, "n"), (GE, "m"), (GT, "n")):
            return self.symbol(sym, 1)
        if (kind, text) in ((EQ, "n"), (LE, "n"), (LT, "m")):
            return self._symbol_off(sym)
        if (kind, text) in ((NE, "y"), (LT, "y"), (LE, "m")):
            return self._union([self._symbol_off(sym), self._module(sym)])
        return self._module(sym) if (kind, text) == (EQ, "m") else []

    def _module(self, sym: int) -> list[Way]:
        """Ways to make a symbol m, which takes modules."""
        if self.model.types[sym] != "t" or self.model.modules >= self.model.defined:
            return []
        seen = self._union(self.reach(p, 1) for p in self.model.prompts[sym])
        return self.product([self.symbol(self.model.modules, 2), [w | {(sym, "m")} for w in seen]])

    def _best_first(self, exprs: list[int]) -> list[int]:
        return sorted(exprs, key=lambda e: -self.solver.expr(e))[: _MOST_SELECTORS * 2]

    def product(self, parts: Iterable[list[Way]]) -> list[Way]:
        """Unions of one way from each part; none when a part has none."""
        found: list[Way] = [NOTHING]
        for part in parts:
            if part != _HELD:
                found = self._cheapest([a | b for a in found for b in part])
            if not found:
                return []
        return found

    def together(self, parts: list[list[Way]]) -> list[Way]:
        """`product`; where ways of different parts set one symbol to different texts, they are taken one after another."""
        return self.product(parts) or (self._union(parts) if all(parts) else [])

    def _union(self, parts: Iterable[list[Way]]) -> list[Way]:
        return self._cheapest([w for part in parts for w in part])

    def _cheapest(self, ways: Iterable[Way]) -> list[Way]:
        unique = dict.fromkeys(w for w in ways if _consistent(w))
        if len(unique) < 2:
            return [*unique]
        return sorted(unique, key=lambda w: (self.cost(w), sorted(w)))[:_MOST]


@cache
def _odd(name: str) -> bool:
    return any(part in name for part in _ODD)


def _consistent(way: Way) -> bool:
    # A way is a set: what is in it twice has another value.
    return len(dict(way)) == len(way)


def as_names(tree: KernelTree, way: Iterable[tuple[int, str]]) -> Mapping[str, str]:
    """Symbol name to value, in order of name."""
    return dict(sorted((tree.model.names[sym], value) for sym, value in way))
