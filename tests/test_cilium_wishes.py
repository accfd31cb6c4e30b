"""Whatever is wished for on whatever kernel: the values that come out hold together, and keep their promises."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kina_audit.api import review_cilium
from kina_audit.cilium.combinations import matches
from kina_audit.cilium.features import feature_ids
from kina_audit.cilium.keys import Given, keys, on_when
from kina_audit.cilium.model import LADDER, Advice, Mode, State
from kina_audit.cilium.release import find_release, known_releases
from kina_audit.cilium.review import BREAKS, effective
from kina_audit.kconfig.lines import shipped_tree
from kina_audit.kconfig.toolchain import Toolchain
from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.render.yaml import dump
from kina_audit.sources.cilium_values import CONFIGMAP, HELM
from tests.conftest import examples
from tests.test_cilium_advice import LIBRARY, WHOLE, advise, states
from tests.test_cilium_ladder import synthetic
from tests.test_cilium_review import flat

VERSIONS = ["5.4.0", "5.10.0", "6.1.0", "6.6.0", "6.9.3", "6.11.1", "6.12.0", "6.18.5", "7.1.0", "7.2.0"]
RELEASES = sorted({str(r) for r in known_releases()} | {"1.18.13", "1.19.8", "1.20.3"})
MODES = [str(m) for m in LADDER[:-1]]


@pytest.fixture(scope="module", autouse=True)
def _limit_is_raised() -> None:
    """The first tree of a process raises the recursion limit, and Hypothesis grumbles where that is within a test of its own."""
    shipped_tree((6, 18), "arm64", Toolchain.parse("gcc-14"))


@st.composite
def cases(draw: st.DrawFn) -> tuple[KernelConfig, str, dict[str, Any]]:
    missing = draw(st.sets(st.sampled_from(WHOLE), max_size=4))
    want = draw(st.lists(st.sampled_from(feature_ids()), max_size=4, unique=True))
    avoid = draw(st.sets(st.sampled_from(feature_ids()), max_size=3)) - set(want)
    wishes: dict[str, Any] = {"want": want, "avoid": sorted(avoid)}
    wishes["ipv6"] = draw(st.booleans()) and "ipv6" not in avoid
    wishes["keep_kube_proxy"] = draw(st.booleans()) and "kube-proxy-replacement" not in want
    wishes["min_mode"] = draw(st.sampled_from(["", *MODES]))
    config = synthetic(*WHOLE, version=draw(st.sampled_from(VERSIONS)), missing=tuple(missing))
    return config, draw(st.sampled_from(RELEASES)), wishes


def on(advice: Advice, values: list[Given], kind: str) -> set[str]:
    known = keys(find_release(advice.release))
    found, _, _ = effective(values, kind, known)
    return {name for name, tables in on_when().items() if any(matches(wanted, found) for wanted in tables)}


@pytest.mark.slow
@settings(max_examples=examples(400))
@given(case=cases())
def test_the_values_keep_the_promises(case: tuple[KernelConfig, str, dict[str, Any]]) -> None:
    config, release, wishes = case
    plain, advice = advise(config, release), advise(config, release, **wishes)
    assert states(plain) == states(advice)
    assert all(w.because for w in advice.wishes)
    if advice.mode in (Mode.UNSUPPORTED, Mode.UNKNOWN):
        assert not advice.helm_values
        assert not advice.fulfilled
        assert advice.mode is Mode.UNKNOWN or not any(w.granted for w in advice.wishes)
        return
    helm = [Given(k, v, 1) for k, v in flat(dict(advice.helm_values))]
    config_map = [Given(k, v, 1) for k, v in advice.config_map.items()]
    # What is granted is on, what is avoided is off, by the values and by the ConfigMap alike.
    granted = {w.feature for w in advice.wishes if w.granted}
    for values, kind in ((helm, HELM), (config_map, CONFIGMAP)):
        active = on(advice, values, kind)
        assert (granted & on_when().keys()) - {"mutual-auth"} <= active, (granted - active, kind)
        avoided = set(wishes["avoid"]) | ({"kube-proxy-replacement"} if wishes["keep_kube_proxy"] else set())
        assert not (avoided - {"agent"}) & active, (avoided & active, kind)
        # And the review of our own advice finds nothing that breaks.
        kernel = Kernel(config, Provenance("test", "file", "test"))
        rows = [(g.key, "10.0.0.1" if g.value.startswith("REPLACE-") else g.value, g.line) for g in values]
        found = review_cilium(kernel, rows, kind, cilium=release, library=LIBRARY)
        broken = [(r.feature, r.because) for r in found.remarks if r.state in BREAKS]
        assert not broken, (broken, kind)
        # What the agent will report of itself is what was chosen.
        told, chosen = found.prediction, {c.name: c.value for c in advice.choices}
        assert told.kube_proxy_replacement is (chosen["kube-proxy-replacement"] == "on"), kind
        assert told.host_routing.lower() in ("", chosen["host-routing"]), kind
        assert {"Disabled": "none"}.get(told.masquerading, told.masquerading.lower()) == chosen["masquerade"], kind
        assert (told.inter_host == "Native") is (chosen["routing"] == "native"), kind
        assert (told.datapath, told.attach or chosen["attachment"]) == (
            chosen["datapath-device"],
            chosen["attachment"],
        ), kind
    assert yaml.safe_load(dump(advice.helm_values)) == advice.helm_values


@pytest.mark.parametrize(
    ("missing", "version", "release", "why"),
    [
        (
            "BPF_JIT",
            "6.12.0",
            "1.20.2",
            "The agent does not start on this kernel. Cilium 1.18 and later exits at start",
        ),
        ("", "7.2.0", "1.18", "Linux 7.2 checks the arguments of bpf_set_retval, and the agent exits"),
        ("", "7.2.0", "1.18.13", "Whether the agent starts on this kernel is not known. Cilium up to 1.18.12"),
        ("DEBUG_INFO_BTF", "7.2.0", "1.20.2", "Whether the agent starts on this kernel is not known. On Linux 7.2"),
    ],
)
def test_nothing_is_granted_where_the_agent_is_not_known_to_start(
    missing: str, version: str, release: str, why: str
) -> None:
    [wish] = advise(synthetic(*WHOLE, version=version, missing=(missing,)), release, want=["wireguard"]).wishes
    assert not wish.granted
    assert wish.because.startswith(why)


@pytest.mark.parametrize("feature", ["netkit", "bbr", "big-tcp-ipv4"])
def test_what_needs_a_feature_that_may_not_work_may_not_work_either(feature: str) -> None:
    """Nobody knows whether 1.18.13 replaces kube-proxy without BTF; what needs that at two removes "worked", and was granted."""
    without = synthetic(*WHOLE, version="6.12.0", missing=("DEBUG_INFO_BTF",))
    advice = advise(without, "1.18.13", want=[feature])
    [row] = [c for c in advice.capabilities if c.feature == feature]
    assert row.state is State.UNKNOWN
    assert row.because.startswith("It needs bpf-host-routing: It needs kube-proxy-replacement: In 2026-09 the change")
    assert [w.granted for w in advice.wishes] == [False]
    # It is known of the release before, and of a kernel that has it.
    for config, release in ((without, "1.18.12"), (synthetic(*WHOLE, version="6.12.0"), "1.18.13")):
        advice = advise(config, release, want=[feature])
        assert [w.granted for w in advice.wishes] == [True], release


@pytest.mark.parametrize(
    ("want", "avoid", "needs"), [("bbr", "bandwidth-manager", "bandwidth-manager"), ("dsr-geneve", "geneve", "geneve")]
)
def test_what_brings_something_that_is_avoided_is_refused(want: str, avoid: str, needs: str) -> None:
    """The bandwidth manager was switched on; and DSR through Geneve without a Geneve device, at which the agent exits."""
    advice = advise(synthetic(*WHOLE, version="6.12.0"), "1.19.6", want=[want], avoid=[avoid])
    assert [(w.granted, w.because) for w in advice.wishes] == [(False, f"It needs {needs}, which is not to be used.")]
    assert "bandwidthManager" not in advice.helm_values
    assert "loadBalancer" not in advice.helm_values
    [alone] = advise(synthetic(*WHOLE, version="6.12.0"), "1.19.6", want=[want]).wishes
    assert alone.granted


def test_the_gateway_for_ipv6_has_its_range_with_native_routing() -> None:
    """It switches IPv6 on, and the agent exits without one: "native routing cidr must be configured"."""
    advice = advise(synthetic(*WHOLE, version="6.12.0"), "1.18.12", want=["nat46x64", "native-routing"])
    assert advice.fulfilled
    assert advice.helm_values["ipv6NativeRoutingCIDR"] == advice.config_map["ipv6-native-routing-cidr"] == "fd00::/104"


def test_without_any_routing_that_may_be_used_there_is_nothing_to_advise() -> None:
    """Native routing was chosen, which was not to be."""
    without = synthetic(*WHOLE, version="6.12.0", missing=("VXLAN", "GENEVE"))
    advice = advise(without, "1.18.12", avoid=["native-routing"])
    assert (advice.mode, advice.helm_values, advice.fulfilled) == (Mode.UNSUPPORTED, {}, False)
    assert "nothing would carry the pods' traffic" in advice.summary
    assert advise(without, "1.18.12").helm_values["routingMode"] == "native"
    assert advise(synthetic(*WHOLE, version="6.12.0"), "1.18.12", avoid=["native-routing"]).mode is Mode.FULL_EBPF


def test_what_comes_with_a_wish_that_is_granted_is_granted() -> None:
    """Without cubic the bandwidth manager alone is refused; with BBR it is on, whichever of the two is named first."""
    without = synthetic(*WHOLE, version="6.12.0", missing=("TCP_CONG_CUBIC",))
    for want in (["bandwidth-manager", "bbr"], ["bbr", "bandwidth-manager"]):
        advice = advise(without, "1.20.2", want=want)
        told = {w.feature: (w.granted, w.because) for w in advice.wishes}
        assert told["bandwidth-manager"] == (True, "It comes with bbr.")
        assert advice.fulfilled
    assert not advise(without, "1.20.2", want=["bandwidth-manager"]).fulfilled


@pytest.mark.parametrize(
    ("wishes", "choice", "because"),
    [
        ({"want": ["geneve"]}, "routing", "A feature that is wanted needs it."),
        ({"avoid": ["vxlan"]}, "routing", "Geneve works, and VXLAN is missing or not to be used."),
        (
            {"avoid": ["vxlan", "geneve"]},
            "routing",
            "Neither VXLAN nor Geneve works, or is to be used; nodes must share",
        ),
        (
            {"avoid": ["socket-lb"]},
            "kube-proxy-replacement",
            "Socket load balancing, which it switches on, is not to be",
        ),
        ({"keep_kube_proxy": True}, "kube-proxy-replacement", "kube-proxy is to stay."),
        (
            {"keep_kube_proxy": True, "want": ["bpf-masquerade"]},
            "masquerade",
            "Its programs load, without kube-proxy rep",
        ),
        ({}, "masquerade", "kube-proxy replacement is on and its programs load."),
    ],
)
def test_a_choice_gives_the_reason_that_made_it(wishes: dict[str, Any], choice: str, because: str) -> None:
    [made] = [c for c in advise(synthetic(*WHOLE, version="6.12.0"), "1.20.2", **wishes).choices if c.name == choice]
    assert made.because.startswith(because)


def test_ipsec_says_what_it_needs_beside_the_kernel() -> None:
    whole = synthetic(*WHOLE, version="6.12.0")
    assert any("cilium-ipsec-keys" in caution for caution in advise(whole, "1.20.2", want=["ipsec"]).cautions)
    assert not any("cilium-ipsec-keys" in caution for caution in advise(whole, "1.20.2").cautions)


@pytest.mark.parametrize(
    ("version", "release", "mode", "routing"),
    [
        ("6.12.28", "1.20.2", Mode.HYBRID, "legacy"),
        ("6.12.29", "1.20.2", Mode.FULL_EBPF, "bpf"),
        ("6.1.138", "1.19", Mode.HYBRID, "legacy"),
        ("6.15.0", "1.20.2", Mode.FULL_EBPF, "bpf"),
        ("6.15.0", "1.18", Mode.HYBRID, "legacy"),
    ],
)
def test_ipsec_has_bpf_host_routing_where_the_kernel_does_not_drop_what_it_decrypts(
    version: str, release: str, mode: Mode, routing: str
) -> None:
    advice = advise(synthetic(*WHOLE, version=version), release, want=["ipsec"])
    assert [w.granted for w in advice.wishes] == [True]
    choices = {c.name: c for c in advice.choices}
    assert (advice.mode, choices["host-routing"].value) == (mode, routing)
    # The agent of 1.19 and later does not fall back by itself.
    assert ("hostLegacyRouting" in advice.helm_values["bpf"]) is (routing == "legacy")
    assert advice.config_map.get("enable-host-legacy-routing", "false") == str(routing == "legacy").lower()
    assert ("CVE-2025-37959" in choices["host-routing"].because) is (mode is Mode.HYBRID and release != "1.18")
    # What the values already do is no caution.
    assert not any("CVE-2025-37959" in c for c in advice.cautions)


@pytest.mark.parametrize("version", ["6.8.12", "5.15.190", "6.12.0", "6.12.0-124.el10.x86_64"])
def test_what_a_vendor_may_have_mended_is_done_without(version: str) -> None:
    """Of nothing that is known to work: the node's own stack is."""
    advice = advise(synthetic(*WHOLE, version=version), "1.20.2", want=["ipsec"])
    assert advice.wishes[0].granted
    assert (advice.mode, advice.helm_values["bpf"]["hostLegacyRouting"]) == (Mode.HYBRID, True)
    both = advise(synthetic(*WHOLE, version=version), "1.20.2", want=["ipsec", "bpf-host-routing"])
    assert (both.mode, [w.granted for w in both.wishes]) == (Mode.FULL_EBPF, [True, True])
    [doubt] = [c for c in both.cautions if "CVE-2025-37959" in c]
    assert doubt.startswith("Not verified. Linux before 6.1.139")


