"""The decisions inside a mode, each with the findings that made it."""

from collections.abc import Mapping, Sequence

from kina_audit.base.datatype import replace
from kina_audit.cilium.features import HOST_ROUTING
from kina_audit.cilium.ladder import Standing
from kina_audit.cilium.model import Choice, Evidence
from kina_audit.cilium.reading import Reader, Results, finding, worst
from kina_audit.engine.finding import MET, Finding, Status
from kina_audit.profiles.model import Level

AGENT = "cilium-agent"
ON = "on"
NO_FLOWS = "It starts, but shows no L3/L4 flows: BPF_EVENTS is missing."


def choose(
    results: Results, reader: Reader, standing: Standing, encryption: str, forced: Mapping[str, str],
    on: Sequence[str] = (),
) -> tuple[Choice, ...]:  # fmt: skip
    """Every choice for a mode in which the agent runs.

    Args:
        results: every profile tagged ``cilium``, by id.
        reader: the pessimistic reading.
        standing: what it comes to.
        encryption: the encryption that the user wants, or an empty string.
        forced: choices that the user's wishes make, as ``{"routing": "native"}``.
        on: the features that the user wants and gets.
    """
    routing = _routing(results, standing, forced)
    choices = (
        routing,
        _kube_proxy(results, reader, standing, on),
        _masquerade(results, reader, standing, forced),
        _host_routing(reader, standing, on),
        _device(results, reader, standing, forced, routing.value),
        _l7(results, standing, forced),
        _hubble(results, standing),
        _encryption(results, reader, standing, encryption),
        _attach(results, reader, standing),
    )
    return tuple([_in_full(choice, reader) for choice in choices])


def _in_full(choice: Choice, reader: Reader) -> Choice:
    """The same choice; where a feature is on and something about it is degraded, its sentence says so, too."""
    lacks = worst(reader.lacking(choice.name)) if choice.value == ON and choice.name in reader.features else None
    if lacks is None or choice.because == NO_FLOWS:
        return choice
    # The feature's own row has the rest.
    return replace(choice, because=f"{choice.because} Not in full: {lacks.why.partition('. ')[0].rstrip('.')}.")


def evidence(item: Finding) -> Evidence:
    """A finding as evidence."""
    return Evidence(item.requirement.profile, item.requirement.id, item.status, item.expr.text)


def _rows(results: Results, profile: str) -> tuple[Evidence, ...]:
    """The required findings of a profile: the unmet ones when there are any, else all."""
    rows = [f for f in results[profile].findings if f.level is Level.REQUIRED]
    unmet = [f for f in rows if f.status not in MET]
    return tuple(evidence(f) for f in unmet or rows)


def _untold(proof: tuple[Evidence, ...]) -> bool:
    """Whether it is this input that does not tell, and not the kernel that lacks something."""
    return any(row.status is Status.UNKNOWN for row in proof)


def _routing(results: Results, standing: Standing, forced: Mapping[str, str]) -> Choice:
    if forced.get("routing") == "native":
        return Choice(
            "routing",
            "native",
            "A feature that is wanted needs it; nodes must share one L2 network, and the CIDR is to be adapted.",
            _rows(results, "cilium-native-routing"),
        )
    if standing.vxlan:
        return Choice(
            "routing", "tunnel-vxlan", "VXLAN works, and asks nothing of the network.", _rows(results, "cilium-vxlan")
        )
    if standing.geneve:
        wanted = forced.get("routing") == "tunnel-geneve"
        why = (
            "A feature that is wanted needs it." if wanted else "Geneve works, and VXLAN is missing or not to be used."
        )
        return Choice("routing", "tunnel-geneve", why, _rows(results, "cilium-geneve"))
    proof = (*_rows(results, "cilium-vxlan"), *_rows(results, "cilium-geneve"))
    why = "Whether VXLAN or Geneve works cannot be told" if _untold(proof) else "Neither VXLAN nor Geneve works"
    if not standing.off.isdisjoint(("vxlan", "geneve")):
        why = "Neither VXLAN nor Geneve works, or is to be used"
    return Choice(
        "routing", "native", f"{why}; nodes must share one L2 network, and the CIDR is to be adapted.", proof
    )  # fmt: skip


