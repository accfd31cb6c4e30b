"""Kernel versions, their order, and the ranges that requirements are gated on.

A kernel *release* is what ``uname -r`` prints (``6.12.28-153``, ``5.14.0-427.el9.x86_64``, ``7.2.0-rc5-1``); its
*version* is the numeric triple in front. Order: 6.9 < 6.10 < 6.12-rc1 < 6.12 < 6.12.28-153.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne

from kina_audit.base.datatype import datatype

_RELEASE = re.compile(r"[vV]?(\d{1,3})\.(\d{1,5})(?:\.(\d{1,6}))?(?:-rc(\d{1,3}))?(.*)", re.DOTALL)
_SAFE_SUFFIX = re.compile(r"[-+.~_0-9A-Za-z]{0,120}")


@datatype
class KernelVersion:
    """A kernel version: a numeric triple, a release-candidate number (0: none) and whatever a vendor appended."""

    major: int
    minor: int
    patch: int = 0
    rc: int = 0
    suffix: str = ""

    @classmethod
    def parse(cls, text: str) -> "KernelVersion":
        """Read a kernel release or version string.

        Raises:
            ValueError: the text does not start with two numbers joined by a dot.
        """
        match = _RELEASE.fullmatch(text.strip())
        if match is None or not _SAFE_SUFFIX.fullmatch(match[5]):
            raise ValueError(f"not a kernel version: {text[:60]!r} (expected something like 6.18.5 or 6.12.28-153)")
        major, minor, patch, rc, suffix = match.groups()
        return cls(int(major), int(minor), int(patch or 0), int(rc or 0), suffix)

    @classmethod
    def found_in(cls, text: str) -> "KernelVersion | None":
        """The version that a text found in some file is; None where it is none, as a number of four digits makes it."""
        try:
            return cls.parse(text)
        except ValueError:
            return None

    @property
    def triple(self) -> tuple[int, int, int]:
        """The numeric version (major, minor, patch)."""
        return (self.major, self.minor, self.patch)

    @property
    def _key(self) -> tuple[int, int, int, int, tuple[tuple[int, int, str], ...]]:
        # A release candidate comes before its release. Suffixes compare by their numbers, then their words, so that
        # -153 < -1000 and "" comes first.
        parts = re.findall(r"\d+|[A-Za-z]+", self.suffix)
        words = tuple((1, int(p), "") if p.isdigit() else (0, 0, p) for p in parts)
        return (*self.triple, self.rc or 1_000_000, words)

    def __lt__(self, other: "KernelVersion") -> bool:
        return self._key < other._key

    def __le__(self, other: "KernelVersion") -> bool:
        return self._key <= other._key

    def __gt__(self, other: "KernelVersion") -> bool:
        return self._key > other._key

    def __ge__(self, other: "KernelVersion") -> bool:
        return self._key >= other._key

    def __str__(self) -> str:
        text = f"{self.major}.{self.minor}"
        if self.patch or not self.rc:
            text += f".{self.patch}"
        return text + (f"-rc{self.rc}" if self.rc else "") + self.suffix


Triple = tuple[int, int, int]
_OPERATORS: dict[str, Callable[[Triple, Triple], bool]] = {">=": ge, "<=": le, "==": eq, "!=": ne, ">": gt, "<": lt}
_CLAUSE = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*(\d{1,3}\.\d{1,5}(?:\.\d{1,6})?)\s*")


@datatype
class VersionRange:
    """A conjunction of comparisons such as ``>=6.9,<6.17``.

    Gates look at the numeric triple only: a symbol that arrives in 6.17 arrives in its first release candidate, and
    a vendor's suffix changes no Kconfig file.
    """

    text: str
    clauses: tuple[tuple[str, Triple], ...]

    @classmethod
    def parse(cls, text: str) -> "VersionRange":
        """Read comma-separated comparisons.

        Raises:
            ValueError: a clause is not an operator followed by a version.
        """
        return _parse_range(text)

    @property
    def possible(self) -> bool:
        """Whether any version is in it."""
        bounds = [bound for _, bound in self.clauses]
        # Between two neighbours of these nothing changes.
        near = {(0, 0, 0), *bounds, *((a, b, c + 1) for a, b, c in bounds)}
        near |= {(a, b, c - 1) if c else (a, b - 1, 999_999) if b else (a - 1, 99_999, 0) for a, b, c in bounds}
        return any(all(_OPERATORS[op](one, bound) for op, bound in self.clauses) for one in near if one >= (0, 0, 0))

    @property
    def lowest(self) -> Triple | None:
        """The oldest version that can be in it; None: it has no lower bound."""
        bounds = [(a, b, c + (op == ">")) for op, (a, b, c) in self.clauses if op in (">=", ">", "==")]
        return max(bounds, default=None)

    def __contains__(self, version: KernelVersion) -> bool:
        triple = version.triple
        for operator, bound in self.clauses:  # noqa: SIM110  (asked a thousand times in a short run)
            if not _OPERATORS[operator](triple, bound):
                return False
        return True

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=1024)
def _parse_range(text: str) -> VersionRange:
    clauses: list[tuple[str, Triple]] = []
    for part in text.split(","):
        match = _CLAUSE.fullmatch(part)
        if match is None:
            raise ValueError(f"not a kernel version range: {text!r} (expected e.g. '>=6.9,<6.17')")
        clauses.append((match[1], KernelVersion.parse(match[2]).triple))
    return VersionRange(text, tuple(clauses))
