"""Whether a generated config has the lines that its own kernel line writes, or lost a part of them."""

from collections.abc import Mapping

from kina_audit.kconfig.lines import Line, line_text, shown_on
from kina_audit.kconfig.packed import Shown
from kina_audit.kernel.shape import CUT

_RUN = 3
"""So many one after another are not there by chance: of 70 whole configs of their own lines none lacks more than one."""


def lost_part(line: Line, arch: str, raw: Mapping[str, str]) -> str:
    """A sentence on the part that a whole config of a line lost; empty: none that shows.

    A configurator writes a line for every symbol that can be seen, and which those are the file itself says. What can be
    seen because of a symbol that somebody turned on since has no line yet, and neither has anything else behind that one.

    Args:
        line: the line that wrote the config.
        arch: the config's architecture.
        raw: symbol to the text after ``=``.
    """
    shown = shown_on(line, arch)
    pairs = zip(shown.names, shown.groups, strict=True)
    written = {need for g in {g for name, g in pairs if name in raw} for need in shown.needs[g]}
    gates = _lost_gates(shown, raw, written)
    on: dict[int, bool] = {}
    run: list[str] = []
    for name, g in zip(shown.names[: shown.looked_for], shown.groups, strict=False):
        if name in raw:
            if run:
                run = []
            continue
        seen = on.get(g)
        if seen is None:
            seen = on[g] = _all_on(shown.needs[g], raw, written, gates)
        if seen:
            run.append(name)
            if len(run) == _RUN:
                return (
                    f"{CUT}: Linux {line_text(line)} writes lines for {', '.join(run)} there, and it has none of them"
                )
    return ""


def _all_on(needs: list[str], raw: Mapping[str, str], written: set[str], gates: set[str]) -> bool:
    return all((raw.get(need) == "y" or need in gates) and need in written for need in needs)


def _lost_gates(shown: Shown, raw: Mapping[str, str], written: set[str]) -> set[str]:
    """Symbols that were on, that could be seen, and whose own lines are gone.

    A line that says of a symbol that it is off is written only where that can be seen, so all that it needs was on.
    """
    off = {g for name, g in zip(shown.names, shown.groups, strict=True) if raw.get(name) == "n"}
    missing = {need for g in off for need in shown.needs[g] if need not in raw}
    if not missing:
        return missing
    own = {name: g for name, g in zip(shown.names, shown.groups, strict=True) if name in missing}
    found: set[str] = set()
    while more := {n for n, g in own.items() if n not in found and _all_on(shown.needs[g], raw, written, found)}:
        found |= more
    return found
