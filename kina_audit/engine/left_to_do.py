"""What of a requirement's fix is left to do: symbols that are on already are not to be set."""

import re
from collections.abc import Sequence

from kina_audit.kernel.config import WITHOUT_MODULE, SymbolFact
from kina_audit.kernel.expression import Expression

_LIST = re.compile(r"Set (CONFIG_\w+=y(?:(?:, | and )CONFIG_\w+=y)+)\.(?= |$)", re.ASCII)
_BETWEEN = re.compile(", | and ")


def left_to_do(fix: str, facts: Sequence[SymbolFact], *, module: bool, expr: Expression | None = None) -> str:
    """A fix without those symbols of its list that are as they should be; as it is where that leaves nothing or all.

    Args:
        fix: what the requirement says to do.
        facts: the symbols of its condition.
        module: whether m does.
        expr: the condition; where it says ``A=y``, m does not.
    """
    listed = _LIST.match(fix)
    if listed is None:
        return fix
    compared = expr.compared if expr is not None else ()
    done = {
        f"CONFIG_{f.name}=y"
        for f in facts
        if f.value == "y" or (f.value == "m" and module and f.name not in compared and f.state not in WITHOUT_MODULE)
    }
    left = [item for item in _BETWEEN.split(listed[1]) if item not in done]
    if not left:
        return fix
    *first, last = left
    return f"Set {', '.join(first)}{' and ' * bool(first)}{last}.{fix[listed.end() :]}"
