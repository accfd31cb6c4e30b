"""Whether a generated config has the lines that its own kernel line writes, or lost a part of them."""

from collections import Counter
from collections.abc import Mapping

from kina_audit.kconfig.lines import Line, line_text
from kina_audit.kconfig.model import AND, CONST, SYMBOL, TreeModel
from kina_audit.kernel.shape import CUT

_STEP = 4
"""Every fourth symbol is looked for: enough to see most runs of fifty lost lines, at a quarter of the price."""

_RUN = 3
"""So many one after another are not there by chance: of 70 whole configs of their own lines none lacks more than one."""


_MOST_LACKING = 2
"""Of the lines behind a symbol a part that is lost is not this many times those that are there; a few turned on by hand are."""


def lost_part(line: Line, model: TreeModel, raw: Mapping[str, str]) -> str:
    """A sentence on the part that a whole config of a line lost; empty: none that shows.

    A configurator writes a line for every symbol that can be seen, and which those are the file itself says. What can be
    seen because of a symbol that somebody turned on since has no line yet, and neither has anything else behind that one,
    but for the few that were turned on with it.

    Args:
        line: the line that wrote the config.
        model: of the line and the config's architecture, under any toolchain.
        raw: symbol to the text after ``=``.
    """
    key = (line, model.arch)
    if key not in _met:
        # What is quicker for one config is not for many of them.
        _met.add(key)
        if not _lacks_a_run(model, raw):
            return ""
    seen = _seen[key] = _seen.get(key) or _seen_by(model)
    run: list[str] = []
    behind = Counter(need for name, needs in seen if name in raw for need in needs)
    lacking = Counter(
        need
        for name, needs in seen
        if name not in raw and behind.keys() >= {*needs} and all(raw.get(need) == "y" for need in needs)
        for need in needs
    )
    written = {need for need, number in behind.items() if lacking[need] <= _MOST_LACKING * number}
    for name, needs in seen:
        if name in raw:
            run = []
        elif written.issuperset(needs) and all(raw.get(need) == "y" for need in needs):
            run.append(name)
            if len(run) == _RUN:
                return (
                    f"{CUT}: Linux {line_text(line)} writes lines for {', '.join(run)} there, and it has none of them"
                )
    return ""


def _lacks_a_run(model: TreeModel, raw: Mapping[str, str]) -> bool:
    """Whether so many symbols that could be seen lack a line, one after another.

    If not, as in nearly every config, nothing else has to be looked at.
    """
    names, types, members, exprs = model.names, model.types, model.members, model.exprs
    on: dict[int, bool] = {}

    def holds(expr: int) -> bool:
        found = on.get(expr)
        if found is None:
            node = exprs[expr]
            kind = node[0]
            if kind == SYMBOL:
                sym = node[1]
                found = sym < model.defined and raw.get(names[sym]) == "y" and types[sym] in "bt"
            else:
                found = all(map(holds, node[1:])) if kind == AND else node == [CONST, 2]
            on[expr] = found
        return found

    run = 0
    for sym in range(0, model.defined, _STEP):
        if types[sym] not in "bt" or ((here := names[sym] in raw) and not run) or sym in members:
            continue
        prompts = model.prompts[sym]
        if len(prompts) != 1:
            continue
        if here:
            run = run if _all_of(model, prompts[0], {}) is None else 0
        elif holds(prompts[0]):
            run += 1
            if run == _RUN:
                return True
    return False


_met: set[tuple[Line, str]] = set()
_seen: dict[tuple[Line, str], tuple[tuple[str, tuple[str, ...]], ...]] = {}


def _seen_by(model: TreeModel) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Symbols with a prompt, in the order of the tree, each with those that have to be y for it to be seen.

    What is seen because of a tool's answer is not among them.
    """
    found = []
    names, types, members = model.names, model.types, model.members
    known: dict[int, tuple[str, ...] | None] = {}
    for sym in range(0, model.defined, _STEP):
        if types[sym] in "bt" and sym not in members and len(prompts := model.prompts[sym]) == 1:
            needs = _all_of(model, prompts[0], known)
            if needs is not None:
                found.append((names[sym], needs))
    return tuple(found)


def _all_of(model: TreeModel, expr: int, known: dict[int, tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """The symbols that an expression asks to be on, all of them; None: it asks for something else, too."""
    if expr in known:
        return known[expr]
    node = model.exprs[expr]
    found: tuple[str, ...] | None = None
    if node[0] == AND:
        parts = [_all_of(model, part, known) for part in node[1:]]
        found = None if None in parts else tuple(name for part in parts for name in part or ())
    elif node[0] == SYMBOL and node[1] < model.defined and model.types[node[1]] in "bt":
        found = (model.names[node[1]],)
    elif node == [CONST, 2]:
        found = ()
    known[expr] = found
    return found
