"""The Cilium part of the terminal table."""

from kina_audit.cilium.model import Advice, Evidence, Mode, State
from kina_audit.render.table_style import Style

LABELS = {
    State.WORKS: "works",
    State.DEGRADED: "degraded",
    State.SILENT: "silent",
    State.BROKEN: "broken",
    State.NO_PODS: "no pods",
    State.FATAL: "fatal",
    State.UNKNOWN: "unknown",
    State.UNVERIFIED: "unproven",
    State.UNAVAILABLE: "no such",
}
"""What a state is called in a column of eight characters."""


def advice_lines(advice: Advice, style: Style) -> list[str]:
    """Mode, what decided it, what would unlock the next one, and feature by feature what works."""
    lines = [style.bold(advice.headline), *style.wrap(advice.summary), *style.wrap(advice.known)]
    if advice.blockers:
        lines += style.field("blocked", "; ".join(_evidence(e) for e in advice.blockers))
    for choice in advice.choices:
        lines += style.wrap(f"{choice.name}: {choice.value}. {choice.because}")
    for offer in advice.instead:
        lines += style.field("value", f"{offer.mode} with {', '.join(offer.values)}. {offer.because}")
    if advice.alternatives:
        lines += style.field("instead", "; ".join(advice.alternatives))
    for state, label in LABELS.items():
        names = [c.feature for c in advice.capabilities if c.state is state]
        if names:
            lines += style.field(_label(state, label, advice), ", ".join(names))
    for caution in advice.cautions:
        lines += style.field("caution", caution)
    return lines


def _label(state: State, label: str, advice: Advice) -> str:
    """Nothing works under an agent that does not start; it would."""
    return "would" if state is State.WORKS and advice.mode is Mode.UNSUPPORTED else label


def _evidence(item: Evidence) -> str:
    return f"{item.profile}/{item.requirement} needs {item.expr}"
