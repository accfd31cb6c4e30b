"""The Cilium part of the terminal table."""

from kina_audit.cilium.model import Advice, Evidence, Mode, State
from kina_audit.kernel.provenance import Provenance
from kina_audit.render import one_line
from kina_audit.render.table_style import Style


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
    for state in State:
        names = [c.feature for c in advice.capabilities if c.state is state]
        if names:
            lines += style.field(feature_word(state, runs=advice.mode is not Mode.UNSUPPORTED), ", ".join(names))
    for caution in advice.cautions:
        lines += style.field("caution", caution)
    return lines


def rungs(advice: Advice, provenance: Provenance, style: Style) -> list[str]:
    """Every mode above, the nearest first, with what it takes beyond the one before, and the command that writes it down."""
    lines: list[str] = []
    had: set[str] = set()
    for rung in advice.ladder:
        more = [symbol for symbol in rung.symbols if symbol not in had]
        lines += style.wrap(f"for {rung.mode}{' also' if had else ''}: {', '.join(more)}")
        had.update(rung.symbols)
    if lines:
        source = one_line(provenance.source)
        lines += style.wrap(f"next: kina-audit fix {source} --mode {advice.ladder[-1].mode} -o cilium.fragment")
    return lines


def feature_word(state: State, *, runs: bool) -> str:
    """What a feature's state is called: as in JSON, but nothing works under an agent that does not start; it would."""
    return str(state) if runs or state is not State.WORKS else "would work"


def _evidence(item: Evidence) -> str:
    return f"{item.profile}/{item.requirement} needs {item.expr}"
