"""Which values a symbol can have at all in a tree, whatever a config says.

An over-approximation, narrowed until nothing changes: what is ruled out is impossible, what is left may still be. It is
computed once a tree and kept with it.
"""

from collections.abc import Callable

from kina_audit.kconfig.model import AND, CONST, NOT, OR, SYMBOL, TreeModel
from kina_audit.kconfig.numbers import as_number, compare_texts

_MOST_ROUNDS = 12
Interval = tuple[int, int]


def possible_values(model: TreeModel) -> list[int]:
    """For each defined symbol ``lowest * 4 + highest`` of the tristate values it can have."""
    # Without modules every tristate symbol is a bool and m becomes y, so the two worlds are narrowed apart.
    worlds = [_Narrowing(model, modules) for modules in (2, 0)]
    for world in worlds:
        world.run()
    if model.modules < model.defined:
        worlds = [w for w in worlds if w.consistent] or worlds
    lows = zip(*(w.low for w in worlds), strict=True)
    highs = zip(*(w.high for w in worlds), strict=True)
    return [min(low) * 4 + max(high) for low, high in zip(lows, highs, strict=True)][: model.defined]


class _Narrowing:
    def __init__(self, model: TreeModel, modules: int) -> None:
        self.model = model
        self.modules = modules
        self.consistent = True
        size = len(model.names)
        self.low = [0] * size
        self.high = [2 if letter in "btcCu" else 0 for letter in model.types]
        self.texts: dict[int, str] = {}
        for i in range(model.defined, size):
            letter = model.types[i]
            if letter == "?":
                # The answer to a question that nobody has answered.
                self.high[i] = 2
                continue
            value = "nmy".index(letter) if letter in "nmy" else 0
            self.low[i] = self.high[i] = value
            self.texts[i] = model.names[i]
        for i in model.foreign:
            self.high[i] = 0
            self.texts[i] = model.names[i]
        if model.modules < model.defined:
            self.low[model.modules] = self.high[model.modules] = modules
        self.memo: dict[int, Interval] = {}
        self.members = {m for members in model.choices for m in members}
        self.trans = set(model.transitional)

    def run(self) -> None:
        """Narrow until nothing changes."""
        changed = True
        rounds = 0
        while changed and rounds < _MOST_ROUNDS:
            rounds += 1
            changed = False
            self.memo = {0: (0, 0), 1: (1, 1), 2: (2, 2)}
            for sym in range(self.model.defined):
                changed |= self._narrow(sym)

    def _narrow(self, sym: int) -> bool:
        model, letter = self.model, self.model.types[sym]
        if letter == "u":
            return False
        if letter in "ihs":
            return self._narrow_text(sym)
        if sym in self.trans:
            return False
        if letter in "cC":
            # A choice of old trees is on at most where it can be seen.
            high = min(self.high[sym], max((self.expr(p)[1] for p in model.prompts[sym]), default=0))
            high = 2 if high and (letter == "c" or self.modules == 0) else high
            changed = high < self.high[sym]
            self.high[sym] = high
            return changed
        prompts = [self.expr(p)[1] for p in model.prompts[sym]]
        visible = max(prompts, default=0)
        # A choice decides its members; nothing can select them.
        selected = (0, self.expr(model.selected[sym])[1]) if sym in self.members else self.expr(model.selected[sym])
        implied = self.expr(model.implied[sym])
        high = max(visible, selected[1], implied[1])
        low = selected[0]
        certain = True
        for value, condition in model.defaults[sym]:
            holds, gives = self.expr(condition), self.expr(value)
            high = max(high, min(holds[1], gives[1]))
            if certain and visible == 0 and sym not in self.members and holds[0] == 2:
                low = max(low, min(holds[0], gives[0]))
                break
            # A later default is only taken when the ones before it cannot be.
            certain = certain and holds[1] == 0
        if letter == "b" or self.modules == 0:
            high, low = (2 if high else 0), (2 if low else 0)
        if sym == model.modules:
            self.consistent &= low <= self.modules <= high
            return False
        low, high = max(low, self.low[sym]), min(high, self.high[sym])
        if (low, high) == (self.low[sym], self.high[sym]) or low > high:
            return False
        self.low[sym], self.high[sym] = low, high
        return True

    def _narrow_text(self, sym: int) -> bool:
        """A hidden number or string whose default is certain has that text."""
        if sym in self.texts or any(self.expr(p)[1] for p in self.model.prompts[sym]):
            return False
        for value, condition in self.model.defaults[sym]:
            holds = self.expr(condition)
            if holds[1] == 0:
                continue
            node = self.model.exprs[value]
            if holds[0] == 2 and node[0] == SYMBOL and node[1] in self.texts and sym not in self.model.ranges:
                self.texts[sym] = self.texts[node[1]]
                return True
            return False
        return False

    def expr(self, expr: int) -> Interval:
        found = self.memo.get(expr)
        if found is not None:
            return found
        node = self.model.exprs[expr]
        kind = node[0]
        if kind == CONST:
            found = (node[1], node[1])
        elif kind == SYMBOL:
            found = (self.low[node[1]], self.high[node[1]])
        elif kind in (AND, OR):
            parts = [self.expr(e) for e in node[1:]]
            pick = min if kind == AND else max
            found = (pick(p[0] for p in parts), pick(p[1] for p in parts))
        elif kind == NOT:
            low, high = self.expr(node[1])
            found = (2 - high, 2 - low)
        else:
            found = self._compare(kind, node[1], node[2])
        self.memo[expr] = found
        return found

    def _compare(self, kind: int, left: int, right: int) -> Interval:
        a, b = self._known(left), self._known(right)
        if a is None or b is None:
            known = next((s for s in (left, right) if s < self.model.defined), left)
            return possible_comparison(self.model, kind, left, right, (self.low[known], self.high[known]))
        holds = 2 if compare_texts(kind, (a, self.model.types[left]), (b, self.model.types[right])) else 0
        return (holds, holds)

    def _known(self, sym: int) -> str | None:
        if self.model.types[sym] in "bt":
            return "nmy"[self.low[sym]] if self.low[sym] == self.high[sym] else None
        return self.model.names[sym] if self.model.types[sym] == "u" else self.texts.get(sym)


