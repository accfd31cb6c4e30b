"""How well a fact of the data files is known, and where it is from."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Basis(StrEnum):
    """How well a fact is known, best first; see the head of the data file."""

    OBSERVED = "observed"
    SOURCE = "source"
    DOCUMENTATION = "documentation"
    REPORT = "report"
    DERIVED = "derived"
    UNVERIFIED = "unverified"


def where(row: Mapping[str, Any]) -> str:
    """A fact's link for a browser: the one it names, or the newest place in the source; empty: neither."""
    if row.get("link"):
        return str(row["link"])
    places = places_of(row)
    if not places:
        return ""
    repository, _, rest = places[-1].partition("@")
    commit, path, line = rest.split(":")
    return f"https://github.com/{repository}/blob/{commit}/{path}#L{line}"


def places_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The places in the source that a fact names."""
    at = row.get("at", ())
    return (at,) if isinstance(at, str) else tuple(at)