def test_a_reason_names_whose_need_it_is() -> None:
    kernel = synthetic(*WHOLE, version="6.12.20")
    advice = advise(kernel, "1.20.2", want=["netkit", "ipsec"])
    assert [w.because for w in advice.wishes if not w.granted] == [
        "netkit devices would break. It needs bpf-host-routing."
    ]
    [encryption] = [c for c in advise(kernel, "1.20.2", avoid=["wireguard"]).choices if c.name == "encryption"]
    assert encryption.because.endswith("and not beside BPF host routing here: --want ipsec leaves that out.")
    [routing] = [
        c
        for c in advise(synthetic(*WHOLE, version="5.4.200"), "1.16", want=["ipsec"]).choices
        if c.name == "host-routing"
    ]
    assert "needs Linux >=5.10" in routing.because


def test_a_wish_that_no_agent_of_the_record_had_is_not_observed() -> None:
    kernel = synthetic(*WHOLE, version="6.12.117")
    assert not advise(kernel, "1.20.0", want=["ipsec"]).run


def test_who_avoids_tcx_gets_no_device_that_brings_it() -> None:
    advice = advise(synthetic(*WHOLE), "1.20.2", avoid=["tcx"], want=["netkit"])
    choices = {c.name: c for c in advice.choices}
    assert (choices["datapath-device"].value, choices["attachment"].value) == ("veth", "tc")
    assert choices["attachment"].because == "tcx is not to be used; tc filters do."
    assert (
        choices["datapath-device"].because
        == "The kernel has netkit. netkit devices bring tcx, which is not to be used."
    )
    [older] = [c for c in advise(synthetic(*WHOLE), "1.15", avoid=["tcx"]).choices if c.name == "datapath-device"]
    assert older.because == "The kernel has netkit. It needs Cilium 1.16, too."
    assert advice.helm_values["bpf"]["enableTCX"] is False
    [wish] = advice.wishes
    assert (wish.granted, wish.because) == (False, "It needs tcx, which is not to be used.")


