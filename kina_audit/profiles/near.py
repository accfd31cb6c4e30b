"""What may have been meant by a name that nothing has."""

from collections.abc import Iterable

_MANY_NEAR = 4


def near_names(name: str, known: Iterable[str], tags: Iterable[str] = ()) -> str:
    """What may have been meant: a tag, names that hold the one given, or names spelt alike."""
    from difflib import get_close_matches

    ordered = sorted(known)
    asked = name.lower()
    near = [f"tag:{t}" for t in get_close_matches(asked, sorted(tags), n=1, cutoff=0.8)]
    near += [n for n in ordered if len(asked) > 2 and asked in n] or get_close_matches(asked, ordered, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(near[:_MANY_NEAR])}?" if near else ""
