"""Kernel versions, their order, and the ranges that requirements are gated on.

A kernel *release* is what ``uname -r`` prints (``6.12.28-153``, ``5.14.0-427.el9.x86_64``, ``7.2.0-rc5-1``); its
*version* is the numeric triple in front. Order: 6.9 < 6.10 < 6.12-rc1 < 6.12 < 6.12.28-153.
"""

import re
from functools import lru_cache

from kina_audit.base.datatype import datatype, field

_RELEASE = re.compile(r"[vV]?(\d{1,3})\.(\d{1,5})(?:\.(\d{1,6}))?(?:-rc(\d{1,3}))?(.*)", re.DOTALL)
Triple = tuple[int, int, int]
_SAFE_SUFFIX = r"[-+.~_0-9A-Za-z]{0,120}"


@datatype
class KernelVersion:
    """A kernel version: a numeric triple, a release-candidate number (0: none) and whatever a vendor appended."""

    major: int
    minor: int
    patch: int = 0
    rc: int = 0
    suffix: str = ""
    triple: Triple = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derive what every gate looks at: the numeric version (major, minor, patch)."""
        object.__setattr__(self, "triple", (self.major, self.minor, self.patch))

    @classmethod
    def parse(cls, text: str) -> "KernelVersion":
        """Read a kernel release or version string.

        Raises:
            ValueError: the text does not start with two numbers joined by a dot.
        """
        match = _RELEASE.fullmatch(text.strip())
        if match is None or (match[5] and not re.fullmatch(_SAFE_SUFFIX, match[5])):
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
    def _key(self) -> tuple[int, int, int, int, tuple[tuple[int, int, str], ...]]:
        # A release candidate comes before its release. Suffixes compare by their numbers, then their words, so that
        # -153 < -1000 and "" comes first.
        parts = re.findall(r"\d+|[A-Za-z]+", self.suffix) if self.suffix else []
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


_CLAUSE = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*(\d{1,3}\.\d{1,5}(?:\.\d{1,6})?)\s*")
_BEHIND_ALL = (1_000, 0, 0)


@datatype
class VersionRange:
    """A conjunction of comparisons such as ``>=6.9,<6.17``.

    Gates look at the numeric triple only: a symbol that arrives in 6.17 arrives in its first release candidate, and
    a vendor's suffix changes no Kconfig file.

    Attributes:
        text: as written.
        clauses: (operator, version) of each comparison.
        lowest: the oldest version that can be in it; None: it has no lower bound.
    """

    text: str
    clauses: tuple[tuple[str, Triple], ...]
    lowest: Triple | None = field(init=False, repr=False, compare=False)
    _end: Triple = field(init=False, repr=False, compare=False)
    _without: tuple[Triple, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derive where it begins, the first version behind it, and those in between that are not in it."""
        lows = [(a, b, c + (op == ">")) for op, (a, b, c) in self.clauses if op in (">=", ">", "==")]
        ends = [(a, b, c + (op != "<")) for op, (a, b, c) in self.clauses if op in ("<=", "<", "==")]
        object.__setattr__(self, "lowest", max(lows, default=None))
        object.__setattr__(self, "_end", min(ends, default=_BEHIND_ALL))
        object.__setattr__(self, "_without", tuple(bound for op, bound in self.clauses if op == "!="))

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
        major, minor, patch = self.lowest or (0, 0, 0)
        return any(KernelVersion(major, minor, patch + more) in self for more in range(len(self._without) + 1))

    def __contains__(self, version: KernelVersion) -> bool:
        triple = version.triple
        return (self.lowest is None or self.lowest <= triple) and triple < self._end and triple not in self._without

    def settled_by(self, version: KernelVersion) -> bool:
        """Whether the number decides: X.Y.0 may stand for any update of its line, a vendor's or one that nobody named."""
        major, minor, patch = version.triple
        return bool(patch) or (version in self) == (KernelVersion(major, minor, _LAST_UPDATE) in self)

    def __str__(self) -> str:
        return self.text


_LAST_UPDATE = 999_999


@lru_cache(maxsize=1024)
def _parse_range(text: str) -> VersionRange:
    clauses: list[tuple[str, Triple]] = []
    for part in text.split(","):
        match = _CLAUSE.fullmatch(part)
        if match is None:
            raise ValueError(f"not a kernel version range: {text!r} (expected e.g. '>=6.9,<6.17')")
        clauses.append((match[1], KernelVersion.parse(match[2]).triple))
    return VersionRange(text, tuple(clauses))
