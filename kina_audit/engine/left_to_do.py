"""What of a requirement's fix is left to do: symbols that are on already are not to be set."""

import re
from collections.abc import Callable, Collection

from kina_audit.kernel.config import WITHOUT_MODULE, SymbolFact

_LIST = re.compile(r"Set (CONFIG_\w+=y(?:(?:, | and )CONFIG_\w+=y)+)\.(?= |$)", re.ASCII)
_BETWEEN = re.compile(", | and ")


def left_to_do(fix: str, fact: Callable[[str], SymbolFact], *, module: bool, compared: Collection[str] = ()) -> str:
    """A fix without those symbols of its list that are as they should be; as it is where that leaves nothing or all.

    Args:
        fix: what the requirement says to do.
        fact: what this kernel has, by symbol: the gates that a fix names are not of its condition.
        module: whether m does.
        compared: symbols for which it does not, because the condition says ``A=y``; then neither for their gates.
    """
    listed = _LIST.match(fix)
    if listed is None:
        return fix
    left = []
    for item in _BETWEEN.split(listed[1]):
        f = fact(item.removeprefix("CONFIG_").removesuffix("=y"))
        m_does = module and not compared and f.state not in WITHOUT_MODULE
        if f.value != "y" and not (f.value == "m" and m_does):
            left.append(item)
    if not left:
        return fix
    *first, last = left
    return f"Set {', '.join(first)}{' and ' * bool(first)}{last}.{fix[listed.end() :]}"