@pytest.mark.parametrize(
    ("version", "device", "why"),
    [
        ("6.8.12", "veth", "drops what netkit sends through VXLAN"),
        ("6.9.4", "veth", "drops what netkit sends through VXLAN"),
        ("6.9.5", "netkit", "The kernel has netkit"),
        ("6.11.1", "veth", "crash when a program redirects a packet from netkit"),
        ("6.11.2", "netkit", "The kernel has netkit"),
    ],
)
def test_netkit_is_left_where_the_kernel_is_known_to_go_wrong_with_it(version: str, device: str, why: str) -> None:
    advice = advise(synthetic(*WHOLE, version=version), "1.20.2")
    [choice] = [c for c in advice.choices if c.name == "datapath-device"]
    assert (choice.value, advice.mode) == (device, Mode.FULL_EBPF)
    assert why in choice.because


def test_who_wants_netkit_gets_a_tunnel_that_carries_it() -> None:
    advice = advise(synthetic(*WHOLE, version="6.9.4"), "1.20.2", want=["netkit"])
    assert advice.wishes[0].granted
    assert (advice.helm_values["bpf"]["datapathMode"], advice.helm_values["tunnelProtocol"]) == ("netkit", "geneve")


@pytest.mark.parametrize(
    ("want", "avoid"),
    [
        ("native-routing", "big-tcp-ipv4"),
        ("bpf-masquerade", "egress-gateway"),
        ("dsr-opt", "no-conntrack-rules"),
        ("vxlan", "vtep"),
        ("egress-gateway", "bpf-masquerade-ipv6"),
    ],
)
def test_what_needs_the_same_as_something_that_is_avoided_is_granted(want: str, avoid: str) -> None:
    advice = advise(synthetic(*WHOLE), "1.20.2", want=[want], avoid=[avoid])
    assert [w.granted for w in advice.wishes] == [True], advice.wishes


@pytest.mark.parametrize("want", [["host-firewall", "ipv6"], ["ipv6", "host-firewall"]])
@pytest.mark.parametrize("release", ["1.14", "1.15", "1.16"])
def test_no_agent_before_1_16_has_a_host_firewall_beside_bpf_masquerading_of_ipv6(
    release: str, want: list[str]
) -> None:
    advice = advise(synthetic(*WHOLE, version="6.12.0"), release, want=want)
    assert [w.granted for w in advice.wishes] == [True, True]
    assert advice.config_map["enable-bpf-masquerade"] == str(release == "1.16").lower()


def test_ipsec_before_1_16_is_why_kube_proxy_stays() -> None:
    advice = advise(synthetic(*WHOLE), "1.15", want=["ipsec"])
    [choice] = [c for c in advice.choices if c.name == "kube-proxy-replacement"]
    assert (choice.value, advice.mode) == ("off", Mode.COMPAT)
    assert "IPSec cannot be used with BPF NodePort" in choice.because
