"""A word that is almost one of those that are known: what was meant."""

from collections.abc import Iterable

_LONGEST = 100
"""Characters of a word that are compared."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that is much like one that is none of them; empty: there is none."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word.lower()[:_LONGEST], list(known), n=1, cutoff=0.7)), "")


def near(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about a word that is none of those known: the one that is much like it; or nothing."""
    found = nearest(word, known)
    return f"; did you mean {found}?" if found else ""
