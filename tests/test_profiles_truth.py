"""Booted truth: every verdict that a probe can prove, held against three kernels that were really booted."""

import os
import tomllib
from functools import cache
from pathlib import Path

import pytest

from kina_audit.engine.evaluate import Evaluator
from kina_audit.engine.finding import Status
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.parse import parse_config
from kina_audit.profiles.load import ProfileLibrary
from tests.conftest import SHARED, config_text
from tests.truth_page import truth_page

PROOFS = tomllib.loads((Path(__file__).parent / "data/truth-probes.toml").read_text(encoding="utf-8"))
KERNELS = ["apple-6.12-arm64", "debian-6.1.0-52-amd64", "debian-6.12.117+deb12-cloud-amd64"]
BY_SYMBOL = PROOFS.pop("symbol")
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


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("symbol", BY_SYMBOL)
def test_a_symbol_agrees_with_what_worked(shared: Path, kernel: str, symbol: str) -> None:
    """The same for a condition that many profiles ask for on its own."""
    low, high = Expression.parse(symbol).bounds(evaluator(kernel).fact)
    assert (low > 0) == (high > 0) == proven(BY_SYMBOL[symbol], probes(kernel))


def test_the_list_of_what_is_proven_is_current() -> None:
    """docs/truth.md, written again with KINA_AUDIT_UPDATE=1."""
    path = Path(__file__).parents[1] / "docs/truth.md"
    text = truth_page(LIBRARY, PROOFS, BY_SYMBOL, KERNELS)
    if os.environ.get("KINA_AUDIT_UPDATE"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
