"""Whether a generated config has the lines that its own kernel line writes, or lost a part of them."""

from collections.abc import Mapping
from functools import cache

from kina_audit.kconfig.lines import Line, line_text, shipped_tree
from kina_audit.kconfig.model import AND, CONST, SYMBOL, TreeModel
from kina_audit.kconfig.toolchain import Toolchain
from kina_audit.kernel.shape import CUT

_STEP = 3
"""Every third symbol is looked for: enough to see fifty lost lines, at a third of the price."""

_RUN = 3
"""So many one after another are not there by chance: of 70 whole configs of their own lines none lacks more than one."""


def lost_part(line: Line, arch: str, raw: Mapping[str, str]) -> str:
    """A sentence on the part that a whole config of a line lost; empty: none that shows.

    A configurator writes a line for every symbol that can be seen, and which those are the file itself says. What can be
    seen because of a symbol that somebody turned on since has no line yet, and neither has anything else behind that one.

    Args:
        line: the line that wrote the config.
        arch: its architecture.
        raw: symbol to the text after ``=``.
    """
    run: list[str] = []
    written = {need for name, needs in _seen_by(line, arch) if name in raw for need in needs}
    for name, needs in _seen_by(line, arch):
        if name in raw:
            run = []
        elif written.issuperset(needs) and all(raw.get(need) == "y" for need in needs):
            run.append(name)
            if len(run) == _RUN:
                return (
                    f"{CUT}: Linux {line_text(line)} writes lines for {', '.join(run)} there, and it has none of them"
                )
    return ""


@cache
def _seen_by(line: Line, arch: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Symbols with a prompt, in the order of the tree, each with those that have to be y for it to be seen."""
    # What is seen because of a tool's answer is not among them, so any toolchain does.
    model = shipped_tree(line, arch, Toolchain.parse("gcc-12")).model
    found = []
    for sym in range(0, model.defined, _STEP):
        prompts = model.prompts[sym]
        if len(prompts) == 1 and model.types[sym] in "bt" and sym not in model.members:
            needs = _all_of(model, prompts[0])
            if needs is not None:
                found.append((model.names[sym], needs))
    return tuple(found)


def _all_of(model: TreeModel, expr: int) -> tuple[str, ...] | None:
    """The symbols that an expression asks to be on, all of them; None: it asks for something else, too."""
    names: list[str] = []
    open_ = [expr]
    while open_:
        node = model.exprs[open_.pop()]
        if node[0] == AND:
            open_ += node[1:]
        elif node[0] == SYMBOL and node[1] < model.defined and model.types[node[1]] in "bt":
            names.append(model.names[node[1]])
        elif node != [CONST, 2]:
            return None
    return tuple(names)
