"""Where in the repository a finding is shown: the config's file, the line that decides it, its columns."""

from functools import cached_property
from string import ascii_letters, digits

from kina_audit.base.datatype import datatype
from kina_audit.base.digest import sha256_hex
from kina_audit.engine.finding import Finding
from kina_audit.kernel.config import SymbolFact
from kina_audit.render import RenderOptions, plain
from kina_audit.report.decision import Deciding
from kina_audit.report.model import Report

_URI_SAFE = frozenset(ascii_letters + digits + "/@+,=~-._")
_FILES = {"file", "image", "archive", "directory"}


@datatype
class Place:
    """A region of one line.

    Attributes:
        path: relative to the repository, with forward slashes.
        line: from 1.
        column: from 1.
        end_column: one behind the last character; `column` when the line is not known.
    """

    path: str
    line: int = 1
    column: int = 1
    end_column: int = 1

    @property
    def uri(self) -> str:
        """The path as a relative URI reference."""
        data = self.path.encode("utf-8", errors="replace")
        return "".join(chr(b) if chr(b) in _URI_SAFE else f"%{b:02X}" for b in data)


def of_source(source: str, options: RenderOptions) -> Place:
    """Where a source stands of which there is no report: its own file, `--locate`'s, or a path that says what it is."""
    path, line = _fixed(options)
    named = "" if ":" in source or source == "-" else _relative(source, options)
    return Place(path, line) if path else Place(named or invented(source))


class Places:
    """Finds the places of one report's findings."""

    def __init__(self, report: Report, options: RenderOptions) -> None:
        self._config = report.kernel.config
        origin = report.kernel.provenance
        path, line = _fixed(options)
        self._fixed = Place(path, line) if path else None
        location = origin.location.partition("!")[0] if origin.kind == "archive" else origin.location
        self.in_repository = bool(self._fixed) or (origin.kind in _FILES and _relative(location, options) != "")
        # Code scanning wants a relative path; a source that is no file gets one that says what it is.
        self.path = (_relative(location, options) if origin.kind in _FILES else "") or invented(origin.source)
        self.identity = path or self.path
        """What tells this config from others of the repository: `--locate`'s path, or its own."""
        self._has_lines = origin.kind == "file" and not origin.found_in
        self._lines: list[str] = []
        self._report = report

    @cached_property
    def _facts(self) -> dict[str, list[SymbolFact]]:
        """Every symbol that a finding speaks of."""
        found: dict[str, list[SymbolFact]] = {}
        for result in self._report.results if any(item.symbols for item in self._report.deciding) else ():
            for finding in result.findings:
                for symbol in finding.symbols:
                    found.setdefault(symbol.name, []).append(symbol)
        return found

    def fingerprint(self, own: str) -> str:
        """A finding's or item's fingerprint, which says of which config it is: pipelines gather those of many."""
        return sha256_hex(f"{self.identity}\0{own}".encode("utf-8", "replace"))[:32]

    def of(self, finding: Finding) -> Place:
        """The line that decides a finding; the file's first when no line does (an absent symbol has none)."""
        if self._fixed:
            return self._fixed
        line = _deciding_line(finding.symbols) if self._has_lines else None
        return Place(self.path) if line is None else self._at(line)

    def _at(self, line: int) -> Place:
        if not self._lines:
            self._lines = self._config.text.split("\n")
        text = self._lines[line - 1].rstrip("\r") if line <= len(self._lines) else ""
        return Place(self.path, line, 1, len(text) + 1)

    def of_item(self, item: Deciding) -> Place:
        """Where something is shown that keeps the report from passing: its finding's line, or its symbols'."""
        if item.pair is not None:
            return self.of(item.pair[1])
        if self._fixed:
            return self._fixed
        facts = [s for name in item.symbols for s in self._facts.get(name) or [self._config.fact(name)]]
        line = _deciding_line(tuple(facts)) if self._has_lines else None
        return self._at(line) if line else Place(self.path)


def _deciding_line(symbols: tuple[SymbolFact, ...]) -> int | None:
    """A symbol that is off before one that is on: most conditions ask for symbols to be on."""
    off = [s.line for s in symbols if s.value == "n" and s.line]
    return next(iter([*off, *[s.line for s in symbols if s.line]]), None)


def _fixed(options: RenderOptions) -> tuple[str, int]:
    """The path and line of `--locate`."""
    path, _, line = options.locate.rpartition(":") if _numbered(options.locate) else (options.locate, "", "")
    return path, int(line or 1)


def _numbered(text: str) -> bool:
    path, _, line = text.rpartition(":")
    return bool(path) and line.isascii() and line.isdigit() and 0 < int(line[:9]) < 10_000_000 and len(line) < 9


def _relative(location: str, options: RenderOptions) -> str:
    """A path as the repository has it; empty when it is outside."""
    path, root = plain(location).replace("\\", "/"), options.root.rstrip("/")
    if path.startswith("/"):
        if not root or not path.startswith(root + "/"):
            return ""
        path = path[len(root) + 1 :]
    elif options.folder:
        path = f"{options.folder}/{path}"
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and not parts:
            return ""
        if part == "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def invented(source: str) -> str:
    """A relative path for a source that is no file, made of its name."""
    if source == "-":
        return "stdin"
    return "/".join(p for p in plain(source).replace(":", "/").split("/") if p not in ("", ".", ".."))[:200] or "kernel"
