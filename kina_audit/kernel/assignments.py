"""The assignments of a config's text, read the way the kernel's own reader (``scripts/kconfig/confdata.c``) reads them.

Oddities kept on purpose: the first character of a value decides a tristate (``=yes`` is y); an indented or spaced
line is no assignment; ``# CONFIG_X=y`` is a comment; the last of two assignments wins. A regular file is read with two regular expressions; a file with anything unusual in it is read again line by line, so
that every oddity gets its line number.
"""

import re
from itertools import repeat

from kina_audit.base.bounds import CONFIG_WARNINGS
from kina_audit.kernel.config import ConfigWarning

# Every regular line, found behind the newline before it: a literal start makes these twice as fast as ^ does.
_SET = re.compile(r"\nCONFIG_([A-Za-z0-9_]+)=(.+)")
_NOT_SET = re.compile(r"\n# CONFIG_([A-Za-z0-9_]+) is not set$", re.MULTILINE)
_OTHER_LINE = re.compile(r"\n[^C#\n]")
_SYMBOL = r"[A-Za-z0-9_]+"
# Possessive: a string is read once, and no place to go back to is kept for each of its characters.
_STRING = r'"(?:[^"\\]++|\\.)*+"'
_NUMBER = r"-?(?:0[xX][0-9a-fA-F]+|[0-9a-fA-F]+)"
_REGULAR = re.compile(rf"[ymn]\Z|{_STRING}|{_NUMBER}\s*\Z")


def read_fast(text: str) -> dict[str, str] | None:
    """Symbol to value of a config in which every line is regular; None when one may not be.

    Looking at lines' first characters proves that the expressions missed none of them.
    """
    text = "\n" + text
    pairs = _SET.findall(text)
    not_set = _NOT_SET.findall(text)
    raw: dict[str, str] = dict(pairs)
    values = set(raw.values())
    raw.update(zip(not_set, repeat("n"), strict=False))
    if len(raw) != len(pairs) + len(not_set):
        return None
    if _OTHER_LINE.search(text) or text.count("\nC") != len(pairs) or text.count(" is not set") != len(not_set):
        return None
    return raw if all(map(_REGULAR.match, values)) else None


class Oddities:
    """The first warnings about lines, and how many there are."""

    def __init__(self) -> None:
        self.kept: list[ConfigWarning] = []
        self.count = 0
        self.unexpected = 0
        """How many of the lines are nothing that a config has."""

    def add(self, line: int, text: str) -> None:
        """One more."""
        self.count += 1
        if self.count <= CONFIG_WARNINGS:
            self.kept.append(ConfigWarning(line, text))

    @property
    def told(self) -> tuple[ConfigWarning, ...]:
        """Those that were kept, and a sentence about the others."""
        more = self.count - len(self.kept)
        return (*self.kept, *([ConfigWarning(0, f"and {more:,} more lines like these")] if more else []))


def read_slowly(text: str) -> tuple[dict[str, str], Oddities]:
    """Symbol to value of any text, line by line, and what is odd about the lines."""
    raw: dict[str, str] = {}
    lines: dict[str, int] = {}
    warnings = Oddities()
    for number, line in enumerate(text.split("\n"), 1):
        if not line:
            continue
        if line[0] == "#":
            if not line.startswith("# CONFIG_"):
                continue
            symbol, space, rest = line[9:].partition(" ")
            if not space or rest.rstrip() != "is not set":
                continue
            value = "n"
        else:
            symbol, equals, value = line[7:].partition("=")
            if not line.startswith("CONFIG_") or not equals or not re.fullmatch(_SYMBOL, symbol):
                if line.strip():
                    warnings.unexpected += 1
                    warnings.add(number, f"unexpected data: {line.strip()[:80]}")
                continue
            problem = _value_problem(value)
            if problem:
                warnings.add(number, f"{problem} for CONFIG_{symbol[:80]}: {value[:60]}")
                continue
            if value[0] in "ymn":
                if len(value) > 1:
                    warnings.add(number, f"CONFIG_{symbol[:80]}={value[:20]} is read as {value[0]}")
                value = value[0]
        if symbol in lines:
            warnings.add(
                number, f"CONFIG_{symbol[:80]} is assigned on lines {lines[symbol]} and {number}; the last wins"
            )
        raw[symbol] = value
        lines[symbol] = number
    return raw, warnings


def _value_problem(value: str) -> str:
    if not value:
        return "empty value"
    if value[0] in "ymn":
        return ""
    if value[0] == '"':
        return "" if re.match(_STRING, value) else "invalid string"
    return "" if re.fullmatch(_NUMBER, value.rstrip()) else "invalid value"
