"""Findings by cause: each unmet requirement in one block, what goes together in one, the worst first."""

from dataclasses import replace

from kina_audit.api import audit, load_profiles
from kina_audit.engine.finding import UNMET, Status
from kina_audit.kernel.config import SymbolFact, SymbolState
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.profiles.load import build_profile
from kina_audit.render import RenderOptions, render
from kina_audit.report.causes import causes, lacking
from kina_audit.report.model import Report
from tests.sample_report import kernel, requirement


def report_of(*asked: tuple[str, str, str]) -> Report:
    rows = [requirement(name, expr, level) for name, expr, level in asked]
    document = {"id": "p", "title": "p", "description": "d", "requirement": rows}
    return audit(kernel(), [build_profile(document, "p.toml")], cilium=None)


def blocks(report: Report) -> list[tuple[list[str], list[str]]]:
    return [([s.name for s in c.symbols], [b.name for b in c.breaks]) for c in causes(report)]


def test_requirements_that_lack_the_same_are_one_block_and_the_worst_comes_first() -> None:
    report = report_of(
        ("idea", "NOWHERE", "recommended"), ("net", "NET", "required"), ("off", "OFF && NET", "required"),
        ("again", "NET && OFF", "recommended"), ("odd", "!NET", "required"),
    )  # fmt: skip
    assert blocks(report) == [(["OFF"], ["p/off", "p/again"]), (["NET"], ["p/odd"]), (["NOWHERE"], ["p/idea"])]
    assert [c.decides for c in causes(report)] == [True, True, False]
    assert [c.status for c in causes(report)] == [Status.FAIL, Status.FAIL, Status.WARN]


def test_a_set_that_others_make_up_has_no_block_of_its_own() -> None:
    report = report_of(("a", "A", "recommended"), ("b", "B", "required"), ("both", "A && B", "required"))
    assert blocks(report) == [(["B"], ["p/b", "p/both"]), (["A"], ["p/a"])]
    alone = report_of(("a", "A", "required"), ("both", "A && B", "required"))
    assert blocks(alone) == [(["A"], ["p/a"]), (["A", "B"], ["p/both"])]


def test_every_unmet_requirement_is_in_one_cause() -> None:
    report = report_of(
        *[(f"r{n}", expr, "required") for n, expr in enumerate(["A", "B || C", "!NET", "A && !NET", "OFF=y", "TEXT"])]
    )
    names = [b.name for c in causes(report) for b in c.breaks]
    unmet = [f"p/{f.requirement.id}" for r in report.results for f in r.findings if f.status in UNMET]
    assert sorted(names) == sorted(unmet)


def test_modules_that_are_not_installed_are_one_cause_with_one_fix() -> None:
    report = report_of(("one", "A", "required"), ("two", "B", "required"), ("off", "C", "required"))
    [result] = report.results

    def missing(name: str) -> SymbolFact:
        return SymbolFact(name, "m", SymbolState.MISSING, 7, f"no module file {name.lower()}.ko")

    found = [
        replace(f, symbols=tuple(missing(s.name) if s.name != "C" else s for s in f.symbols)) for f in result.findings
    ]
    report = replace(report, results=(replace(result, findings=tuple(found)),))
    assert blocks(report) == [(["A", "B"], ["p/one", "p/two"]), (["C"], ["p/off"])]
    assert causes(report)[0].reason == "A: no module file a.ko; B: no module file b.ko"
    text = render("table", report, RenderOptions(width=120))
    assert (
        "FAIL    A, B=m (line 7) and its module not installed\n  fails    p/one (required), p/two (required)\n" in text
    )


def test_a_condition_that_nobody_can_read_names_every_symbol() -> None:
    report = report_of(("off", "OFF && NOWHERE", "required"))
    [result] = report.results
    odd = replace(result.findings[0], expr=Expression("&& odd", ("const", "n"), ()))
    assert lacking(odd) == ("OFF", "NOWHERE")


def test_what_asks_for_the_kernels_version_is_not_told_under_one_of_their_conditions() -> None:
    """BPF, bpf/btf and netfilter's NAT were one block, with the NAT's symbols, reason and fix."""
    config = replace(parse_config("CONFIG_VXLAN=y\n"), arch="x86_64")
    asked = [p for p in load_profiles() if p.id in ("netfilter", "socket-filter", "bpf")]
    text = render("table", audit(Kernel(config, Provenance("k", "file", "k")), asked, cilium=None), RenderOptions())
    [block] = [b for b in text.split("\n\n") if "depends on the kernel's version" in " ".join(b.split())]
    assert block.startswith("UNKNOWN kernel version unknown\n")
    assert "netfilter/nat-front-end" in block
    assert "socket-filter/bpf" in block
    assert "\n  fix" not in block
    assert "\n  why" not in block
