"""What an agent with a user's values does on a kernel, and what it reports of itself: `cilium-dbg status -o json`, foretold."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum

from kina_audit.base.datatype import datatype
from kina_audit.cilium.combinations import clashes
from kina_audit.cilium.evidence import Basis
from kina_audit.cilium.features import DEADLY, HOST_ROUTING, Effect, features
from kina_audit.cilium.keys import derive, matches, switches_on
from kina_audit.cilium.model import State
from kina_audit.cilium.reading import Reader
from kina_audit.cilium.release import Release

TRUE = ("true", "strict")
_IN_PART = ("probe", "partial")
"""What else kube-proxy replacement could be in old releases: on, without what asks for all of it."""


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
        values: every cilium-config value that decides, by key; the choice of a device settled, where `device_of` can tell.
        found: (what a value or feature comes to, a piece of what is logged), the agent's own first.
        reader: of the kernel and release, with the same values.
        unsure: keys whose value is a word that no release takes.
        refused: whether the chart refuses the values.
    """
    asked = configured(values, reader.release)
    host_routing, device = _host_routing(asked, reader), "" if asked.datapath == "auto" else asked.datapath
    tcx = (asked.attach == "tcx" or device.startswith("netkit")) and reader.whole("tcx")
    outcome, says = (Outcome.REFUSED, "") if refused else _outcome(found)
    masquerades = unsure & {"enable-ipv4-masquerade", "enable-bpf-masquerade"}
    routes = masquerades or unsure & {"kube-proxy-replacement", "enable-host-legacy-routing"}
    return Prediction(
        outcome=outcome,
        says=says,
        kube_proxy_replacement=None if "kube-proxy-replacement" in unsure else asked.kube_proxy_replacement,
        masquerading="" if masquerades else asked.masquerading,
        host_routing="" if routes else host_routing,
        inter_host="" if "routing-mode" in unsure else asked.inter_host,
        datapath="" if "datapath-mode" in unsure else device,
        attach="tcx" if tcx else "tc",
        hubble=values.get("enable-hubble") in TRUE and reader.whole("hubble"),
    )


def _host_routing(asked: "Configured", reader: Reader) -> str:
    # What no other feature decides is the kernel's: its version.
    if asked.host_routing == "BPF" and any(not u.need.feature for u in reader.breaking(HOST_ROUTING)):
        return "Legacy" if reader.kernel.target is not None else ""
    return asked.host_routing


def device_of(values: Mapping[str, str], reader: Reader) -> str:
    """The device that an agent gives its pods; empty: nobody can tell.

    With the choice (``auto``) it takes netkit where nothing that it looks at itself speaks against it; whether netkit then
    works is another question.

    Args:
        values: every cilium-config value that decides, by key.
        reader: of the kernel and release, with the same values.
    """
    asked = configured(values, reader.release)
    if asked.datapath != "auto":
        return asked.datapath
    if not asked.kube_proxy_replacement or _host_routing(asked, reader) == "Legacy":
        return "veth"
    if any(u.need.effect is Effect.FATAL for u in reader.breaking("netkit")):
        return "veth"
    if any(c.other == "netkit" for c in reader.conflicts("bpf-tproxy")) and switches_on("bpf-tproxy", values):
        return "veth"
    told_apart = clashes({**values, "datapath-mode": "netkit"}, reader.release, reader.kernel.target)
    states = {clash.state for clash in told_apart if "datapath-mode" in clash.keys}
    return "veth" if State.FATAL in states else "" if states else "netkit"


@datatype
class Configured:
    """What values alone come to, in the words of an agent's status; see `Prediction`.

    Attributes:
        legacy: why host routing is not BPF, where something else than its own key decides that; else empty.
        datapath: as it is set: ``auto`` is for the agent to decide.
        bandwidth: ``BBR`` or ``cubic``; empty: no bandwidth manager.
        unmanaged: why there is no bandwidth manager although one is asked for, or an empty string.
    """

    kube_proxy_replacement: bool
    masquerading: str
    host_routing: str
    legacy: str
    inter_host: str
    datapath: str
    attach: str
    bandwidth: str
    unmanaged: str


def configured(values: Mapping[str, str], release: Release) -> Configured:
    """What an agent is asked to be.

    Args:
        values: every cilium-config value that decides, by key.
        release: the Cilium release.
    """
    values = derive(values, release, late=True)
    on = {key for key, value in values.items() if value in TRUE}
    replaces = "kube-proxy-replacement" in on
    masquerade = "enable-ipv4-masquerade" in on or {"enable-ipv6", "enable-ipv6-masquerade"} <= on
    bpf = masquerade and "enable-bpf-masquerade" in on
    legacy = ""
    if not replaces:
        legacy = "kube-proxy-replacement is not true, so the agent falls back"
    elif masquerade and not bpf:
        legacy = "enable-bpf-masquerade is not true, so the agent falls back"
    else:
        legacy = _gives_way(HOST_ROUTING, values, release)
    device = values.get("datapath-mode", "veth")
    if not features(release)["netkit"].available:
        device = "veth"
    unmanaged = _gives_way("bandwidth-manager", values, release) if "enable-bandwidth-manager" in on else ""
    managed = "enable-bandwidth-manager" in on and not unmanaged
    return Configured(
        kube_proxy_replacement=replaces or values.get("kube-proxy-replacement") in _IN_PART,
        masquerading="BPF" if bpf else "iptables" if masquerade else "Disabled",
        host_routing="Legacy" if legacy or "enable-host-legacy-routing" in on else "BPF",
        legacy="" if "enable-host-legacy-routing" in on else legacy,
        inter_host=values.get("routing-mode", "tunnel").capitalize(),
        datapath=device,
        # With netkit devices the agent takes tcx for the others, whatever is set (cilium/cilium@026740195c43:
        # Documentation/operations/performance/tuning.rst:89).
        attach="tcx" if "enable-tcx" in on or device.startswith("netkit") else "tc",
        bandwidth=("BBR" if "enable-bbr" in on else "cubic") if managed else "",
        unmanaged=unmanaged,
    )


def _gives_way(name: str, values: Mapping[str, str], release: Release) -> str:
    """Why an agent leaves a feature off that values switch on, beside what else they switch on; empty: it does not."""
    for conflict in features(release)[name].conflicts:
        passed = conflict.effect not in DEADLY and conflict.basis is not Basis.UNVERIFIED and not conflict.linux
        if (
            passed
            and switches_on(conflict.other, values)
            and not (conflict.unless and matches(conflict.unless, values))
        ):
            return conflict.why
    return ""


_WORST = ((State.FATAL, Outcome.EXITS), (State.UNKNOWN, Outcome.UNKNOWN), (State.NO_PODS, Outcome.NO_PODS))


def _outcome(found: Sequence[tuple[State, str]]) -> tuple[Outcome, str]:
    for state, outcome in _WORST:
        says = [words for s, words in found if s is state]
        if says:
            return outcome, next((words for words in says if words), "")
    return Outcome.RUNS, ""
