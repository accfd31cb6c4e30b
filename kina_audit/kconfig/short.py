"""Why a symbol's value is not what a config says, in one clause; cheap enough for every finding of an audit.

`kina_audit.kconfig.reasons` has the whole chain, for one symbol at a time.
"""

from kina_audit.kconfig.model import AND, CONST, NOT, OR, SYMBOL, expression_text
from kina_audit.kconfig.solve import Solver

_MOST_TERMS = 3
_MOST_SELECTORS = 3
_LONGEST = 90


def short_reason(solver: Solver, name: str, asked: str | None) -> str:
    """One clause on a symbol's value.

    Args:
        solver: of the line.
        name: the symbol.
        asked: the text behind ``=`` (``n`` for "is not set"); None: it has no line.
    """
    model = solver.model
    sym = model.index.get(name)
    if sym is None:
        return f"Linux {model.version} has no such symbol on {model.arch}"
    if sym in solver.trans:
        return "its value moved on to the symbol that replaced it"
    value, letter = solver.text(sym), model.types[sym]
    if letter not in "bt":
        if solver.visibility(sym) and asked is not None:
            return "it is outside the range that is allowed" if sym in model.ranges else "it is no valid value"
        return f"its default is {value}" if value else _unmet(solver, model.prompts[sym] or [model.depends[sym]])
    if asked and asked[0] not in "nmy":
        kind = "tristate" if letter == "t" else "bool"
        return f"{asked[:_LONGEST]} is no value of a {kind}, so the line is not read, and its default is {value}"
    have, wanted = "nmy".index(value), "nmy".index(asked) if asked in ("n", "m", "y") else None
    if (wanted is not None and have > wanted) or (wanted is None and have):
        on = selectors(solver, sym, wanted or 0)
        if on:
            more = len(on) - _MOST_SELECTORS
            return f"it is selected by {', '.join(on[:_MOST_SELECTORS])}" + (f" and {more} more" if more > 0 else "")
        if sym in solver.choice_of:
            return "it is the one of its choice that is left"
        if wanted == 1:
            return (
                "without modules m becomes y"
                if letter == "t"
                else "it is a bool, so m is not read, and its default is y"
            )
        return "its default is y" if value == "y" else "its default is m"
    if letter == "b" and asked == "m":
        return "it is a bool, and m is no value of one"
    if sym in solver.choice_of and solver.visibility(sym):
        chosen = solver.member(solver.choice_of[sym])
        return f"{model.names[chosen] if chosen >= 0 else 'another symbol'} is chosen instead"
    if not model.prompts[sym]:
        if awaits(solver, sym):
            return f"unmet dependencies: {_unmet(solver, [model.depends[sym]])}"
        return "no assignment reaches it: it has no prompt, and nothing that is on selects it"
    if have and wanted == 2:
        return f"it can only be m: {_unmet(solver, model.prompts[sym], 2)}"
    if wanted is None and solver.visibility(sym):
        return "the config has no line for it, and it is off by default"
    return f"unmet dependencies: {_unmet(solver, model.prompts[sym])}"


def awaits(solver: Solver, sym: int) -> bool:
    """Whether a symbol without a prompt would be on by its default, and only its dependencies are unmet."""
    model = solver.model
    return not solver.expr(model.depends[sym]) and any(solver.expr(value) for value, _ in model.defaults[sym])


def selectors(solver: Solver, sym: int, above: int = 0) -> list[str]:
    """The symbols that select a symbol to more than ``above``."""
    model = solver.model
    node = model.exprs[model.selected[sym]]
    found = []
    for part in node[1:] if node[0] == OR else [model.selected[sym]]:
        if solver.expr(part) <= above:
            continue
        inner = model.exprs[part]
        while inner[0] == AND:
            inner = model.exprs[inner[1]]
        if inner[0] == SYMBOL:
            found.append(model.names[inner[1]])
    return found


def _unmet(solver: Solver, conditions: list[int], wanted: int = 1) -> str:
    terms: dict[str, None] = {}
    for condition in conditions:
        _collect(solver, condition, wanted, terms)
    shown = list(terms)[:_MOST_TERMS]
    more = len(terms) - len(shown)
    return (", ".join(shown) + (f" and {more} more" if more > 0 else "")) or "what it depends on"


def _collect(solver: Solver, expr: int, wanted: int, terms: dict[str, None]) -> None:
    if solver.expr(expr) >= wanted:
        return
    model = solver.model
    node = model.exprs[expr]
    if node[0] == AND:
        for part in node[1:]:
            _collect(solver, part, wanted, terms)
    elif node[0] == SYMBOL and node[1] < model.defined and node[1] not in model.foreign:
        terms[f"{model.names[node[1]] or 'the choice'} is {solver.text(node[1])}"] = None
    elif node[0] == SYMBOL:
        question = model.placeholders.get(node[1])
        terms["the compiler or a tool cannot" if question is not None else f"{model.names[node[1]]} does not exist"] = (
            None
        )
    elif node[0] == CONST:
        terms["this kernel rules it out"] = None
    elif node[0] == NOT and model.exprs[node[1]][0] == SYMBOL:
        inner = model.exprs[node[1]][1]
        terms[f"{model.names[inner] or 'the choice'} is {solver.text(inner)}"] = None
    else:
        text = expression_text(model, expr)
        terms[f"{text} does not hold" if len(text) <= _LONGEST else "none of its alternatives holds"] = None


def standing_against(solver: Solver, name: str) -> frozenset[str] | None:
    """Symbols that have to change before a symbol can be on; None when it can, and is only not asked for.

    Empty for a symbol without a prompt: whatever selects it decides.
    """
    model = solver.model
    sym = model.index[name]
    if not model.prompts[sym]:
        return frozenset()
    if solver.visibility(sym):
        return None
    found: set[str] = set()
    open_ = [*model.prompts[sym]]
    while open_:
        expr = open_.pop()
        if solver.expr(expr):
            continue
        node = model.exprs[expr]
        if node[0] in (AND, OR):
            open_ += node[1:]
        else:
            found |= _mentioned(solver, expr)
    return frozenset(found)


def _mentioned(solver: Solver, expr: int) -> set[str]:
    model = solver.model
    node = model.exprs[expr]
    if node[0] == CONST:
        return set()
    if node[0] in (AND, OR, NOT):
        return {name for part in node[1:] for name in _mentioned(solver, part)}
    return {model.names[s] for s in node[1:] if s < model.defined and s not in model.foreign}
