"""What is answered of a requirement when the input tells no version or no architecture."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kina_audit.api import audit, load_profiles
from kina_audit.engine.evaluate import UNTOLD_ARCH, UNTOLD_VERSION, Evaluator
from kina_audit.engine.finding import Finding, Status
from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.kernel.version import KernelVersion, VersionRange
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.profiles.model import Level, Requirement, Variant
from kina_audit.render import RenderOptions
from kina_audit.render.table import render


def row(expr: str, kernel: str = "", *variants: tuple[str, str], arch: tuple[str, ...] = ()) -> Requirement:
    return Requirement(
        "r", Expression.parse(expr), Level.REQUIRED, "why", "fix", "source",
        kernel=VersionRange.parse(kernel) if kernel else None, arch=arch,
        variants=tuple(Variant(Expression.parse(e), VersionRange.parse(k)) for e, k in variants),
    )  # fmt: skip


def found(of: Requirement, text: str) -> Finding:
    return Evaluator(parse_config(text)).requirement(of)


@pytest.mark.parametrize(
    ("requirement", "status"),
    [
        (row("A", "", ("A && B", ">=6.9"), ("A", ">=5.1,<5.4")), Status.PASS),
        (row("A", ">=5.6"), Status.PASS),
        (row("X", "", ("Y", ">=6.9")), Status.FAIL),
        (row("X || A", "", ("Y", ">=6.9")), Status.UNKNOWN),
        (row("X", ">=5.6"), Status.UNKNOWN),
        (row("A", "==6.1"), Status.PASS),
        (row("X", "", ("A", "!=6.1.3")), Status.UNKNOWN),
        (row("A", arch=("arm64",)), Status.PASS),
        (row("X", arch=("arm64",)), Status.UNKNOWN),
    ],
)
def test_one_answer_for_every_version_is_the_answer(requirement: Requirement, status: Status) -> None:
    text = "CONFIG_A=y\nCONFIG_B=y\n# CONFIG_X is not set\n# CONFIG_Y is not set\n"
    answer = found(requirement, text)
    assert answer.status is status
    untold = {UNTOLD_ARCH if requirement.arch else UNTOLD_VERSION}
    assert {answer.reason} == (untold if status is Status.UNKNOWN else {""})


clause = st.tuples(
    st.sampled_from([">=", "<", "==", "!=", ">", "<="]), st.sampled_from(["5.4", "6.1", "6.1.9", "6.12"])
)
ranges = st.lists(clause, max_size=2).map(lambda cs: ",".join(f"{op}{v}" for op, v in cs))
VERSIONS = [
    "4.19",
    "5.3.9",
    "5.4",
    "5.4.1",
    "5.10",
    "6.0",
    "6.1",
    "6.1.8",
    "6.1.9",
    "6.1.10",
    "6.9",
    "6.12",
    "6.12.3",
    "7.2",
]


@given(ranges, st.lists(st.tuples(st.sampled_from(["A", "X", "A && X"]), ranges.filter(bool)), max_size=2))
def test_what_is_answered_holds_on_every_version(gate: str, variants: list[tuple[str, str]]) -> None:
    requirement = row("A", gate, *variants)
    config = parse_config("CONFIG_A=y\n# CONFIG_X is not set\n")
    answer = Evaluator(config).requirement(requirement).status
    told = {Evaluator(config.with_target(KernelVersion.parse(v))).requirement(requirement).status for v in VERSIONS}
    if answer is Status.PASS:
        assert told <= {Status.PASS, Status.SKIP}
    elif answer is not Status.UNKNOWN:
        assert told == {answer}
    else:
        assert len(told) > 1


def test_every_shipped_requirement_can_be_asked_without_a_version() -> None:
    evaluator = Evaluator(KernelConfig({"NET": "y"}))
    findings = [f for profile in ProfileLibrary() for f in evaluator.profile(profile).findings]
    # A finding is explained when that is asked for.
    assert all(f.fix for f in findings)
    assert all(f.reason for f in findings if f.status in (Status.UNKNOWN, Status.SKIP))


def test_the_jit_of_a_config_without_a_version_is_told() -> None:
    text = "CONFIG_ARM64=y\nCONFIG_MODULES=y\nCONFIG_BPF_JIT=y\n"
    kernel = Kernel(parse_config(text), Provenance("x", "file", "x"))
    report = audit(kernel, load_profiles(["cilium-agent"]), cilium="1.18")
    [jit] = [f for r in report.results for f in r.findings if f.requirement.id == "jit"]
    assert jit.status is Status.PASS


def test_the_missing_version_is_said_once() -> None:
    text = "".join(f"CONFIG_HAVE_THING_{i}=y\n" for i in range(40)) + "CONFIG_NET=y\nCONFIG_MODULES=y\n"
    kernel = Kernel(parse_config(text), Provenance("x", "file", "x"))
    report = audit(kernel, load_profiles(["tag:cilium", "tag:default"]), cilium=None)
    unknown = [f for r in report.results for f in r.findings if f.reason == UNTOLD_VERSION]
    assert len(unknown) > 3
    shown = " ".join(render(report, RenderOptions(width=100)).split())
    assert shown.count(UNTOLD_VERSION) == 1
    assert all(f"/{f.requirement.id}" in shown for f in unknown if f.level is Level.REQUIRED)
