"""``--format helm-values``: the advice as a values file for ``helm install cilium cilium/cilium -f``."""

from kina_audit.cilium.model import Advice
from kina_audit.render import RenderOptions
from kina_audit.render.yaml import comment, dump
from kina_audit.report.model import Report


def render(report: Report, _options: RenderOptions) -> str:
    """Helm values with the reason of each choice; ``{}`` and the reasons when there is nothing to install."""
    if report.advice is None:
        return comment("No recommendation was asked for.") + "{}\n"
    return preamble(report, report.advice) + dump(report.advice.helm_values)


def preamble(report: Report, advice: Advice) -> str:
    """What the values are for, and why they are what they are, as comments."""
    config = report.kernel.config
    lines = [
        comment(f"Cilium {advice.release} on Linux {config.target or 'of unknown version'}: mode {advice.mode}."),
        comment(f"From {report.kernel.provenance.source}, by kina-audit {report.tool_version}."),
        comment(advice.summary),
    ]
    lines += [comment(f"{c.name}: {c.value}. {c.because}") for c in advice.choices]
    lines += [comment(f"Wanted, but refused: {w.feature}. {w.because}") for w in advice.wishes if not w.granted]
    lines += [comment(f"Caution: {c}") for c in advice.cautions]
    return "".join(lines)
