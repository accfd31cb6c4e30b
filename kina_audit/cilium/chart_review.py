"""A user's Helm values on the chart's own terms: wrong types, unknown keys and words, placeholders; no kernel decides here."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from kina_audit.base.datatype import datatype
from kina_audit.base.near import alike, hint
from kina_audit.cilium.chart import MAPPING, REFUSED, Chart, Node, chart, minors, parts, paths
from kina_audit.cilium.evidence import where
from kina_audit.cilium.keys import Given, Key, every_row, of_release
from kina_audit.cilium.release import Release

_TYPES = {"b": "true or false", "i": "a number", "n": "a number", "s": "text", "o": "a mapping", "z": "null"}
_PLACEHOLDER = re.compile(
    r"(?i)<[^<>]+>|.*\b(?:REPLACE|CHANGE)[-_ ]?(?:ME|WITH|THIS)\b.*|YOUR[-_ ][a-z0-9_-]+|(?:TODO|FIXME|XXX)\b.*"
)
_VARIABLE = re.compile(r".*(?:\$\{?[A-Za-z_][A-Za-z0-9_]*\}?|\{\{.*\}\}).*|API_SERVER_(?:IP|PORT|HOST)")
_GUESSES, _GUESSED_KEY, _PLACEHOLDERS = 50, 200, 300
"""How many faults of a file are told with what may be meant; characters of a key that is guessed at, of a placeholder."""
_ANCHORS = ("x-", "_", ".")
"""What the names of mappings begin with that only hold YAML anchors."""


@datatype
class Misfit:
    """A value that the chart does not take as it is meant.

    Attributes:
        given: the value.
        because: why, in a sentence or two.
        sure: whether it is certain; a variable that something else replaces is not.
        evidence: how well it is known, or an empty string.
        link: where it is from, or an empty string.
        stray: whether it is no value of Cilium's at all, not even a misspelt one.
        word: whether the agent is handed a word that it may not know, or that is to be replaced by one.
        refused: whether Helm installs nothing because of it.
    """

    given: Given
    because: str
    sure: bool = True
    evidence: str = ""
    link: str = ""
    stray: bool = False
    word: bool = False
    refused: bool = False


def misfits(given: Sequence[Given], known: Sequence[Key], release: Release, chart_: Chart) -> list[Misfit]:
    """What of Helm values the chart refuses, ignores, or passes on to an agent that refuses it.

    Args:
        given: the values, mappings among them.
        known: the keys that decide about features; their values are words, too.
        release: the Cilium release.
        chart_: its chart.
    """
    words = {k.helm: k for k in known if k.values and not k.when}
    choices = {row["helm"]: row for row in of_release("choice", release)}
    # What some release refuses has a row of its own, which says where it counts.
    told = {(row["helm"], v) for row in every_row("refused") if "helm" in row for v in row.get("values", ())}
    found: list[Misfit] = []
    wrong: set[tuple[str, ...]] = set()  # what is below it is not told again
    for row in given:
        path = parts(row.key)
        if any(path[:n] in wrong for n in range(1, len(path))) or path[0].startswith(_ANCHORS):
            continue
        misfit = _of_chart(row, path, chart_, guess=len(found) < _GUESSES) or (
            None if (row.key, row.value) in told else of_words(row, words, choices)
        )
        misfit = misfit or _unfinished(row)
        if misfit is not None:
            found.append(misfit)
            wrong.add(path)
    return found


def umbrella(given: Sequence[Given], chart_: Chart) -> str:
    """The name that Cilium's values stand under in those of a chart that has Cilium's as its dependency, or nothing.

    It is ``cilium`` unless the dependency has an alias; no chart of Cilium reads a value of that name.
    """
    tops: dict[str, set[str]] = {}
    for row in given:
        path = parts(row.key)
        tops.setdefault(path[0], set()).update(path[1:2])
    own = chart_.root.below
    inside = {name: names & own.keys() for name, names in tops.items() if name not in own}
    if tops.get("cilium"):
        return "cilium"
    if any(name in own and name != "global" for name in tops):
        return ""
    return next((name for name, known in inside.items() if len(known) * 2 > len(tops[name])), "")


def _of_chart(row: Given, path: tuple[str, ...], chart_: Chart, *, guess: bool) -> Misfit | None:
    node, depth = chart_.find(path)
    if node.types == REFUSED:
        empty = row.type == MAPPING or row.value in ("", "null", "false", "0")
        return (
            None if empty else Misfit(row, f"The chart of {chart_.minor} fails: the value was removed.", refused=True)
        )
    if depth < len(path):
        if node.open:
            return None
        if MAPPING not in node.types and depth:
            return _type(row, path[:depth], node) if chart_.typed else None
        near = nearest(path, depth, node, chart_) if guess and len(row.key) <= _GUESSED_KEY else ()
        return Misfit(row, _unknown(path, depth, near, chart_), stray=not near)
    return None if not chart_.typed or not row.type or node.takes(row.type, row.value) else _type(row, path, node)


def _type(row: Given, path: tuple[str, ...], node: Node) -> Misfit:
    name, this = ".".join(path), _TYPES.get(row.type, "a list")
    if node.words and row.type == "s":
        return Misfit(row, f"The chart refuses it: {name} takes {node.told}.", refused=True)
    quotes = row.type == "s" and (
        (node.types == "b" and row.value.lower() in ("true", "false"))
        or (node.types in ("i", "n") and re.fullmatch(r"-?\d+(\.\d+)?", row.value) is not None)
    )
    text = f"The chart refuses it: {name} takes {node.told}, and this is {this}."
    return Misfit(row, f"{text} Leave the quotes out." if quotes else text, refused=True)


def _unknown(path: tuple[str, ...], depth: int, near: tuple[str, ...], chart_: Chart) -> str:
    text = f"The chart of {chart_.minor} has no such value, and ignores it"
    if depth and depth == len(path) - 1 and not near:
        text = f"{'.'.join(path[:-1])} has no {path[-1]} in the chart of {chart_.minor}, which ignores it"
    elsewhere = [m for m in minors() if chart(m).knows(path)]
    if len(elsewhere) == 1:
        text += f"; that of {elsewhere[0]} reads it"
    elif elsewhere:
        text += f"; those of {elsewhere[0]} to {elsewhere[-1]} read it"
    if not near:
        gone = _gone(path, chart_)
        return f"{text}; did you mean {gone}" if gone else f"{text}."
    if ".".join(near) in path:  # --set has dots, a file of values has not
        return f"{text}; write {near[-1]} in {'.'.join(near[:-1])}, on a line of its own."
    return f"{text}; did you mean {'.'.join(near)}?"


def _gone(path: tuple[str, ...], chart_: Chart) -> str:
    """The value that an unknown path most likely means and that charts had once, with what became of it; or nothing."""
    rows = {row["helm"]: row["why"] for row in every_row("refused") if "helm" in row and "values" not in row}
    meant = alike(".".join(path), [name for name in rows if not chart_.knows(parts(name))], cutoff=0.88)
    return f"{meant[0]}, of older charts? {rows[meant[0]].removeprefix('The chart fails: ')}" if meant else ""


def nearest(path: tuple[str, ...], depth: int, node: Node, chart_: Chart) -> tuple[str, ...]:
    """The value of the chart that an unknown path most likely means, or nothing."""
    wanted, above = path[depth], path[:depth]
    siblings = [n for n, child in node.below.items() if child.types != REFUSED]
    for name in siblings:
        if _squeezed(name) == _squeezed(wanted):
            return (*above, name)
    meant = _meant(path)
    every = sorted(paths(chart_.root), key=len)
    same = [other for other in every if _meant(other) == meant and other != path[: len(other)]]
    if same:
        return min(same, key=lambda other: MAPPING in chart_.find(other)[0].types.lower())
    close = alike(wanted, siblings, cutoff=0.8)
    if close:
        return (*above, close[0])
    names = {".".join(p): p for p in every if len(p) == len(path)}
    close = alike(".".join(path), names, cutoff=0.88)
    return names[close[0]] if close else ()


def _squeezed(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


@cache
def _meant(path: tuple[str, ...]) -> frozenset[str]:
    """The words of a path, however it is spelt: enableBPFMasquerade, enable-bpf-masquerade and bpf.masquerade are one."""
    words = re.findall(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|\d+", " ".join(path))
    return frozenset(w.lower() for w in words) - {"enable", "enabled"}


def of_words(row: Given, words: Mapping[str, Key], choices: Mapping[str, Mapping[str, Any]]) -> Misfit | None:
    """A word that a value does not take.

    Args:
        row: the value.
        words: the keys that decide about features, by how they are called where the value stands.
        choices: what other values take, by their Helm path.
    """
    if row.value in ("", "null") or row.type == MAPPING:
        return None
    key = words.get(row.key)
    if key is not None and key.values and row.value not in key.values:
        if row.value in key.newer:
            return Misfit(
                row, "Cilium's source takes it since; whether this release does is not known to this tool.", sure=False
            )
        return Misfit(row, f"It is one of {', '.join(key.values)}.{_meaning(row.value, key.values)}", word=True)
    choice = choices.get(row.key)
    if choice is not None:
        allowed = list(choice["values"])
        if row.value not in allowed:
            why = f" {choice['why']}" if "why" in choice else ""
            text = f"It is one of {', '.join(allowed)}.{_meaning(row.value, allowed)}{why}"
            fails = bool(choice.get("helm_fails"))
            return Misfit(
                row, text, evidence=str(choice["evidence"]), link=where(choice), word=not fails, refused=fails
            )
    return None


def _meaning(value: str, allowed: Sequence[str]) -> str:
    meant = hint(value, allowed, cutoff=0.6)
    return f" {meant}" if meant else ""


def _unfinished(row: Given) -> Misfit | None:
    """A placeholder that nobody replaced, or a variable that something else may replace."""
    if row.type not in ("", "s") or len(row.value) > _PLACEHOLDERS:
        return None
    if _VARIABLE.fullmatch(row.value):
        return Misfit(
            row,
            "A variable: what it becomes is not in this file. Review what is rendered of it.",
            sure=False,
            word=True,
        )
    if _PLACEHOLDER.fullmatch(row.value):
        return Misfit(row, "A placeholder that nobody has replaced.", word=True)
    return None
