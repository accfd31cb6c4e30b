"""From findings and a release to advice: the pair check first, then the ladder, then the choices inside the rung."""

from kina_audit.cilium.capabilities import capabilities as every_capability
from kina_audit.cilium.cautions import cautions
from kina_audit.cilium.choices import choose, evidence
from kina_audit.cilium.elsewhere import Kernels, elsewhere
from kina_audit.cilium.features import AGENT, DEADLY
from kina_audit.cilium.instead import instead
from kina_audit.cilium.ladder import Standing, doubted, excluded, stand, unrouted
from kina_audit.cilium.model import LADDER, Advice, Evidence, Mode, State
from kina_audit.cilium.reading import Reader, Readings, Results, Unmet, verified
from kina_audit.cilium.release import find_release
from kina_audit.cilium.request import Request
from kina_audit.cilium.rests import evidence_of, rests, seen
from kina_audit.cilium.unlock import Unlocker, ladder
from kina_audit.cilium.values import settings
from kina_audit.cilium.wishes import grant
from kina_audit.engine.evaluate import Evaluator
from kina_audit.engine.finding import MET, Status
from kina_audit.engine.out_of_reach import NOT_TO_BE_HAD
from kina_audit.kernel.config import TOOLS_DECIDE

_TITLES = {
    Mode.FULL_EBPF: "Everything in BPF: no kube-proxy, BPF masquerading and host routing, Hubble with flows.",
    Mode.EBPF_VETH: "No kube-proxy, BPF masquerading and host routing on veth; something around it is degraded.",
    Mode.HYBRID: "Cilium replaces kube-proxy; packets take the node's own stack.",
    Mode.COMPAT: "Cilium beside kube-proxy, with iptables masquerading.",
    Mode.MINIMAL: "The agent runs, and something that is on by default (L7 proxy or masquerading) has to be off.",
}


def advise(
    evaluator: Evaluator,
    results: Results,
    release: str,
    request: Request | None = None,
    *,
    apple_container: bool = False,
    unlocker: Unlocker | None = None,
    asked: bool = False,
    kernels: Kernels | None = None,
) -> Advice:
    """Recommend a mode.

    Args:
        evaluator: of the kernel that is audited.
        results: every profile tagged ``cilium``, by id.
        release: as `find_release` takes it.
        request: what the user wants and does not want.
        apple_container: the kernel is one that Apple ``container`` boots, so what is known of its VMs is said too.
        unlocker: finds what a better mode or a feature would take; None: nobody is asked.
        asked: whether somebody asked for Cilium.
        kernels: finds other kernels with a better mode; None: there are none that could be taken.

    Raises:
        UsageError: an unknown release.
    """
    chosen = find_release(release)
    kernel = evaluator.kernel
    readings = Readings(results, kernel)
    request = request or Request()
    refused, doubt = excluded(chosen, kernel.target), doubted(chosen, kernel.target)
    capabilities = every_capability(readings, chosen, refused, doubt, unlocker=unlocker)

    def look(asked: Request) -> tuple[Mode, bool]:
        granted = grant(asked, capabilities, readings, chosen)
        mode = stand(readings, chosen, granted.needless, granted.forced)[0]
        return mode, all(w.granted for w in granted.wishes)

    granted = grant(request, capabilities, readings, chosen)
    mode, reader, low = stand(readings, chosen, granted.needless, granted.forced)
    untested = any(c.feature == AGENT and c.state is State.UNVERIFIED for c in capabilities)
    offers = () if refused or doubt else instead(results, chosen, request, mode, look, untested=untested)
    warned = cautions(reader, mode, low, granted.on, apple_container=apple_container)
    better = elsewhere(readings, chosen, request, mode, kernels)
    if mode in (Mode.UNSUPPORTED, Mode.UNKNOWN):
        blockers = _blockers(reader)
        return Advice(
            release=str(chosen),
            mode=mode,
            summary=_refusal(mode, refused or doubt, reader),
            blockers=blockers,
            ladder=()
            if refused or doubt or (mode is Mode.UNKNOWN and not _feared(reader))
            else ladder(unlocker, chosen, low.mode, granted.needless),
            cautions=warned,
            alternatives=_alternatives(results) if mode is Mode.UNSUPPORTED else (),
            capabilities=capabilities,
            wishes=tuple(granted.wishes),
            least=request.least,
            instead=offers,
            elsewhere=better,
            asked=asked,
            barred=next(
                (f.fix for u in reader.breaking("agent") for f in u.findings if f.fix.startswith(NOT_TO_BE_HAD)), ""
            ),
        )
    choices = choose(results, reader, low, granted.encryption, granted.forced, granted.on)
    values, config = settings(choices, chosen, granted.on, sorted(granted.off))
    if request.preset:
        from kina_audit.cilium.presets import find_preset

        if preset := find_preset(request.preset):
            values, config = preset.over(values, config)
            warned = (*warned, preset.caution)
    # The agents that ran had no wishes.
    facts, run = rests(reader, low, tuple(granted.on)), "" if granted.on else seen(chosen, kernel, mode)
    return Advice(
        release=str(chosen),
        mode=mode,
        summary=" ".join([_TITLES[mode], *(u.why for u in reader.unverified("agent"))]),
        choices=choices,
        blockers=_missing_for_more(reader, low),
        ladder=ladder(unlocker, chosen, mode, granted.needless),
        cautions=warned,
        capabilities=capabilities,
        helm_values=values,
        config_map=config,
        wishes=tuple(granted.wishes),
        least=request.least,
        instead=offers,
        evidence=evidence_of(facts, run),
        run=run,
        rests=facts,
        elsewhere=better,
        asked=asked,
    )


