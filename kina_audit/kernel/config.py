"""The value of every symbol in one kernel's configuration, and how far this input can be trusted to tell."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from kina_audit.kernel.version import KernelVersion

N, M, Y = 0, 1, 2
"""Tristate values as Kconfig orders them: n < m < y."""

TRI_OF = {"n": N, "m": M, "y": Y}
TRI_NAME = ("n", "m", "y")


class Completeness(StrEnum):
    """Whether a symbol without a line means n (complete) or means nothing (partial)."""

    COMPLETE = "complete"
    PARTIAL = "partial"


class Origin(StrEnum):
    """Whether the text is a built kernel's own config, or the input that ``olddefconfig`` turns into one."""

    BUILT = "built"
    INPUT = "input"


class SymbolState(StrEnum):
    """What the input says of a symbol: three different facts that all read as n, kept apart, and what else is known.

    The last three are of a symbol that is m where the module files were looked at, too: its file is not installed;
    something keeps it from being loaded; it is not loaded, and the kernel loads nothing by itself.
    """

    SET = "set"
    NOT_SET = "not set"
    ABSENT = "absent"
    PREDICTED = "predicted"
    UNKNOWN = "unknown"
    MISSING = "not installed"
    BLOCKED = "blocked"
    UNLOADED = "not loaded"


WITHOUT_MODULE = frozenset({SymbolState.MISSING, SymbolState.BLOCKED, SymbolState.UNLOADED})
"""The states of a symbol that is m, and whose module cannot be relied on."""


@dataclass(frozen=True, slots=True)
class SymbolFact:
    """What is known of one symbol.

    Attributes:
        name: without the ``CONFIG_`` prefix.
        value: ``y``, ``m``, ``n``, a number's text or a string's content; None when this input cannot tell.
        state: how the value is known.
        line: 1-based line in the config text, or None.
        note: one sentence on a prediction or a doubt; may be empty.
        is_string: the value was written in quotes.
    """

    name: str
    value: str | None
    state: SymbolState
    line: int | None = None
    note: str = ""
    is_string: bool = False

    @property
    def bounds(self) -> tuple[int, int]:
        """The lowest and highest tristate value the symbol counts as; (0, 2) when nothing is known."""
        if self.value is None:
            return (N, Y)
        if self.state in WITHOUT_MODULE:
            return (N, M if self.state is SymbolState.UNLOADED else N)
        tri = N if self.is_string else TRI_OF.get(self.value, N)
        return (tri, tri)


