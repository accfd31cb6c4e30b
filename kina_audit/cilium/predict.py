"""What an agent with a user's values does on a kernel, and what it reports of itself: `cilium-dbg status -o json`, foretold."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum

from kina_audit.base.datatype import datatype
from kina_audit.cilium.model import State
from kina_audit.cilium.reading import Reader

TRUE = ("true", "strict")


class Outcome(StrEnum):
    """What becomes of the agent, best first; refused: there is none, for the chart renders nothing."""

    RUNS = "runs"
    NO_PODS = "no-pods"  # it runs, and no pod gets a network
    EXITS = "exits"
    UNKNOWN = "unknown"
    REFUSED = "refused"


@datatype
class Prediction:
    """What is foretold of one agent; an empty string or None: a word that no release takes leaves it open.

    Attributes:
        outcome: what becomes of it.
        says: a piece of what it logs about that, or an empty string.
        kube_proxy_replacement: the status's ``kube-proxy-replacement.mode``.
        masquerading: ``BPF``, ``iptables`` or ``Disabled``, the status's ``masquerading.mode``.
        host_routing: ``BPF`` or ``Legacy``, the status's ``routing.intra-host-routing-mode``.
        inter_host: ``Tunnel``, ``Native`` or ``Hybrid``, the status's ``routing.inter-host-routing-mode``.
        datapath: the status's ``datapath-mode``.
        attach: ``tcx`` or ``tc``, the status's ``attach-mode``; empty: the input cannot tell which.
        hubble: whether flows are seen; False where it is off.
    """

    outcome: Outcome
    says: str
    kube_proxy_replacement: bool | None
    masquerading: str
    host_routing: str
    inter_host: str
    datapath: str
    attach: str
    hubble: bool


def predict(
    values: Mapping[str, str], found: Sequence[tuple[State, str]], reader: Reader, *,
    unsure: AbstractSet[str] = frozenset(), refused: bool = False,
) -> Prediction:  # fmt: skip
    """Foretell an agent.

    Args:
        values: every cilium-config value that decides, by key.
        found: (what a value or feature comes to, a piece of what is logged), the agent's own first.
        reader: of the kernel and release, with the same values.
        unsure: keys whose value is a word that no release takes.
        refused: whether the chart refuses the values.
    """
    on = {key for key, value in values.items() if value in TRUE}
    kpr = "kube-proxy-replacement" in on
    masquerade = "enable-ipv4-masquerade" in on or {"enable-ipv6", "enable-ipv6-masquerade"} <= on
    bpf = masquerade and "enable-bpf-masquerade" in on
    legacy = "enable-host-legacy-routing" in on or not kpr or (masquerade and not bpf)
    device = values.get("datapath-mode", "veth")
    if device == "auto":
        device = "netkit" if kpr and not legacy and reader.usable("netkit") else "veth"
    tcx = ("enable-tcx" in on or device != "veth") and reader.whole("tcx")
    outcome, says = (Outcome.REFUSED, "") if refused else _outcome(found)
    masquerades = unsure & {"enable-ipv4-masquerade", "enable-bpf-masquerade"}
    routes = masquerades or unsure & {"kube-proxy-replacement", "enable-host-legacy-routing"}
    return Prediction(
        outcome=outcome,
        says=says,
        kube_proxy_replacement=None if "kube-proxy-replacement" in unsure else kpr,
        masquerading="" if masquerades else "BPF" if bpf else "iptables" if masquerade else "Disabled",
        host_routing="" if routes else "Legacy" if legacy else "BPF",
        inter_host="" if "routing-mode" in unsure else values.get("routing-mode", "tunnel").capitalize(),
        datapath="" if "datapath-mode" in unsure else device,
        attach="tcx" if tcx else "tc",
        hubble="enable-hubble" in on and reader.whole("hubble"),
    )


_WORST = ((State.FATAL, Outcome.EXITS), (State.UNKNOWN, Outcome.UNKNOWN), (State.NO_PODS, Outcome.NO_PODS))


def _outcome(found: Sequence[tuple[State, str]]) -> tuple[Outcome, str]:
    for state, outcome in _WORST:
        says = [words for s, words in found if s is state]
        if says:
            return outcome, next((words for words in says if words), "")
    return Outcome.RUNS, ""
