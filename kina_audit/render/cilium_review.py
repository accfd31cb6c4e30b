"""A review of a user's Cilium configuration, as text or JSON."""

from dataclasses import asdict

from kina_audit.base.json_text import indented
from kina_audit.cilium.keys import CONFIGMAP
from kina_audit.cilium.model import State
from kina_audit.cilium.predict import Outcome, Prediction
from kina_audit.cilium.review import Remark, Review
from kina_audit.kernel.provenance import Kernel
from kina_audit.render import RenderOptions, one_line
from kina_audit.render.table_style import Style


def as_text(review: Review, kernel: Kernel, name: str, width: int) -> str:
    """One paragraph a remark, with the line that it is about."""
    style = Style(RenderOptions(width=width))
    target = kernel.config.target or "of unknown version"
    lines = [f"{one_line(name)} on {one_line(kernel.provenance.source)}, Linux {target}, Cilium {review.release}"]
    for remark in review.remarks:
        place = f"{one_line(name)}:{remark.line}" if remark.line else "by default" if remark.key else "in any case"
        what = f"{one_line(remark.key)}: {one_line(remark.value)}" if remark.key else remark.feature
        lines += ["", f"{place}: {what}", *style.wrap(f"{remark.state}: {_because(remark)}")]
    if not review.remarks:
        lines += ["", "Nothing breaks."]
    for caution in review.cautions:
        place = f"{one_line(name)}:{caution.line}: {one_line(caution.key)}: {one_line(caution.value)}"
        because = f"note: {caution.because} ({caution.evidence}: {caution.link})"
        lines += ["", place, *style.wrap(because)]
    lines += ["", *style.wrap(_foretold(review.prediction), 0), *style.wrap(_count(review), 0)]
    return "\n".join(lines) + "\n"


_OUTCOMES = {
    Outcome.RUNS: "The agent runs, and reports",
    Outcome.NO_PODS: "The agent runs, no pod gets a network, and it reports",
    Outcome.EXITS: "The agent exits; without what ends it, it would report",
    Outcome.UNKNOWN: "Nobody knows whether the agent runs; if it does, it reports",
}


_UNKNOWN = "unknown"


def _foretold(found: Prediction) -> str:
    """What becomes of the agent, in the words of its own status."""
    if found.outcome is Outcome.REFUSED:
        return "The chart refuses these values, so Helm installs nothing, and there is no agent to foretell."
    replaces = _UNKNOWN if found.kube_proxy_replacement is None else str(found.kube_proxy_replacement)
    flows = "Hubble with flows" if found.hubble else "Hubble without flows, or off"
    return (
        f"{_OUTCOMES[found.outcome]} kube-proxy replacement {replaces}, masquerading {found.masquerading or _UNKNOWN}, "
        f"host routing {found.host_routing or _UNKNOWN}, {found.inter_host.lower() or 'an unknown way'} between nodes, "
        f"{found.datapath or 'unknown'} devices, {found.attach or 'tcx or tc'}, {flows}."
    )


def _because(remark: Remark) -> str:
    would = remark.with_agent
    if would is not None:
        # The agent's own reason stands at the top.
        well = would.state in (State.WORKS, State.UNAVAILABLE)
        return (
            "only because of the agent."
            if well
            else f"because of the agent; with one that runs, {would.state}: {would.because}"
        )
    parts = [remark.because]
    if remark.says:
        parts.append(f"Look for: {remark.says}.")
    if remark.unlock:
        parts.append(f"Set {', '.join(remark.unlock)}.")
    if remark.evidence:
        parts.append(f"({remark.evidence}: {remark.link})" if remark.link else f"({remark.evidence})")
    return " ".join(parts)


def _count(review: Review) -> str:
    text = f"{review.judged} of {review.judged + review.others} values decide about features"
    others = (
        "do not depend on the kernel"
        if review.kind != CONFIGMAP
        else "do not depend on the kernel, or are not known here"
    )
    rest = f"; the others {others}" if review.others else ""
    where = (
        f"They stand under {one_line(review.within)}, in the values of a chart around Cilium's. "
        if review.within
        else ""
    )
    return f"{where}{text}{rest}. What is not set has the chart's default."


def as_json(review: Review) -> str:
    """The same as data."""
    document = {
        "cilium_release": review.release,
        "kind": review.kind,
        "breaks": review.breaks,
        "undecided": review.undecided,
        "judged": review.judged,
        "others": review.others,
        "within": review.within or None,
        "expected": asdict(review.prediction),
        "cautions": [asdict(c) for c in review.cautions],
        "remarks": [
            {
                "line": r.line or None,
                "key": r.key or None,
                "value": r.value or None,
                "feature": r.feature or None,
                "state": str(r.state),
                "because": r.because,
                "says": r.says or None,
                "unlock": list(r.unlock),
                "evidence": r.evidence or None,
                "link": r.link or None,
            }
            for r in review.remarks
        ],
    }
    return indented(document)
