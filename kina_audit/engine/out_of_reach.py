"""What no line of a config turns on: symbols that depend on what only an architecture's own Kconfig has, and this kernel's has not.

Of the kernels whose lines ship the box tells why a symbol is off; this is for all the others, by ``data/architecture.toml``.
"""

from collections.abc import Callable
from functools import cache

from kina_audit.base.packaged import data_file, toml_document
from kina_audit.kernel.config import Completeness, KernelConfig, N, SymbolFact, SymbolState
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.version import VersionRange

NOT_TO_BE_HAD = "Not to be had on this kernel: "


def out_of_reach(expr: Expression, needed: int, kernel: KernelConfig, fact: Callable[[str], SymbolFact]) -> str:
    """Why nothing that a config could say meets a condition; empty where something may.

    Args:
        expr: the condition.
        needed: 1 or 2, what it has to come to.
        kernel: the config; one that may lack lines tells nothing of an architecture.
        fact: what the kernel's input says of any symbol.
    """
    if kernel.arch in _HAVE_ALL or kernel.completeness is not Completeness.COMPLETE or kernel.target is None:
        return ""
    kernels, rows = _rows()
    if kernel.target not in kernels:
        return ""
    barred = {s: rows[s].text for s in expr.symbols if s in rows and rows[s].bounds(fact)[1] == N}
    if not barred or expr.bounds(lambda name: _OFF if name in barred else _ANY)[1] >= needed:
        return ""
    told = " and ".join(f"CONFIG_{name} depends on {needs}" for name, needs in barred.items())
    arch = f" ({kernel.arch})" if kernel.arch else ""
    return (
        f"{NOT_TO_BE_HAD}{told}, which only an architecture's own Kconfig turns on, and this one's{arch} does not. "
        "Take a kernel of another architecture."
    )


_HAVE_ALL = ("arm64", "x86_64", "x86")
"""Architectures with everything that ``needs`` names; a file of theirs without it lacks lines."""

_OFF = SymbolFact("", "n", SymbolState.ABSENT)
_ANY = SymbolFact("", None, SymbolState.UNKNOWN)


@cache
def _rows() -> tuple[VersionRange, dict[str, Expression]]:
    document = toml_document(data_file("architecture.toml"))
    rows = {row["name"]: Expression.parse(row["needs"]) for row in document["symbol"]}
    return VersionRange.parse(document["kernel"]), rows
