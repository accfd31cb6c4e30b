"""The Cilium part of the terminal table."""

from kina_audit.cilium.model import Advice, Evidence, Mode, State
from kina_audit.render.table_style import Style


def advice_lines(advice: Advice, style: Style) -> list[str]:
    """Mode, what decided it, what would unlock the next one, and feature by feature what works."""
    lines = [style.bold(advice.headline), *style.wrap(advice.summary), *style.wrap(advice.known)]
    if advice.blockers:
        lines += style.field("blocked", "; ".join(_evidence(e) for e in advice.blockers))
    for choice in advice.choices:
        lines += style.wrap(f"{choice.name}: {choice.value}. {choice.because}")
    for offer in advice.instead:
        lines += style.field("value", f"{offer.reaches} with {', '.join(offer.values)}. {offer.because}")
    if advice.alternatives:
        lines += style.field("instead", "; ".join(advice.alternatives))
    for state in State:
        names = [c.feature for c in advice.capabilities if c.state is state]
        if names:
            lines += style.field(feature_word(state, runs=advice.mode is not Mode.UNSUPPORTED), ", ".join(names))
    for caution in advice.cautions:
        lines += style.field("caution", caution)
    return lines


def feature_word(state: State, *, runs: bool) -> str:
    """What a feature's state is called: as in JSON, but nothing works under an agent that does not start; it would."""
    return str(state) if runs or state is not State.WORKS else "would work"


def _evidence(item: Evidence) -> str:
    return f"{item.profile}/{item.requirement} needs {item.expr}"
