"""Conditions of requirements as expressions of a tree's model, and what they can be at all."""

from collections.abc import Mapping, Sequence

from kina_audit.kconfig.loaded import KernelTree
from kina_audit.kconfig.model import AND, CONST, CONTAINS, EQ, GE, GT, LE, LT, NE, NOT, OR, SYMBOL, flat_and
from kina_audit.kernel.tristate import Node

_RELATIONS = {"=": EQ, "!=": NE, "<": LT, "<=": LE, ">": GT, ">=": GE}


def compile_expression(tree: KernelTree, node: Node, beyond: Mapping[str, str] | None = None) -> int:
    """A requirement's condition as an expression of the model; symbols the tree lacks read as n, as in a config.

    Args:
        tree: the tree.
        node: the condition.
        beyond: symbols that the tree lacks and a kernel's own file has, with their text behind ``=``.
    """
    model = tree.model
    beyond = beyond or {}

    def add(row: list[int]) -> int:
        model.exprs.append(row)
        return len(model.exprs) - 1

    def constant(text: str) -> int:
        for i in range(model.defined, len(model.names)):
            if model.names[i] == text:
                return i
        model.names.append(text)
        model.types += "u"
        return len(model.names) - 1

    def operand(atom: Node) -> int:
        name = str(atom[1])
        if atom[0] == "sym":
            found = model.index.get(name)
            return constant(beyond.get(name, "n").strip('"')) if found is None else found
        return constant(name)

    kind = node[0]
    if kind == "sym":
        name = str(node[1])
        if name in beyond and name not in model.index:
            return {"m": 1, "y": 2}.get(beyond[name], 0)
        # One that the tree lacks stands there by its name, so that reasons can tell it.
        return add([SYMBOL, model.index[name] if name in model.index else constant(name)])
    if kind == "const":
        return {"n": 0, "m": 1, "y": 2}.get(str(node[1]), 0)
    if kind == "cmp":
        left, right = node[2], node[3]
        assert isinstance(left, tuple)
        assert isinstance(right, tuple)
        return add([_RELATIONS[str(node[1])], operand(left), operand(right)])
    if kind == "contains":
        texts = [str(part[1]) for part in node[1:] if isinstance(part, tuple)]
        of = model.index.get(texts[0])
        if of is None or model.types[of] != "s":
            return 0
        return add([CONTAINS, of, *map(constant, texts[1:])])
    if kind == "!" and (off := _off(node[1], tree)) != node:  # type: ignore[arg-type]
        return compile_expression(tree, off, beyond)
    parts = [compile_expression(tree, part, beyond) for part in node[1:] if isinstance(part, tuple)]
    return add([{"!": NOT, "&&": AND, "||": OR}[str(kind)], *parts])


def _off(node: Node, tree: KernelTree) -> Node:
    """That a condition is n, in the model's terms: there ``!m`` is m, in a requirement n."""
    model = tree.model
    if node[0] == "sym" and node[1] in model.index and model.types[model.index[str(node[1])]] == "t":
        return ("cmp", "=", node, ("const", "n"))
    if node[0] in ("&&", "||"):
        return ("||" if node[0] == "&&" else "&&", *(_off(part, tree) for part in node[1:] if isinstance(part, tuple)))
    return ("!", node)


def highest(tree: KernelTree, expr: int) -> int:
    """The highest value an expression can have, whatever a config says."""
    return _interval(tree, expr)[1]


def _interval(tree: KernelTree, expr: int) -> tuple[int, int]:
    node = tree.model.exprs[expr]
    kind = node[0]
    if kind == CONST:
        return (node[1], node[1])
    if kind == SYMBOL:
        return tree.possible(node[1]) if node[1] < tree.model.defined else (0, 0)
    if kind == AND and _rivals(tree, node[1:]):
        return (0, 0)
    if kind in (AND, OR):
        parts = [_interval(tree, part) for part in node[1:]]
        pick = min if kind == AND else max
        return (pick(p[0] for p in parts), pick(p[1] for p in parts))
    if kind == NOT:
        low, high = _interval(tree, node[1])
        return (2 - high, 2 - low)
    if kind == CONTAINS:
        return (0, 2)
    from kina_audit.kconfig.possible import possible_comparison

    known = next((s for s in node[1:] if s < tree.model.defined), None)
    values = tree.possible(known) if known is not None else (0, 2)
    return possible_comparison(tree.model, kind, node[1], node[2], values)


def _rivals(tree: KernelTree, parts: Sequence[int]) -> bool:
    """Whether two of the symbols that all have to be on are bools of one choice."""
    model = tree.model
    names = {node[1] for node in (model.exprs[part] for part in flat_and(model, parts)) if node[0] == SYMBOL}
    choices = [model.members[n] for n in names if n in model.members and model.types[n] == "b"]
    return len(choices) != len(set(choices))
