"""Whether a generated config has the lines that its own kernel line writes, or lost a part of them."""

from collections import Counter
from collections.abc import Mapping
from itertools import filterfalse

from kina_audit.kconfig.lines import Line, line_text, shown_on
from kina_audit.kconfig.shown import Shown
from kina_audit.kernel.shape import CUT

_RUN = 6
"""So many one after another are not there by chance: of 67 whole configs of their own lines, distributions' with their
patches and older updates of a line among them, none lacks more than two."""

_MOST_LACKING = 4
"""Of the lines behind a symbol a part that is lost is not this many times those that are there; a few turned on by hand are."""


def lost_part(line: Line, arch: str, raw: Mapping[str, str]) -> str:
    """A sentence on the part that a whole config of a line lost; empty: none that shows.

    A configurator writes a line for every symbol that can be seen, and which those are the file itself says. What can be
    seen because of a symbol that somebody turned on since has no line yet, and neither has anything else behind that one,
    but for the few that were turned on with it.

    Args:
        line: the line that wrote the config.
        arch: the config's architecture.
        raw: symbol to the text after ``=``.
    """
    shown = shown_on(line, arch)
    missed = shown.missed(raw)
    if not missed or (len(missed) < _RUN and shown.heads.isdisjoint(missed)):
        return ""  # as nearly every config
    groups, needs = shown.groups, shown.needs
    gone = list(filterfalse(raw.__contains__, groups))
    on = {name for name in shown.gates if raw.get(name) == "y"}
    behind: Counter[str] = Counter()
    for g, number in Counter(g for name, g in groups.items() if name in raw).items():
        behind.update(dict.fromkeys(needs[g], number))
    lacking = Counter(
        need for name in missed if behind.keys() >= {*needs[groups[name]]} for need in needs[groups[name]]
    )
    on &= {need for need, number in behind.items() if lacking[need] <= _MOST_LACKING * number}
    on |= _lost_gates(shown, raw, behind.keys() & gone, on)
    run: list[str] = []
    for name, g in groups.items():
        # What is not seen has no line either, and says nothing; a line in between ends what is missing.
        if name in raw:
            run = []
        elif on.issuperset(needs[g]):
            run.append(name)
            if len(run) == _RUN:
                return (
                    f"{CUT}: Linux {line_text(line)} writes lines for {', '.join(run)} there, and it has none of them"
                )
    return ""


def _lost_gates(shown: Shown, raw: Mapping[str, str], gone: set[str], on: set[str]) -> set[str]:
    """Symbols that were on, that could be seen, and whose own lines are gone.

    A line that says of a symbol that it is off is written only where that can be seen, so all that it needs was on.
    """
    off = {g for name, g in shown.groups.items() if raw.get(name) == "n"}
    missing = gone & {need for g in off for need in shown.needs[g]}
    found: set[str] = set()
    while more := {n for n in missing - found if (on | found).issuperset(shown.needs[shown.groups[n]])}:
        found |= more
    return found
