"""Profiles of what people run: distributions name the component that breaks, and names that are nearly right are told."""

import pytest

from kina_audit.api import audit
from kina_audit.engine.finding import Status
from kina_audit.errors import ProfileError
from kina_audit.kernel.config import Completeness
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.profiles.load import PART_TAG, ProfileLibrary
from kina_audit.profiles.model import ONE_OF, Profile
from kina_audit.render import RenderOptions, render
from kina_audit.report.model import Report

LIBRARY = ProfileLibrary()
DISTRIBUTIONS = LIBRARY.tagged("distribution")


def kernel_with(profile: Profile, *off: str) -> Kernel:
    """A kernel that has everything a profile names but these symbols."""
    lines = ["# Linux/arm64 6.18.5 Kernel Configuration"]
    for symbol in sorted({s for r in profile.requirements for s in r.symbols}):
        lines.append(f"# CONFIG_{symbol} is not set" if symbol in off else f"CONFIG_{symbol}=y")
    config = parse_config("\n".join(lines) + "\n", completeness=Completeness.COMPLETE)
    return Kernel(config, Provenance("k", "file", "k"))


def audited(name: str, *off: str) -> Report:
    profile = LIBRARY.get(name)
    return audit(kernel_with(profile, *off), [profile], cilium=None)


@pytest.mark.parametrize("profile", DISTRIBUTIONS, ids=lambda p: p.id)
def test_a_distribution_runs_where_everything_it_names_is_on(profile: Profile) -> None:
    report = audit(kernel_with(profile), [profile], cilium=None)
    unmet = [f"{f.requirement.profile}/{f.requirement.id}" for _, f in report.findings(Status.FAIL)]
    assert (unmet, report.verdict) == ([], "pass")


@pytest.mark.parametrize("profile", [p for p in DISTRIBUTIONS if p.any_of], ids=lambda p: p.id)
def test_what_a_distribution_runs_by_default_is_one_of_its_alternatives(profile: Profile) -> None:
    """any_of names what may stand in a default's place, so the default is among them, by itself or by its parts."""
    asked = {r.expr.text for r in profile.requirements}
    whole = [n for n in profile.any_of if all(r.expr.text in asked for r in LIBRARY.get(n).required)]
    assert whole


@pytest.mark.parametrize(
    ("name", "off", "said"),
    [
        ("k3s", "VXLAN", "k3s/vxlan (required, from flannel-vxlan)"),
        ("k3s", "NETFILTER_XT_MATCH_STATISTIC", "k3s/statistic (required, from kube-proxy-iptables)"),
        ("rke2", "IP_SET_HASH_NET", "rke2/hash-net (required, from calico-iptables)"),
        ("microk8s", "IP_MULTIPLE_TABLES", "microk8s/policy-routing (required, from calico)"),
        ("k0s", "NETFILTER_XT_MATCH_MULTIPORT", "k0s/multiport (required, from kube-router-netpol)"),
        ("talos", "NFT_NUMGEN", "talos/numgen (required, from kube-proxy-nftables)"),
        ("container-k8s", "NETFILTER_XT_TARGET_TCPMSS", "container-k8s/tcpmss (required)"),
        (
            "vm-apple-container-k8s",
            "NF_TABLES_IPV4",
            "vm-apple-container-k8s/nft-script (required, from container-k8s)",
        ),
        ("kina", "NETFILTER_XT_MATCH_COMMENT", "kina/xt-comment (required, from iptables-basics)"),
        ("kind", "NETFILTER_XT_MATCH_ADDRTYPE", "kind/xt-addrtype (required, from"),
        ("openshift", "GENEVE", "openshift/ovs-geneve"),
    ],
)
def test_the_component_that_breaks_is_named(name: str, off: str, said: str) -> None:
    report = audited(name, off)
    assert report.verdict == "fail"
    assert said in render("table", report, RenderOptions(width=160))


def test_a_default_that_fails_says_which_alternative_works() -> None:
    found = [f for _, f in audited("k3s", "VXLAN").findings(Status.PASS) if f.requirement.id == ONE_OF]
    assert found[0].reason == "flannel-host-gw, flannel-wireguard works"


def test_k3s_goes_on_without_sets_and_kube_router_does_not() -> None:
    levels = {n: {r.id: r.level for r in LIBRARY.get(n).requirements}["ipset"] for n in ("k3s", "kube-router")}
    assert levels == {"k3s": "recommended", "kube-router": "required"}


def test_the_strictest_of_several_includes_holds() -> None:
    """runc does without keyrings, the kubelet does not; k3s includes both."""
    rows = {r.id: r for r in LIBRARY.get("k3s").requirements}
    assert (rows["keys"].level, rows["keys"].profile) == ("required", "kubelet")


def test_requirements_of_one_name_that_ask_different_things_both_stay() -> None:
    for profile in LIBRARY:
        whole = LIBRARY.get(profile.id)
        asked = {(r.expr.text, r.kernel, r.arch) for r in whole.requirements}
        for name in profile.includes:
            for row in LIBRARY.get(name).requirements:
                assert (row.expr.text, row.kernel, row.arch) in asked, (profile.id, row.profile, row.id)


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("cilum", "tag:cilium"),
        ("cilium", "tag:cilium"),
        ("k3d", "k3s"),
        ("kindet", "kindnet"),
        ("podmn", "podman"),
        ("docker", "docker-required"),
        ("microk8", "microk8s"),
        ("Talos", "talos"),
        ("flanel-vxlan", "flannel-vxlan"),
        ("cni/kindet", "cni/kindnet"),
    ],
)
def test_a_name_that_is_nearly_right_is_told(asked: str, meant: str) -> None:
    with pytest.raises(ProfileError, match="did you mean") as error:
        LIBRARY.select([asked])
    assert f" {meant}" in error.value.message.replace("?", " ")


def test_a_part_is_not_a_distribution() -> None:
    assert not [p.id for p in DISTRIBUTIONS if PART_TAG in p.tags]
