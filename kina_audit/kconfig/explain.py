"""Everything a tree and a config say about one symbol: what it is, its value, and why it has it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from kina_audit.base.datatype import datatype
from kina_audit.base.near import hint
from kina_audit.errors import UsageError
from kina_audit.kconfig.elsewhere import other_architectures
from kina_audit.kconfig.fix import Fix, Goal, find_fix
from kina_audit.kconfig.model import CONST, SYMBOL, expression_symbols, expression_text
from kina_audit.kconfig.reasons import Cause, Reasons, assumed_behind, pairs
from kina_audit.kconfig.resolve import Resolution
from kina_audit.kconfig.sensitive import Assumption, assumptions
from kina_audit.kconfig.short import awaits
from kina_audit.kernel.expression import Expression

TYPE_NAMES = {"b": "bool", "t": "tristate", "i": "int", "h": "hex", "s": "string", "u": "without a type"}
_MOST_ROUTES = 8


@datatype
class Definition:
    """One place that defines a symbol."""

    file: str
    line: int
    prompt: str
    depends: str


@datatype
class Explanation:
    """Why a symbol has its value.

    Attributes:
        symbol: without ``CONFIG_``.
        type: bool, tristate, int, hex or string.
        value: as in a config.
        written: whether the config has a line for it.
        visible: n, m or y: what a person may set it to.
        hidden: it has no prompt anywhere.
        definitions: where it is defined.
        depends: its direct dependencies, as one expression, and their value.
        because: one sentence on what decided the value.
        asked: what the config asked for; empty: nothing.
        causes: why it is not enabled, down to what can be changed; empty when it is.
        selected_by, implied_by: symbols that select or imply it now.
        selectors: every symbol that could select it.
        reached_by: for a hidden symbol, visible ones that its value follows from.
        enabled_by: the fewest lines that turn on a symbol that is n, proven by resolving again; empty: none was found.
        turned_off: what the config asks for and loses by those lines, with its new value.
        assumed: answers about the toolchain that nobody gave, on which the value, or turning it on, rests.
        possible: the values it can have on this tree, architecture and toolchain.
        transitional: it is read and never written.
        made: what the tree would make of a symbol that a kernel's own file has otherwise; empty: the same.
    """

    symbol: str
    type: str
    value: str
    written: bool
    visible: str
    hidden: bool
    definitions: tuple[Definition, ...]
    depends: str
    depends_value: str
    because: str
    asked: str
    causes: tuple[Cause, ...]
    selected_by: tuple[str, ...]
    implied_by: tuple[str, ...]
    selectors: tuple[str, ...]
    reached_by: tuple[str, ...]
    enabled_by: tuple[str, ...]
    turned_off: Mapping[str, str]
    assumed: tuple[Assumption, ...]
    possible: str
    transitional: bool = False
    made: str = ""

    def to_document(self) -> Mapping[str, Any]:
        """For ``json.dumps``."""
        return asdict(self)


def explain(resolution: Resolution, name: str) -> Explanation:
    """Explain one symbol of a resolved config.

    Raises:
        UsageError: the tree has no such symbol; near ones are named.
    """
    tree, solver = resolution.tree, resolution.solver
    model = tree.model
    name = name.removeprefix("CONFIG_")
    sym = model.index.get(name)
    if sym is None and name in resolution.beyond:
        return _of_the_file(resolution, name)
    if sym is None:
        where = other_architectures(tree, name)
        raise UsageError(
            f"Linux {model.version} defines no symbol {name} on {model.arch}" + (f": {where}" if where else ""),
            "Give --arch." if where else hint(name, model.index, 3) or "It may be of another version or architecture.",
        )
    reasons = Reasons(tree, solver)
    letter = model.types[sym]
    value = solver.text(sym)
    asked = resolution.requested.get(name)
    enabled = letter in "ihs" or solver.tri(sym) == 2 or (letter == "t" and solver.tri(sym) > 0)
    causes: tuple[Cause, ...] = ()
    if not enabled:
        top = reasons.symbol(sym, 1)
        causes = top.causes or (top,)
    elif letter in "ihs" and not solver.visibility(sym) and model.prompts[sym]:
        causes = tuple(c for p in model.prompts[sym] for c in reasons.unmet(p, 1))
    places = tree.places().of(sym)
    hidden = not model.prompts[sym]
    low, high = tree.possible(sym)
    made = resolution.made_otherwise(name)
    if made is not None:
        # The file is the truth, and what stands behind it is not in this tree.
        causes = ()
    fix = _fix(resolution, sym) if not enabled and high and made is None else None
    return Explanation(
        symbol=name,
        type=TYPE_NAMES[letter],
        value=value,
        written=solver.is_written(sym),
        visible="nmy"[solver.visibility(sym)],
        hidden=hidden,
        definitions=tuple(Definition(p.file, p.line, p.prompt, expression_text(model, p.depends)) for p in places),
        depends=expression_text(model, model.depends[sym]),
        depends_value="nmy"[solver.expr(model.depends[sym])],
        because=_because(resolution, reasons, sym),
        asked=asked.value if asked else "",
        causes=causes,
        selected_by=tuple(n for n, on in _on(resolution, model.selected[sym]) if on),
        implied_by=tuple(n for n, on in _on(resolution, model.implied[sym]) if on),
        selectors=tuple(n for n, _ in _on(resolution, model.selected[sym])),
        reached_by=_reached_by(resolution, sym) if hidden and letter in "bt" else (),
        enabled_by=tuple(c.line for c in fix.changes) if fix else (),
        turned_off=dict(fix.turned_off) if fix else {},
        assumed=_assumed(fix.resolution if fix else resolution, name, causes),
        possible=value
        if letter in "ihs"
        else "".join("nmy"[v] for v in range(low, high + 1) if letter == "t" or v != 1),
        transitional=sym in solver.trans,
        made="" if made is None else made or '""',
    )


def _of_the_file(resolution: Resolution, name: str) -> Explanation:
    """A symbol that a kernel's own file has and its line as released does not."""
    model, raw = resolution.tree.model, resolution.beyond[name]
    because = (
        f"{_place(resolution, name)} says so; Linux {model.version} as released has no such symbol on {model.arch}"
    )
    return Explanation(
        symbol=name, type=TYPE_NAMES["u"], value=raw.strip('"'), written=True, visible="n", hidden=False, definitions=(),
        depends="y", depends_value="y", because=because, asked=raw, causes=(), selected_by=(), implied_by=(),
        selectors=(), reached_by=(), enabled_by=(), turned_off={}, assumed=(), possible="",
    )  # fmt: skip


