"""What is wrong with a profile beyond its schema: symbols nobody knows, gates that exclude each other, unreachable variants.

It reads no kernel tree; `kina_audit.lint` does.
"""

from collections.abc import Iterator
from functools import cache

from kina_audit.base.datatype import datatype, replace
from kina_audit.base.near import near
from kina_audit.base.packaged import data_file
from kina_audit.kernel.version import KernelVersion, VersionRange
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.profiles.model import Profile, Requirement

_NEAR_PREFIX = 2
"""A misspelt symbol is looked for among those that start with the same letters: the whole list takes a second."""


@datatype
class Problem:
    """What is wrong: the place (``FILE:LINE``), the requirement's id or nothing, and a sentence."""

    place: str
    requirement: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: " + (f"requirement {self.requirement!r}: " if self.requirement else "") + self.text


def problems(profile: Profile, library: ProfileLibrary, *, allow_unknown: bool = False) -> list[Problem]:
    """Everything that is wrong with a profile of the library; empty when nothing is.

    Args:
        profile: from ``library.get``.
        library: where it and what it includes come from.
        allow_unknown: accept symbols that the list of known ones does not have, such as a vendor's own.
    """
    own = [r for r in profile.requirements if r.profile == profile.id and not r.alternatives]
    return [
        Problem(library.place(profile.id, row.id), row.id, text)
        for row in own
        for text in _of_requirement(row, allow_unknown=allow_unknown)
    ]


def _of_requirement(row: Requirement, *, allow_unknown: bool) -> Iterator[str]:
    if not allow_unknown:
        for symbol in row.symbols:
            if symbol not in known_symbols():
                yield _unknown(symbol)
    for where, gate in [("", row.kernel), *((f"variant {i}: ", v.kernel) for i, v in enumerate(row.variants, 1))]:
        if gate is not None and not any(v in gate for v in _samples(gate)):
            yield f"{where}no version is in kernel = {gate.text!r}"
    if row.older_need_none and replace(row, older_need_none=False).since(row.arch[0] if row.arch else None) is None:
        yield "older_need_none, and no kernel is older than those it is asked of: its kernel has no lower bound"
    for i, variant in enumerate(row.variants):
        for j, earlier in enumerate(row.variants[:i]):
            if _covers(earlier.kernel, variant.kernel) and (
                not earlier.arch or (variant.arch and set(variant.arch) <= set(earlier.arch))
            ):
                yield f"variant {i + 1} is never reached: variant {j + 1} matches first"
                break
    whole = [v for v in row.variants if not v.arch or (row.arch and set(row.arch) <= set(v.arch))]
    if whole and all(
        any(v.kernel is None or version in v.kernel for v in whole)
        for version in _samples(row.kernel, *(v.kernel for v in whole))
        if row.kernel is None or version in row.kernel
    ):
        yield "its own expr is never reached: the variants match every kernel"


def negated_unknown(profile: Profile, library: ProfileLibrary) -> Problem | None:
    """The first of a profile's own requirements that is met because a symbol is off which no kernel has.

    Elsewhere an unknown symbol makes a requirement fail, and somebody looks; behind a ``!`` it makes it pass.
    """
    for row in profile.requirements:
        if row.profile != profile.id:
            continue
        for expr in (row.expr, *[v.expr for v in row.variants]):
            for symbol in expr.negated if "!" in expr.text else ():
                if symbol not in known_symbols():
                    return Problem(library.place(profile.id, row.id), row.id, f"!{symbol}: {_unknown(symbol)}")
    return None


def _unknown(symbol: str) -> str:
    if symbol.startswith("CONFIG_") and symbol[7:] in known_symbols():
        return f"symbol {symbol}: write {symbol[7:]}, without CONFIG_"
    beginning = [s for s in known_symbols() if s[:_NEAR_PREFIX] == symbol[:_NEAR_PREFIX]]
    return f"no kernel this tool knows has the symbol {symbol}{near(symbol, beginning, 3, 0.6)}"


@cache
def known_symbols() -> frozenset[str]:
    """Every symbol of the kernel trees that ``scripts/symbol_names.py`` was given last."""
    lines = data_file("symbol-names.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def _samples(*gates: VersionRange | None) -> list[KernelVersion]:
    """Versions of which one lies in every part that the bounds cut the line of versions into."""
    found = {(0, 0, 0), (999, 0, 0)}
    for gate in gates:
        for _, (major, minor, patch) in gate.clauses if gate is not None else ():
            found |= {(major, minor, patch), (major, minor, patch + 1)}
            if patch:
                found.add((major, minor, patch - 1))
            elif minor:
                found.add((major, minor - 1, 999_999))
            elif major:
                found.add((major - 1, 99_999, 0))
    return [KernelVersion(*triple) for triple in sorted(found)]


def _covers(outer: VersionRange | None, inner: VersionRange | None) -> bool:
    """Whether every version of ``inner`` is in ``outer``."""
    if outer is None:
        return True
    return all(v in outer for v in _samples(outer, inner) if inner is None or v in inner)
