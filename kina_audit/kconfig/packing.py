"""The models of a kernel line packed into the bytes of one file; `kina_audit.kconfig.packed` reads it."""

import json
import sys
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain, pairwise
from typing import Any

from kina_audit.base.datatype import datatype, replace
from kina_audit.kconfig.model import AND, CONST, NOT, OR, PLACEHOLDER, SHOW_SYMBOL, SYMBOL, TreeModel, TreeTexts
from kina_audit.kconfig.packed import (
    ARRAYS,
    BLOCK,
    DEFLATED,
    HEADS,
    LENGTHS,
    PACKED_FORMAT,
    STARTS,
    XORED,
    Origin,
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
    common = {
        "names": "\n".join(joint.names).encode(),
        **_rows("exprs", joint.exprs),
        "questions": _json(joint.questions),
    }
    chunks = [_chunk("shared", common)]
    base: dict[str, _Own] = {}
    for (model, texts), to in zip(models, joint.maps, strict=True):
        chunks.append(_chunk(f"shown {model.arch}", joint.shown(model, to)))
        for kind, own in {"values": joint.values(model, to), "places": joint.places(texts, to)}.items():
            first = base.setdefault(kind, own)
            chunks.append(_chunk(f"{kind} {model.arch}", own.alone() if first is own else own.beside(first)))
    chunks.append(_chunk("files", {"files": _json(list(joint.files))}))
    top = {
        "format": PACKED_FORMAT, "version": origin.version, "tree": origin.tree, "digest": origin.digest,
        "arches": [m.arch for m, _ in models], "defined": joint.defined, "chunks": [[n, len(d), zlib.crc32(d)] for n, d in chunks],
    }  # fmt: skip
    head = _json(top)
    return b"".join([b"%08x " % zlib.crc32(head), head, b"\n", *(data for _, data in chunks)])


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _chunk(name: str, sections: Mapping[str, bytes]) -> tuple[str, bytes]:
    head = _json([[name, len(data)] for name, data in sections.items()])
    body = b"".join([head, b"\n", *sections.values()])
    return name, zlib.compress(body, 9) if name.partition(" ")[0] in DEFLATED else body


def _words(values: Iterable[int], kind: str = "I") -> bytes:
    found = array(kind, values)
    if sys.byteorder == "big":
        found.byteswap()
    return found.tobytes()


def _rows(name: str, rows: Sequence[Sequence[int]]) -> dict[str, bytes]:
    lengths = [*map(len, rows)]
    return {
        name: _words(chain.from_iterable(rows)),
        name + LENGTHS: _words(lengths, "H"),
        name + STARTS: _words([0, *accumulate(lengths)][: len(rows) : BLOCK]),
    }


@datatype
class _Own:
    """What an architecture has of its own: sections as they are, and sections of rows."""

    sections: dict[str, bytes]
    rows: dict[str, list[list[int]]]

    def alone(self) -> dict[str, bytes]:
        """The sections of the first architecture."""
        return self.sections | {k: v for name, rows in self.rows.items() for k, v in _rows(name, rows).items()}

    def beside(self, first: "_Own") -> dict[str, bytes]:
        """The sections of a later one, as what differs from the first one's."""
        found = {n: xored(d, first.sections[n]) if n in XORED else d for n, d in self.sections.items()}
        for name, rows in self.rows.items():
            pairs = enumerate(zip(rows, first.rows[name], strict=True))
            found[name] = _json({i: row for i, (row, old) in pairs if row != old})
        return found


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

    def values(self, model: TreeModel, to: _Maps) -> _Own:
        """What one model's values depend on, by the joint numbers."""
        types = ["u"] * len(self.names)
        for old, new in enumerate(to.symbols):
            types[new] = model.types[old]
        own = {to.symbols[i] for i in range(model.defined)}
        found = {"types": "".join(types).encode()}
        for name in ARRAYS:
            values = [0] * self.defined
            for old, value in enumerate(getattr(model, name)):
                values[to.symbols[old]] = to.exprs[value]
            found[name] = _words(values)
        prompts: list[list[int]] = [[] for _ in range(self.defined)]
        defaults: list[list[int]] = [[] for _ in range(self.defined)]
        for old in range(model.defined):
            prompts[to.symbols[old]] = [to.exprs[e] for e in model.prompts[old]]
            defaults[to.symbols[old]] = [to.exprs[e] for pair in model.defaults[old] for e in pair]
        shown = [to.symbols[step[1]] for step in model.layout if step[0] == SHOW_SYMBOL]
        found["layout"] = _words(b - a & 0xFFFFFFFF for a, b in pairwise([0, *shown]))
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
        possible = bytearray(self.defined)
        for old, value in enumerate(possible_under_any(model)):
            possible[s[old]] = value
        return _Own(
            found | {"possible": bytes(possible), "head": _json(head)}, {"prompts": prompts, "defaults": defaults}
        )

    def shown(self, model: TreeModel, to: _Maps) -> dict[str, bytes]:
        """Symbols that are seen when others are on, and those; see `kina_audit.kconfig.shown.Shown`."""
        known: dict[int, frozenset[int] | None] = {}
        seen: list[tuple[int, tuple[int, ...]]] = []
        dependents: Counter[int] = Counter()
        for s in range(model.defined):
            if model.types[s] not in "bt" or s in model.members or len(model.prompts[s]) != 1:
                continue
            needs = _all_of(model, model.prompts[s][0], known)
            if needs is not None:
                own = tuple(sorted(to.symbols[gate] for gate in needs))
                seen.append((to.symbols[s], own))
                dependents.update(own)
        groups = _Groups({own for _, own in seen})
        return {
            "symbols": _words(symbol for symbol, _ in seen),
            "groups": _words(groups.numbers[own] for _, own in seen),
            "parents": _words(groups.parents),
            "gates": _words(groups.gates),
            "heads": _words(sorted(gate for gate, count in dependents.items() if count >= HEADS)),
        }

    def places(self, texts: TreeTexts, to: _Maps) -> _Own:
        """Where one model's symbols are defined."""
        rows: list[list[int]] = [[] for _ in range(self.defined)]
        for old, places in enumerate(texts.places):
            for file, line, _, visible, depends in places:
                number = self.files.setdefault(texts.files[file], len(self.files))
                rows[to.symbols[old]] += [number, line, to.exprs[visible], to.exprs[depends]]
        return _Own({}, {"places": rows})


class _Groups:
    """Sets of symbols that are needed together, each as another one, its parent, and one symbol more.

    Attributes:
        numbers: of each set; the empty one is 0.
        parents: of the sets from 1 on, each before its children.
        gates: of the same, the symbol that the parent lacks.
    """

    def __init__(self, sets: Iterable[tuple[int, ...]]) -> None:
        self.numbers: dict[tuple[int, ...], int] = {(): 0}
        self.parents: list[int] = []
        self.gates: list[int] = []
        for one in sorted(sets, key=lambda s: (len(s), s)):
            self._add(one)

    def _add(self, one: tuple[int, ...]) -> int:
        if one not in self.numbers:
            fewer = [one[:i] + one[i + 1 :] for i in range(len(one))]
            parent = next((s for s in fewer if s in self.numbers), one[:-1])
            [gate] = {*one} - {*parent}
            self.parents.append(self._add(parent))
            self.gates.append(gate)
            self.numbers[one] = len(self.gates)
        return self.numbers[one]


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
