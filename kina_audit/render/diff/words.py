"""What is said of a difference, in the words that text and Markdown share."""

from kina_audit.kernel.changes import SymbolChange
from kina_audit.render import one_line
from kina_audit.render.sentences import changes, told, went
from kina_audit.report.compare import Change, Direction
from kina_audit.report.difference import Difference
from kina_audit.report.model import Report


def answer(found: Difference) -> str:
    """One sentence: what the diff amounts to."""
    compared = found.comparison
    lost = [c for c in (*compared.findings, *compared.capabilities) if c.direction is Direction.LOST]
    symbols = len(found.behind) + len(found.others)
    if found.regressed:
        word = "regression"
    elif lost or compared.improved or compared.findings or compared.profiles:
        word = "no regression"
    else:
        word = "no feature changed"
    fails = sum(c.fails for c in compared.findings)
    parts = [
        f"{len(lost)} lost",
        *([f"{fails} unknown before and failing"] if fails else []),
        f"{len(compared.improvements)} gained",
        f"{symbols} symbols differ",
    ]
    return f"{word} ({', '.join(parts)})" + (f" ({one_line(found.settings)})" if found.settings else "")


def kernel(report: Report) -> str:
    """Which kernel one side is: source, header's version, the version that is built."""
    config, origin = report.kernel.config, report.kernel.provenance
    header = f"header {config.header.version}" if config.header.version else "no version in its header"
    target = f"target {config.target or 'unknown'}"
    source = f" ({origin.target_from})" if origin.target_from else ""
    return one_line(f"{origin.source}: {header}, {target}{source}, {config.arch or 'unknown architecture'}")


def mode(found: Difference) -> str:
    """Cilium's mode on both sides; empty without one."""
    changed = found.comparison.mode
    if changed is None:
        return ""
    before, after = (
        r.advice.reaches if r.advice else str(m) for r, m in ((found.old, changed.before), (found.new, changed.after))
    )
    if before == after:
        return f"Cilium {changed.release}: {after} on both"
    note = " [waived]" if changed.waived else ""
    return f"Cilium {changed.release}: {before} to {after} ({'fails' if changed.fails else changed.direction}){note}"


def sections(found: Difference) -> list[tuple[str, list[str]]]:
    """(title, lines) of the features: lost, gained, otherwise changed."""
    compared = found.comparison
    rows: list[tuple[str, list[str]]] = []
    for title, wanted in (
        ("Lost", Direction.LOST),
        ("Failing, and unknown before", None),
        ("Gained", Direction.GAINED),
        ("Otherwise changed", Direction.SAME),
    ):
        every: list[Change] = [*compared.profiles, *compared.findings, *compared.capabilities]
        lines = changes(c for c in every if went(c) is wanted)
        if lines:
            rows.append((title, lines))
    return rows


def symbol(item: SymbolChange) -> str:
    """One changed symbol."""
    if item.renamed_from:
        return f"{item.renamed_from} is {item.name} ({told(item.after)})"
    return f"{item.name}: {told(item.before)} to {told(item.after)}"