@dataclass(frozen=True, slots=True)
class ConfigWarning:
    """A line of the input that a kernel's own reader would grumble about."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Header:
    """What the comment at the top of a config says; every field may be missing."""

    version: KernelVersion | None = None
    arch: str | None = None
    compiler: str | None = None


_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(.)")
_ASSIGNMENT = re.compile(r"CONFIG_(\w+)=.|# CONFIG_(\w+) is not set\s*$", re.ASCII)
_TRISTATE_LETTERS = frozenset("ymn")


def decode_value(raw: str) -> tuple[str, bool]:
    r"""Turn the text after ``=`` into (value, is_string), as ``scripts/kconfig/confdata.c`` reads it.

    The first character decides a tristate; a string ends at its first unescaped quote and ``\\x`` stands for ``x``.
    """
    first = raw[:1]
    if first in _TRISTATE_LETTERS:
        return first, False
    if first == '"':
        match = _QUOTED.match(raw)
        body = match[1] if match else raw[1:]
        return (_ESCAPE.sub(r"\1", body) if "\\" in body else body), True
    return raw, False


_NO_LINE = SymbolFact("", None, SymbolState.ABSENT)


@dataclass(frozen=True, slots=True)
class KernelConfig:
    """One kernel configuration: symbol to value, with the line each stands on.

    Attributes:
        raw: symbol to the text after ``=`` (``n`` for "is not set"). Not decoded: see `fact`.
        header: kernel version, arch and compiler of the header comment.
        completeness: whether absence means n.
        origin: built kernel's config, or input to ``olddefconfig``.
        target: the version this audit is about; defaults to the header's.
        arch: Kconfig's name of the architecture (``arm64``, ``x86_64`` ...) or None.
        warnings: what the kernel's own reader would have warned about.
        text: the config text, for line numbers; empty for a recorded kernel.
        cut: what shows that the text is only a part of a generated config; empty: nothing does.
        held: for a recorded kernel, every symbol the record knows (set, not set or absent); None: all of them.
        live: what the kernel shows beside its config while it runs, by name (`kina_audit.kernel.live`).
        predicted: symbols whose value on the target version differs from, or is not told by, the input.
    """

    raw: Mapping[str, str]
    header: Header = Header()
    completeness: Completeness = Completeness.COMPLETE
    origin: Origin = Origin.BUILT
    target: KernelVersion | None = None
    arch: str | None = None
    warnings: tuple[ConfigWarning, ...] = ()
    text: str = ""
    cut: str = ""
    held: frozenset[str] | None = None
    live: Mapping[str, str] = field(default_factory=dict)
    predicted: Mapping[str, SymbolFact] = field(default_factory=dict)
    _lines: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def with_target(
        self, target: KernelVersion | None, *, origin: Origin | None = None, arch: str | None = None
    ) -> "KernelConfig":
        """A copy aimed at another version (and origin, and architecture); predictions are dropped."""
        return replace(
            self, target=target, origin=origin or self.origin, arch=arch or self.arch, predicted={}, _lines=self._lines
        )

    @property
    def has_modules(self) -> bool | None:
        """Whether loadable modules exist; None when this input cannot tell."""
        value = self.fact("MODULES").value
        return None if value is None else value == "y"

    @property
    def tells_target(self) -> bool:
        """Whether a complete text's silence about a symbol still means n on the target version."""
        if self.completeness is Completeness.PARTIAL:
            return False
        if self.origin is Origin.BUILT:
            return True
        header, target = self.header.version, self.target
        # Stable updates of one kernel line do not move Kconfig dependencies, so the patch number is left out.
        return header is not None and target is not None and header.triple[:2] == target.triple[:2]

    @property
    def looks_back(self) -> bool:
        """Whether the file is to be built as an older kernel line than the one that wrote it.

        A symbol that is on may then not exist yet; of the other direction, ``data/symbols.toml`` knows what was removed.
        """
        header, target = self.header.version, self.target
        return (
            self.origin is Origin.INPUT
            and header is not None
            and target is not None
            and target.triple[:2] < header.triple[:2]
        )

    def fact(self, symbol: str) -> SymbolFact:
        """What this input says of ``symbol``, never more than it can know."""
        predicted = self.predicted.get(symbol)
        if predicted is not None:
            return predicted
        return self.written(symbol)

    def written(self, symbol: str) -> SymbolFact:
        """What the text itself says of ``symbol``, before any prediction for the target version."""
        raw = self.raw.get(symbol)
        if raw is not None:
            if raw != "n" and self.looks_back:
                return SymbolFact(
                    symbol, None, SymbolState.UNKNOWN, self.line(symbol),
                    f"the file was written for Linux {self.header.version}, and whether the older {self.target} "
                    "has this symbol with the same dependencies only its kernel tree tells",
                )  # fmt: skip
            if raw in {"y", "m"}:
                return SymbolFact(symbol, raw, SymbolState.SET, self.line(symbol))
            if raw == "n":
                return SymbolFact(symbol, "n", SymbolState.NOT_SET, self.line(symbol))
            value, is_string = decode_value(raw)
            return SymbolFact(symbol, value, SymbolState.SET, self.line(symbol), "", is_string)
        if self.held is not None and symbol not in self.held:
            return SymbolFact(symbol, None, SymbolState.UNKNOWN, None, "the recorded kernel does not hold this symbol")
        if self.tells_target:
            return SymbolFact(symbol, "n", SymbolState.ABSENT)
        if self.completeness is Completeness.PARTIAL:
            return SymbolFact(symbol, None, SymbolState.UNKNOWN, None, self.cut or "a partial config does not say")
        return SymbolFact(
            symbol, None, SymbolState.UNKNOWN, None, f"olddefconfig on Linux {self.target} decides, the file does not"
        )

    def line(self, symbol: str) -> int | None:
        """The 1-based line that decides ``symbol``, or None when no line does."""
        raw = self.raw.get(symbol)
        if raw is None or not self.text:
            return None
        if self.warnings:
            return self._line_of_irregular(symbol)
        if not self._lines:
            # Whole lines as keys: building this is one pass in C.
            self._lines.update(zip(lines := self.text.split("\n"), range(1, len(lines) + 1), strict=True))
        found = self._lines.get(f"CONFIG_{symbol}={raw}")
        return found if found is not None else self._lines.get(f"# CONFIG_{symbol} is not set")

    def _line_of_irregular(self, symbol: str) -> int | None:
        """The same where values are not always read as they are written (``=yes``, ``=m`` without modules)."""
        if not self._lines:
            for number, line in enumerate(self.text.split("\n"), 1):
                if match := _ASSIGNMENT.match(line):
                    self._lines[match[1] or match[2]] = number
        return self._lines.get(symbol)
