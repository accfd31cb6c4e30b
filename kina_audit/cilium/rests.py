"""What a mode rests on: every fact that it takes for true, and whether an agent was seen in that mode on such a kernel."""

from typing import Any

from kina_audit.base.datatype import replace
from kina_audit.cilium.evidence import Basis
from kina_audit.cilium.features import AGENT, Effect
from kina_audit.cilium.ladder import Standing, stand
from kina_audit.cilium.model import Mode, Rest
from kina_audit.cilium.reading import Reader, Readings
from kina_audit.cilium.release import Release
from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.version import VersionRange

READ = (Basis.OBSERVED, Basis.SOURCE, Basis.DOCUMENTATION)
"""What Cilium itself says or does; a mode that rests on nothing else is read from the source, any other is derived."""

WHOLE = ("hubble", "kube-proxy-replacement")
"""Features of which full-ebpf wants what others do without."""


def rests(reader: Reader, standing: Standing, on: tuple[str, ...] = ()) -> tuple[Rest, ...]:
    """The facts of every feature that a mode uses, in the order of the features."""
    used = {"agent", *on}
    used |= {name for name, is_on in (
        ("hubble", True), ("l7-proxy", standing.l7), ("kube-proxy-replacement", standing.kpr),
        ("bpf-masquerade", standing.bpf_masquerade), ("bpf-host-routing", standing.host_routing),
        ("iptables-masquerade", standing.iptables_masquerade and not standing.bpf_masquerade),
        ("vxlan", standing.vxlan), ("geneve", standing.geneve and not standing.vxlan),
        ("native-routing", not standing.vxlan and not standing.geneve), ("netkit", standing.netkit and standing.host_routing),
        ("iptables", standing.rules),
    ) if is_on and name not in standing.off}  # fmt: skip
    # Of what nobody has verified only what this kernel lacks is a doubt.
    doubts = [u.need for name in used for u in reader.unverified(name)]
    found = [
        Rest(name, need.fact, str(need.basis), need.link, need.observed)
        for name, feature in reader.features.items()
        if name in used
        for need in reader.asked(feature)
        if need.effect is not Effect.NONE and need.feature != AGENT and (not need.keeps or name in WHOLE)
        if need.basis is not Basis.UNVERIFIED or need in doubts
    ]
    return tuple(dict.fromkeys(found))


def seen(release: Release, kernel: KernelConfig, mode: Mode) -> str:
    """The run of an agent of this release's line that had this mode, on this kernel's line and architecture; else empty."""
    rows: list[dict[str, Any]] = release.facts("seen")
    for row in rows:
        same = kernel.target is not None and kernel.target in VersionRange.parse(row["linux"])
        if row["mode"] == mode and same and kernel.arch == row["arch"]:
            return str(row["run"])
    return ""


def evidence_of(facts: tuple[Rest, ...], run: str) -> str:
    """``observed``, ``source`` or ``derived``: how well it is known that the mode works."""
    if run:
        return Basis.OBSERVED
    return Basis.SOURCE if all(f.evidence in READ for f in facts) else Basis.DERIVED


def of_mode(readings: Readings, release: Release, mode: Mode) -> tuple[Rest, ...]:
    """What a mode would rest on, whether or not this kernel carries it."""
    _, reader, standing = stand(readings, release)
    whole = replace(
        standing, agent=True, l7=mode is not Mode.MINIMAL,
        kpr=mode in (Mode.HYBRID, Mode.EBPF_VETH, Mode.FULL_EBPF),
        bpf_masquerade=mode in (Mode.EBPF_VETH, Mode.FULL_EBPF), host_routing=mode in (Mode.EBPF_VETH, Mode.FULL_EBPF),
        iptables_masquerade=mode in (Mode.COMPAT, Mode.HYBRID), rules=True,
    )  # fmt: skip
    return rests(reader, whole)
