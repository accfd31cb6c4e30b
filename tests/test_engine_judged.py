"""A profile's status, worked out without findings, is what its findings add up to, and they are made when somebody asks."""

import copy
import pickle
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path

import pytest

from kina_audit.api import audit
from kina_audit.base.datatype import replace
from kina_audit.engine import slips
from kina_audit.engine.evaluate import Evaluator, overall
from kina_audit.engine.finding import UNMET, Finding, ProfileResult, Status
from kina_audit.engine.slips import may_be_meant
from kina_audit.kconfig.carry import carry
from kina_audit.kernel.config import KernelConfig, Origin, SymbolFact, SymbolState
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.profiles.model import Level
from kina_audit.report.model import FailOn, Report
from kina_audit.sources import open_source
from kina_audit.sources.options import SourceOptions
from tests.conftest import config_text

PROFILES = list(ProfileLibrary())
WHOLE = [ProfileLibrary().get(p.id) for p in PROFILES]
RECORDED = ("apple@0.38.0", "kata@3.17.0", "kata@3.32.0-debug")


def kernels() -> "Iterator[tuple[str, KernelConfig]]":
    """Recorded kernels as they are, and as what tells less: an input, a part, of no version, of no architecture, elsewhere."""
    for name in RECORDED:
        whole = open_source(f"recorded:{name}", SourceOptions(offline=True)).config
        yield name, carry(whole)
        yield f"{name} on 6.8", carry(whole.with_target(KernelVersion(6, 8, 0), origin=Origin.INPUT))
    for name in ("images.config", "kconfig/config"):
        path = Path(__file__).parents[1] / "fixtures" / name
        config = parse_config(path.read_bytes(), name=path.name)
        yield path.name, config
        yield f"{path.name}, a vendor's 4.18", replace(config, target=KernelVersion.parse("4.18.0-553.el8_10.x86_64"))
        yield f"{path.name} of no version", replace(config, target=None)
        yield f"{path.name} of no architecture", replace(config, arch=None)
        yield f"{path.name} of neither", replace(config, target=None, arch=None)
    yield "a fragment", parse_config("CONFIG_BPF=y\n# CONFIG_BPF_JIT is not set\nCONFIG_VXLAN=m\n")
    yield "nothing but modules", parse_config("CONFIG_MODULES=y\nCONFIG_NF_TABLES=m\nCONFIG_NFT_COMPAT=m\n")


KERNELS = dict(kernels())


def held(config: KernelConfig) -> None:
    told, made = Evaluator(config), Evaluator(config)
    for profile in WHOLE:
        result = told.profile(profile)
        findings = tuple([made.requirement(row) for row in profile.requirements])
        assert result.status is overall(findings), profile.id
        for level in (*Level, None):
            rows = profile.at(level).rows
            assert told.statuses(profile, level) == [made.requirement(row).status for row in rows], (profile.id, level)
        for levels in (tuple(Level)[:1], tuple(Level)[:2], tuple(Level)):
            unmet = [f for f in findings if f.status in UNMET and f.level in levels]
            assert [f.requirement for f in result.unmet(levels)] == [f.requirement for f in unmet]
            assert ProfileResult(profile, findings, result.status).unmet(levels) == unmet
        assert result.skipped is all(f.status is Status.SKIP for f in findings)
        assert result.findings == findings
        assert result == ProfileResult(profile, findings, result.status) == pickle.loads(pickle.dumps(result))


@pytest.mark.parametrize("name", KERNELS)
def test_a_status_is_what_the_findings_add_up_to(name: str) -> None:
    held(KERNELS[name])


@pytest.mark.slow
def test_on_every_kernel_of_the_research_data(shared: Path) -> None:
    paths = chain(
        *(sorted((shared / part).rglob(kind)) for part in ("corpus", "kernels") for kind in ("*.gz", "*.config"))
    )
    configs = [parse_config(config_text(p)) for p in paths]
    assert len(configs) > 100
    for n, config in enumerate(configs):
        held(config)
        if n % 8 == 0:
            held(carry(replace(config, origin=Origin.INPUT)))


def test_every_status_is_there() -> None:
    """Otherwise the comparison above would say little."""
    found = {s for c in KERNELS.values() for p in WHOLE for s in Evaluator(c).statuses(p, None)}
    assert found == set(Status)


