"""What a running kernel shows, against its config: a disagreement is a finding."""

from dataclasses import replace

import pytest

from kina_audit.api import audit, load_profiles
from kina_audit.engine.finding import Status
from kina_audit.engine.observed import observed_result
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Observed, Provenance

HEADER = "# Linux/arm64 6.12.3 Kernel Configuration\n" + "".join(f"CONFIG_HAVE_X{i}=y\n" for i in range(40))


@pytest.mark.parametrize(
    ("config", "observed", "statuses"),
    [
        ("CONFIG_DEBUG_INFO_BTF=y\n", Observed("6.12.3-x", "", btf=True), ["pass", "pass"]),
        ("CONFIG_DEBUG_INFO_BTF=y\n", Observed("6.12.3-x", "", btf=False), ["pass", "warn"]),
        ("", Observed("6.12.9", "", btf=True), ["pass", "warn"]),
        ("", Observed("6.12.3", "", btf=False), ["pass", "pass"]),
        ("", Observed("6.18.5", "", btf=None), ["fail"]),
        ("", Observed("no version", "", btf=None), []),
    ],
)
def test_release_and_btf(config: str, observed: Observed, statuses: list[str]) -> None:
    result = observed_result(observed, parse_config(HEADER + config))
    assert [str(f.status) for f in result.findings] == statuses


def test_a_debian_release_is_of_its_upstream_line() -> None:
    config = parse_config(HEADER.replace("6.12.3", "6.1.55"))
    assert observed_result(Observed("6.1.0-13-amd64"), config).status is Status.PASS


def test_another_kernels_config_fails_the_audit() -> None:
    kernel = Kernel(parse_config(HEADER + "CONFIG_VXLAN=y\nCONFIG_NET=y\nCONFIG_INET=y\n"), Provenance("x", "ssh", "x"))
    profiles = load_profiles(["vxlan"])
    before = audit(kernel, profiles, cilium=None)
    seen = replace(kernel, provenance=replace(kernel.provenance, observed=Observed("6.18.5")))
    after = audit(seen, profiles, cilium=None)
    assert [r.profile.id for r in after.results] == ["vxlan", "observed"]
    assert after.results[0] == before.results[0]
    assert after.exit_code == 1
    assert "uname -r says 6.18.5, the config's header says 6.12.3" in after.results[1].findings[0].reason
