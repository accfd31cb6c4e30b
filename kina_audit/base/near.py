"""A word that is almost one of those that are known: what was meant. Nothing else of the project compares spellings."""

import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

_LONGEST = 100
"""Characters of a word that are compared."""
_MANY = 4
_MOST_NAMES = 1000
_LONGEST_NAME = 255


def alike(word: str, known: Iterable[str], most: int = 1, cutoff: float = 0.7) -> list[str]:
    """The known words that are most like one that is none of them, whatever their case; the best first.

    Args:
        word: what somebody wrote; of a long one the beginning is compared.
        known: the words that there are.
        most: how many are wanted.
        cutoff: 0 to 1: how much alike they have to be.
    """
    from difflib import get_close_matches

    meant = {name.lower(): name for name in known}
    return [meant[name] for name in get_close_matches(word.lower()[:_LONGEST], list(meant), most, cutoff)]


def near(word: str, known: Iterable[str], most: int = 1, cutoff: float = 0.7) -> str:
    """The end of a sentence about a word that is none of those known: those that are much like it; or nothing."""
    return _asked(alike(word, known, most, cutoff))


def hint(word: str, known: Iterable[str], most: int = 1, cutoff: float = 0.7) -> str:
    """The same as a sentence of its own."""
    return _asked(alike(word, known, most, cutoff), "Did")


def near_names(name: str, known: Iterable[str], tags: Iterable[str] = ()) -> str:
    """What may have been meant by a profile's name: a tag, names that hold the one given, or names spelt alike."""
    ordered = sorted(known)
    asked = name.lower()
    found = [f"tag:{t}" for t in alike(asked, sorted(tags), cutoff=0.8)]
    found += [n for n in ordered if len(asked) > 2 and asked in n] or alike(asked, ordered, 3, 0.5)
    return _asked(found[:_MANY])


def near_file(path: Path | str) -> str:
    """The end of a sentence about a path that is not there: the file beside it that is called much like it; or nothing."""
    place = Path(path)
    if not place.name or len(place.name) > _LONGEST_NAME:
        return ""
    try:
        with os.scandir(place.parent) as entries:
            names = [entry.name for entry in islice(entries, _MOST_NAMES)]
    except (OSError, ValueError):
        return ""
    return _asked([str(place.parent / name) for name in alike(place.name, names, cutoff=0.75)])


def _asked(found: list[str], opening: str = "; did") -> str:
    return f"{opening} you mean {' or '.join(found)}?" if found else ""
