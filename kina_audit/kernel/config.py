"""The value of every symbol in one kernel's configuration, and how far this input can be trusted to tell."""

import re
from collections.abc import Mapping
from enum import StrEnum

from kina_audit.base.datatype import datatype, field, replace
from kina_audit.kernel.version import KernelVersion

N, M, Y = 0, 1, 2
"""Tristate values as Kconfig orders them: n < m < y."""

TRI_OF = {"n": N, "m": M, "y": Y}
TRI_NAME = ("n", "m", "y")
_EXACTLY = {name: (tri, tri) for name, tri in TRI_OF.items()}
_EXACTLY_N = (N, N)


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


# Asked for at every symbol: in Python 3.11 a member of an enumeration is found by code in Python.
_SET, _NOT_SET, _ABSENT = SymbolState.SET, SymbolState.NOT_SET, SymbolState.ABSENT
_UNLOADED = SymbolState.UNLOADED
WITHOUT_MODULE = frozenset({SymbolState.MISSING, SymbolState.BLOCKED, SymbolState.UNLOADED})
"""The states of a symbol that is m, and whose module cannot be relied on."""


TOOLS_DECIDE = "the compiler and tools decide"
"""How the note of a symbol begins whose value is unknown for that reason alone."""
TOOLS_SUCH_AS = "gcc-12,pahole=1.24"
"""The tools that pages name as an example, and that are assumed first where nobody names any."""


@datatype
class SymbolFact:
    """What is known of one symbol.

    Attributes:
        name: without the ``CONFIG_`` prefix.
        value: ``y``, ``m``, ``n``, a number's text or a string's content; None when this input cannot tell.
        state: how the value is known.
        at: its line in the config text, or the config that knows it; most facts are never asked for their line.
        note: one sentence on a prediction or a doubt; may be empty.
        is_string: the value was written in quotes.
        among: every value that it may have, where ``value`` is None and that much is known; empty: any.
    """

    name: str
    value: str | None
    state: SymbolState
    at: "int | KernelConfig | None" = field(default=None, repr=False, compare=False)
    note: str = ""
    is_string: bool = False
    among: tuple[str, ...] = ()

    @property
    def line(self) -> int | None:
        """Its 1-based line in the config text, or None."""
        return self.at.line(self.name) if isinstance(self.at, KernelConfig) else self.at

    @property
    def bounds(self) -> tuple[int, int]:
        """The lowest and highest tristate value the symbol counts as; (0, 2) when nothing is known."""
        if self.value is None:
            return (N, Y)
        if self.state in WITHOUT_MODULE:
            return (N, M if self.state is _UNLOADED else N)
        return _EXACTLY_N if self.is_string else _EXACTLY.get(self.value, _EXACTLY_N)


@datatype
class Resolved:
    """How an input's values on the kernel it is for were told.

    Attributes:
        how: one clause for the reader: by which kernel lines, or why they are taken as they are written.
        lines: the shipped kernel lines that told, or the version of the tree that was named; empty: none.
        toolchain: what the kernel is built with, as it was named; empty: nobody said.
        named: somebody named the tree that told.
    """

    how: str
    lines: tuple[str, ...] = ()
    toolchain: str = ""
    named: bool = False


@datatype
class ConfigWarning:
    """A line of the input that a kernel's own reader would grumble about."""

    line: int
    text: str


@datatype
class Header:
    """What the comment at the top of a config says; every field may be missing."""

    version: KernelVersion | None = None
    arch: str | None = None
    compiler: str | None = None


_QUOTED = r'"((?:[^"\\]++|\\.)*+)"'
_ESCAPE = r"\\(.)"
_ASSIGNMENT = r"(?a)CONFIG_(\w+)=.|# CONFIG_(\w+) is not set\s*$"
_TRISTATE_LETTERS = frozenset("ymn")


def decode_value(raw: str) -> tuple[str, bool]:
    r"""Turn the text after ``=`` into (value, is_string), as ``scripts/kconfig/confdata.c`` reads it.

    The first character decides a tristate; a string ends at its first unescaped quote and ``\\x`` stands for ``x``.
    """
    first = raw[:1]
    if first in _TRISTATE_LETTERS:
        return first, False
    if first == '"':
        match = re.match(_QUOTED, raw)
        body = match[1] if match else raw[1:]
        return (re.sub(_ESCAPE, r"\1", body) if "\\" in body else body), True
    return raw, False


_NO_LINE = SymbolFact("", None, SymbolState.ABSENT)


