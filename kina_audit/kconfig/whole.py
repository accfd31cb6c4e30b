"""Whether a generated config has the lines that its own kernel line writes, or lost a part of them."""

from collections.abc import Mapping
from itertools import compress

from kina_audit.kconfig.lines import Line, line_text, shown_on
from kina_audit.kconfig.packed import Shown
from kina_audit.kernel.shape import CUT

_RUN = 6
"""So many one after another are not there by chance: of 67 whole configs of their own lines, distributions' with their
patches and older updates of a line among them, none lacks more than two."""


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
    names, groups, needs = shown.names, shown.groups, shown.needs
    values = list(map(raw.get, names))
    gone = [at for at, value in enumerate(values) if value is None]
    written = set().union(*[needs[g] for g in set(compress(groups, values))])
    on = {name for name in written if raw.get(name) == "y"}
    on |= _lost_gates(shown, values, {names[at]: groups[at] for at in gone if names[at] in written}, on)
    run: list[str] = []
    last = -1
    for at in gone:
        # What is not seen has no line either, and says nothing; a line in between ends what is missing.
        if at != last + 1:
            run = []
        last = at
        if on.issuperset(needs[groups[at]]):
            run.append(names[at])
            if len(run) == _RUN:
                return (
                    f"{CUT}: Linux {line_text(line)} writes lines for {', '.join(run)} there, and it has none of them"
                )
    return ""


def _lost_gates(shown: Shown, values: list[str | None], gone: Mapping[str, int], on: set[str]) -> set[str]:
    """Symbols that were on, that could be seen, and whose own lines are gone.

    A line that says of a symbol that it is off is written only where that can be seen, so all that it needs was on.
    """
    if not gone:
        return set()
    off = {g for g, value in zip(shown.groups, values, strict=True) if value == "n"}
    missing = gone.keys() & set().union(*[shown.needs[g] for g in off])
    found: set[str] = set()
    while more := {n for n in missing - found if (on | found).issuperset(shown.needs[gone[n]])}:
        found |= more
    return found
