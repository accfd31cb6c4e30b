"""One kernel line in one small file: the models of several architectures over common tables, read lazily.

The architectures of a line have most symbols and expressions in common, so they are numbered together. Rows that are
seldom read (an expression, the defaults of a symbol) stay bytes until somebody asks for them, and values depend on few of
them: that is what makes an audit with a whole kernel tree behind it take milliseconds and a few megabytes.

A file is a line with a CRC-32 and JSON (what it is of, and of each chunk its length and CRC-32), and the chunks. A chunk is a line of JSON with the names
and lengths of its sections, and the sections. What every audit reads lies there as it is read, numbers of four bytes, the
lowest first: to inflate it took a twentieth of a check, and a wheel and git compress it anyway. What only explanations
need is compressed with zlib. `kina_audit.kconfig.packing` writes it.
"""

import json
import sys
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32, decompressobj

from kina_audit.base.datatype import datatype
from kina_audit.errors import KinaAuditError
from kina_audit.kconfig.model import SHOW_SYMBOL, TreeModel, TreeTexts

if TYPE_CHECKING:
    from kina_audit.kconfig.shown import Shown

PACKED_FORMAT = 5
MAX_UNPACKED = 16 * 1024 * 1024
"""Of one chunk; the largest of today takes a fiftieth of it."""

DEFLATED = ("places", "files")
"""Kinds of chunks that are compressed."""

ARRAYS = ("depends", "selected", "implied")

XORED = ("types", "layout", *ARRAYS)
"""Sections of which an architecture after the first holds what differs, byte by byte."""

LENGTHS, STARTS = " lengths", " starts"
"""Behind the name of a section of rows: how many numbers each has, and where every sixteenth begins."""

BLOCK = 16
"""A power of two."""

HEADS = 5
"""So many symbols that need another make it the head of a block that may be missed together with it."""

