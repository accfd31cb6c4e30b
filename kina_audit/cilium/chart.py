"""The values that a release's Helm chart reads, and their types: ``data/cilium-chart.txt``."""

from collections.abc import Iterator
from functools import cache

from kina_audit.base.datatype import datatype, field
from kina_audit.base.packaged import data_file
from kina_audit.cilium.release import Release

ANY, NULL, REFUSED, MAPPING, OPEN = "x", "z", "!", "o", "O"
_WORDS = {
    "b": "true or false",
    "i": "a whole number",
    "n": "a number",
    "s": "text",
    "t": "a list of texts",
    "l": "a list",
}


@datatype
class Node:
    """One value of a chart.

    Attributes:
        types: what it may be, in the letters of the data file.
        below: the values in it, by name.
    """

    types: str
    below: dict[str, "Node"] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Whether names that nobody knows may be in it."""
        return ANY in self.types or OPEN in self.types

    @property
    def words(self) -> tuple[str, ...]:
        """The words that it may be, where the chart's schema lists them."""
        return tuple(self.types[1:-1].split(",")) if self.types.startswith("{") else ()

    @property
    def told(self) -> str:
        """What it may be, for people."""
        if self.words:
            return f"one of {', '.join(self.words)}"
        letters = self.types.replace("[s]", "t").replace("[]", "l")
        names = [name for letter, name in _WORDS.items() if letter in letters]
        return ", or ".join([*names, *["a mapping"] * (MAPPING in self.types.lower())]) or "nothing but null"

    def takes(self, type_: str, text: str) -> bool:
        """Whether the schema takes a value of a type, by its letter, with this text."""
        if type_ == NULL or ANY in self.types:  # null takes a value of the chart away
            return True
        if self.words:
            return type_ == "s" and text in self.words
        if type_ == MAPPING:
            return MAPPING in self.types.lower()
        if type_.startswith("["):
            return "[]" in self.types or ("[s]" in self.types and type_ in ("[]", "[s]"))
        whole = type_ == "i" or (type_ == "n" and text.rstrip("0").endswith("."))  # JSON's 1.0 is an integer
        return (
            type_ in self.types.replace("[s]", "")
            or ("i" in self.types and whole)
            or ("n" in self.types and type_ == "i")
        )


@datatype
class Chart:
    """One minor release's chart.

    Attributes:
        minor: as ``1.20``.
        typed: it has a schema, so a wrong type is refused.
        root: its values.
    """

    minor: str
    typed: bool
    root: Node

    def find(self, path: tuple[str, ...]) -> tuple[Node, int]:
        """The deepest value that is known on a path, and how many of its parts that took."""
        node = self.root
        for depth, name in enumerate(path):
            if name not in node.below:
                return node, depth
            node = node.below[name]
        return node, len(path)

    def knows(self, path: tuple[str, ...]) -> bool:
        """Whether the chart reads a value of this path, or passes it on unread."""
        node, depth = self.find(path)
        return (depth == len(path) or node.open) and node.types != REFUSED


def parts(key: str) -> tuple[str, ...]:
    """The names in a Helm path; a dot that is part of a name stands behind a backslash."""
    return tuple(p.replace("\0", ".") for p in key.replace("\\.", "\0").split("."))


def paths(node: Node, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every path below a value that the chart reads."""
    for name, child in node.below.items():
        if child.types != REFUSED:
            yield (*above, name)
        yield from paths(child, (*above, name))


def chart_of(release: Release) -> Chart:
    """The chart of a release; of every minor that is known there is one."""
    return chart(f"{release.version.major}.{release.version.minor}")


def minors() -> tuple[str, ...]:
    """The minor releases whose charts are known, oldest first."""
    return tuple(_lines()[0].split()[1:])


@cache
def chart(minor: str) -> Chart:
    """The chart of a minor release that is known."""
    every = minors()
    typed, at = _lines()[1].split()[1].rstrip("-"), every.index(minor)
    root = Node(MAPPING)
    above: list[Node | None] = [root]  # the mappings that a line is in; None: not in this release
    for line in _lines()[2:]:
        name, types, *span = line.split()
        depth = len(line) - len(line.lstrip(" "))
        del above[depth + 1 :]
        first, dash, last = span[0].partition("-") if span else ("", "-", "")
        low = every.index(first) if first else 0
        high = low if not dash else every.index(last) if last else at
        parent, node = above[depth], None
        if parent is not None and low <= at <= high:
            # global is Helm's own: every chart has it, and what is in it is for all of them.
            node = parent.below[name] = Node(OPEN if name == "global" and not depth else types)
        above.append(node)
    return Chart(minor, every.index(typed) <= at, root)


@cache
def _lines() -> tuple[str, ...]:
    text = data_file("cilium-chart.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if not line.startswith("#"))