def _place(resolution: Resolution, name: str) -> str:
    row = resolution.requested[name]
    return f"{row.where} line {row.line}" if row.line else row.where


def _assumed(resolution: Resolution, name: str, causes: tuple[Cause, ...]) -> tuple[Assumption, ...]:
    """What was assumed that decides a symbol's value, or keeps it from being turned on."""
    found = {(a.question, a.answer): a for a in assumptions(resolution, [name])}
    for question, answer in assumed_behind(causes):
        found.setdefault((question, answer), Assumption(question, answer, (name,)))
    return tuple(found.values())


def _on(resolution: Resolution, expr: int) -> list[tuple[str, bool]]:
    model, solver = resolution.tree.model, resolution.solver
    rows = pairs(resolution.tree, expr)
    found: dict[str, bool] = {}
    for sym, condition in rows:
        on = bool(min(solver.tri(sym), solver.expr(condition)))
        found[model.names[sym]] = found.get(model.names[sym], False) or on
    return [(n, on) for n, on in found.items() if n]


def _because(resolution: Resolution, reasons: Reasons, sym: int) -> str:
    """What decided a value, in the order in which olddefconfig looks."""
    model, solver = resolution.tree.model, resolution.solver
    name, letter, value = model.names[sym], model.types[sym], solver.text(sym)
    asked = resolution.requested.get(name)
    made = resolution.made_otherwise(name)
    if made is not None:
        said = f"{_place(resolution, name)} says so" if asked else "the kernel's own file has no line for it"
        return f"{said}; Linux {model.version} as released would make it {made or 'empty'}, which does not overrule it"
    if letter in "bt" and solver.tri(sym):
        selecting = [model.names[s] for s, c in reasons.selectors(sym) if min(solver.tri(s), solver.expr(c))]
        wanted = solver.user.tri.get(sym)
        if selecting and not (solver.visibility(sym) and wanted == solver.tri(sym)):
            return f"selected by {', '.join(selecting[:4])}"
    if sym in solver.trans:
        return "transitional: read from the config, handed on to its successor, never written"
    if sym in solver.choice_of and solver.visibility(sym):
        return "chosen in its choice" if value == "y" else f"not chosen in its choice: {reasons.chosen(sym)}"
    if asked is not None and solver.visibility(sym) and (sym in solver.user.tri or sym in solver.user.text):
        where = f"{asked.where} line {asked.line}"
        said = asked.value.strip('"') if letter == "s" else asked.value
        if said[:1] == value or said == value:
            return f"{where} says so"
        return f"{where} says {asked.value}, which the tree limits to {value}"
    for expr, condition in model.defaults[sym]:
        if solver.expr(condition):
            text = expression_text(model, expr)
            under = "" if condition == 2 else f" if {_short(expression_text(model, condition))}"
            node = model.exprs[expr]
            of = f", and {text} is {reasons.value(node[1])}" if node[0] == SYMBOL and node[1] < model.defined else ""
            kind = "default" if node[0] == CONST or letter in "ihs" or node[0] == SYMBOL else "default expression"
            return f"its {kind} applies: {text}{under}{of}"
    implying = [n for n, on in _on(resolution, model.implied[sym]) if on]
    if implying and value != "n":
        return f"implied by {', '.join(implying[:4])}"
    if solver.visibility(sym):
        return "visible, not asked for, and it has no default that applies"
    if not model.prompts[sym]:
        if awaits(solver, sym):
            return "hidden: its default would turn it on, and its dependencies are not met"
        return "hidden, and no default applies and nothing that selects it is on"
    return "its dependencies are not met"


def _short(text: str) -> str:
    return text if len(text) <= 160 else text[:157] + "..."


def _fix(resolution: Resolution, sym: int) -> Fix:
    """The smallest fragment that turns a symbol on."""
    name = resolution.tree.model.names[sym]
    # Not parsed: a name such as 6LOWPAN would read as a number.
    goal = Goal(name, Expression(name, ("sym", name), (name,)), 1, "")
    return find_fix(resolution, lambda _: [goal], lambda state: state.solver.tri(sym) > 0)


def _reached_by(resolution: Resolution, sym: int) -> tuple[str, ...]:
    """Visible symbols a hidden one follows from: they select it (also through hidden ones), or its defaults depend on them."""
    model = resolution.tree.model
    found: dict[str, None] = {}
    seen: set[int] = set()
    todo = [sym]
    while todo and len(found) < _MOST_ROUTES:
        one = todo.pop(0)
        if one in seen:
            continue
        seen.add(one)
        if one != sym and model.prompts[one]:
            if resolution.tree.possible(one)[1]:
                found[model.names[one]] = None
            continue
        todo += [s for s, _ in pairs(resolution.tree, model.selected[one])]
        if model.defaults[one]:
            todo += sorted(expression_symbols(model, [model.depends[one]]))
    return tuple(found)