Sections = Mapping[str, memoryview]


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
        if not newline or first[:8] != b"%08x" % crc32(first[9:]):
            raise ValueError("no packed kernel line")
        top = json.loads(first[9:])
        if top["format"] != PACKED_FORMAT:
            raise ValueError("no packed kernel line of this format")
        self.origin = Origin(top["version"], top["tree"], top["digest"])
        self.arches: tuple[str, ...] = tuple(top["arches"])
        self._defined: int = top["defined"]
        self._data = data
        self._places: dict[str, tuple[int, int, int]] = {}
        self._common: tuple[list[str], LazyRows, list[list[str]]] | None = None
        self._first: dict[str, Sections] = {}
        at = len(first) + 1
        for name, size, sum_ in top["chunks"]:
            self._places[name] = (at, size, sum_)
            at += size

    def chunk(self, name: str) -> Sections:
        """The sections of a chunk.

        Raises:
            KinaAuditError: it is not what was written.
        """
        at, size, sum_ = self._places[name]
        body = memoryview(self._data)[at : at + size]
        # A wrong bit in it would be a wrong value, and nothing else would tell.
        if crc32(body) != sum_:
            raise KinaAuditError(
                f"the model of Linux {self.origin.version} that came with kina-audit is damaged", "Install it again."
            )
        if name.partition(" ")[0] in DEFLATED:
            body = memoryview(decompressobj().decompress(body, MAX_UNPACKED))
        first, _, _ = bytes(body[:4096]).partition(b"\n")
        found: dict[str, memoryview] = {}
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
        own = self.chunk(f"{kind} {arch}")
        return {n: memoryview(xored(d, first[n])) if n in XORED else d for n, d in own.items()}

    def _rows(
        self, kind: str, own: Sections, name: str, parse: "Callable[[list[int]], list[Any]] | None"
    ) -> "LazyRows":
        first = self._of_first(kind)
        others = {} if own is first else {int(n): row for n, row in json.loads(bytes(own[name])).items()}
        return LazyRows(first, name, parse, others)

    def _in_common(self) -> tuple[list[str], "LazyRows", list[list[str]]]:
        """Names, expressions and questions: one list of each for every architecture, half of a model's memory."""
        if self._common is None:
            shared = self.chunk("shared")
            names = _kept_once(str(shared["names"], "utf-8").split("\n"))
            self._common = (names, LazyRows(shared, "exprs"), json.loads(bytes(shared["questions"])))
        return self._common

    def model(self, arch: str) -> tuple[TreeModel, Callable[[], TreeTexts], Sequence[int]]:
        """The model of an architecture with its questions open, and what belongs to it.

        Beside it: what reads where its symbols are defined, and what `possible_values` gives under any toolchain.
        """
        names, exprs, questions = self._in_common()
        own = self._own("values", arch)
        head = json.loads(bytes(own["head"]))
        depends, selected, implied = (words(own[name]) for name in ARRAYS)
        model = TreeModel(
            version=self.origin.version,
            arch=arch,
            title=head["title"],
            names=names,
            types=str(own["types"], "ascii"),
            defined=self._defined,
            modules=head["modules"],
            exprs=exprs,
            depends=depends,
            selected=selected,
            implied=implied,
            prompts=self._rows("values", own, "prompts", None),
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
            files = json.loads(bytes(self.chunk("files")["files"]))
            return TreeTexts(files, self._rows("places", found, "places", _places))

        return model, texts, own["possible"]


class LazyRows(dict[int, Any]):
    """Numbered rows, each of which is a part of a section's bytes until it is read.

    A dictionary, because what is there is then found without a line of Python: a solver asks for nothing more often.
    """

    def __init__(
        self,
        sections: Sections,
        name: str,
        parse: Callable[[list[int]], list[Any]] | None = None,
        others: Mapping[int, list[int]] | None = None,
    ) -> None:
        """Of a section of rows.

        Args:
            sections: of one chunk.
            name: the section's.
            parse: makes a row of its numbers; None: it is these.
            others: rows that stand for those of the section, by number.
        """
        super().__init__()
        self._numbers, self._starts = _seen(sections[name], "I"), _seen(sections[name + STARTS], "I")
        self._lengths = _seen(sections[name + LENGTHS], "H")
        self._parse, self._others = parse, others or {}
        self._count = len(self._lengths)

    def __missing__(self, number: int) -> Any:
        if number in self._others:
            row = self._others[number]
        elif size := self._lengths[number]:
            start = sum(self._lengths[number & -BLOCK : number], self._starts[number // BLOCK])
            row = self._numbers[start : start + size].tolist()
        else:
            row = []
        found = self[number] = self._parse(row) if row and self._parse is not None else row
        return found

    def append(self, row: list[Any]) -> None:
        """One more row, at the end."""
        self[self._count] = row
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        """The rows, in order, as of a list."""
        return (self[i] for i in range(self._count))


class _Layout(list[Any]):
    """The symbols in the order a config has them; menus and comments are not kept."""

    def __init__(self, data: memoryview) -> None:
        super().__init__()
        self._data = data

    def __iter__(self) -> Any:
        if not len(self):
            numbers = accumulate(words(self._data), lambda a, b: a + b & 0xFFFFFFFF)
            self.extend([SHOW_SYMBOL, number] for number in numbers)
        return super().__iter__()


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


def _pairs(row: list[int]) -> list[Any]:
    return [list(pair) for pair in zip(row[::2], row[1::2], strict=True)]


def _places(row: list[int]) -> list[Any]:
    return [[file, line, "", visible, depends] for file, line, visible, depends in zip(*[iter(row)] * 4, strict=True)]


def xored(data: bytes | memoryview, base: bytes | memoryview) -> bytes:
    """Bytes that give ``data`` again with the same call."""
    size = len(data)
    other = bytes(base[:size]).ljust(size, b"\0")
    return (int.from_bytes(data, "little") ^ int.from_bytes(other, "little")).to_bytes(size, "little")


def words(data: memoryview, kind: str = "I") -> "array[int]":
    """A section of numbers, of a kind that `array` has: a file has the lowest byte first, whatever machine reads it."""
    found: array[int] = array(kind)
    found.frombytes(data)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def _seen(data: memoryview, kind: Literal["I", "H"]) -> "memoryview[int]":
    """The same without a copy, where the machine has its numbers so."""
    return data.cast(kind) if sys.byteorder == "little" else memoryview(words(data, kind))
