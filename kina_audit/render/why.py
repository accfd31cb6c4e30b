"""What a message points at, as text and as a document."""

from collections.abc import Sequence
from typing import Any

from kina_audit.engine.finding import Finding, Status, needs
from kina_audit.engine.why import Cause
from kina_audit.profiles.model import Requirement, Variant
from kina_audit.render import RenderOptions
from kina_audit.render.sentences import facts
from kina_audit.render.table_style import Style

SCHEMA_ID = "https://kina-audit.dev/schemas/why-1.schema.json"
_MOST_NAMED = 8


def text(causes: Sequence[Cause], options: RenderOptions, most: int) -> str:
    """At most ``most`` causes, each with what it asks, why it matters and what to do."""
    style = Style(options)
    lines: list[str] = []
    for cause in causes[:most]:
        row = cause.rows[0]
        expr, fix = (cause.finding.expr, cause.finding.fix) if cause.finding else (row.expr, row.fix)
        if cause.finding is not None and cause.finding.status is Status.PASS:
            fix = ""
        head = f"{row.profile}/{row.id} ({row.level})"
        lines.append(f"{style.status(cause.finding.status)} {head}" if cause.finding else style.bold(head))
        often = f", {cause.count} times" if cause.count > 1 else ""
        lines += style.field("says" if cause.whole else "part of", f"{cause.message.text} (line {cause.line}{often})")
        only = f" ({_kernels(row)})" if cause.finding is None and expr.symbols and (row.kernel or row.arch) else ""
        lines += style.field("needs", needs(row, expr) + only)
        if cause.finding is not None:
            lines += style.field("has", facts(cause.finding)) if cause.finding.symbols else []
            lines += style.field("so", _met(cause.finding))
        lines += style.field("why", row.why)
        lines += style.field("fix", fix)
        for other in _elsewhere(cause):
            asks = f"needs {needs(row, other.expr)}. " if other.expr.text not in (expr.text, "y") else ""
            lines += style.field("or", f"{_kernels(other)}: {asks}{other.fix or row.fix}")
        lines += style.field("seen in", cause.message.source)
        if others := _others(cause.rows):
            lines += style.field("also", others)
        lines.append("")
    if len(causes) > most:
        lines += [*style.wrap(f"{len(causes) - most} more causes agree no better; --all shows them.", 0), ""]
    return "\n".join(line.rstrip() for line in lines[:-1]) + "\n"


def _met(finding: Finding) -> str:
    """Where else to look when the kernel has what a message asks for; empty where it has not."""
    if finding.status is not Status.PASS:
        return ""
    module = any(s.value == "m" for s in finding.symbols)
    rest = "a module that is not installed or not loaded, or another cause" if module else "another cause"
    return f"This kernel has it: was it logged on another kernel? If not, it is {rest}."


def _elsewhere(cause: Cause) -> tuple[Variant, ...]:
    """What is asked, or to be done, on other kernels; nothing where the kernel is at hand."""
    row = cause.rows[0]
    if cause.finding is not None:
        return ()
    return tuple(v for v in row.variants if v.expr.text != row.expr.text or v.fix not in ("", row.fix))


def _kernels(of: Requirement | Variant) -> str:
    """Which kernels something is about, as a profile has it: Linux >=6.17, arm64."""
    return ", ".join([*([f"Linux {of.kernel}"] if of.kernel else []), *(["/".join(of.arch)] if of.arch else [])])


def _others(rows: Sequence[Requirement]) -> str:
    names = [f"{r.profile}/{r.id}" for r in rows[1:]]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def document(causes: Sequence[Cause]) -> dict[str, Any]:
    """Every cause as plain values; described by ``data/schemas/why.schema.json``."""
    return {"$schema": SCHEMA_ID, "schema_version": "1.2", "causes": [_cause(c) for c in causes]}


def _cause(cause: Cause) -> dict[str, Any]:
    row, finding = cause.rows[0], cause.finding
    return {
        "requirement": f"{row.profile}/{row.id}",
        "asked_by": [f"{r.profile}/{r.id}" for r in cause.rows],
        "level": str(row.level),
        "message": cause.message.text,
        "source": cause.message.source,
        "whole": cause.whole,
        "line": cause.line,
        "count": cause.count,
        "expr": finding.expr.text if finding else row.expr.text,
        "symbols": [{"name": s.name, "value": s.value, "state": str(s.state), "line": s.line} for s in finding.symbols]
        if finding
        else [{"name": s, "value": None, "state": "unknown", "line": None} for s in row.symbols],
        "status": str(finding.status) if finding else None,
        "why": row.why,
        "fix": finding.fix if finding else row.fix,
        "elsewhere": [
            {
                "kernel": str(v.kernel) if v.kernel else None,
                "arch": list(v.arch),
                "expr": v.expr.text,
                "fix": v.fix or row.fix,
            }
            for v in _elsewhere(cause)
        ],
    }
