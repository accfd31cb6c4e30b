"""Where known messages occur in a text: one line that somebody saw, or an agent's whole log.

A pattern is the message as it is logged, with ``*`` for what differs; case, the kind of quotes and white space do not
matter. A text is searched with plain finds, so that no pattern can take long.
"""

import re
from bisect import bisect_right

from kina_audit.base.datatype import datatype

MOST_BETWEEN = 300
"""A ``*`` stands for at most so many characters, which may go over lines: a rule's text follows its error."""

MOST_HITS = 1_000
"""Occurrences of one pattern that are counted."""

LEAST_PART = 12
"""A text shorter than a message matches it by being a part of it, when it has so many characters."""

LEAST_WORDS = 4
"""Whole words of a message match it from so many characters on."""

MOST_TAILS = 20
"""Colons of a line behind which a message is looked for."""

_ERRORS = frozenset(
    {
        "address family not supported by protocol", "cannot allocate memory", "function not implemented",
        "invalid argument", "no such device", "no such device or address", "no such file or directory",
        "no such process", "not supported", "operation not permitted", "operation not supported", "permission denied",
        "protocol not available", "protocol not supported", "protocol wrong type for socket",
    }
)  # fmt: skip
"""Names of errors: one behind a colon is the end of anything, and what stands before it says of what."""

_BESIDE_ERRORS = frozenset(
    {
        "a", "be", "cannot", "could", "did", "does", "doesn", "err", "errno", "error", "errors", "exist",
        "exited", "fail", "failed", "failure", "fatal", "for", "found", "is", "it", "no", "not", "of", "os",
        "set", "status", "supported", "the", "to", "unable", "unknown", "unsupported", "was", "with",
    }
)  # fmt: skip
"""Words that stand in messages of every cause; of these alone no part of a message is made."""

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_WORDS = re.compile(r"[a-z0-9]+")
_QUOTES = str.maketrans(dict.fromkeys('`"‘’“”´', "'"))


@datatype
class Hit:
    """A pattern in a text.

    Attributes:
        line: the first line it stands on, from 1.
        count: how often it occurs, at most `MOST_HITS`.
        weight: characters that agree: of several patterns the heavier says more.
        whole: the text holds the message; else it is only a part of one.
    """

    line: int
    count: int
    weight: int
    whole: bool = True


class Text:
    """A text made ready for many searches."""

    def __init__(self, text: str) -> None:
        lines = [_plain(line) for line in text.replace("\\n", " ").split("\n")]
        self._text = " ".join(lines)  # a message may be broken over lines
        self._says_nothing = _says_nothing(self._text)
        # Of a single line: what is behind each of its colons, for a message whose other half was not quoted.
        words = self._text.strip(" .'").split(": ") if len(lines) == 1 else []
        tails = (": ".join(words[n:]) for n in range(1, min(len(words), MOST_TAILS)))
        self._tails = [tail for tail in tails if len(tail) >= LEAST_PART and tail not in _ERRORS]
        # The same of messages whose beginning was cut, and behind which more was logged.
        last = min(len(words), MOST_TAILS)
        runs = [(": ".join(words[n:end]), not n) for n in range(last) for end in range(n + 1, last)]
        self._runs = [run for run in runs if len(run[0]) >= LEAST_PART and run[0] not in _ERRORS]
        self._runs.sort(key=lambda run: -len(run[0]))
        self._starts = [0]
        for line in lines[:-1]:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def find(self, pattern: str) -> Hit | None:
        """Where a pattern occurs; None: nowhere."""
        parts = [p for p in (_plain(part) for part in pattern.split("*")) if p]
        if not parts:
            return None
        count, first, position = 0, -1, self._text.find(parts[0])
        while position >= 0 and count < MOST_HITS:
            end = self._rest(parts[1:], position + len(parts[0]))
            if end >= 0:
                count += 1
                first = position if first < 0 else first
            position = self._text.find(parts[0], max(end, position + 1))
        if count:
            return Hit(bisect_right(self._starts, first), count, sum(map(len, parts)))
        return self._part_of(parts)

    def words(self, line: int) -> frozenset[str]:
        """The words of a line, from 1, in small letters."""
        end = self._starts[line] if line < len(self._starts) else len(self._text)
        return frozenset(_WORDS.findall(self._text[self._starts[line - 1] : end]))

    def _rest(self, parts: list[str], start: int) -> int:
        """The end of the parts that follow each other from ``start``; -1: they do not."""
        for part in parts:
            found = self._text.find(part, start, start + MOST_BETWEEN + len(part))
            if found < 0:
                return -1
            start = found + len(part)
        return start

    def _part_of(self, parts: list[str]) -> Hit | None:
        """The text as a part of the message; or what stands behind a colon in it, where that is all of one of its parts.

        Or what stands before a colon in it, where the message ends so.
        """
        asked = self._text.strip(" .'")
        if self._says_nothing:
            return None
        said = " ".join(parts)
        if asked in said and (len(asked) >= LEAST_PART or _whole_words(asked, said)):
            return Hit(1, 1, len(asked), whole=False)
        tail = next((tail for tail in self._tails if tail in parts), None)
        tail = tail or next((run for run, cut in self._runs if _ends_with(parts[-1], run, cut=cut)), None)
        return None if tail is None else Hit(1, 1, len(tail), whole=False)


def _says_nothing(text: str) -> bool:
    """Whether a text has nothing but names of errors, and what is said beside any."""
    for name in sorted(_ERRORS, key=len, reverse=True):
        text = text.replace(name, " ")
    return all(word[0].isdigit() or word[0] in _BESIDE_ERRORS for word in _WORDS.finditer(text))


def _ends_with(part: str, run: str, *, cut: bool) -> bool:
    """Whether a message ends with what stands between colons; ``cut``: nothing is before it, so that any words were cut."""
    return part.endswith(run) and (
        part == run or part.endswith(f": {run}") or (cut and " " in run and part.endswith(f" {run}"))
    )


def _whole_words(asked: str, said: str) -> bool:
    return len(asked) >= LEAST_WORDS and re.search(rf"(?<!\w){re.escape(asked)}(?!\w)", said) is not None


def _plain(line: str) -> str:
    line = _ESCAPES.sub("", line.replace('\\"', '"')).translate(_QUOTES)
    return " ".join(line.lower().split())
