"""The decisions inside a mode, each with the findings that made it."""

from kina_audit.cilium.ladder import AGENT, Reader, Results, Standing, finding
from kina_audit.cilium.model import Choice, Evidence, Mode
from kina_audit.engine.finding import Finding, Status
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.model import Level

NETKIT_FROM = (6, 8, 0)
"""Documented minimum of netkit; the probe accepts 6.7 (Documentation/operations/performance/tuning.rst)."""


def choose(results: Results, reader: Reader, standing: Standing, target: KernelVersion | None) -> tuple[Choice, ...]:
    """Every choice for a mode in which the agent runs."""
    return (
        _routing(results, standing),
        _kube_proxy(results, standing),
        _masquerade(results, standing),
        _host_routing(standing),
        _device(results, standing, target),
        _l7(results, standing),
        _hubble(results, standing),
        _encryption(results, reader),
        _attach(results),
    )


def evidence(item: Finding) -> Evidence:
    """A finding as evidence."""
    return Evidence(item.requirement.profile, item.requirement.id, item.status, item.expr.text)


def _rows(results: Results, profile: str) -> tuple[Evidence, ...]:
    """The required findings of a profile: the unmet ones when there are any, else all."""
    rows = [f for f in results[profile].findings if f.level is Level.REQUIRED]
    unmet = [f for f in rows if f.status not in (Status.PASS, Status.SKIP)]
    return tuple(evidence(f) for f in unmet or rows)


def _routing(results: Results, standing: Standing) -> Choice:
    if standing.vxlan:
        return Choice(
            "routing", "tunnel-vxlan", "VXLAN works, and asks nothing of the network.", _rows(results, "cilium-vxlan")
        )
    if standing.geneve:
        return Choice("routing", "tunnel-geneve", "VXLAN is missing, Geneve works.", _rows(results, "cilium-geneve"))
    return Choice(
        "routing",
        "native",
        "Neither VXLAN nor Geneve works; nodes must share one L2 network, and the CIDR is to be adapted.",
        (*_rows(results, "cilium-vxlan"), *_rows(results, "cilium-geneve")),
    )


def _kube_proxy(results: Results, standing: Standing) -> Choice:
    btf = finding(results, AGENT, "btf")
    proof = (evidence(finding(results, AGENT, "cgroup-bpf")), evidence(btf))
    if standing.kpr:
        return Choice(
            "kube-proxy-replacement",
            "on",
            "Cgroup programs work; remove kube-proxy and set the API server's address.",
            proof,
        )
    return Choice("kube-proxy-replacement", "off", "Socket load balancing cannot be loaded; kube-proxy stays.", proof)


def _masquerade(results: Results, standing: Standing) -> Choice:
    if standing.bpf_masquerade:
        return Choice(
            "masquerade", "bpf", "kube-proxy replacement is on and its programs load.", _rows(results, AGENT)[:1]
        )
    if standing.iptables_masquerade:
        return Choice(
            "masquerade", "iptables", "BPF masquerading is not to be had.", _rows(results, "cilium-iptables-masquerade")
        )
    return Choice(
        "masquerade",
        "none",
        "Neither BPF nor iptables can masquerade; the pod network must be routable.",
        _rows(results, "cilium-iptables-masquerade"),
    )


def _host_routing(standing: Standing) -> Choice:
    if standing.bpf_masquerade:
        return Choice("host-routing", "bpf", "It follows from kube-proxy replacement and BPF masquerading.")
    return Choice("host-routing", "legacy", "BPF host routing needs kube-proxy replacement and BPF masquerading.")


def _device(results: Results, standing: Standing, target: KernelVersion | None) -> Choice:
    proof = (evidence(finding(results, "cilium-netkit", "netkit-device")),)
    documented = target is not None and target.triple >= NETKIT_FROM
    if standing.mode in (Mode.FULL_EBPF, Mode.EBPF_VETH) and standing.netkit and documented:
        return Choice("datapath-device", "netkit", "The kernel has netkit and BPF host routing is on.", proof)
    why = "The kernel has no netkit." if not standing.netkit else "netkit needs BPF host routing and Linux 6.8."
    return Choice("datapath-device", "veth", why, proof)


def _l7(results: Results, standing: Standing) -> Choice:
    if standing.l7:
        return Choice("l7-proxy", "on", "Policy routing and TPROXY rules work.", _rows(results, "cilium-l7-proxy"))
    return Choice(
        "l7-proxy",
        "off",
        "With it on, the agent crash-loops or its rules fail; L7 and DNS policy, Ingress and Gateway API are not available.",
        _rows(results, "cilium-l7-proxy"),
    )


def _hubble(results: Results, standing: Standing) -> Choice:
    proof = _rows(results, "cilium-hubble")
    if not standing.hubble:
        return Choice("hubble", "off", "Without perf events its ring buffers cannot be opened.", proof)
    why = "Flows are shown." if standing.flows else "It starts, but shows no L3/L4 flows: BPF_EVENTS is missing."
    return Choice("hubble", "on", why, proof)


def _encryption(results: Results, reader: Reader) -> Choice:
    if reader.works("cilium-wireguard"):
        return Choice(
            "encryption",
            "wireguard",
            "Available; off unless you set encryption.enabled.",
            _rows(results, "cilium-wireguard"),
        )
    if reader.works("cilium-ipsec"):
        return Choice("encryption", "ipsec", "Available; off unless you set it up.", _rows(results, "cilium-ipsec"))
    return Choice(
        "encryption",
        "none",
        "Neither WireGuard nor IPsec works on this kernel.",
        (*_rows(results, "cilium-wireguard"), *_rows(results, "cilium-ipsec")),
    )


def _attach(results: Results) -> Choice:
    hook = finding(results, "cilium-tcx", "tcx-hook")
    if hook.status is Status.PASS:
        return Choice("attachment", "tcx", "The kernel has the tcx hook.", (evidence(hook),))
    return Choice("attachment", "tc", "There is no tcx hook; tc filters do.", (evidence(hook),))
