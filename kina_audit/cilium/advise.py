"""From findings and a release to advice: the pair check first, then the ladder, then the choices inside the rung."""

from kina_audit.cilium.choices import choose, evidence
from kina_audit.cilium.ladder import AGENT, Reader, Results, Standing, excluded, finding, stand
from kina_audit.cilium.model import Advice, Capability, Evidence, Mode
from kina_audit.cilium.release import Release, find_release
from kina_audit.cilium.unlock import assignments, next_mode
from kina_audit.cilium.values import settings
from kina_audit.engine.evaluate import Evaluator
from kina_audit.engine.finding import ProfileResult, Status
from kina_audit.kernel.config import KernelConfig
from kina_audit.profiles.model import Level

_PROBE_ORDER = ("bpf-syscall", "jit", "jit-arch", "attach", "cgroup-bpf", "net")
"""The agent's own order at start-up (cilium pkg/datapath/linux/requirements.go)."""

_ON_BPF_MASQUERADE = {
    "bpf-masquerade", "bpf-host-routing", "netkit", "big-tcp", "egress-gateway", "bbr", "no-conntrack-rules",
}  # fmt: skip
_ON_KPR = _ON_BPF_MASQUERADE | {
    "kube-proxy-replacement", "session-affinity", "dsr", "xdp", "local-redirect", "nat46x64",
}  # fmt: skip
_TITLES = {
    Mode.FULL_EBPF: "Everything in BPF: no kube-proxy, BPF masquerading and host routing, Hubble with flows.",
    Mode.EBPF_VETH: "No kube-proxy, BPF masquerading and host routing on veth; something around it is degraded.",
    Mode.HYBRID: "Cilium replaces kube-proxy; iptables masquerades and packets take the node's own stack.",
    Mode.COMPAT: "Cilium beside kube-proxy, with iptables masquerading.",
    Mode.MINIMAL: "Pod networking and L3/L4 policy only: something that is on by default has to be switched off.",
}


def advise(evaluator: Evaluator, results: Results, release: str) -> Advice:
    """Recommend a mode.

    Args:
        evaluator: of the kernel that is audited.
        results: every profile tagged ``cilium``, by id.
        release: as `find_release` takes it.

    Raises:
        UsageError: an unknown release.
    """
    chosen = find_release(release)
    kernel = evaluator.kernel
    mode, low, _ = stand(results, chosen, kernel.target)
    reader = Reader(results, chosen, kernel.target, optimistic=False)
    capabilities = tuple(_capability(r, low, mode, kernel) for n, r in sorted(results.items()) if n != AGENT)
    refused = excluded(chosen, kernel.target)
    if mode in (Mode.UNSUPPORTED, Mode.UNKNOWN):
        blockers = _blockers(results, mode, chosen)
        summary = _refusal(mode, refused, blockers, results, chosen)
        return Advice(
            release=str(chosen),
            mode=mode,
            summary=summary,
            blockers=blockers,
            unlock=None if refused or mode is Mode.UNKNOWN else next_mode(kernel, results, chosen, mode),
            cautions=_cautions(kernel, results, chosen, mode, low),
            alternatives=_alternatives(results) if mode is Mode.UNSUPPORTED else (),
            capabilities=capabilities,
        )
    choices = choose(results, reader, low, kernel.target)
    values, config = settings(choices, chosen)
    return Advice(
        release=str(chosen),
        mode=mode,
        summary=_TITLES[mode],
        choices=choices,
        blockers=_missing_for_more(results, low),
        unlock=next_mode(kernel, results, chosen, mode),
        cautions=_cautions(kernel, results, chosen, mode, low),
        capabilities=capabilities,
        helm_values=values,
        config_map=config,
    )


def _blockers(results: Results, mode: Mode, release: Release) -> tuple[Evidence, ...]:
    """What the agent would die of, in the order it would meet it; for an unknown mode, what cannot be told."""
    tolerated = {r for fact in release.facts("tolerates") for r in fact["requirements"]}
    wanted = (Status.FAIL,) if mode is Mode.UNSUPPORTED else (Status.FAIL, Status.UNKNOWN)
    rows = [finding(results, AGENT, i) for i in _PROBE_ORDER if i not in tolerated]
    found = [evidence(f) for f in rows if f.status in wanted]
    if not found:
        btf = finding(results, AGENT, "btf")
        others = [btf, *(f for f in results["cilium-l7-proxy"].findings if f.level is Level.REQUIRED)]
        found = [evidence(f) for f in others if f.status in (*wanted, Status.WARN)]
    return tuple(found)


