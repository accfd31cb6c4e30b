"""The odd one out: a symbol that is off while everything that usually comes with it is on."""

from collections.abc import Callable, Iterable
from functools import cache

from kina_audit.base.packaged import data_file, toml_document
from kina_audit.kernel.config import N, SymbolFact


def odd_one_out(facts: Iterable[SymbolFact], fact: Callable[[str], SymbolFact]) -> str:
    """A clause for each symbol that is the only one off of its family, or whose other half is on; empty: none is.

    Args:
        facts: of the symbols of an unmet condition.
        fact: what the kernel's input says of any symbol.
    """
    said = []
    families, halves = _families(), _halves()
    for name in [f.name for f in facts if (f.name in families or f.name in halves) and f.bounds[1] == N]:
        for family, members in families.get(name, ()):
            if all(fact(m).bounds[0] > N for m in members if m != name):
                said.append(f"of {len(members)} {family} only CONFIG_{name} is off")
        said += [
            f"CONFIG_{name} is off, its other half CONFIG_{half} is on"
            for half in halves.get(name, ())
            if fact(half).bounds[0] > N
        ]
    return "; ".join(said)


@cache
def _families() -> dict[str, list[tuple[str, list[str]]]]:
    """Symbol to the families it is of."""
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for family in toml_document(data_file("families.toml"))["family"]:
        for member in family["members"]:
            found.setdefault(member, []).append((family["name"], family["members"]))
    return found


@cache
def _halves() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for four, six in toml_document(data_file("families.toml"))["halves"]:
        found.setdefault(four, []).append(six)
        found.setdefault(six, []).append(four)
    return found
