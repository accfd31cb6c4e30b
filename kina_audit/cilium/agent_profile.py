"""The profile ``cilium-agent`` as one Cilium release asks it, with what no symbol tells computed as one row of it.

The file asks what the newest releases ask. For another release, requirements that only others have are skipped; and whether
the release goes with the kernel's version at all (its oldest kernel, a vendor's documented one, pairs that are known not to
start) is a requirement like any other, so that a profile that passes never stands beside "the agent exits".
"""

from functools import cache

from kina_audit.base.datatype import replace
from kina_audit.cilium.evidence import where
from kina_audit.cilium.features import AGENT, feature_rows, features, probe_rows
from kina_audit.cilium.ladder import doubted, excluded
from kina_audit.cilium.release import Release
from kina_audit.engine.evaluate import overall
from kina_audit.engine.finding import Finding, ProfileResult, Status
from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.version import VersionRange
from kina_audit.profiles.model import Level, Requirement

PROFILE = "cilium-agent"
ID = "release"


def of_release(result: ProfileResult, release: Release, kernel: KernelConfig) -> ProfileResult:
    """A profile's result for one release: ``cilium-agent``'s with the row, another's as it is.

    Args:
        result: of a profile, as its file asks it.
        release: the Cilium release.
        kernel: what is audited.
    """
    if result.profile.id != PROFILE:
        return result
    asked = _asked(release)
    others = _ever_asked() - asked
    row = _row(release, kernel)
    findings = (*(_skipped(f, release) if _name(f) in others else f for f in result.findings), row)
    profile = replace(result.profile, requirements=(*result.profile.requirements, row.requirement))
    return ProfileResult(profile, findings, overall(findings))


def _asked(release: Release) -> frozenset[str]:
    return frozenset(n.requirement for n in features(release)[AGENT].needs if n.requirement)


@cache
def _ever_asked() -> frozenset[str]:
    """What the agent of some release asks."""
    agent = next(row for row in feature_rows() if row["id"] == AGENT)
    return frozenset(row["requirement"] for row in (*agent["need"], *probe_rows()) if "requirement" in row)


def _name(item: Finding) -> str:
    return f"{item.requirement.profile}/{item.requirement.id}"


def _skipped(item: Finding, release: Release) -> Finding:
    return replace(
        item, status=Status.SKIP, symbols=(), reason=f"Cilium {release} does not ask for it; other releases do"
    )


def _row(release: Release, kernel: KernelConfig) -> Finding:
    target = kernel.target
    refused, doubt = excluded(release, target), doubted(release, target)
    pairs = [f for f in release.facts("excludes") if target is not None and target in VersionRange.parse(f["kernel"])]
    row = Requirement(
        id=ID,
        expr=Expression.parse("y"),
        level=Level.REQUIRED,
        why="Each Cilium release has an oldest kernel, and some pairs of the two are known not to start, whatever else is set.",
        fix="Take another release (kina-audit cilium --all-releases shows the mode with each), or another kernel.",
        source=next((where(f) for f in pairs), "cilium Documentation/operations/system_requirements.rst"),
        profile=PROFILE,
    )
    if target is None:
        return Finding(row, Status.SKIP, row.expr, row.fix, (), "this input does not tell the kernel's version")
    status = Status.FAIL if refused else Status.UNKNOWN if doubt else Status.PASS
    reason = refused or doubt or f"nothing that is known keeps Cilium {release} from Linux {target}"
    return Finding(row, status, row.expr, row.fix, (), reason)
