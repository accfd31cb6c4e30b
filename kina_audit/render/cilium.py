"""``--format cilium``: the recommendation alone, for people at a terminal: feature by feature what works, and why not."""

import re

from kina_audit.cilium.model import Advice, Capability, Mode, State
from kina_audit.engine.finding import Status
from kina_audit.render import RenderOptions, one_line
from kina_audit.render.answer import rungs
from kina_audit.render.commands import next_commands
from kina_audit.render.table import doubts
from kina_audit.render.table_style import Style
from kina_audit.report.model import Report

_NAME = 24


def render(report: Report, options: RenderOptions) -> str:
    """Mode and its reasons, the wishes, every feature, cautions, and the next mode up."""
    style = Style(options)
    advice = report.advice
    config, origin = report.kernel.config, report.kernel.provenance
    target = str(config.target or "unknown version")
    lines = [style.bold(f"{one_line(origin.source)}: Linux {target}, {config.arch or 'unknown architecture'}")]
    if advice is None:
        return "\n".join([*lines, "No recommendation was asked for."]) + "\n"
    lines += [style.bold(advice.headline), *style.wrap(advice.summary), *style.wrap(advice.known)]
    lines += doubts(report, style)
    for choice in advice.choices:
        lines += style.wrap(f"{choice.name}: {choice.value}. {choice.because}")
    lines += _wishes(advice, style)
    lines += ["", *_capabilities(advice, style, options)]
    if advice.alternatives:
        lines += ["", *style.field("instead", "; ".join(advice.alternatives))]
    for offer in advice.instead:
        lines += ["", *style.field("value", f"{offer.reaches} with {', '.join(offer.values)}. {offer.because}")]
    if advice.ladder:
        lines += ["", *(line for rung in rungs(advice) for line in style.field("ladder", rung))]
        lines += style.field("", advice.ladder[0].because)
    elif advice.barred:
        lines += ["", *style.field("ladder", advice.barred)]
    if advice.cautions:
        lines += ["", *(line for c in advice.cautions for line in style.field("caution", c))]
    if commands := next_commands(report, restart=True, written=options.values):
        lines += ["", "next:", *(line for command in commands for line in style.command(command))]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _wishes(advice: Advice, style: Style) -> list[str]:
    lines = [
        line
        for wish in advice.wishes
        for line in style.field("granted" if wish.granted else "REFUSED", f"{wish.feature}: {wish.because}")
    ]
    if advice.least is not None and not advice.fulfilled and all(w.granted for w in advice.wishes):
        carries = "this input cannot tell" if advice.mode is Mode.UNKNOWN else f"this kernel carries {advice.mode}"
        lines += style.field("REFUSED", f"mode {advice.least} or better: {carries}.")
    return lines


def _capabilities(advice: Advice, style: Style, options: RenderOptions) -> list[str]:
    lines = [f"{'feature':<{_NAME}} state"]
    rows = {row.feature: row for row in advice.capabilities}
    for row in advice.capabilities:
        if row.with_agent is not None:
            # Why the agent does not start is said once, in its own row.
            lines += style.columns(row.feature, _NAME, row.with_agent.words)
            if options.verbose and row.with_agent.state is not State.WORKS:
                lines += style.wrap(row.with_agent.because, 4)
            continue
        word = str(row.state)
        colour = f"\x1b[{_COLOUR[row.status]}m{word}\x1b[0m" if options.color else word
        lines.append(f"{row.feature:<{_NAME}} {colour}")
        if row.state is not State.WORKS or row.cautions or options.verbose:
            lines += style.wrap(_because(row) if options.verbose else _pointed(row, rows), 4)
    return lines


_COLOUR = {Status.FAIL: 31, Status.WARN: 33, Status.UNKNOWN: 35, Status.PASS: 32, Status.SKIP: 90}


_NEEDED = re.compile(r"It needs ([a-z0-9-]+): ")


def _pointed(row: Capability, rows: dict[str, Capability]) -> str:
    """What is said of a row; one that fails for another row's reason names that row and adds only what is its own."""
    names, rest = [], row.because
    while found := _NEEDED.match(rest):
        names.append(found[1])
        rest = rest[found.end() :]
    if not names or any(n not in rows for n in names) or rest != rows[names[-1]].because:
        return _because(row)
    own = [s for s in row.unlock if s not in rows[names[0]].unlock]
    parts = [f"It needs {', which needs '.join(names)}."]
    if own:
        parts.append(f"Set {', '.join(own)}, too.")
    return " ".join([*parts, *row.cautions])


def _because(row: Capability) -> str:
    parts = [row.because]
    if row.says:
        parts.append(f"Look for: {row.says}.")
    if row.unlock:
        parts.append(f"Set {', '.join(row.unlock)}.")
    parts += row.cautions
    if row.evidence:
        parts.append(f"({row.evidence}: {row.link})" if row.link else f"({row.evidence})")
    return " ".join(parts)
