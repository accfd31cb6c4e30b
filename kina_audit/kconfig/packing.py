"""The models of a kernel line packed into the bytes of one file; `kina_audit.kconfig.packed` reads it."""

import json
import zlib
from array import array
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from kina_audit.base.datatype import datatype, replace
from kina_audit.kconfig.model import AND, CONST, NOT, OR, PLACEHOLDER, SHOW_SYMBOL, SYMBOL, TreeModel, TreeTexts
from kina_audit.kconfig.packed import (
    ARRAYS,
    HEADS,
    LINES,
    PACKED_FORMAT,
    ROWS,
    STARTS,
    XORED,
    Origin,
    Sections,
    planes,
    starts,
    xored,
)
from kina_audit.kconfig.possible import possible_values


def pack(models: Sequence[tuple[TreeModel, TreeTexts]], origin: Origin) -> bytes:
    """Models of one kernel line, one for each architecture, as the bytes of a file.

    Args:
        models: with open questions, and where their symbols are defined.
        origin: where they are from.

    Raises:
        ValueError: a name that has no place in such a file.
    """
    joint = _Joint([m for m, _ in models])
    if any("\n" in name for name in joint.names):
        raise ValueError("a symbol or constant with a line break in its name")
    chunks: list[tuple[str, bytes]] = [
        (
            "shared",
            _chunk(
                {
                    "names": "\n".join(joint.names).encode(),
                    **_lines("exprs", [" ".join(map(str, row)) for row in joint.exprs]),
                    "questions": _json(joint.questions),
                }
            ),
        )
    ]
    base: dict[str, Sections] = {}
    for (model, texts), to in zip(models, joint.maps, strict=True):
        own = {"values": joint.values(model, to), "places": joint.places(texts, to)}
        chunks.append((f"shown {model.arch}", _chunk(joint.shown(model, to))))
        for kind, sections in own.items():
            first = base.setdefault(kind, sections)
            chunks.append((f"{kind} {model.arch}", _chunk(sections if first is sections else _beside(sections, first))))
    chunks.append(("files", _chunk({"files": _json(list(joint.files))})))
    top = {
        "format": PACKED_FORMAT, "version": origin.version, "tree": origin.tree, "digest": origin.digest,
        "arches": [m.arch for m, _ in models], "defined": joint.defined, "expressions": len(joint.exprs), "symbols": len(joint.names),
        "chunks": [[n, len(d)] for n, d in chunks],
    }  # fmt: skip
    return b"".join([_json(top), b"\n", *(data for _, data in chunks)])


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _chunk(sections: Sections) -> bytes:
    head = _json([[name, len(data)] for name, data in sections.items()])
    return zlib.compress(b"".join([head, b"\n", *sections.values()]), 9)


def _beside(sections: Sections, first: Sections) -> Sections:
    """Sections of a later architecture, as what differs from the first one's."""
    found = {n: xored(d, first[n]) if n in XORED else d for n, d in sections.items() if not n.endswith(STARTS)}
    return found | {n: _differing(d, first[n]) for n, d in found.items() if n in LINES}


def _lines(name: str, rows: Sequence[str]) -> Sections:
    data = "\n".join(rows).encode()
    return {name: data, name + STARTS: starts(data)}


def _differing(data: bytes, base: bytes) -> bytes:
    """The lines that are others than the base's, by their number."""
    rows = zip(data.decode().split("\n"), base.decode().split("\n"), strict=True)
    return _json({i: row for i, (row, old) in enumerate(rows) if row != old})


@datatype
class _Maps:
    """From one model's numbers to the joint ones."""

    symbols: list[int]
    exprs: list[int]


