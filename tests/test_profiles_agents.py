"""Rows of Cilium, of the meshes and of what traces with BPF that a reading of their code found too mild, or not true on a line."""

import pytest

from kina_audit.engine.finding import Status
from tests.test_profiles_levels import status

COUNTED = [
    # Neither the legacy tables nor the counter: iptables-nft is refused every rule before it became part of the core.
    ("cilium-iptables-backend", "NFT_COUNTER IP_NF_FILTER", "backend"),
    ("cilium-iptables-masquerade", "NFT_COUNTER IP_NF_NAT", "backend"),
    ("cilium-iptables-nft", "NFT_COUNTER", "nft-compat"),
    ("cilium-ipv6", "NFT_COUNTER IP6_NF_RAW", "ipv6-backend"),
    ("cilium-ipv6", "NFT_COUNTER IP6_NF_NAT", "ipv6-nat"),
    ("cilium-ztunnel", "NFT_COUNTER IP_NF_MANGLE", "ztunnel-tables"),
]


@pytest.mark.parametrize(
    ("version", "expected"), [("5.10.250", Status.FAIL), ("5.14.0", Status.PASS), ("5.15.9", Status.FAIL), ("6.1.9", Status.PASS)]
)  # fmt: skip
@pytest.mark.parametrize(("name", "off", "row"), COUNTED)
def test_no_rule_of_ciliums_goes_through_nft_without_the_counter(
    name: str, off: str, row: str, version: str, expected: Status
) -> None:
    assert status(name, off, row, version=version) is expected


@pytest.mark.parametrize(
    ("name", "off", "row", "expected"),
    [
        # With l7Proxy, which is on by default, the agent exits where it cannot add its rule.
        ("cilium-agent", "IP_MULTIPLE_TABLES", "policy-routing", Status.FAIL),
        # The last masquerading rule is refused, and the whole set is given up.
        ("cilium-iptables-masquerade", "NETFILTER_XT_MATCH_CONNTRACK", "conntrack-match", Status.FAIL),
        ("cilium-iptables-backend", "NETFILTER_XT_MATCH_CONNTRACK", "conntrack-match", Status.WARN),
        # The tables do not depend on NETFILTER_ADVANCED; the comment match does, which has a row of its own.
        ("cilium-iptables-backend", "NETFILTER_ADVANCED", "backend", Status.PASS),
        # Pods' rules for ztunnel need a table to stand in.
        ("cilium-ztunnel", "IP_NF_MANGLE NFT_COMPAT", "ztunnel-tables", Status.FAIL),
    ],
)  # fmt: skip
def test_what_a_reading_of_the_code_found(name: str, off: str, row: str, expected: Status) -> None:
    assert status(name, off, row) is expected