def _evidence(rows: tuple[Unmet, ...]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(evidence(f) for u in rows for f in u.findings))


def _blockers(reader: Reader) -> tuple[Evidence, ...]:
    """What the agent would die of, in the order it would meet it; for an unknown mode, what cannot be told."""
    return _evidence(reader.breaking("agent")) or _evidence(reader.breaking("l7-proxy"))


def _refusal(mode: Mode, refused: str, reader: Reader) -> str:
    if refused:
        return refused
    if mode is Mode.UNSUPPORTED and reader.usable(AGENT) and (why := unrouted(reader)):
        return why
    if mode is Mode.UNKNOWN:
        if (feared := _feared(reader)) and reader.kernel.target is not None:
            return f"Nobody knows which mode the kernel carries with Cilium {reader.release}. {feared[0].why}"
        # What is met either way asks nobody: ARM64 of "X86_64 || ARM64".
        open_ = [f for r in reader.results.values() for f in r.findings if f.status is Status.UNKNOWN]
        facts = [s for f in open_ for s in f.symbols if s.value is None]
        by_tools = {s.name for s in facts if s.note.startswith(TOOLS_DECIDE)}
        unsaid = {s.name for s in facts} - by_tools
        why = "; it does not say " + _symbols(unsaid) if unsaid else ""
        if by_tools:
            why += f"; {TOOLS_DECIDE} {_symbols(by_tools)}: name yours with --toolchain"
        cannot = "This input cannot tell which mode the kernel carries"
        if reader.kernel.target is None:
            return f"{cannot}: its version is not known.{why.replace('; ', ' Also ', 1) + '.' if why else ''}"
        return f"{cannot}{why}."
    # What is certain is the reason, before what nobody has verified.
    unmet = sorted(reader.breaking("agent"), key=lambda u: not verified(u))
    why = f" {unmet[0].why}" if unmet else ""
    certain = any(u.need.effect in DEADLY for u in unmet)
    return f"Cilium {reader.release} does not {'work on' if certain else 'support'} this kernel.{why}"


def _symbols(names: set[str]) -> str:
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(f"CONFIG_{n}" for n in sorted(names)[:8]) + more


def _feared(reader: Reader) -> list[Unmet]:
    """What may keep the agent from running or replacing kube-proxy, without anybody having verified it."""
    return [u for n in ("agent", "kube-proxy-replacement") for u in reader.breaking(n) if not verified(u)]


def _missing_for_more(reader: Reader, standing: Standing) -> tuple[Evidence, ...]:
    rows: list[Unmet] = []
    if not standing.l7:
        rows += reader.breaking("l7-proxy")
    if not standing.bpf_masquerade:
        rows += (*reader.breaking("kube-proxy-replacement"), *reader.breaking("bpf-masquerade"))
    rows += [u for name in ("hubble", "kube-proxy-replacement") for u in reader.unmet(name) if u.need.keeps]
    return tuple(e for e in _evidence(tuple(rows)) if e.status not in MET)


def _alternatives(results: Results) -> tuple[str, ...]:
    """What runs without Cilium, as far as these findings tell."""
    status = {f.requirement.id: f.status for r in results.values() for f in r.findings}
    if status.get("net") is not Status.PASS:
        return ()
    found = ["the ptp plug-in with host-local addresses", "kindnet"]
    if status.get("backend") is Status.PASS:
        found.append("flannel host-gw, where bridge netfilter is on")
    return tuple(found)


def best_release(advices: list[Advice]) -> Advice | None:
    """The release to take: one that grants every wish, of the best mode; the newest of equals. None: none runs."""
    fit = [a for a in advices if a.fulfilled]
    return max(fit, key=lambda a: (-LADDER.index(a.mode), advices.index(a)), default=None)
