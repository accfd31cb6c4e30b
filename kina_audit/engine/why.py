"""From a message to the requirements that are unmet where it is logged."""

import re
from collections.abc import Collection, Iterable

from kina_audit.base.datatype import datatype
from kina_audit.engine.evaluate import Evaluator
from kina_audit.engine.finding import UNMET, Finding, Status
from kina_audit.profiles.messages import Text
from kina_audit.profiles.model import Message, Requirement


@datatype
class Cause:
    """One condition that known messages in a text point at.

    Attributes:
        rows: the requirements that ask for it and have the message, the one that says most first.
        message: the message of it that agrees best.
        line: the first line of the text on which one of its messages stands, from 1.
        count: how often its messages occur.
        weight: how much of the message agrees.
        whole: the text holds the message; else it is only a part of one.
        said: the line has a word that one of the condition's symbols ends with, as cilium_vxlan of VXLAN.
        finding: how the first requirement stands on the kernel that was given; None: none was.
    """

    rows: tuple[Requirement, ...]
    message: Message
    line: int
    count: int
    weight: int
    whole: bool
    said: bool = False
    finding: Finding | None = None

    @property
    def lacks(self) -> bool | None:
        """Whether the kernel lacks it, or may; None: no kernel was given."""
        return None if self.finding is None else self.finding.status in UNMET


def causes(text: str, known: Iterable[tuple[Requirement, Message]], evaluator: Evaluator | None = None) -> list[Cause]:
    """Every condition whose messages occur in ``text``, best first: what the kernel lacks, what agrees most, what is named.

    Args:
        text: a message or a whole log.
        known: requirements with each of their messages.
        evaluator: of the kernel that logged it, if it is at hand.
    """
    searched, pairs_known = Text(text), list(known)
    hits = {said: searched.find(said) for said in dict.fromkeys(m.text for _, m in pairs_known)}
    groups: dict[tuple[object, ...], list[tuple[Requirement, Message]]] = {}
    for row, message in pairs_known:
        if hits[message.text] is not None:
            groups.setdefault(_condition(row), []).append((row, message))
    found = []
    for pairs in groups.values():
        told = {m.text: (m, hit) for _, m in pairs if (hit := hits[m.text]) is not None}
        best, hit = max(told.values(), key=lambda pair: (pair[1].whole, pair[1].weight))
        with_best = [r for r, m in pairs if m.text == best.text]
        rows = tuple({(r.profile, r.id): r for r in [*with_best, *(r for r, _ in pairs)]}.values())
        line, count = min(h.line for _, h in told.values()), sum(h.count for _, h in told.values())
        finding = evaluator.requirement(rows[0]) if evaluator is not None else None
        said = _named(rows[0], searched.words(hit.line))
        found.append(Cause(rows, best, line, count, hit.weight, hit.whole, said, finding))
    # On one line what agrees most says what it is; of several lines the one that ends what logged it counts first.
    heaviest: dict[int, int] = {}
    for cause in found:
        if cause.lacks:
            heaviest[cause.line] = max(heaviest.get(cause.line, 0), cause.weight)
    return sorted(
        found,
        key=lambda c: (
            c.lacks is False,
            not c.whole,
            not (c.finding is not None and c.finding.status is Status.FAIL and c.weight == heaviest[c.line]),
            -c.weight,
            not c.said,
            not _named(c.rows[0], set(re.findall(r"[a-z0-9]+", c.message.text.lower()))),
            len(c.rows[0].symbols) or _LATE,
            c.line,
            c.rows[0].profile,
        ),
    )


_LATE = 1_000
"""Where a condition without symbols stands, one of the kernel's version alone, among causes that agree equally."""


def _named(row: Requirement, words: Collection[str]) -> bool:
    """Whether one of the condition's symbols ends with one of these words, as socket of NETFILTER_XT_MATCH_SOCKET."""
    return any(symbol.lower().rpartition("_")[2] in words for symbol in row.symbols)


def _condition(row: Requirement) -> tuple[object, ...]:
    return row.expr.text, row.kernel, row.arch, tuple((v.expr.text, v.kernel) for v in row.variants)
