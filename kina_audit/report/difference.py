"""Two kernels side by side: features first, then the symbols behind them, then every other symbol that changed."""

from collections.abc import Mapping, Sequence
from typing import Any

from kina_audit.base.datatype import datatype, replace
from kina_audit.engine.waiver import Waiver
from kina_audit.kernel.changes import SymbolChange, changed_symbols, value_of
from kina_audit.kernel.config import KernelConfig
from kina_audit.profiles.model import Level, Profile
from kina_audit.report.by_tools import hint
from kina_audit.report.compare import Comparison, compare, waive_losses
from kina_audit.report.document import comparison_document
from kina_audit.report.model import Report
from kina_audit.report.snapshot import Snapshot, snapshot

SCHEMA_ID = "https://kina-audit.dev/schemas/diff-1.schema.json"
COUNTED = (Level.REQUIRED, Level.RECOMMENDED)
"""Levels whose loss is a regression; an optional requirement is an extra, and only listed."""


@datatype
class Difference:
    """What became of a kernel.

    Attributes:
        old: the audit of OLD.
        new: the audit of NEW.
        comparison: what was lost and gained.
        behind: the changed symbols that what was lost or gained rests on.
        others: the other changed symbols.
        notes: sentences the reader must see.
        settings: what a settings file of the working folder decided of the answer, and which; empty: nothing.
    """

    old: Report
    new: Report
    comparison: Comparison
    behind: tuple[SymbolChange, ...]
    others: tuple[SymbolChange, ...]
    notes: tuple[str, ...] = ()
    settings: str = ""

    @property
    def regressed(self) -> bool:
        """Whether a required or recommended requirement, a Cilium capability or the mode was lost, unwaived."""
        return self.comparison.regressed(COUNTED)


def difference(
    old: Report,
    new: Report,
    cilium_profiles: Mapping[str, Profile],
    waivers: Sequence[Waiver] = (),
    expired: Sequence[Waiver] = (),
) -> Difference:
    """Compare two audits of the same profiles and Cilium release.

    Args:
        old: of OLD.
        new: of NEW.
        cilium_profiles: by id; they say which symbols a capability rests on.
        waivers: that hold for NEW today.
        expired: that are for NEW and no longer hold.
    """
    before = snapshot(old.kernel, old.results, old.advice)
    after = snapshot(new.kernel, new.results, new.advice)
    before, after = _asked(before, after, old.kernel.config), _asked(after, before, new.kernel.config)
    plain = compare(before, after)
    compared = waive_losses(plain, waivers)
    stale = [w for w in expired if waive_losses(plain, [w]) != plain]
    symbols = changed_symbols(old.kernel.config, new.kernel.config)
    names = {name for change in compared.findings for name, _, _ in change.symbols}
    for change in compared.capabilities:
        if change.profile in cilium_profiles:
            names |= {n for row in cilium_profiles[change.profile].requirements for n in row.symbols}
    return Difference(
        old,
        new,
        compared,
        tuple(s for s in symbols if s.name in names or s.renamed_from in names),
        tuple(s for s in symbols if s.name not in names and s.renamed_from not in names),
        (*_notes(old, new), *[w.expiry for w in stale]),
    )


def _asked(one: Snapshot, other: Snapshot, config: KernelConfig) -> Snapshot:
    """The same snapshot, with the symbols that only the other kernel's conditions name."""
    more = {name: value_of(config.fact(name)) for name in other.symbols if name not in one.symbols}
    return replace(one, symbols={**one.symbols, **more})


def _notes(old: Report, new: Report) -> tuple[str, ...]:
    notes = []
    arches = (old.kernel.config.arch, new.kernel.config.arch)
    if all(arches) and arches[0] != arches[1]:
        notes.append(f"OLD is an {arches[0]} kernel and NEW is {arches[1]}")
    for side, report in (("OLD", old), ("NEW", new)):
        config = report.kernel.config
        if config.completeness == "partial":
            notes.append(f"{side} is a partial config: a symbol without a line there is unknown")
        if config.resolved is not None:
            notes.append(f"{side}: {config.resolved.how}")
        notes += [f"{side}: {note}" for note in report.kernel.provenance.notes]
        tools = hint(f for r in report.results for f in r.findings)
        notes += [f"{side}: {tools}"] if tools else []
    return tuple(notes)


def difference_document(found: Difference) -> dict[str, Any]:
    """The JSON form, described by ``data/schemas/diff.schema.json``."""
    return {
        "$schema": SCHEMA_ID,
        "schema_version": "1.0",
        "tool": {"name": "kina-audit", "version": found.new.tool_version},
        "regressed": found.regressed,
        "notes": [*found.notes, *([found.settings] if found.settings else [])],
        "comparison": comparison_document(found.comparison),
        "symbols_behind": [_symbol(s) for s in found.behind],
        "other_symbols": [_symbol(s) for s in found.others],
    }


def _symbol(change: SymbolChange) -> dict[str, Any]:
    return {
        "name": change.name,
        "happened": str(change.happened),
        "before": change.before,
        "after": change.after,
        "before_line": change.before_line,
        "after_line": change.after_line,
        "renamed_from": change.renamed_from or None,
    }
