"""A kernel tree reduced to what values depend on: symbols, expressions and the order a config is written in.

Everything is plain lists of numbers and texts, so that a parsed tree can be cached as JSON and read back in a tenth of a
second, and nothing that comes out of a cache can run.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar

from kina_audit.base.datatype import datatype, field

FORMAT = 4
"""Raise it when the meaning of a field changes: older cached trees are then read again from source."""

CONST, SYMBOL, NOT, AND, OR, EQ, NE, LT, LE, GT, GE, CONTAINS = range(12)
"""Kinds of expression nodes, the first element of each. CONTAINS, of a list in a string symbol, occurs in goals only."""

RELATION_TEXT = {EQ: "=", NE: "!=", LT: "<", LE: "<=", GT: ">", GE: ">="}

NO, MOD, YES = 0, 1, 2
"""Expressions 0, 1 and 2 are the constants n, m and y; tristate values have the same numbers."""

SHOW_SYMBOL, SHOW_MENU, END_MENU = range(3)
"""Steps of writing a config."""


PLACEHOLDER = re.compile(r"__KINA_Q(\d+)__")
"""What stands for the answer to a question about tools, by its number in `TreeModel.questions`."""

VARIABLE, SHELL = "var", "shell"
"""Kinds of questions beside the names of macros: the first element of each."""

_NUMBERS: list[int] = []


def numbers(count: int) -> list[int]:
    """The numbers below ``count``, and maybe more: each is an object of 28 bytes, one for every model that names it."""
    _NUMBERS.extend(range(len(_NUMBERS), count))
    return _NUMBERS


_SUCCESS = r"(?s)\{ (.*); \} >/dev/null 2>&1 && echo \"y\" \|\| echo \"n\""
_LONGEST = 100


_Row = TypeVar("_Row")


class Rows(Protocol[_Row]):
    """Numbered rows: a list, or what reads them when they are asked for."""

    def __getitem__(self, number: int, /) -> _Row: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[_Row]: ...
    def append(self, row: _Row, /) -> None:
        """One more, at the end."""


@datatype(frozen=False)
class TreeModel:
    """One tree, architecture and toolchain.

    Attributes:
        version: kernel release, e.g. ``6.12.94``.
        arch: Kconfig's name of the architecture.
        title: the main menu's text, the heading of a written config.
        names: symbol names; the first `defined` are defined somewhere, the rest are constants and undefined ones.
        types: one letter a symbol: b, t(ristate), i(nt), h(ex), s(tring), u(nknown); c for a choice of old trees.
        modules: index of the symbol MODULES.
        exprs: expression nodes; operands of SYMBOL, relations and CONTAINS are symbols, of the others expressions.
        depends, selected, implied: an expression for each defined symbol.
        prompts: for each defined symbol the conditions of its prompts.
        defaults: for each defined symbol its (value expression, condition) pairs.
        ranges: symbol to its (low symbol, high symbol, condition) triples.
        transitional: symbols that are read and never written.
        choices: members of each choice, in order.
        choice_defaults: for each choice its (symbol, condition) pairs.
        foreign: numbers below `defined` of symbols that only other architectures of a shipped line define.
        choice_symbols: for trees before 6.11 each choice's own symbol; else empty.
        layout: the steps of writing a config: (SHOW_SYMBOL, symbol), (SHOW_MENU or END_MENU, condition, text).
        questions: what the tree asks about tools, in order; a name ``__KINA_Q5__`` stands for the answer to the fifth.
        placeholders: symbols that stand for the whole answer to a question, with its number.
        assumed: (question, assumed answer, number in `questions`) of what the toolchain does not tell.
    """

    version: str
    arch: str
    title: str
    names: list[str]
    types: str
    defined: int
    modules: int
    exprs: Rows[list[int]]
    depends: Sequence[int]
    selected: Sequence[int]
    implied: Sequence[int]
    prompts: Rows[list[int]]
    defaults: Rows[list[list[int]]]
    ranges: dict[int, list[list[int]]]
    transitional: list[int]
    choices: list[list[int]]
    choice_defaults: list[list[list[int]]]
    choice_symbols: list[int]
    layout: list[list[Any]]
    foreign: frozenset[int] = frozenset()
    questions: list[list[str]] = field(default_factory=list)
    placeholders: dict[int, int] = field(default_factory=dict)
    assumed: list[tuple[str, str, int]] = field(default_factory=list)
    _index: dict[str, int] = field(default_factory=dict, repr=False, compare=False)
    _members: dict[int, int] = field(default_factory=dict, repr=False, compare=False)
    _asking: tuple[int, ...] | None = field(default=None, repr=False, compare=False)

    @property
    def index(self) -> dict[str, int]:
        """Name of a defined symbol to its number."""
        if not self._index:
            self._index = dict(zip(self.names, numbers(self.defined)[: self.defined], strict=False))
            self._index.pop("", None)
            for number in self.foreign:
                self._index.pop(self.names[number], None)
        return self._index

    @property
    def members(self) -> dict[int, int]:
        """Members of choices, with the number of their choice."""
        if not self._members:
            self._members = {m: c for c, members in enumerate(self.choices) for m in members}
        return self._members

    @property
    def asking(self) -> tuple[int, ...]:
        """Symbols whose names hold questions to tools, or held them before they were answered."""
        if self._asking is None:
            names = self.names
            self._asking = tuple(n for n in range(self.defined, len(names)) if "__KINA_Q" in names[n])
        return self._asking

    @property
    def menu_choices(self) -> bool:
        """Whether choices follow Linux 6.11 and later, where a choice is a menu and no symbol."""
        return not self.choice_symbols

    def to_document(self) -> dict[str, Any]:
        """For ``json.dumps``."""
        kind: Any = type(self)
        document = {n: getattr(self, n) for n in kind.__match_args__ if not n.startswith("_")}
        del document["placeholders"], document["assumed"], document["foreign"]
        document["ranges"] = sorted([s, *r] for s, r in self.ranges.items())
        document["format"] = FORMAT
        return document

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "TreeModel":
        """The reverse of `to_document`.

        Raises:
            ValueError: another format.
        """
        if document.pop("format", None) != FORMAT:
            raise ValueError("another format")
        document["ranges"] = {row[0]: row[1:] for row in document["ranges"]}
        return cls(**document)


@datatype(frozen=False)
class Place:
    """One definition of a symbol: file, line, prompt text (empty: hidden) and its conditions' expressions."""

    file: str
    line: int
    prompt: str
    visible: int
    depends: int


