"""The tristate value of an expression's tree on what is known of its symbols; `kina_audit.kernel.expression` says how.

A value is an interval, because an input may not tell what a symbol is.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from kina_audit.kernel.config import TRI_OF, SymbolFact

Bounds = tuple[int, int]
"""The lowest and highest tristate value an expression may have."""

Lookup = Callable[[str], SymbolFact]
Node = tuple[object, ...]
"""("sym", name) | ("const", text) | ("!", node) | ("&&" or "||", node, node) | ("cmp", operator, atom, atom)
| ("contains", sym, const, const ...)."""


_DECIDED = {"&&": (0, 0), "||": (2, 2)}
"""What the first of two parts is where the second one changes nothing."""


@cache
def joined(operator: object, parts: frozenset[Bounds]) -> Bounds:
    """The bounds of parts that are joined by one operator; there are few that a tristate can have."""
    choose = min if operator == "&&" else max
    return choose(low for low, _ in parts), choose(high for _, high in parts)


def bounds_of(node: Node, lookup: Lookup) -> Bounds:
    """The bounds of a part of an expression, in which each place of a symbol is taken by itself."""
    return part_bounds(node, lookup, lambda name: lookup(name).bounds)


def part_bounds(node: Any, lookup: Lookup, of_symbol: Callable[[str], Bounds]) -> Bounds:
    """The same for who has the bounds of a symbol without what is known of it."""
    kind = node[0]
    if kind == "sym":
        return of_symbol(node[1])
    if kind in _DECIDED:
        first = part_bounds(node[1], lookup, of_symbol)
        if first == _DECIDED[kind]:
            return first
        return joined(kind, frozenset((first, part_bounds(node[2], lookup, of_symbol))))
    if kind == "!":
        low, high = part_bounds(node[1], lookup, of_symbol)
        return (0 if high else 2, 0 if low else 2)
    if kind == "const":
        tri = TRI_OF.get(str(node[1]), 0)
        return (tri, tri)
    if kind == "contains":
        fact = lookup(node[1][1])
        if fact.value is None:
            return (0, 2)
        wanted, *rivals = [child[1] for child in node[2:]]
        items = fact.value.split(",") if fact.is_string else []
        holds = wanted in items and not set(rivals).intersection(items[: items.index(wanted)])
        return (2, 2) if holds else (0, 0)
    return _compare(node, lookup)


def _compare(node: Any, lookup: Lookup) -> Bounds:
    _, operator, one, other = node
    if operator == "=" and other[1] in TRI_OF and other[0] == "const" and one[0] == "sym":
        # As most are: a symbol built in.
        fact = lookup(one[1])
        if fact.value in TRI_OF and not fact.is_string:
            return (2, 2) if fact.value == other[1] else (0, 0)
    left, right = _operand(one, lookup), _operand(other, lookup)
    if left is None or right is None:
        return (0, 2)
    if left[1] == right[1] == "string":
        order = _order(left[0], right[0])
    else:
        try:
            order = _number(left) - _number(right)
        except ValueError:
            order = _order(left[0], right[0])
    holds = (
        order == 0
        if operator == "="
        else order != 0
        if operator == "!="
        else order < 0
        if operator == "<"
        else order <= 0
        if operator == "<="
        else order > 0
        if operator == ">"
        else order >= 0
    )
    return (2, 2) if holds else (0, 0)


def _operand(atom: Node, lookup: Lookup) -> tuple[str, str] | None:
    """(text, type) of one side of a comparison; type is tristate, string, hex or other. None: unknown."""
    text = str(atom[1])
    if atom[0] == "const":
        return (text, "tristate" if text in TRI_OF else "other")
    fact = lookup(text)
    if fact.value is None:
        return None
    if fact.is_string:
        return (fact.value, "string")
    return (fact.value, "tristate" if fact.value in TRI_OF else "number")


def _number(operand: tuple[str, str]) -> int:
    text, kind = operand
    if kind == "tristate":
        return TRI_OF[text]
    if kind == "string":
        return int(text, 0)
    # int symbols are decimal and hex symbols hexadecimal even without 0x; a config writes hex with 0x.
    return int(text, 16 if text[:2].lower() == "0x" else 10 if kind == "number" else 0)


def _order(a: str, b: str) -> int:
    return (a > b) - (a < b)
