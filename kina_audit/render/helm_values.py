"""``--format helm-values``: the advice as a values file for ``helm install cilium cilium/cilium -f``."""

from collections.abc import Sequence

from kina_audit.cilium.model import Advice
from kina_audit.render import RenderOptions, one_line
from kina_audit.render.commands import GUARD, VALUES, apply_commands, merged_fragments, next_commands, noted
from kina_audit.render.yaml import comment, dump
from kina_audit.report.model import Report


def render(report: Report, options: RenderOptions) -> str:
    """Helm values with the reason of each choice, and how to apply them; comments alone when there is nothing to install."""
    if report.advice is None:
        return comment("No recommendation was asked for.")
    if not report.advice.helm_values:
        return preamble(report, report.advice)
    said = commented(
        "Install Cilium with these values, or give them to the one that is there",
        apply_commands(report.advice, restart=True, values=options.path or VALUES),
    )
    values = dump(report.advice.helm_values)
    if "REPLACE" in values:
        said = comment("First fill in every value that says REPLACE.") + said
    return preamble(report, report.advice) + said + values


def commented(title: str, commands: Sequence[str]) -> str:
    """Commands under a title, as comments."""
    return "".join([comment(f"{title}:"), *(f"#   {noted(c) or one_line(c)}\n" for c in commands)])


def preamble(report: Report, advice: Advice) -> str:
    """What the values are for, and why they are what they are, as comments."""
    config = report.kernel.config
    names = merged_fragments(report)
    merged = f" with {', '.join(names)} merged into it" if names else ""
    lines = [
        comment(f"Cilium {advice.release} on Linux {config.target or 'of unknown version'}: mode {advice.reaches}."),
        comment(f"From {report.kernel.provenance.source}{merged}, by kina-audit {report.tool_version}."),
        comment(advice.summary),
    ]
    lines += [comment(f"{c.name}: {c.value}. {c.because}") for c in advice.choices]
    lines += [comment(f"Wanted, but refused: {w.feature}. {w.because}") for w in advice.wishes if not w.granted]
    lines += [comment(f"Caution: {c}") for c in advice.cautions]
    if not advice.helm_values:
        lines.append(comment(f"There is nothing to configure: Cilium {advice.release} is {advice.mode} here."))
        # Of comments alone Helm makes the chart's defaults.
        lines.append(comment(f"{GUARD}-VALUES: this file is not to be installed."))
        lines.append(commented("Next", next_commands(report)))
    return "".join(lines)