def _kube_proxy(results: Results, reader: Reader, standing: Standing, on: Sequence[str]) -> Choice:
    btf = finding(results, AGENT, "btf")
    proof = (evidence(finding(results, AGENT, "cgroup-bpf")), evidence(btf))
    if standing.kpr:
        return Choice(
            "kube-proxy-replacement",
            "on",
            "Cgroup programs work; remove kube-proxy and set the API server's address.",
            proof,
        )
    why = "Socket load balancing cannot be loaded; kube-proxy stays."
    if "socket-lb" in standing.off:
        why = "Socket load balancing, which it switches on, is not to be used; kube-proxy stays."
    elif "kube-proxy-replacement" in standing.off:
        clash = _clash(reader, "kube-proxy-replacement", on)
        why = f"kube-proxy stays beside what is wanted. {clash}" if clash else "kube-proxy is to stay."
    return Choice("kube-proxy-replacement", "off", why, proof)


def _why_not(reader: Reader, feature: str) -> str:
    return next((u.why for u in reader.breaking(feature)), "it is not to be used, or not beside what is wanted.")


def _clash(reader: Reader, feature: str, on: Sequence[str]) -> str:
    """Why a feature cannot be on beside what is wanted; empty: it can."""
    theirs = (c.why for name in on for c in reader.conflicts(name) if c.other == feature)
    return next(theirs, "") or next((c.why for c in reader.conflicts(feature) if c.other in on), "")


def _masquerade(results: Results, reader: Reader, standing: Standing, forced: Mapping[str, str]) -> Choice:
    if forced.get("masquerade") == "bpf" and not standing.bpf_masquerade:
        return Choice("masquerade", "bpf", "It is wanted.", _rows(results, AGENT)[:1])
    if standing.bpf_masquerade:
        why = "kube-proxy replacement is on and its programs load."
        if not standing.kpr:
            why = "Its programs load, without kube-proxy replacement, too."
        return Choice("masquerade", "bpf", why, _rows(results, AGENT)[:1])
    if standing.iptables_masquerade:
        return Choice(
            "masquerade",
            "iptables",
            f"BPF masquerading is not to be had: {_why_not(reader, 'bpf-masquerade')}",
            _rows(results, "cilium-iptables-masquerade"),
        )
    return Choice(
        "masquerade",
        "none",
        "Neither BPF nor iptables can masquerade; the pod network must be routable.",
        _rows(results, "cilium-iptables-masquerade"),
    )


def _host_routing(reader: Reader, standing: Standing, on: Sequence[str]) -> Choice:
    if standing.host_routing:
        masquerading = "BPF masquerading" if standing.bpf_masquerade else "no masquerading"
        return Choice("host-routing", "bpf", f"It follows from kube-proxy replacement and {masquerading}.")
    why = "BPF host routing needs kube-proxy replacement and BPF masquerading."
    if standing.kpr and (standing.bpf_masquerade or not standing.iptables_masquerade):
        lack = next((u.why for u in reader.breaking(HOST_ROUTING) if not u.need.feature), "")
        reason = lack or _clash(reader, HOST_ROUTING, on) or _why_not(reader, HOST_ROUTING)
        why = f"BPF host routing is not to be had: {reason}"
    return Choice("host-routing", "legacy", why)