def number_bounds(model: TreeModel, sym: int) -> tuple[int, int] | None:
    """The lowest and highest number that an int or hex symbol can be set to; None when nothing bounds it.

    Only where every prompt of the symbol implies one of its ranges; without any prompt nobody sets it.
    """
    if sym >= model.defined or model.types[sym] not in "ih" or sym not in model.ranges:
        return None
    conditions = {row[2] for row in model.ranges[sym]}
    if not (2 in conditions or model.depends[sym] in conditions):
        return None
    lows = [_bound(model, row[0], min) for row in model.ranges[sym]]
    highs = [_bound(model, row[1], max) for row in model.ranges[sym]]
    found = [n for n in lows if n is not None], [n for n in highs if n is not None]
    return (min(found[0]), max(found[1])) if len(found[0]) == len(lows) and len(found[1]) == len(highs) else None


def _bound(model: TreeModel, sym: int, pick: Callable[[list[int]], int]) -> int | None:
    """What a range's bound can be at most or least: a number, or what a hidden symbol's defaults say."""
    if sym >= model.defined:
        return as_number(model.names[sym])
    if model.prompts[sym] or not model.defaults[sym]:
        return None
    said = [model.exprs[value] for value, _ in model.defaults[sym]]
    numbers = [
        as_number(model.names[node[1]]) if node[0] == SYMBOL and node[1] >= model.defined else None for node in said
    ]
    known = [n for n in numbers if n is not None]
    return pick(known) if len(known) == len(numbers) else None


def possible_comparison(model: TreeModel, kind: int, left: int, right: int, values: Interval) -> Interval:
    """Whether a comparison of a symbol with a constant can hold, and can fail to.

    Args:
        model: the tree.
        kind: the relation.
        left: its first operand.
        right: its second operand.
        values: the lowest and highest tristate value of the symbol.
    """
    sym, other = (left, right) if left < model.defined else (right, left)
    if sym >= model.defined or other < model.defined:
        return (0, 2)
    if model.types[sym] in "bt":
        texts = ["nmy"[v] for v in range(values[0], values[1] + 1) if v != 1 or model.types[sym] == "t"]
    else:
        bounds = number_bounds(model, sym)
        number = as_number(model.names[other])
        if bounds is None or number is None:
            return (0, 2)
        # The ends, what is compared with and its neighbours stand for all; where the symbol is not there it is 0 or empty.
        near = {bounds[0], bounds[1], *(n for n in range(number - 1, number + 2) if bounds[0] <= n <= bounds[1])}
        texts = ["", "0", *(str(n) if model.types[sym] == "i" else hex(n) for n in near)]
    types = model.types[left], model.types[right]
    held = {
        compare_texts(
            kind,
            (t if sym == left else model.names[left], types[0]),
            (t if sym == right else model.names[right], types[1]),
        )
        for t in texts
    }
    return (2 if held == {True} else 0, 0 if held == {False} else 2)
