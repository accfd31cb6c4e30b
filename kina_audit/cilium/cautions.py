"""What a config cannot show, what is untested, and what is known of the place the kernel runs in."""

from collections.abc import Sequence

from kina_audit.cilium.features import Basis
from kina_audit.cilium.ladder import Standing
from kina_audit.cilium.model import Mode
from kina_audit.cilium.reading import Reader, finding, vendor
from kina_audit.engine.finding import Status


def cautions(
    reader: Reader, mode: Mode, standing: Standing, on: Sequence[str], *, apple_container: bool
) -> tuple[str, ...]:
    """Sentences for one piece of advice.

    Args:
        reader: the pessimistic reading.
        mode: the mode that is advised.
        standing: what the reading comes to.
        on: the features that the user wants and gets.
        apple_container: the kernel is one that Apple ``container`` boots.
    """
    kernel, release = reader.kernel, reader.release
    runs = mode not in (Mode.UNSUPPORTED, Mode.UNKNOWN)
    situations = {
        "always": True,
        "runs": runs,
        "old-without-cgroup-bpf": runs and finding(reader.results, "cilium-agent", "cgroup-bpf").status is Status.FAIL,
        "no-ip-rules": runs and finding(reader.results, "cilium-l7-proxy", "ip-rules").status is Status.FAIL,
        "no-iptables": runs and standing.bpf_masquerade and not standing.iptables_masquerade,
        "no-modules": mode is not Mode.UNSUPPORTED and kernel.has_modules is False,
        "native-routing": runs and standing.mode is mode and "native-routing" in on,
        "apple-container": apple_container and mode is not Mode.UNSUPPORTED,
        "uncharted": not release.charted,
    }
    found = [
        str(row["text"]).replace("{release}", str(release))
        for row in release.facts("caution")
        if situations[row["when"]]
    ]
    target = kernel.target
    if target is not None and vendor(target) and target.triple < release.minimum_kernel.triple:
        found.append(f"RHEL's kernel is older than Linux {release.minimum_kernel} by number; its backports decide.")
    found += [c for name in on for c in reader.features[name].cautions]
    return tuple(dict.fromkeys([*(unproven(reader, standing, on) if runs else ()), *found]))


def unproven(reader: Reader, standing: Standing, on: Sequence[str]) -> list[str]:
    """What this advice rests on without anybody having verified it."""
    used = ["agent", *(["kube-proxy-replacement"] if standing.kpr else []), *(["l7-proxy"] if standing.l7 else []), *on]
    found = [u.why for name in used for u in reader.unverified(name)]
    found += [
        c.why for name in on for c in reader.features[name].conflicts if c.other in on and c.basis is Basis.UNVERIFIED
    ]
    return [f"Not verified. {why}" for why in dict.fromkeys(found)]
