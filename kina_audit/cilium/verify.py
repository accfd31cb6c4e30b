"""What a Cilium agent runs, by its own status, against what its configuration asks for; and why the two differ.

The status is what ``cilium-dbg status -o json`` prints: the agent's ``StatusResponse``. Its fields are those of
cilium/cilium main (0abb991080) api/v1/openapi.yaml, in use since 1.14 but for ``routing``, ``attach-mode`` and ``datapath-mode``
(1.16; before, ``host-routing`` had the one thing of ``routing`` that decides); what a release does not say is left out. A status
that looks well is no proof: features that break without a word are judged by the kernel, as ``cilium review`` does.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kina_audit.base.datatype import datatype
from kina_audit.cilium.features import HOST_ROUTING
from kina_audit.cilium.keys import CONFIGMAP, Given, derive, keys
from kina_audit.cilium.predict import TRUE, configured
from kina_audit.cilium.release import Release
from kina_audit.cilium.review import BREAKS, Review, effective

NODES, KERNEL, VALUES, RESTART = "node", "kernel", "values", "restart"


@datatype
class Line:
    """One thing about a node.

    Attributes:
        topic: what it is about.
        wanted: what the configuration asks for.
        running: what the agent says.
        same: whether it runs as wanted.
        because: why not, or why the configuration comes to that; may be empty.
    """

    topic: str
    wanted: str
    running: str
    same: bool
    because: str = ""


@datatype
class Verification:
    """A node.

    Attributes:
        node: its name; empty: a saved status.
        kernel: its kernel, or why that is not known.
        release: the Cilium release.
        lines: what was compared.
        problem: why it could not be read; then there are no lines.
        gap: what could not be read beside the agent's own answer, and why; empty: nothing.
    """

    node: str
    kernel: str
    release: str
    lines: tuple[Line, ...]
    problem: str = ""
    gap: str = ""

    @property
    def differs(self) -> bool:
        """Something that could be read does not run as wanted."""
        return any(not line.same for line in self.lines)

    @property
    def as_wanted(self) -> bool:
        """Every line is as wanted, there are some, and nothing that would say otherwise is missing."""
        return bool(self.lines) and not self.differs and not self.gap


def compare(
    config: Mapping[str, str],
    status: Mapping[str, Any],
    release: Release,
    *,
    lacks: Mapping[str, str] | None,
    review: Review | None = None,
    stale: str = "",
    fresh: bool = False,
    programs: Sequence[str] | None = None,
) -> tuple[Line, ...]:
    """Hold a status against a ``cilium-config``.

    Args:
        config: the ConfigMap's data.
        status: the agent's answer.
        release: the Cilium release.
        lacks: feature to what the node's kernel lacks for it; None: the kernel is not known.
        review: what of the configuration breaks on that kernel.
        stale: a sentence when the agent is older than its configuration.
        fresh: the agent is known to be younger than its configuration.
        programs: names of the BPF programs that are loaded; None: not asked.
    """
    found: list[Line] = []

    def line(topic: str, wanted: str, running: str | None, feature: str = "", note: str = "") -> None:
        if running is None:
            return
        same = wanted.lower() == running.lower()
        because = note if same else "; ".join(filter(None, ((lacks or {}).get(feature, ""), note, stale)))
        if not same and not because:
            known = "its kernel is not known" if lacks is None else "its kernel lacks nothing for it that is known"
            known += ", and it was started with this configuration" if fresh else ""
            because = f"{known}; its log says why: {feature or topic}"
        found.append(Line(topic, wanted, running, same, because))

    given = [Given(key, value.lower(), 0) for key, value in config.items()]
    values = derive(effective(given, CONFIGMAP, keys(release))[0], release)
    asked = configured(values, release)

    def on(key: str) -> bool:
        return values.get(key) in TRUE

    agent = _of(status, "cilium")
    state = str(agent.get("state", "unknown"))
    found.append(Line("agent", "Ok", f"{state} {agent.get('msg', '')}".strip(), state in ("Ok", "Warning")))
    bpf = asked.masquerading == "BPF"
    line("kube-proxy replacement", _yes(asked.kube_proxy_replacement), _kpr(status), "kube-proxy-replacement")
    line("masquerading", asked.masquerading, _masquerading(status), "bpf-masquerade" if bpf else "iptables-masquerade")
    routing = _of(status, "routing")
    # Before 1.16 it had a place of its own.
    inside = _text(routing, "intra-host-routing-mode") or _text(_of(status, "host-routing"), "mode")
    # A kernel that is too old for it is no fault of the agent.
    old = review is not None and review.prediction.host_routing == "Legacy" != asked.host_routing
    wanted, note = ("Legacy", "the kernel is too old for BPF") if old else (asked.host_routing, asked.legacy)
    line("host routing", wanted, inside, HOST_ROUTING, note)
    device = _text(status, "datapath-mode")
    mode = asked.datapath if asked.datapath != "auto" else device or ""
    line("datapath device", mode, device, mode)
    native = asked.inter_host == "Native"
    inter = _text(routing, "inter-host-routing-mode")
    tunnel = values.get("tunnel-protocol", "vxlan")
    # A status has no word for hybrid routing, or not yet: it says Tunnel.
    between = "Tunnel" if asked.inter_host == "Hybrid" and inter == "Tunnel" else asked.inter_host
    line("routing", between, inter, "native-routing" if native else tunnel)
    if asked.inter_host == inter == "Tunnel":
        line("tunnel", tunnel, _text(routing, "tunnel-protocol"), tunnel)
    named = {"enable-wireguard": "Wireguard", "enable-ipsec": "IPsec", "enable-ztunnel": "Ztunnel"}
    encryption = next((word for key, word in named.items() if on(key)), "disabled")
    line("encryption", encryption, _text(_of(status, "encryption"), "mode"), encryption.lower())
    hubble = _text(_of(status, "hubble"), "state")
    line(
        "Hubble",
        "Ok" if on("enable-hubble") else "disabled",
        hubble,
        "hubble",
        str(_of(status, "hubble").get("msg") or ""),
    )
    managed = "bbr" if on("enable-bbr") else "bandwidth-manager"
    line("bandwidth manager", asked.bandwidth or "disabled", _running_bandwidth(status), managed, asked.unmanaged)
    attach = "tcx" if mode.startswith("netkit") else asked.attach
    line("attach mode", attach, _text(status, "attach-mode"), "tcx")
    line(
        "host firewall",
        "enabled" if on("enable-host-firewall") else "disabled",
        _text(_of(status, "host-firewall"), "mode"),
        "host-firewall",
    )
    node_port = _of(_of(_of(status, "kube-proxy-replacement"), "features"), "nodePort")
    if node_port.get("enabled"):
        line(
            "NodePort acceleration",
            values.get("bpf-lb-acceleration", "disabled"),
            _text(node_port, "acceleration"),
            "xdp",
        )
        line("NodePort mode", values.get("bpf-lb-mode", "snat"), _text(node_port, "mode"), "dsr")
    return (*found, *_programs(programs), *_broken(review))


def _programs(programs: Sequence[str] | None) -> list[Line]:
    if programs is None:
        return []
    own = sorted({p for p in programs if p.startswith(("cil_", "tail_", "bpf_"))})
    shown = ", ".join(own[:8]) + (" ..." if len(own) > 8 else "") if own else "none"
    because = "" if own else "no program of Cilium is loaded on this node"
    return [Line("BPF programs", "loaded", shown, bool(own), because)]


def _broken(review: Review | None) -> list[Line]:
    """What the status does not show: values whose needs the kernel does not meet."""
    if review is None:
        return []
    return [
        Line(
            r.feature or r.key,
            f"{r.key}={r.value}" if r.value else r.key,
            "the status does not show it",
            same=False,
            because=r.because,
        )
        for r in review.remarks
        if r.state in BREAKS
    ]


def _of(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key)
    return found if isinstance(found, Mapping) else {}


def _text(document: Mapping[str, Any], key: str) -> str | None:
    found = document.get(key)
    return None if found is None or found == "" else str(found)


def _yes(value: bool) -> str:
    return "true" if value else "false"


def _kpr(status: Mapping[str, Any]) -> str | None:
    mode = _text(_of(status, "kube-proxy-replacement"), "mode")
    return None if mode is None else _yes(mode.lower() in ("true", "strict", "partial", "probe"))


def _masquerading(status: Mapping[str, Any]) -> str | None:
    found = _of(status, "masquerading")
    if not found:
        return None
    return str(found.get("mode", "iptables")) if found.get("enabled") else "disabled"


def _running_bandwidth(status: Mapping[str, Any]) -> str | None:
    if "bandwidth-manager" not in status:
        return None
    found = _of(status, "bandwidth-manager")
    return str(found.get("congestionControl") or "cubic") if found.get("enabled") else "disabled"
