"""What ``olddefconfig`` makes of a config on a newer kernel, as far as that can be said without the kernel's tree.

A file that is the *input* of a build tells less than it seems to: a symbol with a line may be dropped because its
dependencies changed, a symbol without one may appear. ``data/symbols.toml`` writes out what is known about the symbols
that profiles name; whatever it does not cover stays unknown. With a kernel tree, `kina_audit.kconfig` resolves exactly.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from kina_audit.kernel.config import (
    TRI_NAME,
    Completeness,
    KernelConfig,
    N,
    Origin,
    SymbolFact,
    SymbolState,
    Y,
)
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.version import KernelVersion, VersionRange
from kina_audit.packaged import data_file, toml_document


@dataclass(frozen=True, slots=True)
class Rule:
    """What ``olddefconfig`` does to one symbol on some versions.

    Attributes:
        symbol: the symbol it is about.
        kernel: target versions it holds on.
        needs: the value is limited to this expression, whatever the input says.
        may_need: as needs, but since when is not known exactly: where it does not hold, the value cannot be told.
        absent: the value when the input has no line for the symbol.
        value: the value of a symbol without a prompt, whatever the input says.
        boolean: it was a tristate once: a line that says m is not read.
        selected: where this holds, or may, others turn it on, so a line that says it is not set proves nothing.
        untold: the value cannot be told, whatever the input says.
        why: one clause for the reader.
        source: the file of the kernel tree that says so.
    """

    symbol: str
    kernel: VersionRange | None
    needs: Expression | None
    may_need: Expression | None
    absent: Expression | None
    value: Expression | None
    boolean: bool
    selected: Expression | None
    untold: bool
    why: str
    source: str

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Every expression of it."""
        told = (self.needs, self.may_need, self.absent, self.value, self.selected)
        return tuple(e for e in told if e is not None)


def forecast(kernel: KernelConfig) -> KernelConfig:
    """A copy that says what is known of each symbol on ``kernel.target``.

    A built kernel's config, a partial one, or one already written for the target version comes back unchanged.
    """
    if kernel.origin is Origin.BUILT or kernel.tells_target or kernel.target is None:
        return kernel
    if kernel.completeness is Completeness.PARTIAL:
        return kernel
    return replace(kernel, predicted=_Forecast(kernel, kernel.target).facts(), _lines=kernel._lines)


class _Forecast:
    def __init__(self, kernel: KernelConfig, target: KernelVersion) -> None:
        self.kernel = kernel
        self.rules = {r.symbol: r for r in rules() if r.kernel is None or target in r.kernel}
        self.known: dict[str, SymbolFact] = {}
        self.texts: dict[str, SymbolFact] = {}
        self.open: set[str] = set()

    def written(self, symbol: str) -> SymbolFact:
        found = self.texts.get(symbol)
        if found is None:
            found = self.texts[symbol] = self.kernel.written(symbol)
        return found

    def facts(self) -> dict[str, SymbolFact]:
        return {s: f for s in self.rules if (f := self.fact(s)) is not self.written(s)}

    def fact(self, symbol: str) -> SymbolFact:
        if symbol in self.known:
            return self.known[symbol]
        rule = self.rules.get(symbol)
        written = self.written(symbol)
        if rule is None or symbol in self.open:
            return written
        self.open.add(symbol)
        self.known[symbol] = found = self._apply(rule, written)
        self.open.discard(symbol)
        return found

    def _apply(self, rule: Rule, written: SymbolFact) -> SymbolFact:
        has_line = rule.symbol in self.kernel.raw
        low, high = written.bounds
        if rule.boolean and written.value == "m":
            has_line, (low, high) = False, (N, N)
        if rule.value is not None:
            has_line, (low, high) = False, rule.value.bounds(self.fact)
        elif rule.untold:
            low, high = N, Y
        elif rule.selected is not None and high == N:
            high = rule.selected.bounds(self.fact)[1]
        elif not has_line and rule.absent is not None:
            low, high = rule.absent.bounds(self.fact)
        if rule.needs is not None:
            need_low, need_high = rule.needs.bounds(self.fact)
            if written.is_string:
                return self._string(rule, written, need_low, need_high)
            low, high = min(low, need_low), min(high, need_high)
        if rule.may_need is not None:
            low = min(low, rule.may_need.bounds(self.fact)[0])
        if has_line and (low, high) == written.bounds:
            return written
        value = TRI_NAME[low] if low == high else None
        state = SymbolState.UNKNOWN if value is None else SymbolState.PREDICTED
        note = f"{rule.why} ({rule.source})" if value is not None else written.note or rule.why
        return SymbolFact(rule.symbol, value, state, written.line, note)

    def _string(self, rule: Rule, written: SymbolFact, low: int, high: int) -> SymbolFact:
        """A string survives or is dropped; its text stays as written."""
        if low > N:
            return written
        if high == N:
            note = f"{rule.why} ({rule.source})"
            return SymbolFact(rule.symbol, "n", SymbolState.PREDICTED, written.line, note)
        return SymbolFact(rule.symbol, None, SymbolState.UNKNOWN, written.line, rule.why)


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule of ``data/symbols.toml``."""
    document = toml_document(data_file("symbols.toml"))
    return tuple(
        Rule(
            symbol=symbol,
            kernel=VersionRange.parse(table["kernel"]) if "kernel" in table else None,
            needs=_expression(table, "needs"),
            may_need=_expression(table, "may_need"),
            absent=_expression(table, "absent"),
            value=_expression(table, "value"),
            boolean=table.get("boolean", False),
            selected=_expression(table, "selected"),
            untold=table.get("untold", False),
            why=table["why"],
            source=table["source"],
        )
        for table in document["rule"]
        for symbol in table["symbols"]
    )


def _expression(table: Mapping[str, Any], key: str) -> Expression | None:
    return Expression.parse(table[key]) if key in table else None
