"""One kernel line in one small file: the models of several architectures over common tables, read lazily.

The architectures of a line have most symbols and expressions in common, so they are numbered together. Rows that are
seldom read (an expression, the defaults of a symbol) stay bytes until somebody asks for them, and values depend on few of
them: that is what makes an audit with a whole kernel tree behind it take milliseconds and a few megabytes.

A file is a line of JSON (what it is of, and where each chunk is) and the chunks, each compressed with zlib. A chunk is a
line of JSON with the names and lengths of its sections, and the sections. `kina_audit.kconfig.packing` writes it.
"""

import json
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from kina_audit.base.datatype import datatype
from kina_audit.kconfig.model import SHOW_SYMBOL, TreeModel, TreeTexts, numbers

if TYPE_CHECKING:
    from kina_audit.kconfig.shown import Shown

PACKED_FORMAT = 4
MAX_UNPACKED = 16 * 1024 * 1024
"""Of one chunk; the largest of today takes a twentieth of it."""

ARRAYS = ("depends", "selected", "implied")
ROWS = ("prompts", "defaults")
LINES = (*ROWS, "places")
"""Sections of lines; an architecture after the first holds only its own lines of them, by number."""

XORED = ("types", "layout", *ARRAYS)
"""Sections of which an architecture after the first holds what differs, byte by byte."""

BLOCK = 16
"""So many lines are found at once; where they begin stands in a section of its own."""

STARTS = " starts"
"""Behind the name of a section of lines: where each block of it begins."""

HEADS = 5
"""So many symbols that need another make it the head of a block that may be missed together with it."""

Sections = dict[str, bytes]


@datatype
class Origin:
    """Where a line's models come from.

    Attributes:
        version: the kernel release, e.g. ``6.12.107``.
        tree: what tree it was, in words.
        digest: sha256 of the tree's Kconfig files and Makefile, names and contents in order.
    """

    version: str
    tree: str
    digest: str


class PackedLine:
    """The file of a line, opened: its models are made when they are asked for.

    Attributes:
        origin: where it is from.
        arches: Kconfig's names of its architectures.
    """

    def __init__(self, data: bytes) -> None:
        """Raises ValueError when the data are no packed line of this format."""
        first, newline, _ = data[:65536].partition(b"\n")
        top = json.loads(first) if newline else {}
        if top.get("format") != PACKED_FORMAT:
            raise ValueError("no packed kernel line of this format")
        self.origin = Origin(top["version"], top["tree"], top["digest"])
        self.arches: tuple[str, ...] = tuple(top["arches"])
        self._defined: int = top["defined"]
        self._expressions: int = top["expressions"]
        numbers(max(self._expressions, top["symbols"]))
        self._data = data
        self._places: dict[str, tuple[int, int]] = {}
        self._common: tuple[list[str], LazyRows, list[list[str]]] | None = None
        self._first: dict[str, Sections] = {}
        at = len(first) + 1
        for name, size in top["chunks"]:
            self._places[name] = (at, size)
            at += size

    def chunk(self, name: str) -> Sections:
        """The sections of a chunk.

        Raises:
            ValueError: it is damaged.
        """
        at, size = self._places[name]
        unpacker = zlib.decompressobj()
        try:
            body = unpacker.decompress(memoryview(self._data)[at : at + size], MAX_UNPACKED)
        except zlib.error as error:
            raise ValueError(f"damaged: {error}") from error
        first, _, _ = body[:4096].partition(b"\n")
        found: Sections = {}
        start = len(first) + 1
        for section, length in json.loads(first):
            found[section] = body[start : start + length]
            start += length
        return found

    def shown(self, arch: str) -> "Shown":
        """What an architecture's configurator writes lines for."""
        from kina_audit.kconfig.shown import Shown

        return Shown(self._in_common()[0], self.chunk(f"shown {arch}"))

    def _of_first(self, kind: str) -> Sections:
        """A chunk of the first architecture; the others differ in little from it."""
        if kind not in self._first:
            self._first[kind] = self.chunk(f"{kind} {self.arches[0]}")
        return self._first[kind]

    def _own(self, kind: str, arch: str) -> Sections:
        """An architecture's chunk, but for its sections of lines; what it has in common with the first one put back."""
        first = self._of_first(kind)
        if arch == self.arches[0]:
            return first
        return {n: xored(d, first[n]) if n in XORED else d for n, d in self.chunk(f"{kind} {arch}").items()}

    def _rows(self, kind: str, own: Sections, name: str, parse: "Callable[[str], list[Any]]") -> "LazyRows":
        first = self._of_first(kind)
        others = {} if own is first else {int(n): row for n, row in json.loads(own[name]).items()}
        return LazyRows(first, name, self._defined, parse, others)

    def _in_common(self) -> tuple[list[str], "LazyRows", list[list[str]]]:
        """Names, expressions and questions: one list of each for every architecture, half of a model's memory."""
        if self._common is None:
            shared = self.chunk("shared")
            exprs = LazyRows(shared, "exprs", self._expressions, _numbers)
            names = _kept_once(shared["names"].decode().split("\n"))
            self._common = (names, exprs, json.loads(shared["questions"]))
        return self._common

    def model(self, arch: str) -> tuple[TreeModel, Callable[[], TreeTexts], list[int]]:
        """The model of an architecture with its questions open, and what belongs to it.

        Beside it: what reads where its symbols are defined, and what `possible_values` gives under any toolchain.
        """
        names, exprs, questions = self._in_common()
        own = self._own("values", arch)
        small = dict(zip(("head", "possible"), own["small"].decode().split("\n"), strict=True))
        head = json.loads(small["head"])
        depends, selected, implied = (unplanes(own[name]) for name in ARRAYS)
        model = TreeModel(
            version=self.origin.version,
            arch=arch,
            title=head["title"],
            names=names,
            types=own["types"].decode(),
            defined=self._defined,
            modules=head["modules"],
            exprs=exprs,
            depends=depends,
            selected=selected,
            implied=implied,
            prompts=self._rows("values", own, "prompts", _numbers),
            defaults=self._rows("values", own, "defaults", _pairs),
            ranges={row[0]: row[1:] for row in head["ranges"]},
            transitional=head["transitional"],
            choices=head["choices"],
            choice_defaults=head["choice_defaults"],
            choice_symbols=head["choice_symbols"],
            foreign=frozenset(head["foreign"]),
            layout=_Layout(own["layout"]),
            questions=questions,
        )

        def texts() -> TreeTexts:
            found = self._own("places", arch)
            files = json.loads(self.chunk("files")["files"])
            return TreeTexts(files, self._rows("places", found, "places", _places))

        return model, texts, _Digits(small["possible"])


