"""A run of ``probe`` in: table or JSON out."""

from collections import Counter
from collections.abc import Sequence

from kina_audit.base.json_text import indented
from kina_audit.engine.finding import Finding
from kina_audit.engine.probed import Agreement, Attempt, Outcome
from kina_audit.render import RenderOptions, one_line
from kina_audit.render.table_style import Style
from kina_audit.report.probed import Probed, to_document

PROBE_FORMATS = {"table": "for people", "json": "for machines; `kina-audit schema probe`"}
"""Format name to what it is for."""

_WORDS = {
    Agreement.REFUSED: "REFUSED",
    Agreement.UNEXPECTED: "UNEXPECTED",
    Agreement.DECIDED: "DECIDED",
    Agreement.NOT_TRIED: "NOT TRIED",
    Agreement.AGREES: "AGREES",
}
_NAMED = 12
"""Requirements that are named for one reason; --verbose has all of them."""
_MEANING = {
    Agreement.AGREES: "agree with the config",
    Agreement.REFUSED: "the config says yes, the kernel refuses",
    Agreement.UNEXPECTED: "the config says no, the kernel does it",
    Agreement.DECIDED: "the config cannot tell, the probe decides",
    Agreement.NOT_TRIED: "not tried",
}


def render_probed(name: str, probed: Probed, options: RenderOptions) -> str:
    """A run in one format.

    Raises:
        KeyError: there is no format of that name.
    """
    if name not in PROBE_FORMATS:
        raise KeyError(name)
    return _table(probed, options) if name == "table" else indented(to_document(probed))


def _table(probed: Probed, options: RenderOptions) -> str:
    style = Style(options)
    lines = [
        style.bold(f"the running kernel: Linux {one_line(probed.release)}, {one_line(probed.machine)}"),
        *style.wrap(
            f"Compared with {one_line(probed.config)}." if probed.config else "There is no config to compare with."
        ),
        *style.wrap(
            f"{_number(len(probed.probing.attempts), 'probe')}: {probed.count(Outcome.WORKS)} work, "
            f"{probed.count(Outcome.FAILS)} fail, {probed.count(Outcome.NOT_TRIED)} not tried."
        ),
        *_circumstances(probed, style),
        "",
        f"verdict: {probed.verdict}",
    ]
    findings = probed.findings()
    counted = Counter(f.observed.agreement for f in findings if f.observed)
    lines += [f"{_number(counted[a], 'requirement'):>18}: {_MEANING[a]}" for a in Agreement if counted[a]]
    if not findings:
        lines += style.wrap("These alone decide no requirement of the selected profiles; the verdict is theirs.")
    brief = () if options.verbose else (Agreement.NOT_TRIED, Agreement.AGREES)
    for agreement in _WORDS:
        if agreement not in brief:
            for finding in probed.findings(agreement):
                lines += ["", *_finding(finding, style)]
    if not options.verbose:
        lines += _not_tried(probed.findings(Agreement.NOT_TRIED), style)
    failed = [
        f
        for f in probed.findings(Agreement.AGREES, Agreement.NOT_TRIED)
        if f.observed and f.observed.expected is Outcome.FAILS
    ]
    if failed and not options.verbose:
        lines += ["", style.bold("Missing, as the config says")]
        for f in failed:
            tried = f.observed is not None and f.observed.outcome is Outcome.FAILS
            said = _told(f) if tried else f"not tried, needs {f.needs}"
            lines += style.wrap(f"{f.requirement.profile}/{f.requirement.id} ({f.level}): {said}")
    if options.verbose or probed.only:
        lines += ["", style.bold("Probes"), *_probes(probed, style)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _circumstances(probed: Probed, style: Style) -> list[str]:
    around = probed.probing.circumstances
    said = []
    if around.lacks:
        said.append(f"This process lacks {', '.join(around.lacks)}.")
    if around.user_namespace:
        said.append("Its rights hold in a user namespace only, not over the kernel.")
    if around.seccomp:
        said.append("A seccomp filter is over it.")
    if around.lockdown:
        said.append(f"Lockdown is on ({around.lockdown}).")
    if around.modules_disabled:
        said.append("kernel.modules_disabled is 1.")
    if around.new_modules:
        said.append(f"The kernel loaded {len(around.new_modules)} modules for this: {', '.join(around.new_modules)}.")
    elif around.module_files is not None:
        said.append("The kernel loaded no module for this.")
    return [line for s in said for line in style.wrap(s)]


def _not_tried(findings: Sequence[Finding], style: Style) -> list[str]:
    """By reason: one missing capability keeps hundreds of requirements from being tried."""
    reasons: dict[str, list[str]] = {}
    for f in findings:
        reasons.setdefault(_told(f), []).append(f"{f.requirement.profile}/{f.requirement.id}")
    lines = ["", style.bold("Not tried")] if reasons else []
    for reason, names in sorted(reasons.items(), key=lambda item: -len(item[1])):
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        lines += style.wrap(f"{reason}: {', '.join(names[:_NAMED])}{more}")
    return lines


def _finding(finding: Finding, style: Style) -> list[str]:
    seen = finding.observed
    if seen is None:
        return []
    row = finding.requirement
    lines = [f"{_WORDS[seen.agreement]:<10} {row.profile}/{row.id} ({row.level})"]
    lines += style.field("needs", finding.needs)
    lines += style.field("tried", "; ".join(_attempt(a) for a in seen.attempts))
    if seen.agreement is Agreement.UNEXPECTED or seen.likely:
        # What was tried stands above; the sentence for reports says it again.
        lines += style.field("because", seen.likely or seen.because)
    return lines


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _attempt(attempt: Attempt) -> str:
    said = f": {attempt.said}" if attempt.said else ""
    return f"{attempt.probe} {attempt.outcome}{said}" + (f" [{attempt.errno}]" if attempt.errno else "")


def _told(finding: Finding) -> str:
    attempts = finding.observed.attempts if finding.observed else ()
    return "; ".join(f"{a.said or a.outcome}" + (f" [{a.errno}]" if a.errno else "") for a in attempts[:1])


def _probes(probed: Probed, style: Style) -> list[str]:
    lines = []
    for a in probed.probing.attempts.values():
        word = str(a.outcome).upper().replace("-", " ")
        said = f": {a.said}" if a.said else ""
        errno = f" [{a.errno}]" if a.errno else ""
        lines += style.wrap(f"{word:<9} {a.probe} ({probed.asked[a.probe].expr}){said}{errno}")
    return lines
