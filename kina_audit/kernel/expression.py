"""Kconfig expressions: ``A && (B || C=y) && !D``, parsed once, evaluated on what a config is known to say.

Semantics are those of the kernel's own evaluator (and of kconfiglib, which the tests compare against): tristate logic
with n < m < y; a comparison is numeric when both sides are numbers or tristates, else by text. A symbol that a complete
config has no line for is n, in comparisons too (a config cannot tell a symbol with unmet dependencies from one that the
kernel does not define). On top of it, a symbol whose value an input cannot tell makes the result an
interval, so that "cannot tell" survives exactly as long as it matters.

Two things are this project's own. ``!A`` is y where A is n, and n where A is m: Kconfig's ``!m`` is m, and a requirement
that something be off would count as met by a module. ``contains(LSM, "bpf")`` is y where a string symbol's
comma-separated list has an item, which is how the kernel reads ``CONFIG_LSM``; ``contains(LSM, "selinux", "apparmor")``
also asks that no further item stands in front of the first one.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache, reduce
from itertools import islice, product
from math import prod

from kina_audit.base.bounds import EXPRESSION, EXPRESSION_DEPTH
from kina_audit.base.datatype import datatype, field, replace
from kina_audit.kernel.config import TRI_OF, SymbolState
from kina_audit.kernel.tristate import Bounds, Lookup, Node, bounds_of, joined, part_bounds

_TOKEN = re.compile(r'\s*(?:(&&|\|\||!=|<=|>=|[!=<>(),])|"((?:[^"\\]|\\.)*)"|([A-Za-z0-9_.-]+)|(\S))')
"""An operator, what stands in quotes, a word, or a character that begins none of them."""
_NUMBER = r"-?\d[0-9A-Za-z]*"
_NAME = r"[A-Za-z0-9_]+"
_RELATIONS = frozenset(("=", "!=", "<", "<=", ">", ">="))


class ExpressionError(ValueError):
    """The text is not a Kconfig expression."""


@datatype
class Expression:
    """A parsed expression.

    Attributes:
        text: as written.
        node: the syntax tree.
        symbols: every symbol in it, in order of first use.
        flat: whether it is names alone, each once, joined by one operator if they are many.
    """

    text: str
    node: Node
    symbols: tuple[str, ...]
    flat: bool = field(default=False, repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> "Expression":
        """Read an expression in the kernel's own syntax.

        Raises:
            ExpressionError: with the column where reading stopped.
        """
        return _parse(text) if len(text) <= _LONGEST_KEPT else _parse.__wrapped__(text)

    def bounds(self, lookup: Lookup, of_symbol: Callable[[str], Bounds] | None = None) -> Bounds:
        """Evaluate: the interval of tristate values (0 n, 1 m, 2 y) that the known facts allow.

        Args:
            lookup: what is known of a symbol.
            of_symbol: the bounds of that, for who has them without it.
        """
        if of_symbol is None:
            of_symbol = lambda name: lookup(name).bounds  # noqa: E731
        if not self.flat:
            found = part_bounds(self.node, lookup, of_symbol)
            return found if found[0] == found[1] else self._case_by_case(found, lookup)
        names, operator = self.symbols, self.node[0]
        if operator == "sym":
            return of_symbol(names[0])
        return joined(operator, frozenset(map(of_symbol, names)))

    def _case_by_case(self, found: Bounds, lookup: Lookup) -> Bounds:
        """Narrower bounds, where one symbol stands in more than one place and the values that it may have are known.

        A symbol is one and the same wherever it is named: ``(A && B) || (!A && C)`` needs no A where B and C are.
        """
        often = Counter(_symbols(self.node))
        facts = [fact for name in self.symbols if often[name] > 1 and (fact := lookup(name)).among]
        if not facts or prod(len(fact.among) for fact in facts) > _MOST_CASES:
            return found
        results = []
        for values in product(*(fact.among for fact in facts)):
            case = {
                fact.name: replace(fact, value=value, state=SymbolState.PREDICTED, among=())
                for fact, value in zip(facts, values, strict=True)
            }
            results.append(bounds_of(self.node, lambda name, case=case: case.get(name) or lookup(name)))  # type: ignore[misc]
        return min(low for low, _ in results), max(high for _, high in results)

    @property
    def negated(self) -> tuple[str, ...]:
        """Every symbol behind a ``!``, in order of first use."""
        return tuple(dict.fromkeys(_negated(self.node)))

    @property
    def compared(self) -> frozenset[str]:
        """Every symbol that is compared with something: m is not enough for ``A=y``."""
        return frozenset(_compared(self.node))

    def __str__(self) -> str:
        return self.text


_MOST_CASES = 64
_LONGEST_KEPT = 400
"""Characters of an expression that is kept; somebody else's long ones would fill the memory of a process that lives long."""


