"""What a config cannot show, what is untested, and what is known of the place the kernel runs in."""

from collections.abc import Sequence

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
        "tcx-only": runs and finding(reader.results, "cilium-agent", "tc-bpf").status is Status.WARN,
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
    return tuple(dict.fromkeys(found))
