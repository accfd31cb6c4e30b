"""Explanations and fragments as text for a terminal or a file."""

from collections.abc import Sequence
from textwrap import fill
from typing import Any

from kina_audit.kconfig.explain import Explanation
from kina_audit.kconfig.fix import Fix
from kina_audit.kconfig.reasons import Cause, assumed_behind
from kina_audit.kconfig.sensitive import Assumption

_DEEPEST = 8
_MOST_LOST = 4
_MOST_TURNED_OFF = 12


def explanation_text(found: Explanation, width: int, told_by: str = "", checked: str = "") -> str:
    """What `explain` prints.

    Args:
        found: what is explained.
        width: columns.
        told_by: the shipped line that tells; empty: a tree does.
        checked: what `check` says of the symbol, where that is something else.
    """
    kind = found.type + (", hidden" if found.hidden else "") + (", transitional" if found.transitional else "")
    lines = [f"CONFIG_{found.symbol} ({kind}) = {found.value or '(empty)'}", ""]
    for place in found.definitions:
        quote = "'" if '"' in place.prompt else '"'
        # Models that ship know that there is a prompt, and not its text.
        prompt = f"{quote}{place.prompt}{quote}" if place.prompt else "" if told_by else "(no prompt)"
        lines.append(f"  defined   {place.file}:{place.line}  {prompt}".rstrip())
    if found.depends not in ("y", "n"):
        lines.append(_wrapped("depends", f"{found.depends}  [= {found.depends_value}]", width))
    lines.append(_wrapped("because", found.because, width))
    if found.asked and found.asked.strip('"') != found.value:
        lines.append(_wrapped("asked", f"the config asks for {found.asked}", width))
    if found.selected_by:
        lines.append(_wrapped("selected", "by " + ", ".join(found.selected_by), width))
    if found.implied_by:
        lines.append(_wrapped("implied", "by " + ", ".join(found.implied_by), width))
    if found.possible == "n":
        lines.append(
            _wrapped(
                "possible",
                "n only: it cannot be enabled on this version, architecture and toolchain"
                + (", as far as that is what is assumed" if found.assumed else ""),
                width,
            )
        )
    elif len(found.possible) == 1 and found.type in ("bool", "tristate"):
        lines.append(_wrapped("possible", f"{found.possible} only: nothing can change it", width))
    if found.reached_by and found.value == "n":
        lines.append(_wrapped("follows", "from " + ", ".join(found.reached_by), width))
    if found.enabled_by:
        lost = "".join(f"; {n} becomes {v}" for n, v in list(found.turned_off.items())[:_MOST_LOST])
        more = len(found.turned_off) - _MOST_LOST
        lost += f"; and {more} more" if more > 0 else ""
        lines.append(_wrapped("enabled", f"by {' and '.join(found.enabled_by)} (resolved again){lost}", width))
    lines += [_wrapped("assumed", f"{a.said}; it decides {', '.join(a.symbols)}", width) for a in found.assumed]
    lines += [_wrapped("check", checked, width)] if checked else []
    lines += [_wrapped("told", told_by, width)] if told_by else []
    if found.causes:
        lines += ["", "  It is not enabled because:"]
        lines += cause_lines(found.causes, 2, width)
    return "\n".join(lines) + "\n"


def _wrapped(label: str, text: str, width: int) -> str:
    return fill(text, width, initial_indent=f"  {label:<9} ", subsequent_indent=" " * 12, break_on_hyphens=False)


def cause_lines(causes: Sequence[Cause], depth: int, width: int, seen: set[str] | None = None) -> list[str]:
    """Causes as an indented tree; one that was shown before is not shown again."""
    seen = set() if seen is None else seen
    lines: list[str] = []
    for cause in causes:
        text = cause.text + (f" ({cause.place})" if cause.place else "") + (f": {cause.note}" if cause.note else "")
        again = bool(cause.symbol) and cause.symbol in seen
        if again:
            text = f"{cause.text}, see above"
        lines.append(
            fill(
                text,
                width,
                initial_indent="  " * depth + "- ",
                subsequent_indent="  " * depth + "  ",
                break_on_hyphens=False,
            )
        )
        if again or depth > _DEEPEST:
            continue
        seen.add(cause.symbol)
        if cause.any_of and len(cause.causes) > 1:
            lines.append("  " * (depth + 1) + "one of these has to change:")
        lines += cause_lines(cause.causes, depth + 1, width, seen)
    return lines


