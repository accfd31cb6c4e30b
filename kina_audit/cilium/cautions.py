"""What a config cannot show, what is untested, and what is known of the place the kernel runs in."""

from collections.abc import Mapping, Sequence

from kina_audit.cilium.evidence import Basis
from kina_audit.cilium.features import HOST_ROUTING
from kina_audit.cilium.ladder import Standing
from kina_audit.cilium.model import Mode
from kina_audit.cilium.reading import Reader, finding
from kina_audit.engine.finding import Status
from kina_audit.kernel.vendors import support


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
    unseen = _unseen(kernel.live)
    situations = {
        "unseen": bool(unseen),
        "runs": runs,
        "old-without-cgroup-bpf": runs and finding(reader.results, "cilium-agent", "cgroup-bpf").status is Status.FAIL,
        "no-ip-rules": runs and finding(reader.results, "cilium-l7-proxy", "ip-rules").status is Status.FAIL,
        "no-iptables": runs and not standing.rules,
        "legacy-only": runs
        and finding(reader.results, "cilium-iptables-nft", "nft-compat").status is Status.FAIL
        and finding(reader.results, "cilium-iptables-legacy", "legacy-tables").status is Status.PASS,
        "no-modules": mode is not Mode.UNSUPPORTED and kernel.has_modules is False,
        "native-routing": runs and standing.mode is mode and "native-routing" in on,
        "apple-container": apple_container and mode is not Mode.UNSUPPORTED,
        "uncharted": not release.charted,
    }
    found = [
        str(row["text"]).replace("{release}", str(release)).replace("{unseen}", unseen)
        for row in release.facts("caution")
        if situations[row["when"]]
    ]
    target = kernel.target
    older = target is not None and target.triple < release.minimum_kernel.triple
    if runs and older and target is not None and (backed := support("cilium", target, release.version)):
        number = f"Linux {target.major}.{target.minor}"
        found.append(
            f"{number} is older than {release.minimum_kernel} by its number; Cilium documents it ('{backed.says}')."
        )
    found += [c.text for name in on for c in reader.cautions(name)]
    return tuple(dict.fromkeys([*(unproven(reader, standing, on) if runs else ()), *found]))


def _unseen(live: Mapping[str, str]) -> str:
    """What the agent depends on that was not read; a config alone shows none of it."""
    things = {
        "sysctls": any(name.startswith("net.") for name in live),
        "a mounted bpffs": "bpffs" in live,
        "capabilities of the agent's container": False,
        "the MTU": "mtu" in live,
    }
    missing = [thing for thing, seen in things.items() if not seen]
    if len(missing) < 2:
        return ""
    return f"{', '.join(missing[:-1])}, or {missing[-1]}"


def unproven(reader: Reader, standing: Standing, on: Sequence[str]) -> list[str]:
    """What this advice rests on without anybody having verified it."""
    used = ["agent", *(["kube-proxy-replacement"] if standing.kpr else []), *(["l7-proxy"] if standing.l7 else []), *on]
    found = [u.why for name in used for u in reader.unverified(name)]
    tunnel = "vxlan" if standing.vxlan else "geneve" if standing.geneve else ""
    beside = [*on, tunnel, *([HOST_ROUTING] if standing.host_routing else [])]
    found += [
        f"{c.why} {c.mend}".strip() for name in on for c in reader.conflicts(name)
        if c.other in beside and c.basis is Basis.UNVERIFIED
    ]  # fmt: skip
    return [f"Not verified. {why}" for why in dict.fromkeys(found)]
