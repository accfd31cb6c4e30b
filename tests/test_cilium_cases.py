"""Public bug reports about Cilium, held against the tool: ../shared/cases."""

import gzip
from pathlib import Path

import pytest

from kina_audit.api import load_profiles
from kina_audit.cilium.model import Mode, State
from kina_audit.engine.evaluate import Evaluator
from kina_audit.engine.finding import Status
from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.parse import parse_config
from tests.test_cilium_advice import advise, states
from tests.test_cilium_review import reviewed


def case(shared: Path, name: str) -> KernelConfig:
    path = shared / "cases" / f"{name}.config.gz"
    if not path.is_file():
        pytest.skip(f"{path.name} is not there")
    return parse_config(gzip.decompress(path.read_bytes()).decode())


@pytest.mark.parametrize(
    ("release", "says"),
    [("1.16.9", "creating netlink handle"), ("1.16", "failed to delete xfrm policies"),
     ("1.17", "failed to delete xfrm policies"), *((r, "creating netlink handle") for r in ("1.18", "1.19", "1.20.2"))],
)  # fmt: skip
def test_no_xfrm(shared: Path, release: str, says: str) -> None:
    """cilium #36600: 1.16.10 and 1.17 mended one place of two, 1.18 opened such a socket again; full-ebpf was advised."""
    found = advise(case(shared, "cilium-36600-no-xfrm"), release)
    assert found.mode is Mode.UNSUPPORTED
    agent = next(c for c in found.capabilities if c.feature == "agent")
    assert agent.says.startswith(says)
    assert "CONFIG_XFRM_USER=y" in agent.unlock


@pytest.mark.parametrize(("release", "said"), [("1.16", True), ("1.17", True), ("1.18", False), ("1.20.2", False)])
def test_modules_builtin(shared: Path, release: str, said: bool) -> None:
    """cilium #23863 ended with 1.18."""
    found = advise(case(shared, "cilium-23863-modules-builtin"), release, ipv6=True)
    texts = [*found.cautions, *(c for row in found.capabilities if row.feature == "ipv6" for c in row.cautions)]
    assert any("modules.builtin" in t for t in texts) is said


def test_ip6tables_through_nftables(shared: Path, tmp_path: Path) -> None:
    """talos #13935, and its fix: broken and mended kernel read alike, and the broken one passed."""
    broken, mended = (case(shared, f"talos-13935-{name}") for name in ("ip6tables-nft", "fixed"))
    assert states(advise(broken, "1.20.0"))["ipv6"] is State.BROKEN
    assert states(advise(mended, "1.20.0"))["ipv6"] is State.WORKS
    row = next(c for c in advise(broken, "1.20.0").capabilities if c.feature == "ipv6")
    assert row.unlock == ("CONFIG_IP6_NF_IPTABLES=y",)
    values = (shared / "cases/v6.yaml").read_text(encoding="utf-8")
    assert reviewed(values, broken, tmp_path, "1.20.0").breaks
    assert not reviewed(values, mended, tmp_path, "1.20.0").breaks
    profile = load_profiles(["cilium-ipv6"])[0]
    assert Evaluator(broken).profile(profile).status is Status.FAIL
    assert Evaluator(mended).profile(profile).status is not Status.FAIL


def test_a_slip_of_the_pen_in_6_6_58(shared: Path) -> None:
    """siderolabs/pkgs 1065: no symbol can tell it."""
    config = case(shared, "kernel-6.6.58-ip6-mark")
    row = next(c for c in advise(config, "1.16").capabilities if c.feature == "ipv6")
    assert row.state in (State.BROKEN, State.FATAL)
    assert "6.6.58" in row.because or row.state is State.FATAL
