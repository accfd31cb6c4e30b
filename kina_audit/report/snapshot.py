"""The part of a report that two kernels are compared by, and that a baseline keeps: statuses, symbols, mode."""

from collections.abc import Mapping, Sequence

from kina_audit.base.datatype import datatype, field
from kina_audit.cilium.model import Advice, Mode
from kina_audit.engine.finding import ProfileResult, Status
from kina_audit.kernel.changes import value_of
from kina_audit.kernel.provenance import Kernel
from kina_audit.kernel.version import Triple
from kina_audit.profiles.model import Level


@datatype
class ProfileStanding:
    """One profile: what it adds up to, and a digest of what it asks, so that another edition of it is noticed."""

    status: Status
    digest: str


@datatype
class Standing:
    """One requirement: how much it matters and how it stands.

    Attributes:
        level: how much it matters.
        status: how it stands.
        defined_in: id of the profile whose file holds it.
        symbols: that it rests on.
        since: the oldest kernel that has what is asked, where older ones lack it and are not asked; None: there is none.
    """

    level: Level
    status: Status
    defined_in: str = ""
    symbols: tuple[str, ...] = ()
    since: Triple | None = None


@datatype
class CiliumStanding:
    """What one Cilium release makes of the kernel.

    Attributes:
        release: e.g. ``1.20.0``.
        mode: the rung of the ladder.
        capabilities: feature (profile id) to status.
    """

    release: str
    mode: Mode
    capabilities: Mapping[str, Status] = field(default_factory=dict)


@datatype
class Snapshot:
    """How one kernel stands.

    Attributes:
        kernel: provenance and versions, as plain texts; only what is known.
        profiles: profile id to its standing.
        findings: ``profile/requirement`` to its standing.
        symbols: every symbol that a finding rests on, to y, m, n, a value in quotes, or None (cannot tell).
        cilium: None when no recommendation was asked for.
    """

    kernel: Mapping[str, str]
    profiles: Mapping[str, ProfileStanding]
    findings: Mapping[str, Standing]
    symbols: Mapping[str, str | None]
    cilium: CiliumStanding | None = None


def snapshot(kernel: Kernel, results: Sequence[ProfileResult], advice: Advice | None) -> Snapshot:
    """How a kernel stands by its audit."""
    findings, symbols, arch = {}, {}, kernel.config.arch
    for result in results:
        for found in result.findings:
            row = found.requirement
            findings[f"{result.profile.id}/{row.id}"] = Standing(
                row.level, found.status, row.profile, tuple([s.name for s in found.symbols]), row.since(arch)
            )
            symbols.update({s.name: value_of(s) for s in found.symbols})
    cilium = None
    if advice is not None:
        capabilities = {c.id: c.status for c in advice.capabilities}
        cilium = CiliumStanding(advice.release, advice.mode, capabilities)
    profiles = {r.profile.id: ProfileStanding(r.status, r.profile.digest) for r in results}
    return Snapshot(kernel_texts(kernel), profiles, findings, symbols, cilium)


def kernel_texts(kernel: Kernel) -> dict[str, str]:
    """Where a kernel came from and which version it is; empty facts are left out."""
    config, origin = kernel.config, kernel.provenance
    texts = {
        "source": origin.source,
        "kind": origin.kind,
        "project": origin.project,
        "ref": origin.ref,
        "commit": origin.commit,
        "blob": origin.blob,
        "sha256": origin.sha256,
        "date": origin.date,
        "header_version": str(config.header.version or ""),
        "target_version": str(config.target or ""),
        "target_from": origin.target_from,
        "toolchain": (config.resolved.toolchain if config.resolved else "") or config.toolchain,
        "arch": config.arch or "",
        "completeness": str(config.completeness),
        "origin": str(config.origin),
    }
    return {key: value for key, value in texts.items() if value}