@datatype
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
        live: what the kernel shows beside its config while it runs, by name (`kina_audit.kernel.live`).
        minimal: the assignments are a record's, from which a kernel line gives the others back: none means its default.
        toolchain: what the kernel was built with, where the source says so, e.g. ``gcc-12,pahole=1.24``.
        untold: symbols that a record knows it cannot tell.
        predicted: symbol to what is known of it on the target version; `kina_audit.kconfig.carry` fills it in.
        resolved: how `predicted` was told; None: the config is a kernel's own, or has not been resolved.
        kept: how many lines of `text` are the file's own, before what was merged into it; None: all.
        base: the kernel's own config that fragments were merged into to make this one; None: it has none.
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
    live: Mapping[str, str] = field(default_factory=dict)
    minimal: bool = False
    untold: frozenset[str] = frozenset()
    toolchain: str = ""
    predicted: Mapping[str, SymbolFact] = field(default_factory=dict)
    resolved: Resolved | None = None
    base: "KernelConfig | None" = None
    kept: int | None = None
    _lines: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def with_target(
        self, target: KernelVersion | None, *, origin: Origin | None = None, arch: str | None = None
    ) -> "KernelConfig":
        """A copy aimed at another version (and origin, and architecture); predictions are dropped."""
        return replace(
            self, target=target, origin=origin or self.origin, arch=arch or self.arch, predicted={}, resolved=None,
            _lines=self._lines,
        )  # fmt: skip

    @property
    def follows_file(self) -> bool:
        """Whether its values are what its file says: a kernel's own, or a vendor's whole one of its own version."""
        return not self.minimal and (self.origin is Origin.BUILT or self.is_vendors)

    @property
    def is_vendors(self) -> bool:
        """Whether it is a whole config that a vendor's kernel of the very line wrote, and no named tree decides."""
        header, target = self.header.version, self.target
        return (
            header is not None and target is not None and bool(header.suffix) and header.triple[:2] == target.triple[:2]
            and self.completeness is Completeness.COMPLETE and not self.minimal
            and not (self.resolved is not None and self.resolved.named)
        )  # fmt: skip

    @property
    def has_modules(self) -> bool | None:
        """Whether loadable modules exist; None when this input cannot tell."""
        value = self.fact("MODULES").value
        return None if value is None else value == "y"

    @property
    def changed(self) -> frozenset[str]:
        """The symbols that are set otherwise than in the kernel's own config that this one was made of."""
        before = self.base.raw if self.base is not None else {}
        return frozenset(name for name, raw in self.raw.items() if before.get(name) != raw)

    def fact(self, symbol: str) -> SymbolFact:
        """What this input says of ``symbol``, never more than it can know."""
        predicted = self.predicted.get(symbol)
        if predicted is not None:
            return predicted
        return self.written(symbol)

    def bounds(self, symbol: str) -> tuple[int, int]:
        """The bounds of `fact` of a symbol, which mostly takes no fact to tell."""
        predicted = self.predicted.get(symbol)
        if predicted is not None:
            return predicted.bounds
        raw = self.raw.get(symbol)
        if raw in _EXACTLY:
            return _EXACTLY[raw]
        if raw is None and not self.minimal and self.completeness is Completeness.COMPLETE:
            return _EXACTLY_N
        return self.written(symbol).bounds

    def written(self, symbol: str) -> SymbolFact:
        """What the text itself says of ``symbol``, whatever the kernel it is for makes of it."""
        raw = self.raw.get(symbol)
        if raw is not None:
            if raw in {"y", "m"}:
                return SymbolFact(symbol, raw, _SET, self)
            if raw == "n":
                return SymbolFact(symbol, "n", _NOT_SET, self)
            value, is_string = decode_value(raw)
            return SymbolFact(symbol, value, _SET, self, "", is_string)
        if self.minimal:
            return SymbolFact(symbol, None, SymbolState.UNKNOWN, None, "the record leaves it to the kernel line")
        if self.completeness is Completeness.COMPLETE:
            return SymbolFact(symbol, "n", _ABSENT)
        return SymbolFact(symbol, None, SymbolState.UNKNOWN, None, self.cut or "a partial config does not say")

    def line(self, symbol: str) -> int | None:
        """The 1-based line of the file that decides ``symbol``, or None when none does: a fragment, or nothing."""
        found = self._line(symbol)
        return found if found is None or self.kept is None or found <= self.kept else None

    def _line(self, symbol: str) -> int | None:
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
                if match := re.match(_ASSIGNMENT, line):
                    self._lines[match[1] or match[2]] = number
        return self._lines.get(symbol)
