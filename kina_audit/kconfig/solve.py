"""The value of every symbol, computed as the kernel's own ``scripts/kconfig/symbol.c`` does.

Two generations of it: choices are symbols with a value before Linux 6.11, menus since. Symbols are evaluated when they
are first asked for, so that a few questions about a tree cost little.
"""

from functools import cache

from kina_audit.errors import SourceError
from kina_audit.kconfig.model import AND, CONST, CONTAINS, NOT, OR, SYMBOL
from kina_audit.kconfig.numbers import compare_texts, strtoll
from kina_audit.kconfig.shared import Shared
from kina_audit.kernel.version import KernelVersion

_ZERO_BY_DEFAULT = (6, 8, 0)
"""Since Linux 6.8 an int or hex symbol without any default is 0, not empty."""


@cache
def _empty_number(version: str) -> dict[str, str]:
    return {"i": "0", "h": "0x0"} if KernelVersion.parse(version).triple >= _ZERO_BY_DEFAULT else {"i": "", "h": ""}


class Solver(Shared):
    """Values of a tree's symbols under what a user asked for."""

    def evaluate_all(self) -> None:
        """Every symbol; then, for old trees, what their reader does with numbers that are out of range."""
        for sym in range(self.model.defined):
            self.tri(sym)
        if not self.modern:
            # What follows is no value that others rest on.
            self._lends = False
            for sym in list(self.user.text):
                if not self._within_range(sym, self.user.text[sym]):
                    # The old reader forgets such a value and takes the default, without telling who depends on it.
                    kept = self.user.text.pop(sym)
                    self._compute(sym)
                    self.user.text[sym] = kept

    def member(self, choice: int) -> int:
        """The member of a choice that is y, or -1."""
        if not self.modern:
            self.tri(self.model.choice_symbols[choice])
            return self.chosen.get(choice, -1)
        return self._choose(choice)

    def expr(self, expr: int) -> int:
        """The tristate value of an expression."""
        value = self.memo.get(expr)
        return self._work_out(expr) if value is None else value

    def _tri(self, sym: int) -> int:
        """`tri`, for the value that is being worked out."""
        self.reads += (sym, self._reader)
        value = self.tris.get(sym)
        return self._calculate(sym) if value is None else value

    def _text(self, sym: int) -> str:
        self.reads += (sym, self._reader)
        return self.text(sym)

    def _expr(self, expr: int) -> int:
        self.reads += (~expr, self._reader)
        value = self.memo.get(expr)
        return self._work_out(expr) if value is None else value

    def _work_out(self, expr: int) -> int:
        base = self.base
        if base is not None and base._lends:
            value = base.expr(expr)
            if ~expr not in self.cone.nodes(base):
                self.memo[expr] = value
                return value
        # A symbol or expression says itself who reads for it, so only what does neither has to be told.
        me, reads = ~expr, self.reads
        node = self.model.exprs[expr]
        kind = node[0]
        if kind == SYMBOL:
            sym = node[1]
            reads += (sym, me)
            known = self.tris.get(sym)
            value = self._calculate(sym) if known is None else known
        elif kind in (AND, OR):
            value, end = (2, 0) if kind == AND else (0, 2)
            memo = self.memo
            for part in node[1:]:
                reads += (~part, me)
                known = memo.get(part)
                if known is None:
                    known = self._work_out(part)
                if known == end:
                    value = end
                    break
                if known == 1:
                    value = 1
        elif kind == NOT:
            part = node[1]
            reads += (~part, me)
            known = self.memo.get(part)
            value = 2 - (self._work_out(part) if known is None else known)
        else:
            outer, self._reader = self._reader, me
            if kind == CONTAINS:
                wanted, *rivals = (self.model.names[s] for s in node[2:])
                items = self._text(node[1]).split(",")
                value = 2 if wanted in items and not set(rivals).intersection(items[: items.index(wanted)]) else 0
            else:
                value = 2 if self._compare(kind, node[1], node[2]) else 0
            self._reader = outer
        self.memo[expr] = value
        return value

    def _compare(self, kind: int, left: int, right: int) -> bool:
        types = self.model.types
        return compare_texts(kind, (self._text(left), types[left]), (self._text(right), types[right]))

    def _is_bool(self, sym: int) -> bool:
        if not self.modern and sym in self.choice_of and self.visible[sym] == 2:
            return True
        return self.model.types[sym] not in "tC" or self.modules == 0

    def _calculate(self, sym: int) -> int:
        base = self.base
        if base is not None and base._lends:
            base.tri(sym)
            if sym not in self.cone.nodes(base):
                return self._take(base, sym)
        outer, self._reader = self._reader, sym
        try:
            return self._compute(sym)
        except RecursionError:
            raise SourceError(
                f"values of Linux {self.model.version} depend on one another in longer chains than a kernel tree has",
                "This is no real kernel tree.",
            ) from None
        finally:
            self._reader = outer

    def _compute(self, sym: int) -> int:
        """One symbol's value, visibility, and whether it is written: ``sym_calc_value``."""
        model, trans = self.model, self.trans
        letter = model.types[sym]
        if letter == "u" or sym >= model.defined:
            self.tris[sym] = value = "nmy".index(letter) if letter in "nmy" else 0
            self.texts[sym], self.visible[sym], self.written[sym] = model.names[sym], 0, False
            return value
        if sym in self.forced:
            return self._as_forced(sym)
        choice = self.choice_of.get(sym)
        if choice is not None and not self.modern:
            self._tri(model.choice_symbols[choice])
        self.tris[sym] = 0
        self.texts[sym] = _empty_number(model.version)[letter] if letter in "ih" else ""
        self.written[sym] = False
        self.visible[sym] = visible = 2 if sym in trans else self._visibility(sym)
        written = visible != 0
        if letter in "ihs":
            written |= self._text_value(sym, visible)
            self.written[sym] = written and sym not in trans
            return 0
        if choice is not None and self.modern:
            chosen = self._choose(choice)
            value = 2 if chosen == sym and visible else 0
            self.tris[sym], self.written[sym] = value, visible != 0
            return value
        if choice is not None and visible == 2:
            value = 2 if self.chosen.get(choice) == sym else 0
            self.tris[sym], self.written[sym] = value, True
            return value
        return self._tristate_value(sym, visible, written, member=choice is not None)

    def _as_forced(self, sym: int) -> int:
        value = self.forced[sym]
        self.tris[sym], self.texts[sym] = (0, value) if isinstance(value, str) else (value, "")
        self.visible[sym], self.written[sym] = 0, True
        return self.tris[sym]

    def _tristate_value(self, sym: int, visible: int, written: bool, *, member: bool) -> int:
        model = self.model
        letter = model.types[sym]
        boolean = letter == "b" or self._is_bool(sym)
        plain = member or sym in self.trans
        # What nothing selects or implies has the constant n there.
        selected = 0 if plain or not (by := model.selected[sym]) else self._rounded(by, boolean)
        is_choice = letter in "cC"
        asked = None if not visible else self._choice_asked(sym) if is_choice else self.user.tri.get(sym)
        if asked is not None:
            value = min(asked, visible)
        else:
            value = 0
            written |= selected != 0
            if not is_choice:
                for expr, condition in model.defaults[sym]:
                    if holds := self._expr(condition):
                        value = min(self._expr(expr), holds)
                        written |= value != 0
                        break
                implied = 0 if plain or not (by := model.implied[sym]) else self._rounded(by, boolean)
                if implied:
                    written = True
                    value = min(max(value, implied), self._rounded(model.depends[sym], boolean))
        value = max(value, selected)
        if value == 1 and boolean:
            value = 2
        self.tris[sym] = value
        if is_choice:
            self._old_choice(sym, value)
            return value
        self.written[sym] = written and sym not in self.trans
        if sym == model.modules:
            self.modules = value
        return value

    def _rounded(self, expr: int, boolean: bool) -> int:
        value = self._expr(expr)
        return 2 if value == 1 and boolean else value

    def _visibility(self, sym: int) -> int:
        if not (prompts := self.model.prompts[sym]):
            return 0
        value = 0
        letter = self.model.types[sym]
        choice = self.choice_of.get(sym) if not self.modern else None
        for condition in prompts:
            one = self._expr(condition)
            if one == 1 and letter == "t" and choice is not None and self.tris[self.model.choice_symbols[choice]] == 2:
                one = 0
            value = max(value, one)
        if value == 1 and (letter not in "tC" or self.modules == 0):
            value = 2
        return value

    # Choices since Linux 6.11

    def _choose(self, choice: int) -> int:
        """The member that is y, or -1: ``sym_calc_choice``."""
        node, base = self._choice_node(choice), self.base
        self.reads += (node, self._reader)
        found = self.chosen.get(choice)
        if found is not None:
            return found
        if choice in self.open_choices:
            return -1
        if base is not None and base._lends:
            found = base.member(choice)
            if node not in self.cone.nodes(base):
                self.chosen[choice] = found
                return found
        outer, self._reader = self._reader, node
        self.open_choices.add(choice)
        members = self.model.choices[choice]
        for member in members:
            self.visible[member] = self._visibility(member)
        seen = [m for m in members if self.visible[m]]
        asked = self.user.tri
        rank = [s for s in reversed(self.user.latest(members)) if s in seen]
        rank += [m for m in seen if m not in rank]
        found = next((m for m in rank if asked.get(m) == 2), -1)
        if found < 0:
            found = self._choice_default(choice)
            if found >= 0 and asked.get(found) == 0:
                found = -1
        if found < 0:
            found = next((m for m in seen if m not in asked), -1)
        if found < 0 and rank:
            found = rank[-1]
        self.open_choices.discard(choice)
        self._reader = outer
        self.chosen[choice] = found
        return found

    def _choice_default(self, choice: int) -> int:
        for sym, condition in self.model.choice_defaults[choice]:
            if self._expr(condition) and self.visible.get(sym, 0):
                return sym
        return next((m for m in self.model.choices[choice] if self.visible[m]), -1)

    # Choices before Linux 6.11

    def _choice_asked(self, sym: int) -> int | None:
        members = self.model.choices[self.model.choice_symbols.index(sym)]
        if any(s in members for s in self.user.chosen):
            return 2
        return max((self.user.tri.get(m, 0) for m in members), default=0)

    def _old_choice(self, sym: int, value: int) -> None:
        choice = self.model.choice_symbols.index(sym)
        members = self.model.choices[choice]
        if value != 2:
            self.chosen[choice] = -1
            return
        for member in members:
            self.visible[member] = self._visibility(member)
        # The old reader notes which member a line chose, and a later "is not set" does not take that back.
        asked = next((s for s in reversed(self.user.chosen) if s in members), -1)
        self.chosen[choice] = asked if asked >= 0 and self.visible[asked] else self._choice_default(choice)
        if self.chosen[choice] < 0:
            self.tris[sym] = 0

    # Numbers and strings

    def _text_value(self, sym: int, visible: int) -> bool:
        """Set a text symbol's value; whether a default makes it written."""
        written = False
        if visible and sym in self.user.text:
            self.texts[sym] = self.user.text[sym]
        else:
            for expr, condition in self.model.defaults[sym]:
                if self._expr(condition):
                    node = self.model.exprs[expr]
                    if node[0] == SYMBOL:
                        written = True
                        self.texts[sym] = self._text(node[1])
                    elif node[0] == CONST:
                        written = True
                        self.texts[sym] = "nmy"[node[1]]
                    break
        bounds = self._range(sym)
        if bounds is not None:
            base = 10 if self.model.types[sym] == "i" else 16
            value = strtoll(self.texts[sym], base)
            low, high = bounds
            if value < self._bound(low, base):
                self.texts[sym] = self._text(low)
            elif value > self._bound(high, base):
                self.texts[sym] = self._text(high)
        return written

    def _range(self, sym: int) -> tuple[int, int] | None:
        if self.model.types[sym] == "s":
            return None
        for low, high, condition in self.model.ranges.get(sym, ()):
            if self._expr(condition):
                return low, high
        return None

    def _bound(self, sym: int, base: int) -> int:
        text = self._text(sym)
        return strtoll(text, {"i": 10, "h": 16}.get(self.model.types[sym], base))

    def _within_range(self, sym: int, text: str) -> bool:
        bounds = self._range(sym)
        if bounds is None:
            return True
        base = 10 if self.model.types[sym] == "i" else 16
        return self._bound(bounds[0], base) <= strtoll(text, base) <= self._bound(bounds[1], base)
