"""Waivers: read strictly, applied by pattern, source, kernel and day, and never more than they say."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kina_audit.api import audit
from kina_audit.engine.finding import Status
from kina_audit.engine.waive import WaiverState
from kina_audit.engine.waiver import Waiver, read_waivers
from kina_audit.errors import UsageError
from kina_audit.kernel.version import KernelVersion
from kina_audit.report.model import FailOn, Report, Verdict
from tests.sample_report import CONFIG, LIBRARY, TODAY, kernel, profile, requirement

GOOD = {"requirement": "sample/off", "reason": "Known.", "expires": date(2027, 1, 31)}


def one(**more: Any) -> Waiver:
    table = {k: v for k, v in {**GOOD, **more}.items() if v is not None}
    [found] = read_waivers([table], "waivers.toml")
    return found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reason": None}, "no reason"),
        ({"reason": "   "}, "reason is not a text, or is empty"),
        ({"reason": 3}, "reason is not a text"),
        ({"expires": None}, "expires is missing"),
        ({"expires": "soon"}, "'soon' is not a day"),
        ({"expires": 20270131}, "'20270131' is not a day"),
        ({"requirement": None}, "name either a requirement or a profile"),
        ({"profile": "x"}, "name either a requirement or a profile"),
        ({"requirement": "off"}, "a requirement is named PROFILE/REQUIREMENT"),
        ({"requirement": "*/*"}, "it would waive everything"),
        ({"kernel": ">=x"}, "not a kernel version range"),
        ({"until": "2027-01-01"}, "unknown key 'until'"),
        ({"reason": "x" * 3000}, "longer than 2000"),
    ],
)
def test_a_bad_waiver_is_one_clear_error(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=r"waivers\.toml: waiver 1") as caught:
        one(**change)
    assert said in caught.value.message


@pytest.mark.parametrize("pattern", ["[a-z]*/*", "[!q]*/*", "*/[a-z]*", "sampl[e]/off"])
def test_a_bracket_stands_for_itself_so_that_no_pattern_is_everything_in_disguise(pattern: str) -> None:
    report = run(one(requirement=pattern))
    assert report.exit_code == 1
    assert [use.state for use in report.waivers] == [WaiverState.UNUSED]
    assert one(requirement="sample/o[1]f").covers("sample", "o[1]f")
    named = replace(kernel(), provenance=replace(kernel().provenance, source="node[1].config"))
    assert one(source="node[1].*").is_for(named)
    assert not one(source="node[a].*").is_for(named)


@pytest.mark.parametrize("tables", ["x", {"a": 1}, [1], 5, None])
def test_anything_else_than_a_list_of_tables_is_refused(tables: Any) -> None:
    with pytest.raises(UsageError):
        read_waivers(tables, "waivers.toml")


def run(
    *waivers: Waiver, strict: bool = False, today: date = TODAY, text: str = CONFIG, fail_on: str = "required"
) -> Report:
    rows = profile("sample", [requirement("off", "OFF"), requirement("met", "NET")])
    return audit(
        kernel(text), [rows], cilium=None, waivers=waivers, today=today, strict=strict, fail_on=fail_on, library=LIBRARY
    )


def test_a_waived_finding_no_longer_fails_and_stays_visible() -> None:
    assert run().exit_code == 1
    report = run(one())
    assert report.exit_code == 0
    [(_, found)] = report.findings(Status.FAIL)
    assert found.waiver == one()
    assert [u.state for u in report.waivers] == [WaiverState.APPLIED]


def test_the_last_day_holds_and_the_next_one_does_not() -> None:
    assert run(one(), today=date(2027, 1, 31)).exit_code == 0
    report = run(one(), today=date(2027, 2, 1))
    assert report.exit_code == 1
    assert [u.state for u in report.waivers] == [WaiverState.EXPIRED]
    assert report.waiver_warnings == (
        "waivers.toml: waiver 1 (sample/off) expired on 2027-01-31; what it covered counts again",
    )


@pytest.mark.parametrize(
    ("more", "applies"),
    [
        ({"source": "kernels/*.config"}, True),
        ({"source": "other.config"}, False),
        ({"kernel": ">=6.18,<7.0"}, True),
        ({"kernel": "<6.18"}, False),
        ({"kernel": "6.18.*"}, True),
        ({"kernel": "6.1.*"}, False),
        ({"requirement": "sample/*"}, True),
        ({"requirement": "samp?e/o*"}, True),
        ({"requirement": None, "profile": "sample"}, True),
        ({"requirement": None, "profile": "samples"}, False),
        ({"requirement": "SAMPLE/off"}, False),
    ],
)
def test_patterns_of_requirement_source_and_kernel(more: dict[str, Any], applies: bool) -> None:
    assert run(one(**more)).exit_code == (0 if applies else 1)


def test_a_waiver_for_another_kernel_is_not_called_unused() -> None:
    report = run(one(source="other.config"), strict=True)
    assert [u.state for u in report.waivers] == [WaiverState.ELSEWHERE]
    assert not report.waiver_warnings


def test_unused_waivers_warn_and_fail_a_strict_run() -> None:
    for waiver in (one(requirement="sample/met"), one(requirement="nowhere/x")):
        assert run(one(), waiver).exit_code == 0
        assert run(one(), waiver).waiver_warnings
        strict = run(one(), waiver, strict=True)
        assert (strict.verdict, strict.exit_code) == (Verdict.FAIL, 1)
    assert run(one(), strict=True).exit_code == 0


def test_a_requirement_is_waived_by_the_profile_that_defines_it_too() -> None:
    from kina_audit.profiles.load import ProfileLibrary

    library = ProfileLibrary()
    found = library.get("vxlan")
    including = replace(profile("outer", [requirement("own", "NET")]), requirements=found.requirements)
    report = audit(
        kernel(), [including], cilium=None, waivers=[one(requirement="vxlan/*")], today=TODAY, library=library
    )
    assert report.exit_code == 0
    assert report.findings(Status.FAIL)


def test_waivers_need_a_day() -> None:
    with pytest.raises(UsageError, match="without the day"):
        audit(kernel(), [profile()], cilium=None, waivers=[one()], library=LIBRARY)


# Thresholds are monotonic

LEVELS = ("required", "recommended", "optional")
EXPRESSIONS = ("NET", "OFF", "NOWHERE", "MOD", "!NET", "NET || OFF")
ROWS = st.lists(st.tuples(st.sampled_from(EXPRESSIONS), st.sampled_from(LEVELS)), min_size=1, max_size=6)
PATTERNS = ("sample/r0", "sample/r1", "sample/r*", "sample/x", "nothing/here", "*/r2")
WAIVERS = st.lists(
    st.builds(
        lambda pattern, day, source: one(requirement=pattern, expires=day, source=source or None),
        st.sampled_from(PATTERNS),
        st.sampled_from([date(2026, 1, 1), TODAY, date(2030, 1, 1)]),
        st.sampled_from(["", "other", "kernels/*"]),
    ),
    max_size=4,
)
PARTIAL = st.sampled_from([CONFIG, "CONFIG_NET=y\n# CONFIG_OFF is not set\nCONFIG_X=y\n"])


def exit_of(rows: list[tuple[str, str]], waivers: list[Waiver], fail_on: str, text: str) -> int:
    made = profile("sample", [requirement(f"r{i}", expr, level) for i, (expr, level) in enumerate(rows)])
    report = audit(
        kernel(text), [made], cilium=None, waivers=waivers, today=TODAY, fail_on=FailOn(fail_on), library=LIBRARY
    )
    return report.exit_code


@given(ROWS, WAIVERS, st.sampled_from([f.value for f in FailOn]), PARTIAL, st.sampled_from(LEVELS))
def test_adding_a_failure_never_lowers_the_exit_status(
    rows: list[tuple[str, str]], waivers: list[Waiver], fail_on: str, text: str, level: str
) -> None:
    assert exit_of([*rows, ("OFF", level)], waivers, fail_on, text) >= exit_of(rows, waivers, fail_on, text)


@given(ROWS, WAIVERS, WAIVERS, st.sampled_from([f.value for f in FailOn]), PARTIAL)
def test_adding_a_waiver_never_raises_the_exit_status(
    rows: list[tuple[str, str]], waivers: list[Waiver], more: list[Waiver], fail_on: str, text: str
) -> None:
    assert exit_of(rows, waivers + more, fail_on, text) <= exit_of(rows, waivers, fail_on, text)


@given(ROWS, WAIVERS, PARTIAL)
def test_a_stricter_level_never_lowers_the_exit_status(
    rows: list[tuple[str, str]], waivers: list[Waiver], text: str
) -> None:
    codes = [exit_of(rows, waivers, level, text) for level in ("never", *LEVELS)]
    assert codes == sorted(codes)


@pytest.mark.parametrize(
    ("kernel_", "can"),
    [
        ("7.2", False), ("6.18 - 7.3", False), ("foo", False), ("v7.*", False), (">=7.0,<6.0", False), ("<0.0", False),
        ("7.2.12", True), ("7.2.*", True), ("7.*", True), ("*", True), ("7.2*", True), ("6.12.28-153", True),
        ("7.3-rc1", True), ("*-cloud-amd64", True), (">=6.18", True), (">=6.18,<7.4", True), ("!=6.18", True),
        ("==6.18.5", True), ("[67].*", True), ("7.?.*", True),
    ],
)  # fmt: skip
def test_a_waiver_that_no_kernel_can_match_warns(kernel_: str, can: bool) -> None:
    waiver = one(kernel=kernel_)
    assert (not waiver.impossible) == can
    report = audit(kernel(), [profile()], cilium=None, waivers=[waiver], today=TODAY, strict=True, library=LIBRARY)
    never = [w for w in report.waiver_warnings if "can never hold" in w]
    assert bool(never) != can
    if not can:
        assert waiver.origin in [item.name for item in report.deciding], "--strict fails it"


@given(
    st.tuples(st.integers(0, 9), st.integers(0, 30), st.integers(0, 99)),
    st.sampled_from(["", "-rc3", "-153", "-debug"]),
)
def test_a_waiver_that_matches_some_kernel_is_possible(triple: tuple[int, int, int], suffix: str) -> None:
    text = f"{triple[0]}.{triple[1]}.{triple[2]}{suffix}"
    version = str(KernelVersion.parse(text))
    for cut in range(len(version) + 1):
        assert not one(kernel=version[:cut] + "*").impossible
    assert not one(kernel=version).impossible