def test_findings_of_what_passes_are_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fleet's verdicts need those of what is unmet; the rest would be three quarters of the time."""
    made: list[Finding] = []
    evaluated = Evaluator.requirement

    def noted(self: Evaluator, row: object) -> Finding:
        made.append(evaluated(self, row))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(Evaluator, "requirement", noted)
    config = open_source("recorded:kata@3.32.0-debug", SourceOptions(offline=True)).config
    passing = [p for p in WHOLE if Evaluator(config).profile(p).status is Status.PASS]
    made.clear()
    report = audit(Kernel(config, Provenance("x", "file", "x")), passing, cilium=None)
    assert report.verdict == "pass"
    assert not [f for f in made if f.requirement.plain]
    assert sum(f.status is Status.PASS for r in report.results for f in r.findings) > len(passing) > 10


def test_a_status_outlives_the_profile_it_was_asked_for() -> None:
    """What is kept by a requirement's place in memory keeps the requirement: another one may be put there."""
    evaluator = Evaluator(KERNELS["a fragment"])
    for n in range(300):
        profile = replace(
            WHOLE[0], requirements=(replace(WHOLE[0].requirements[0], id=f"r{n}", level=list(Level)[n % 3]),)
        )
        assert evaluator.profile(profile).status is overall(
            (Evaluator(evaluator.kernel).requirement(profile.requirements[0]),)
        )


def test_optional_requirements_count_where_they_are_asked_to() -> None:
    config = KERNELS["nothing but modules"]
    for fail_on in FailOn:
        report = audit(Kernel(config, Provenance("x", "file", "x")), WHOLE, cilium=None, fail_on=fail_on)
        unmet = {
            f"{r.profile.id}/{f.requirement.id}"
            for r in report.results
            for f in r.findings
            if f.status in UNMET and f.level in fail_on.levels
        }
        assert {n for item in report.deciding for n in item.names} == unmet


@pytest.mark.parametrize(
    ("name", "raw", "told"),
    [
        ("BPF_JTI", (), True),
        ("BPF_JTI", ("BPF_JIT",), False),
        ("VENDOR_THING", (), False),
        ("CRYPTO_SHA257", (), False),
    ],
)
def test_what_may_be_meant_by_a_strange_name(name: str, raw: tuple[str, ...], told: bool) -> None:
    assert may_be_meant([name], raw, WHOLE) is told


def test_copies_of_profiles_are_judged_like_the_profiles() -> None:
    """What is kept by a requirement's place in memory went with a copy, whose requirements are elsewhere: geneve passed."""
    config = KERNELS["a fragment"]
    told = [Evaluator(config).profile(p).status for p in WHOLE]
    copies = WHOLE
    for copied in (
        copy.deepcopy,
        lambda ps: pickle.loads(pickle.dumps(ps)),
        lambda ps: pickle.loads(pickle.dumps(ps, 0)),
    ):
        for _ in range(3):
            copies = copied(copies)
            evaluator = Evaluator(config)
            results = [evaluator.profile(p) for p in copies]
            assert [r.status for r in results] == told
            assert [r.unmet(tuple(Level)) for r in results] == [list(r.of(*UNMET)) for r in results]
    before = asdict(replace(WHOLE[0]))
    assert asdict(WHOLE[0]) == before
    assert "_rows" not in before


def test_many_symbols_are_forgotten_and_none_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slips, "_MOST_KEPT", 30)
    monkeypatch.setattr(slips, "_AROUND", slips._Around())
    vxlan = next(p for p in WHOLE if "VXLAN" in p.symbols)
    for other in WHOLE[:40]:
        assert may_be_meant(["VXLANN"], (), [vxlan, other])


@pytest.mark.parametrize("text", ["X || X", "X && X", "(X) || X"])
def test_one_name_twice_is_one_symbol(text: str) -> None:
    fact = SymbolFact("X", None, SymbolState.UNKNOWN, among=("m", "y"))
    assert Expression.parse(text).bounds(lambda _: fact) == (1, 2)
    assert Expression.parse(text).bounds(lambda _: fact, lambda _: fact.bounds) == (1, 2)


def test_of_one_requirement_told_twice_the_worse_is_said() -> None:
    """Of two profiles of one id, that is, which only a program gives."""
    profile = next(p for p in WHOLE if p.id == "vxlan")
    row = next(r for r in profile.requirements if r.plain and r.level is Level.REQUIRED)
    unknown, failed = (
        ProfileResult(profile, (Finding(row, s, row.expr, row.fix, ()),), s) for s in (Status.UNKNOWN, Status.FAIL)
    )
    for results in ((unknown, failed), (failed, unknown)):
        report = Report(
            Kernel(KERNELS["a fragment"], Provenance("x", "file", "x")), results, None, FailOn.REQUIRED, "1"
        )
        [item] = report.deciding
        assert (item.status, report.verdict) == ("fail", "fail")
        assert " is not met: " in item.text