@lru_cache(maxsize=4096)
def _parse(text: str) -> Expression:
    if len(text) > EXPRESSION:
        raise ExpressionError(f"expression longer than {EXPRESSION} characters")
    operator = "||" if "||" in text else "&&"
    words = text.split(f" {operator} ")
    if all(w.isidentifier() and w.isascii() and w not in TRI_OF for w in words):
        # Three of four conditions are names, joined by one operator or alone, and take no reader.
        names: list[Node] = [("sym", w) for w in words]
        symbols = tuple(dict.fromkeys(words))
        node = reduce(lambda left, right: (operator, left, right), names)
        return Expression(text, node, symbols, len(symbols) == len(words))
    reader = _Reader(text)
    node = reader.either(0)
    if not reader.ended:
        raise reader.error("unexpected")
    return Expression(text, node, tuple(dict.fromkeys(_symbols(node))))


class _Reader:
    """A recursive-descent reader with one token of look-ahead, which is an operator or an operand."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str, str, str]] = _TOKEN.findall(text)
        self.next = 0
        self.advance()

    def advance(self) -> None:
        self.ended = self.next == len(self.tokens)
        self.operator, quoted, word, odd = ("", "", "", "") if self.ended else self.tokens[self.next]
        self.operand: tuple[str, str] | None = None
        self.next += 1
        if self.ended or self.operator:
            return
        if odd:
            end = self.place(self.next - 2).end() if self.next > 1 else 0
            raise ExpressionError(f"cannot read {self.text[end:][:12]!r} at column {end + 1} of {self.text!r}")
        if not word:
            self.operand = ("const", re.sub(r"\\(.)", r"\1", quoted))
            return
        # Kconfig: a bare word that is y, m, n or a number is a constant, any other word names a symbol.
        if word in TRI_OF or (not word.isidentifier() and re.fullmatch(_NUMBER, word)):
            self.operand = ("const", word)
        elif word.isidentifier() or re.fullmatch(_NAME, word):
            self.operand = ("sym", word)
        else:
            raise ExpressionError(f"{word!r} at column {self.column} of {self.text!r} is no symbol name")

    def place(self, number: int) -> re.Match[str]:
        """A token by its number, as it stands in the text."""
        return next(islice(_TOKEN.finditer(self.text), number, None))

    @property
    def column(self) -> int:
        """Where the current token begins, from 1."""
        if self.ended:
            return len(self.text) + 1
        match = self.place(self.next - 1)
        return match.start(match.lastindex or 0) + 1

    def error(self, what: str) -> ExpressionError:
        token = self.operator if self.operand is None else self.operand[1]
        return ExpressionError(
            f"{what} {'end' if self.ended else repr(token)} at column {self.column} of {self.text!r}"
        )

    def accept(self, operator: str) -> bool:
        if self.operator == operator:
            self.advance()
            return True
        return False

    def either(self, depth: int) -> Node:
        if depth > EXPRESSION_DEPTH:
            raise ExpressionError(f"expression nested deeper than {EXPRESSION_DEPTH}")
        node = self.both(depth)
        while self.accept("||"):
            node = ("||", node, self.both(depth))
        return node

    def both(self, depth: int) -> Node:
        node = self.factor(depth)
        while self.accept("&&"):
            node = ("&&", node, self.factor(depth))
        return node

    def factor(self, depth: int) -> Node:
        if self.accept("!"):
            if depth > EXPRESSION_DEPTH:
                raise ExpressionError(f"expression nested deeper than {EXPRESSION_DEPTH}")
            return ("!", self.factor(depth + 1))
        if self.accept("("):
            node = self.either(depth + 1)
            if not self.accept(")"):
                raise self.error("expected ')' before")
            return node
        left = self.atom()
        if left == ("sym", "contains") and self.accept("("):
            return self.contains()
        if self.operator in _RELATIONS:
            operator = self.operator
            self.advance()
            return ("cmp", operator, left, self.atom())
        return left

    def contains(self) -> Node:
        symbol = self.atom()
        items = []
        while self.accept(","):
            items.append(self.atom())
        if symbol[0] != "sym" or not items or any(i[0] != "const" for i in items) or not self.accept(")"):
            raise self.error('expected contains(SYMBOL, "item"), found')
        return ("contains", symbol, *items)

    def atom(self) -> Node:
        operand = self.operand
        if operand is None:
            raise self.error("expected a symbol or a constant, found")
        self.advance()
        return operand


def _negated(node: Node) -> Iterator[str]:
    if node[0] == "!":
        yield from _symbols(node)
    elif node[0] in ("&&", "||"):
        for child in node[1:]:
            if isinstance(child, tuple):
                yield from _negated(child)


def _compared(node: Node) -> Iterator[str]:
    if node[0] == "cmp":
        yield from _symbols(node)
    elif node[0] in ("!", "&&", "||"):
        for child in node[1:]:
            if isinstance(child, tuple):
                yield from _compared(child)


def _symbols(node: Node) -> Iterator[str]:
    if node[0] == "sym":
        yield str(node[1])
    elif node[0] != "const":
        for child in node[1:]:
            if isinstance(child, tuple):
                yield from _symbols(child)