class _Joint:
    """Symbols, expressions and questions of several models, numbered together."""

    def __init__(self, models: Sequence[TreeModel]) -> None:
        self.questions: list[list[str]] = []
        self.files: dict[str, int] = {}
        self.exprs: list[list[int]] = [[CONST, 0], [CONST, 1], [CONST, 2]]
        self._known: dict[tuple[int, ...], int] = {tuple(e): i for i, e in enumerate(self.exprs)}
        keys = [self._keys(m, self._ask(m)) for m in models]
        # What is defined on some architecture comes first, what is only mentioned behind it.
        union = dict.fromkeys(k for m, ks in zip(models, keys, strict=True) for k in ks[: m.defined])
        self.defined = len(union)
        union |= dict.fromkeys(k for ks in keys for k in ks)
        number = {k: i for i, k in enumerate(union)}
        self.names = [k[1] for k in union]
        self.maps: list[_Maps] = []
        for model, ks in zip(models, keys, strict=True):
            symbols = [number[k] for k in ks]
            self.maps.append(_Maps(symbols, self._expressions(model, symbols)))

    def _ask(self, model: TreeModel) -> list[int]:
        numbers: list[int] = []
        for question in model.questions:
            fresh = [PLACEHOLDER.sub(lambda m: f"__KINA_Q{numbers[int(m[1])]}__", part) for part in question]
            if fresh not in self.questions:
                self.questions.append(fresh)
            numbers.append(self.questions.index(fresh))
        return numbers

    @staticmethod
    def _keys(model: TreeModel, questions: list[int]) -> list[tuple[str, str]]:
        """What makes a symbol the same one on every architecture: its kind and name; for a choice its members."""
        found = []
        members = {s: model.choices[c] for c, s in enumerate(model.choice_symbols)}
        for number, name in enumerate(model.names):
            if number in members:
                found.append((" ".join(["choice", *(model.names[m] for m in members[number])]), ""))
            else:
                kind = model.types[number] if number >= model.defined and model.types[number] in "nmy" else "s"
                found.append((kind, PLACEHOLDER.sub(lambda m: f"__KINA_Q{questions[int(m[1])]}__", name)))
        return found

    def _expressions(self, model: TreeModel, symbols: list[int]) -> list[int]:
        numbers: list[int] = []
        for node in model.exprs:
            kind = node[0]
            if kind == CONST:
                fresh = node
            elif kind in (AND, OR, NOT):
                fresh = [kind, *(numbers[e] for e in node[1:])]
            else:
                fresh = [kind, *(symbols[s] for s in node[1:])]
            found = self._known.get(key := tuple(fresh))
            if found is None:
                found = self._known[key] = len(self.exprs)
                self.exprs.append(fresh)
            numbers.append(found)
        return numbers

    def values(self, model: TreeModel, to: _Maps) -> Sections:
        """What one model's values depend on, by the joint numbers."""
        types = ["u"] * len(self.names)
        for old, new in enumerate(to.symbols):
            types[new] = model.types[old]
        own = {to.symbols[i] for i in range(model.defined)}
        found: Sections = {"types": "".join(types).encode()}
        for name in ARRAYS:
            values = array("I", bytes(4 * self.defined))
            for old, value in enumerate(getattr(model, name)):
                values[to.symbols[old]] = to.exprs[value]
            found[name] = planes(values)
        for name in ROWS:
            rows = [""] * self.defined
            for old, row in enumerate(getattr(model, name)):
                flat = row if name == "prompts" else [e for pair in row for e in pair]
                rows[to.symbols[old]] = " ".join(str(to.exprs[e]) for e in flat)
            found |= _lines(name, rows)
        shown = array("I", (to.symbols[step[1]] for step in model.layout if step[0] == SHOW_SYMBOL))
        found["layout"] = planes(array("I", [b - a & 0xFFFFFFFF for a, b in zip([0, *shown[:-1]], shown, strict=True)]))
        s, e = to.symbols, to.exprs
        head = {
            "title": model.title,
            "modules": s[model.modules],
            "foreign": sorted(set(range(self.defined)) - own),
            "ranges": [[s[k], *([s[a], s[b], e[c]] for a, b, c in rows)] for k, rows in sorted(model.ranges.items())],
            "transitional": [s[i] for i in model.transitional],
            "choices": [[s[i] for i in members] for members in model.choices],
            "choice_defaults": [[[s[a], e[c]] for a, c in rows] for rows in model.choice_defaults],
            "choice_symbols": [s[i] for i in model.choice_symbols],
        }
        digits = ["0"] * self.defined
        for old, value in enumerate(possible_under_any(model)):
            digits[s[old]] = f"{value:x}"
        found["small"] = b"\n".join([_json(head), "".join(digits).encode()])
        return found

    def shown(self, model: TreeModel, to: _Maps) -> Sections:
        """Symbols that are seen when others are on, and those; see `kina_audit.kconfig.shown.Shown`."""
        known: dict[int, frozenset[int] | None] = {}
        groups: dict[tuple[int, ...], int] = {}
        numbers, of = array("I"), array("I")
        dependents: Counter[int] = Counter()
        for s in range(model.defined):
            if model.types[s] not in "bt" or s in model.members or len(model.prompts[s]) != 1:
                continue
            needs = _all_of(model, model.prompts[s][0], known)
            if needs is not None:
                numbers.append(to.symbols[s])
                dependents.update(to.symbols[gate] for gate in needs)
                of.append(groups.setdefault(tuple(sorted(to.symbols[gate] for gate in needs)), len(groups)))
        return {
            "symbols": planes(numbers),
            "groups": planes(of),
            "needs": planes(array("I", [gate for group in groups for gate in group])),
            "heads": planes(array("I", sorted(gate for gate, count in dependents.items() if count >= HEADS))),
            "ends": planes(array("I", accumulate(map(len, groups)))),
        }

    def places(self, texts: TreeTexts, to: _Maps) -> Sections:
        """Where one model's symbols are defined."""
        rows = [""] * self.defined
        for old, places in enumerate(texts.places):
            rows[to.symbols[old]] = " ".join(
                f"{self.files.setdefault(texts.files[file], len(self.files))} {line} "
                f"{to.exprs[visible]} {to.exprs[depends]}"
                for file, line, _, visible, depends in places
            )
        return _lines("places", rows)


def _all_of(model: TreeModel, expr: int, known: dict[int, frozenset[int] | None]) -> frozenset[int] | None:
    """The symbols that an expression asks to be on, all of them; None: it asks for something else, too."""
    if expr in known:
        return known[expr]
    node = model.exprs[expr]
    found: frozenset[int] | None = None
    if node[0] == AND:
        parts = [_all_of(model, part, known) for part in node[1:]]
        found = None if None in parts else frozenset(s for part in parts for s in part or ())
    elif node[0] == SYMBOL and node[1] < model.defined and model.types[node[1]] in "bt":
        found = frozenset([node[1]])
    elif node == [CONST, 2]:
        found = frozenset()
    known[expr] = found
    return found


def possible_under_any(model: TreeModel) -> list[int]:
    """What each symbol can be at all, whatever the answers to the open questions: they are read as n or y."""
    types = list(model.types)
    for number, name in enumerate(model.names):
        if number >= model.defined and "__KINA_Q" in name:
            types[number] = "?"
    return possible_values(replace(model, types="".join(types)))