@datatype(frozen=False)
class TreeTexts:
    """What only explanations need: where each defined symbol is defined."""

    files: list[str]
    places: Rows[list[list[Any]]]

    def of(self, symbol: int) -> list[Place]:
        """Every definition of a symbol."""
        return [Place(self.files[row[0]], *row[1:]) for row in self.places[symbol]]


def question_text(questions: list[list[str]], number: int) -> str:
    """A question as a tree asks it, such as ``$(cc-option,-fsanitize=kcfi)``."""
    kind, *arguments = questions[number]
    if kind == VARIABLE:
        return f"$({arguments[0]})"
    told = ",".join(PLACEHOLDER.sub(lambda m: question_text(questions, int(m[1])), a) for a in arguments)
    if kind == SHELL and (match := re.match(_SUCCESS, told)):
        kind, told = "success", match[1]
    told = " ".join(told.split())
    return f"$({kind},{told if len(told) <= _LONGEST else told[: _LONGEST - 3] + '...'})"


def expression_text(model: TreeModel, expr: int, depth: int = 0) -> str:
    """An expression in Kconfig's own syntax."""
    node = model.exprs[expr]
    kind = node[0]
    if kind == CONST:
        return "nmy"[node[1]]
    if kind == SYMBOL:
        if node[1] in model.placeholders:
            return question_text(model.questions, model.placeholders[node[1]])
        return model.names[node[1]] or "its choice"
    if kind == NOT:
        return "!" + expression_text(model, node[1], 3)
    if kind in (AND, OR):
        rank = 2 if kind == AND else 1
        parts = [e for e in flat_and(model, [expr]) if e != YES] if kind == AND else node[1:]
        texts = dict.fromkeys(expression_text(model, e, rank if len(parts) > 1 else depth) for e in parts)
        text = (" && " if kind == AND else " || ").join(texts) or "y"
        return f"({text})" if depth > rank and len(texts) > 1 else text
    if kind == CONTAINS:
        items = "".join(f', "{model.names[s]}"' for s in node[2:])
        return f"contains({model.names[node[1]]}{items})"
    return f"{operand_text(model, node[1])} {RELATION_TEXT[kind]} {operand_text(model, node[2])}"


def flat_and(model: TreeModel, exprs: Sequence[int]) -> list[int]:
    """What all has to hold, with nested conjunctions opened, each once."""
    found: dict[int, None] = {}
    todo = list(reversed(exprs))
    while todo:
        expr = todo.pop()
        node = model.exprs[expr]
        if node[0] == AND:
            todo += reversed(node[1:])
        else:
            found[expr] = None
    return list(found)


def operand_text(model: TreeModel, symbol: int) -> str:
    """A symbol's name, or a constant's text in quotes when it needs them."""
    name = model.names[symbol]
    return name if name and name.replace("_", "").replace("-", "").isalnum() else f'"{name}"'


def expression_symbols(model: TreeModel, exprs: Sequence[int]) -> set[int]:
    """Every defined symbol that the expressions name."""
    found: set[int] = set()
    seen: set[int] = set()
    todo = list(exprs)
    while todo:
        expr = todo.pop()
        if expr in seen:
            continue
        seen.add(expr)
        node = model.exprs[expr]
        if node[0] == SYMBOL or node[0] >= EQ:
            found.update(s for s in node[1:] if s < model.defined)
        elif node[0] != CONST:
            todo += node[1:]
    return found
