"""Booted truth: every verdict that a probe can prove, held against three kernels that were really booted."""

import tomllib
from functools import cache
from pathlib import Path

import pytest

from kina_audit.engine.evaluate import Evaluator
from kina_audit.engine.finding import Status
from kina_audit.kernel.parse import parse_config
from kina_audit.profiles.load import ProfileLibrary
from tests.conftest import SHARED, config_text

PROOFS = tomllib.loads((Path(__file__).parent / "data/truth-probes.toml").read_text(encoding="utf-8"))
KERNELS = ["apple-6.12-arm64", "debian-6.1.0-52-amd64", "debian-6.12.117+deb12-cloud-amd64"]
ROWS = [(profile, row) for profile, rows in PROOFS.items() for row in rows]
LIBRARY = ProfileLibrary()


@cache
def probes(kernel: str) -> dict[str, bool]:
    """Probe to whether it worked."""
    lines = (SHARED / "truth" / f"{kernel}.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith(("#", "probe\t"))]
    return {row[0]: row[1] == "ok" for row in rows}


@cache
def evaluator(kernel: str) -> Evaluator:
    return Evaluator(parse_config(config_text(SHARED / "truth" / f"{kernel}.config.gz")))


def proven(proof: list[str] | list[list[str]], worked: dict[str, bool]) -> bool:
    groups = [proof] if isinstance(proof[0], str) else proof
    return any(all(worked[name] for name in group) for group in groups)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("profile", "row"), ROWS, ids=lambda v: v)
def test_a_verdict_agrees_with_what_worked(shared: Path, kernel: str, profile: str, row: str) -> None:
    [requirement] = [r for r in LIBRARY.get(profile).requirements if r.id == row]
    finding = evaluator(kernel).requirement(requirement)
    expected = proven(PROOFS[profile][row], probes(kernel))
    if finding.status is Status.SKIP:
        assert not expected or requirement.kernel is not None
        return
    assert finding.status is not Status.UNKNOWN
    assert (finding.status is Status.PASS) == expected, finding


def test_every_probed_requirement_exists() -> None:
    for profile, rows in PROOFS.items():
        assert set(rows) <= {r.id for r in LIBRARY.get(profile).requirements}, profile


def test_every_shipped_profile_is_proven_by_a_probe() -> None:
    """Each profile's own requirements: at least one is proven, except where no probe exists for any."""
    unproven = {"cilium-bpf-tproxy", "cilium-srv6"}
    for name in LIBRARY.ids():
        own = [r for r in LIBRARY.get(name).requirements if r.profile == name]
        if own and name not in unproven:
            assert name in PROOFS, name
