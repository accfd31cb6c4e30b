"""What of a requirement's fix is left to do: symbols that are on already are not to be set."""

import re
from collections.abc import Callable

from kina_audit.kernel.config import WITHOUT_MODULE, SymbolFact
from kina_audit.kernel.expression import Expression

_LIST = re.compile(r"Set (CONFIG_\w+=y(?:(?:, | and )CONFIG_\w+=y)+)\.(?= |$)", re.ASCII)


def left_to_do(fix: str, fact: Callable[[str], SymbolFact], *, module: bool, expr: Expression | None = None) -> str:
    """A fix without those symbols of its list that are as they should be; as it is where that leaves nothing or all.

    Args:
        fix: what the requirement says to do.
        fact: what this kernel has, by symbol: the gates that a fix names are not of its condition.
        module: whether m does.
        expr: the condition; where it says ``A=y``, m does not, and then neither for gates.
    """
    listed = _LIST.match(fix)
    if listed is None:
        return fix
    m_does = module and not (expr is not None and expr.compared)
    left = []
    for item in listed[1].replace(" and ", ", ").split(", "):
        found = fact(item.removeprefix("CONFIG_").removesuffix("=y"))
        if found.value != "y" and not (found.value == "m" and m_does and found.state not in WITHOUT_MODULE):
            left.append(item)
    if not left:
        return fix
    *first, last = left
    return f"Set {', '.join(first)}{' and ' * bool(first)}{last}.{fix[listed.end() :]}"