def _refusal(mode: Mode, refused: str, blockers: tuple[Evidence, ...], results: Results, release: Release) -> str:
    if refused:
        return refused
    if mode is Mode.UNKNOWN:
        unknown = {s.name for r in results.values() for f in r.findings for s in f.symbols if s.value is None}
        names = ", ".join(f"CONFIG_{n}" for n in sorted(unknown)[:8])
        more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
        return (
            f"This input cannot tell which mode the kernel carries; it does not say {names}{more}."
            if names
            else ("This input cannot tell which mode the kernel carries: its version is not known.")
        )
    if blockers and blockers[0].profile == AGENT:
        why = finding(results, AGENT, blockers[0].requirement).requirement.why
        return f"Cilium {release} does not work on this kernel. {why}"
    return f"Cilium {release} does not work on this kernel."


def _missing_for_more(results: Results, standing: Standing) -> tuple[Evidence, ...]:
    rows = []
    if not standing.l7:
        rows += [f for f in results["cilium-l7-proxy"].findings if f.level is Level.REQUIRED]
    if not standing.hubble:
        rows.append(finding(results, AGENT, "perf-events"))
    if not standing.bpf_masquerade:
        rows.append(finding(results, AGENT, "btf"))
    if not standing.flows:
        rows.append(finding(results, "cilium-hubble", "hubble-events"))
    if not standing.termination:
        rows.append(finding(results, "cilium-kube-proxy-replacement", "socket-termination"))
    return tuple(dict.fromkeys(evidence(f) for f in rows if f.status in (Status.FAIL, Status.WARN, Status.UNKNOWN)))


def _capability(result: ProfileResult, standing: Standing, mode: Mode, kernel: KernelConfig) -> Capability:
    name = result.profile.id.removeprefix("cilium-")
    unmet = [f for f in result.findings if f.status in (Status.FAIL, Status.UNKNOWN) and f.level is Level.REQUIRED]
    unlock = tuple(dict.fromkeys(a for f in unmet for a in assignments(f, kernel)))
    status, because = result.status, "Everything it needs of the kernel is there."
    if result.status in (Status.FAIL, Status.UNKNOWN) and unmet:
        because = unmet[0].requirement.why if result.status is Status.FAIL else unmet[0].reason
    elif mode is not Mode.UNKNOWN and name in _ON_KPR and not standing.kpr:
        status, because = Status.FAIL, "It needs kube-proxy replacement, which this kernel and release do not carry."
    elif mode is not Mode.UNKNOWN and name in _ON_BPF_MASQUERADE and not standing.bpf_masquerade:
        status, because = Status.FAIL, "It needs BPF masquerading, which this kernel and release do not carry."
    elif result.status is Status.WARN:
        because = next(f.requirement.why for f in result.findings if f.status is Status.WARN)
    elif result.status is Status.UNKNOWN:
        because = next(f.reason for f in result.findings if f.status is Status.UNKNOWN)
    return Capability(result.profile.id, result.profile.title, status, because, unlock)


def _alternatives(results: Results) -> tuple[str, ...]:
    """What runs without Cilium, as far as these findings tell."""
    reader = {f.requirement.id: f.status for r in results.values() for f in r.findings}
    if reader.get("net") is not Status.PASS:
        return ()
    found = ["the ptp plug-in with host-local addresses", "kindnet"]
    if reader.get("backend") is Status.PASS:
        found.append("flannel host-gw, where bridge netfilter is on")
    return tuple(found)


def _cautions(
    kernel: KernelConfig, results: Results, release: Release, mode: Mode, standing: Standing
) -> tuple[str, ...]:
    found = []
    if mode not in (Mode.UNSUPPORTED, Mode.UNKNOWN):
        found += [
            fact["caution"]
            for fact in release.facts("tolerates")
            if any(finding(results, AGENT, r).status is Status.FAIL for r in fact["requirements"])
        ]
        if finding(results, AGENT, "tc-bpf").status is Status.WARN:
            found.append(
                "Untested: this kernel has tcx but not the tc symbols that Cilium documents; the source tolerates it, "
                "and no report of it working is known."
            )
        if not standing.iptables_masquerade and standing.bpf_masquerade:
            found.append("iptables rules that the agent installs besides masquerading may fail on this kernel.")
    if (
        kernel.target is not None
        and ".el" in kernel.target.suffix
        and kernel.target.triple < release.minimum_kernel.triple
    ):
        found.append(f"RHEL's kernel is older than Linux {release.minimum_kernel} by number; its backports decide.")
    if not release.charted:
        found.append(f"Cilium {release} is not one of the releases that the facts were checked for.")
    if kernel.has_modules is False and mode is not Mode.UNSUPPORTED:
        found.append(
            "The kernel has no modules: with IPv6 on, the agent looks module names up in modules.builtin on the "
            "node's root file system, and exits when they are missing there."
        )
    found.append("A config does not show sysctls, a mounted bpffs, capabilities of the agent's container, or the MTU.")
    return tuple(found)