def fragment_text(
    fix: Fix, title: str, assumed: Sequence[Assumption] = (), proven_on: Sequence[str] = (), cut: str = ""
) -> str:
    """A commented fragment, ready for ``merge_config.sh``; it is proven on the tree of the fix, or on these releases.

    Of a search that found none for every goal it is the fragment for the others, and says which are left out. ``cut``:
    what shows that the config that it was found for is only a part of one.
    """
    model = fix.resolution.tree.model
    on = f"Linux {' and '.join(proven_on) or model.version} ({model.arch}), toolchain {fix.resolution.tree.toolchain}"
    lines = [f"# {title}"]
    if cut:
        # The proof holds of what was read, and the kernel is built from the whole.
        lines += [
            f"# INCOMPLETE: {cut}.",
            "# What it has no line for was taken as the default: get the whole of it, and fix that.",
        ]
    if fix.blocked:
        on = f"Linux {model.version} ({model.arch}), toolchain {fix.resolution.tree.toolchain}"
        lines += [
            f"# INCOMPLETE: nothing was found for {', '.join(b.goal.id for b in fix.blocked)}.",
            f"# The rest was merged and resolved on {on}; an audit of it fails.",
        ]
    else:
        lines.append(f"# Proven {'for that part ' if cut else ''}on {on}: merged, resolved, audited.")
    lines += [f"# Assumes {a.said}; it decides {', '.join(a.symbols)}." for a in assumed]
    lines += [f"# CONFIG_{name} becomes {value}." for name, value in fix.turned_off[:_MOST_TURNED_OFF]]
    if len(fix.turned_off) > _MOST_TURNED_OFF:
        lines.append(f"# ... and {len(fix.turned_off) - _MOST_TURNED_OFF} more that the config has on.")
    for change in fix.changes or fix.partial:
        lines += ["", f"# {change.place}; was {change.before}; for {change.reason}", change.line]
    return "\n".join(lines) + "\n"


def nothing_missing(wanted: str, assumed: Sequence[Assumption]) -> str:
    """That there is nothing to set, and what of the toolchain that rests on."""
    said = [f"assuming {a.said}, which decides {', '.join(a.symbols)}" for a in assumed]
    return "; ".join([f"nothing is missing for {wanted}", *said, *(["name yours with --toolchain"] if said else [])])


def blocked_text(fix: Fix, width: int, *, between: bool = False) -> str:
    """Why there is no fragment; ``between`` two trees, which of them lacks what."""
    model = fix.resolution.tree.model
    lines = []
    for row in fix.blocked:
        if row.against is not None:
            said = f"{'never' if row.proven else 'not'} together with {row.against.id}, which needs {row.against.expr.text}"
        elif row.goal.stuck:
            said = "no line of a config mends it"
        elif row.proven:
            said = f"no config of Linux {model.version} ({model.arch}) with this toolchain can hold it"
            said += ", as far as that is what is assumed" if assumed_behind(row.causes) else ""
        else:
            where = f" on Linux {model.version}" if between else ""
            said = f"no way was found{where} in {fix.tried} {'try' if fix.tried == 1 else 'tries'}"
        lines.append(f"{row.goal.id} needs {row.goal.expr.text}: {said}")
        lines += cause_lines(row.causes, 1, width)
    if fix.partial:
        lines += ["", "Without that, the rest can be had:", *(c.line for c in fix.partial)]
    return "\n".join(lines) + "\n"


def fix_document(fix: Fix, assumed: Sequence[Assumption], proven_on: Sequence[str], cut: str) -> dict[str, Any]:
    """The JSON form of a fix; the arguments are those of `fragment_text`."""
    from dataclasses import asdict

    model = fix.resolution.tree.model
    return {
        "version": model.version,
        "arch": model.arch,
        "toolchain": fix.resolution.tree.toolchain,
        "fragment": [{**asdict(c), "line": c.line} for c in fix.changes],
        "turned_off": [{"name": n, "value": v} for n, v in fix.turned_off],
        "blocked": [
            {
                "goal": b.goal.id,
                "expr": b.goal.expr.text,
                "proven": b.proven,
                "against": b.against.id if b.against else "",
                "causes": [asdict(c) for c in b.causes],
            }
            for b in fix.blocked
        ],
        "partial": [{**asdict(c), "line": c.line} for c in fix.partial],
        "assumed": [asdict(a) for a in assumed],
        "proven_on": list(proven_on),
        "cut": cut or None,
    }
