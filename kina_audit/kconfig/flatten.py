"""From kconfiglib's objects to a `TreeModel`."""

from typing import Any

from kina_audit.kconfig.model import (
    AND,
    CONST,
    END_MENU,
    EQ,
    GE,
    GT,
    LE,
    LT,
    MOD,
    NE,
    NO,
    NOT,
    OR,
    SHOW_MENU,
    SHOW_SYMBOL,
    SYMBOL,
    YES,
    TreeModel,
    TreeTexts,
)
from kina_audit.kconfig.rewrite import TRANSITIONAL
from kina_audit.kernel.version import KernelVersion

_MENU_CHOICES_SINCE = (6, 11, 0)
"""Linux 6.11 made choices menus; before, a choice was a symbol with a value of its own."""


def flatten(
    tree: Any, version: str, arch: str, questions: list[list[str]] | None = None
) -> tuple[TreeModel, TreeTexts]:
    """The model of a parsed tree, and the texts for explanations.

    Args:
        tree: from `kina_audit.kconfig.tree.parse_tree`.
        version: the kernel release.
        arch: the architecture.
        questions: what it asked of its tools, from `kina_audit.kconfig.questions.Questions`.
    """
    return _Flattener(tree, version, arch).run(questions or [])


class _Flattener:
    def __init__(self, tree: Any, version: str, arch: str) -> None:
        import kconfiglib

        self.k = kconfiglib
        self.tree = tree
        self.version, self.arch = version, arch
        self.menu_choices = KernelVersion.parse(version).triple >= _MENU_CHOICES_SINCE
        self.types = {
            kconfiglib.BOOL: "b", kconfiglib.TRISTATE: "t", kconfiglib.INT: "i", kconfiglib.HEX: "h",
            kconfiglib.STRING: "s",
        }  # fmt: skip
        self.kinds = {
            kconfiglib.EQUAL: EQ, kconfiglib.UNEQUAL: NE, kconfiglib.LESS: LT, kconfiglib.LESS_EQUAL: LE,
            kconfiglib.GREATER: GT, kconfiglib.GREATER_EQUAL: GE,
        }  # fmt: skip
        self.number: dict[int, int] = {}
        self.names: list[str] = []
        self.letters: list[str] = []
        self.exprs: list[list[int]] = [[CONST, 0], [CONST, 1], [CONST, 2]]
        self.known: dict[tuple[int, ...], int] = {}
        self.done: dict[int, int] = {}
        self.constants = {id(tree.n): NO, id(tree.m): MOD, id(tree.y): YES}

    def run(self, questions: list[list[str]]) -> tuple[TreeModel, TreeTexts]:
        tree = self.tree
        symbols = [s for s in tree.unique_defined_syms if s.nodes]
        # Symbols without a type have no value of their own: they are read as undefined ones.
        for sym in symbols:
            self._add(sym, sym.name, self.types.get(sym.orig_type, "u"))
        choices = [c for c in tree.unique_choices if c.nodes]
        if not self.menu_choices:
            for choice in choices:
                self._add(choice, "", "c" if choice.orig_type is not self.k.TRISTATE else "C")
        defined = len(self.names)
        for constant in (tree.n, tree.m, tree.y):
            self._sym(constant)
        rows = [self._symbol(s) for s in symbols]
        members = [self._members(c) for c in choices]
        if not self.menu_choices:
            for choice, inside in zip(choices, members, strict=True):
                self._old_members(choice, inside, rows)
                rows.append(self._old_choice(choice))
        ranges = {
            self.number[id(s)]: [[self._sym(lo), self._sym(hi), self._expr(cond)] for lo, hi, cond in s.ranges]
            for s in symbols
            if s.ranges
        }
        model = TreeModel(
            version=self.version,
            arch=self.arch,
            title=tree.top_node.prompt[0],
            names=self.names,
            types="",
            defined=defined,
            modules=self._sym(tree.modules),
            exprs=self.exprs,
            depends=[r[0] for r in rows],
            selected=[r[1] for r in rows],
            implied=[r[2] for r in rows],
            prompts=[r[3] for r in rows],
            defaults=[r[4] for r in rows],
            ranges=ranges,
            transitional=[self.number[id(s)] for s in symbols if _is_transitional(s)],
            choices=members,
            choice_defaults=[[[self._sym(v), self._expr(c)] for v, c in choice.defaults] for choice in choices],
            choice_symbols=[] if self.menu_choices else [self.number[id(c)] for c in choices],
            layout=self._layout(),
        )
        files: dict[str, int] = {}
        places = [
            [
                [
                    files.setdefault(n.filename, len(files)), n.linenr, n.prompt[0] if n.prompt else "",
                    self._expr(n.prompt[1]) if n.prompt else NO, self._expr(n.dep),
                ]
                for n in s.nodes
            ]
            for s in symbols
        ]  # fmt: skip
        places += [[] for _ in range(defined - len(symbols))]
        model.types = "".join(self.letters)
        model.questions = questions
        return model, TreeTexts(list(files), places)

    def _add(self, item: Any, name: str, letter: str) -> int:
        self.number[id(item)] = number = len(self.names)
        self.names.append(name)
        self.letters.append(letter)
        return number

    def _sym(self, sym: Any) -> int:
        found = self.number.get(id(sym))
        if found is None:
            # n, m and y are tristate constants; other constants and undefined symbols have no type.
            letter = "nmy"[self.constants[id(sym)]] if id(sym) in self.constants else "u"
            found = self._add(sym, sym.name, letter)
        return found

    def _symbol(self, sym: Any) -> tuple[int, int, int, list[int], list[list[int]]]:
        return (
            self._expr(sym.direct_dep),
            self._expr(sym.rev_dep),
            self._expr(sym.weak_rev_dep),
            [self._expr(n.prompt[1]) for n in sym.nodes if n.prompt],
            [[self._value(value), self._expr(cond)] for value, cond in sym.defaults],
        )

    def _value(self, value: Any) -> int:
        return self._expr(value)

    def _members(self, choice: Any) -> list[int]:
        if not self.menu_choices:
            return [self.number[id(s)] for s in choice.syms]
        found: list[int] = []

        def walk(node: Any) -> None:
            while node:
                if node.item.__class__ is self.k.Symbol and node.prompt:
                    found.append(self.number[id(node.item)])
                if node.list:
                    walk(node.list)
                node = node.next

        for node in choice.nodes:
            walk(node.list)
        return list(dict.fromkeys(found))

    def _old_choice(self, choice: Any) -> tuple[int, int, int, list[int], list[list[int]]]:
        prompts = [self._expr(n.prompt[1]) for n in choice.nodes if n.prompt]
        # A choice that is visible cannot be n unless it is optional: as if "m" selected it.
        held = NO if choice.is_optional else self._node([OR, *[self._node([AND, p, MOD]) for p in prompts]])
        return (self._expr(choice.direct_dep), held, NO, prompts, [])

    def _old_members(self, choice: Any, members: list[int], rows: list[Any]) -> None:
        """Members that are not tristate depend on a tristate choice being y."""
        if choice.orig_type is not self.k.TRISTATE:
            return
        yes = self._node([EQ, self.number[id(choice)], self._sym(self.tree.y)])
        for member in members:
            if self.letters[member] != "t":
                depends, selected, implied, prompts, defaults = rows[member]
                rows[member] = (
                    depends, selected, implied,
                    [self._node([AND, yes, p]) for p in prompts],
                    [[v, self._node([AND, yes, c])] for v, c in defaults],
                )  # fmt: skip

    def _node(self, node: list[int]) -> int:
        if node[0] in (AND, OR) and len(node) == 2:
            return node[1]
        if node[0] == OR and len(node) == 1:
            return NO
        key = tuple(node)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = len(self.exprs)
            self.exprs.append(node)
        return found

    def _expr(self, expr: Any) -> int:
        constant = self.constants.get(id(expr))
        if constant is not None:
            return constant
        found = self.done.get(id(expr))
        if found is not None:
            return found
        if expr.__class__ is not tuple:
            if expr.__class__ is self.k.Choice and self.menu_choices:
                found = self._expr(expr.direct_dep)
            else:
                found = self._node([SYMBOL, self._sym(expr)])
        elif expr[0] is self.k.OR:
            # "selected by" chains are thousands of operands deep on their left side.
            operands: list[Any] = []
            rest = expr
            while rest.__class__ is tuple and rest[0] is self.k.OR:
                operands.append(rest[2])
                rest = rest[1]
            operands.append(rest)
            found = self._node([OR, *dict.fromkeys(self._expr(e) for e in reversed(operands))])
        elif expr[0] is self.k.AND:
            found = self._node([AND, self._expr(expr[1]), self._expr(expr[2])])
        elif expr[0] is self.k.NOT:
            found = self._node([NOT, self._expr(expr[1])])
        else:
            found = self._node([self.kinds[expr[0]], self._sym(expr[1]), self._sym(expr[2])])
        self.done[id(expr)] = found
        return found

    def _layout(self) -> list[list[Any]]:
        """The order in which ``conf_write`` of the kernel visits the menu tree."""
        steps: list[list[Any]] = []
        seen: set[int] = set()
        node = self.tree.top_node.list
        top = self.tree.top_node
        while node:
            item = node.item
            if item.__class__ is self.k.Symbol:
                number = self.number[id(item)]
                if number not in seen:
                    seen.add(number)
                    if not _is_transitional(item) and item is not self.tree.defconfig_list:
                        steps.append([SHOW_SYMBOL, number])
            elif item is self.k.MENU or item is self.k.COMMENT:
                steps.append([SHOW_MENU, self._menu_visible(node), node.prompt[0]])
            if node.list:
                node = node.list
                continue
            while node is not None and node is not top:
                if node.item is self.k.MENU:
                    steps.append([END_MENU, self._menu_visible(node), node.prompt[0]])
                if node.next:
                    break
                node = node.parent
            if node is None or node is top:
                break
            node = node.next
        return steps

    def _menu_visible(self, node: Any) -> int:
        own = self._expr(node.visibility) if node.item is self.k.MENU else YES
        return self._node([AND, own, self._expr(node.prompt[1])]) if own != YES else self._expr(node.prompt[1])


def _is_transitional(sym: Any) -> bool:
    return any(n.prompt and n.prompt[0] == TRANSITIONAL for n in sym.nodes)