class LazyRows(dict[int, Any]):
    """Numbered rows, each of which is a part of a section's bytes until it is read.

    A dictionary, because what is there is then found without a line of Python: a solver asks for nothing more often.
    """

    def __init__(
        self,
        sections: Sections,
        name: str,
        count: int,
        parse: Callable[[str], list[Any]],
        others: Mapping[int, str] | None = None,
    ) -> None:
        """Of a section of lines.

        Args:
            sections: of one chunk.
            name: the section's.
            count: how many rows there are.
            parse: makes a row of its line.
            others: lines that stand for those of the section, by number.
        """
        super().__init__()
        self._data, self._starts = sections[name], unplanes(sections[name + STARTS])
        self._count, self._parse, self._others = count, parse, others or {}
        # The block that was read last: neighbours are asked for one after another.
        self._block, self._lines = -1, [""]

    def __missing__(self, number: int) -> Any:
        if not 0 <= number < self._count:
            raise IndexError(number)
        line = self._others.get(number)
        if line is None:
            block, at = divmod(number, BLOCK)
            if block != self._block:
                self._block, self._lines = block, self._cut(block)
            line = self._lines[at]
        found = self[number] = self._parse(line)
        return found

    def _cut(self, block: int) -> list[str]:
        start = self._starts[block]
        end = self._starts[block + 1] - 1 if block + 1 < len(self._starts) else None
        return self._data[start:end].decode().split("\n")

    def append(self, row: list[Any]) -> None:
        """One more row, at the end."""
        self[self._count] = row
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        """The rows, in order, as of a list."""
        return (self[i] for i in range(self._count))


class _Digits(list[int]):
    """Numbers below 16 from a text of hexadecimal digits, made when the first one is read."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def __getitem__(self, index: Any) -> Any:
        return int(self._text[index], 16)


class _Layout(list[Any]):
    """The symbols in the order a config has them; menus and comments are not kept."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data

    def __iter__(self) -> Any:
        if not len(self):
            numbers = accumulate(unplanes(self._data), lambda a, b: a + b & 0xFFFFFFFF)
            self.extend([SHOW_SYMBOL, number] for number in numbers)
        return super().__iter__()


_KNOWN = numbers(0)
_NAMES: dict[str, str] = {}
_FIRST: list[list[str]] = []


def _kept_once(names: list[str]) -> list[str]:
    """Lines have most names in common; those of a second one are the first one's objects."""
    if not _FIRST:
        _FIRST.append(names)
        return names
    if not _NAMES:
        _NAMES.update(zip(_FIRST[0], _FIRST[0], strict=True))
    return [*map(_NAMES.setdefault, names, names)]


def _numbers(text: str) -> list[Any]:
    return [*map(_KNOWN.__getitem__, map(int, text.split()))]


def _pairs(text: str) -> list[Any]:
    found = _numbers(text)
    return [list(pair) for pair in zip(found[::2], found[1::2], strict=True)]


def _places(text: str) -> list[Any]:
    numbers = [int(t) for t in text.split()]
    return [
        [file, line, "", visible, depends] for file, line, visible, depends in zip(*[iter(numbers)] * 4, strict=True)
    ]


def starts(lines: bytes) -> bytes:
    """Where each block of a section of lines begins."""
    rows = lines.split(b"\n")
    ends = [0, *accumulate(len(row) + 1 for row in rows)]
    return planes(array("I", ends[: len(rows) : BLOCK]))


def xored(data: bytes, base: bytes) -> bytes:
    """Bytes that give ``data`` again with the same call."""
    size = len(data)
    other = base[:size].ljust(size, b"\0")
    return (int.from_bytes(data, "little") ^ int.from_bytes(other, "little")).to_bytes(size, "little")


def planes(values: "array[int]") -> bytes:
    """Numbers as their lowest bytes, then the next ones: neighbours are alike, which compresses better."""
    raw = memoryview(values.tobytes())
    return b"".join(bytes(raw[i::4]) for i in range(4))


def unplanes(data: bytes) -> "array[int]":
    """The reverse of `planes`."""
    size = len(data) // 4
    raw = bytearray(len(data))
    for i in range(4):
        raw[i::4] = data[i * size : (i + 1) * size]
    return array("I", bytes(raw))