def _device(
    results: Results, reader: Reader, standing: Standing, forced: Mapping[str, str], routing: str
) -> Choice:  # fmt: skip
    proof = (evidence(finding(results, "cilium-netkit", "netkit-device")),)
    if forced.get("datapath-device") == "netkit":
        return Choice("datapath-device", "netkit", "It is wanted; BPF host routing is on.", proof)
    # Nobody asked for it: what only may go wrong is reason enough to do without.
    clash = next((c.why for c in reader.conflicts("netkit") if f"tunnel-{c.other}" == routing), "")
    if standing.host_routing and standing.netkit and not clash:
        return Choice("datapath-device", "netkit", "The kernel has netkit and BPF host routing is on.", proof)
    why = "Whether the kernel has netkit cannot be told." if _untold(proof) else "The kernel has no netkit."
    if proof[0].status is Status.PASS:
        why = f"The kernel has netkit. {_why_veth(reader, standing, clash)}"
    return Choice("datapath-device", "veth", why, proof)


def _why_veth(reader: Reader, standing: Standing, clash: str) -> str:
    """Why there are no netkit devices on a kernel that has them."""
    row = reader.features["netkit"]
    broken = clash or next((u.why for u in reader.breaking("netkit") if not u.need.feature), "")
    if broken or not (row.available and standing.host_routing):
        missing = "Cilium 1.16" if not row.available else "BPF host routing"
        return broken or f"It needs {missing}, too."
    if "netkit" in standing.off:
        brings = "tcx" in standing.off
        return "netkit devices bring tcx, which is not to be used." if brings else "They are not to be used."
    return "It needs Linux 6.8, too."


def _l7(results: Results, standing: Standing, forced: Mapping[str, str]) -> Choice:
    if forced.get("l7-proxy") == "on":
        return Choice("l7-proxy", "on", "BPF TPROXY, which is wanted, redirects without iptables rules.")
    if "l7-proxy" in standing.off:
        return Choice("l7-proxy", "off", "It is not wanted.")
    if standing.l7:
        return Choice("l7-proxy", "on", "Policy routing and TPROXY rules work.", _rows(results, "cilium-l7-proxy"))
    return Choice(
        "l7-proxy",
        "off",
        "With it on, the agent exits or its rules fail; L7 and DNS policy, Ingress and Gateway API are not available.",
        _rows(results, "cilium-l7-proxy"),
    )


def _hubble(results: Results, standing: Standing) -> Choice:
    proof = _rows(results, "cilium-hubble")
    if "hubble" in standing.off:
        return Choice("hubble", "off", "It is not wanted.")
    why = "Flows are shown." if standing.flows else NO_FLOWS
    return Choice("hubble", "on", why, proof)


def _encryption(results: Results, reader: Reader, standing: Standing, wanted: str) -> Choice:
    if wanted:
        return Choice("encryption", wanted, "It is wanted, and works.", _rows(results, f"cilium-{wanted}"))
    for name, how in (("wireguard", "encryption.enabled"), ("ipsec", "it up, with a key")):
        if reader.usable(name):
            clash = standing.host_routing and any(c.other == HOST_ROUTING for c in reader.conflicts(name))
            without = f", and not beside BPF host routing here: --want {name} leaves that out" if clash else ""
            why = f"Available; off unless you set {how}{without}."
            return Choice("encryption", name, why, _rows(results, f"cilium-{name}"))
    proof = (*_rows(results, "cilium-wireguard"), *_rows(results, "cilium-ipsec"))
    why = "Neither WireGuard nor IPsec works on this kernel, or is to be used beside what is wanted."
    if _untold(proof):
        why = "Whether WireGuard or IPsec works on this kernel cannot be told."
    return Choice("encryption", "none", why, proof)


def _attach(results: Results, reader: Reader, standing: Standing) -> Choice:
    proof = (evidence(finding(results, "cilium-tcx", "tcx-hook")),)
    if not reader.features["tcx"].available:
        return Choice("attachment", "tc", f"Cilium {reader.release} does not know tcx.", proof)
    if "tcx" in standing.off:
        return Choice("attachment", "tc", "tcx is not to be used; tc filters do.", proof)
    if proof[0].status is Status.PASS:
        return Choice("attachment", "tcx", "The kernel has the tcx hook.", proof)
    why = "Whether there is a tcx hook cannot be told" if _untold(proof) else "There is no tcx hook"
    return Choice("attachment", "tc", f"{why}; tc filters do.", proof)
