"""Hold what a running kernel did against what its config says."""

from kina_audit.base.datatype import replace
from kina_audit.engine.evaluate import overall
from kina_audit.engine.finding import Finding, ProfileResult, Status
from kina_audit.engine.probed import Agreement, Attempt, Circumstances, Observation, Outcome, Probing
from kina_audit.profiles.model import Level, Requirement

_EXPECTED = {
    Status.PASS: Outcome.WORKS,
    Status.FAIL: Outcome.FAILS,
    Status.WARN: Outcome.FAILS,
    Status.UNKNOWN: Outcome.NOT_TRIED,
}
_FORBIDDEN = frozenset({"EPERM", "EACCES"})


def wanted(rows: tuple[Requirement, ...]) -> dict[str, None]:
    """The probes that requirements name, each once, in order."""
    names: dict[str, None] = {}
    for row in rows:
        for group in row.probes:
            names.update(dict.fromkeys(group))
        for profile in row.alternatives:
            names.update(wanted(profile.required))
    return names


def observed(result: ProfileResult, probing: Probing) -> ProfileResult:
    """A profile's result with what was tried: a requirement that the kernel refuses is unmet, whatever the config says."""
    findings = tuple(_observed(f, probing) for f in result.findings)
    return replace(result, findings=findings, status=overall(findings))


def _observed(finding: Finding, probing: Probing) -> Finding:
    if finding.status is Status.SKIP:
        return finding
    outcome, attempts = came_to(finding.requirement, probing)
    if outcome is None:
        return finding
    expected = _EXPECTED[finding.status]
    around = probing.circumstances
    forbidden = _FORBIDDEN | ({"ENOSYS"} if around.seccomp else set())
    agreement = _agreement(expected, outcome)
    if agreement is Agreement.DECIDED and attempts and all(a.errno in forbidden for a in attempts):
        # What is forbidden to this process says nothing about the kernel, and nor does the config.
        agreement = Agreement.NOT_TRIED
    likely = _likely(finding, attempts, around, forbidden) if agreement is Agreement.REFUSED else ""
    because = _because(agreement, attempts, likely)
    seen = Observation(expected, outcome, agreement, attempts, because, likely)
    reason = "; ".join(filter(None, (because, finding.reason)))
    return replace(finding, status=_status(finding, agreement, outcome), reason=reason, observed=seen)


def came_to(row: Requirement, probing: Probing) -> tuple[Outcome | None, tuple[Attempt, ...]]:
    """What a requirement's probes came to, and those that decide it; None: it has none.

    Of alternatives, one works where every required requirement of it does.
    """
    if not row.alternatives:
        return probing.of(row.probes) if row.probes else (None, ())
    each = [_alternative(profile.required, probing) for profile in row.alternatives]
    for outcome in (Outcome.WORKS, Outcome.NOT_TRIED):
        found = [attempts for o, attempts in each if o is outcome]
        if found:
            return outcome, found[0]
    return Outcome.FAILS, tuple({a.probe: a for _, attempts in each for a in attempts}.values())


def _alternative(rows: tuple[Requirement, ...], probing: Probing) -> tuple[Outcome, tuple[Attempt, ...]]:
    each = [came_to(row, probing) for row in rows]
    for outcome in (Outcome.FAILS, Outcome.NOT_TRIED, None):
        found = [attempts for o, attempts in each if o is outcome]
        if found:
            return outcome or Outcome.NOT_TRIED, found[0]
    return Outcome.WORKS, tuple(a for _, attempts in each for a in attempts)


def _agreement(expected: Outcome, outcome: Outcome) -> Agreement:
    if outcome is Outcome.NOT_TRIED:
        return Agreement.NOT_TRIED
    if expected is Outcome.NOT_TRIED:
        return Agreement.DECIDED
    if expected is outcome:
        return Agreement.AGREES
    return Agreement.REFUSED if outcome is Outcome.FAILS else Agreement.UNEXPECTED


def _status(finding: Finding, agreement: Agreement, outcome: Outcome) -> Status:
    unmet = Status.FAIL if finding.level is Level.REQUIRED else Status.WARN
    match agreement:
        case Agreement.REFUSED:
            return unmet
        case Agreement.DECIDED:
            return Status.PASS if outcome is Outcome.WORKS else unmet
        case Agreement.UNEXPECTED:
            # Config and kernel contradict each other, so one of them is not what it is taken for.
            return Status.UNKNOWN
        case Agreement.AGREES | Agreement.NOT_TRIED:
            return finding.status


def _because(agreement: Agreement, attempts: tuple[Attempt, ...], likely: str) -> str:
    told = "; ".join(_told(a) for a in attempts[:3])
    match agreement:
        case Agreement.REFUSED:
            return f"the config says yes, the running kernel refuses: {told}; {likely}"
        case Agreement.UNEXPECTED:
            return (
                "the config says no, and the running kernel does it: the config is of another kernel, or the kernel is "
                "patched"
            )
        case Agreement.DECIDED if attempts[0].outcome is Outcome.WORKS:
            return f"the config cannot tell; tried on the running kernel, it works ({', '.join(a.probe for a in attempts)})"
        case Agreement.DECIDED:
            return f"the config cannot tell; tried on the running kernel: {told}"
        case Agreement.NOT_TRIED:
            return f"not tried: {told}"
        case Agreement.AGREES:
            return ""


def _told(attempt: Attempt) -> str:
    return f"{attempt.probe}: {attempt.said or attempt.outcome}" + (f" [{attempt.errno}]" if attempt.errno else "")


def _likely(
    finding: Finding, attempts: tuple[Attempt, ...], around: Circumstances, forbidden: frozenset[str] | set[str]
) -> str:
    """What is probably behind a refusal, and why that is likely."""
    if any(a.errno in forbidden for a in attempts):
        if around.lockdown:
            return f"likely lockdown, which is on ({around.lockdown})"
        if around.seccomp:
            return "likely the seccomp filter that this process runs under"
        if around.lacks:
            return f"likely a missing capability; this process lacks {', '.join(around.lacks)}"
        return "every capability that is needed is there, so likely a security module or a switch of this kernel forbids it"
    modules = [f"CONFIG_{s.name}" for s in finding.symbols if s.value == "m"]
    if modules:
        named = f"{', '.join(modules[:4])} {'is' if len(modules) == 1 else 'are'} m"
        if around.modules_disabled:
            return f"likely because {named} and kernel.modules_disabled is 1, so that no module is loaded any more"
        if around.module_files is False:
            return f"likely because {named} and there is no folder in /lib/modules for this kernel (in a container: on the host)"
        return f"likely because {named} and the module's file is missing or modprobe is told not to load it"
    return "no module is involved, so likely a switch at boot, another kernel's config, or a fault of the kernel"
