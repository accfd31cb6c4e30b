"""Baselines: stable, reviewable, strict about what they are of; only what was lost since fails."""

import html
import json
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from kina_audit.api import audit, load_kernel
from kina_audit.base.packaged import data_file
from kina_audit.cilium.model import LADDER, Mode
from kina_audit.engine.finding import Status
from kina_audit.engine.waiver import read_waivers
from kina_audit.errors import UsageError
from kina_audit.profiles.model import Level
from kina_audit.render import render
from kina_audit.report.baseline import read_baseline, take_over, write_baseline
from kina_audit.report.compare import Change, Direction, ModeChange, compare, mode_rank, waive_losses
from kina_audit.report.matrix import row_of_document
from kina_audit.report.model import FailOn, Report, Verdict
from kina_audit.report.snapshot import CiliumStanding, Snapshot, snapshot
from kina_audit.report.stored import read_report
from tests.conftest import SHARED
from tests.sample_report import CONFIG, LIBRARY, TODAY, kernel, profile, requirement, taken

DEFAULT = LIBRARY.tagged("default")


def of(source: str, cilium: str | None = "1.20.0") -> Snapshot:
    report = audit(load_kernel(source), DEFAULT, cilium=cilium, library=LIBRARY)
    return snapshot(report.kernel, report.results, report.advice)


def held(source: str, baseline: Snapshot, **more: Any) -> Report:
    options = {"cilium": "1.20.0", "fail_on": "recommended", "library": LIBRARY, **more}
    return audit(load_kernel(source), DEFAULT, baseline=baseline, baseline_origin="base.json", **options)


def test_the_file_follows_its_schema_is_sorted_and_is_read_back() -> None:
    before = of("recorded:apple@0.24.2")
    text = write_baseline(before, "1.2.3")
    document = json.loads(text)
    schema = json.loads(data_file("schemas/baseline.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert list(Draft202012Validator(schema).iter_errors(document)) == []
    for part in ("profiles", "findings", "symbols"):
        assert list(document[part]) == sorted(document[part])
    assert text == write_baseline(read_baseline(text, "x"), "1.2.3")
    assert document["kernel"]["target_version"] == "6.14.9"
    assert document["cilium"]["mode"] == "unsupported"
    assert document["symbols"]["BPF_JIT"] is None or document["symbols"]["BPF_JIT"] == "n"


def test_the_same_kernel_passes_its_own_baseline_whatever_it_fails() -> None:
    for source in ("recorded:apple", "recorded:kata@3.17.0"):
        report = held(source, of(source))
        assert report.exit_code == 0
        assert report.findings(Status.FAIL), "the failures are still there to see"


def test_the_target_change_of_apples_kernel_is_caught_and_its_files_are_not() -> None:
    before = of("recorded:apple@0.24.2")
    # 6.14.9 lies between two lines that differ in the legacy tables: what nobody can tell cannot be lost.
    assert held("recorded:apple@0.38.0", before).exit_code == 0
    known = {n: replace(s, status=Status.PASS) if s.status is Status.UNKNOWN else s for n, s in before.findings.items()}
    lost = held("recorded:apple@0.38.0", replace(before, findings=known))
    assert lost.exit_code == 1
    assert lost.baseline is not None
    names = {c.name for c in lost.baseline.regressions((Level.REQUIRED, Level.RECOMMENDED)) if c.level}
    assert names
    assert all("legacy" in n or "iptables" in n for n in names), names
    assert held("recorded:apple@0.24.2", of("recorded:apple@0.38.0")).exit_code == 0


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("6.14.9", "it is of Linux 6.14.9, and this is Linux 6.18.5"),
        (
            "7.2.1",
            "it is of Linux 7.2.1, and this is Linux 6.18.5, an older one: what that does without is pass to skip, and what it is too old for is lost",
        ),
        ("no version", "it is of Linux no version, and this is Linux 6.18.5"),
        ("6.18.5", ""),
    ],
)
def test_another_version_than_the_baselines_is_said(before: str, said: str) -> None:
    """A config that was edited may be taken for another kernel than before: by its header, and not by what it was known as."""
    taken_before = of("recorded:apple")
    baseline = replace(taken_before, kernel={**taken_before.kernel, "target_version": before})
    report = held("recorded:apple", baseline)
    for name in ("table", "markdown", "html"):
        text = " ".join(render(name, report).split())
        assert ("it is of Linux" in text) == bool(said), name
        assert said.replace("`", "") in html.unescape(text).replace("`", "").replace("\\", ""), name
    stored = read_report(json.loads(render("json", report)), "r.json")
    assert render("table", stored) == render("table", report)


def test_improvements_are_reported_and_taken_and_a_loss_never_is() -> None:
    report = held("recorded:kata@3.32.0-debug", of("recorded:kata@3.17.0"))
    assert report.baseline is not None
    assert report.baseline.improved
    text = write_baseline(take_over(report.baseline), "x")
    again = held("recorded:kata@3.32.0-debug", read_baseline(text, "x"))
    assert again.baseline is not None
    assert not again.baseline.improved
    assert {c.name for c in again.baseline.findings} == {
        c.name for c in report.baseline.findings if c.direction is Direction.LOST
    }
    back = held("recorded:kata@3.17.0", read_baseline(text, "x"))
    assert back.exit_code == 1


def test_a_lost_mode_or_capability_fails_and_can_be_waived() -> None:
    before = of("recorded:apple")
    assert before.cilium is not None
    better = {**before.cilium.capabilities, "cilium-xdp": Status.PASS}
    now = before.cilium.capabilities["cilium-xdp"]
    cilium = replace(before.cilium, mode=Mode.HYBRID, capabilities=better)
    report = held("recorded:apple", replace(before, cilium=cilium))
    assert report.exit_code == 1
    assert report.baseline is not None
    assert report.baseline.mode_lost
    until = date(2027, 1, 1)
    tables = [{"requirement": "cilium/mode", "reason": "No Cilium here.", "expires": until}]
    if Change("cilium-x", "capability", Status.PASS, now).direction is Direction.LOST:
        tables.append({"profile": "cilium-xdp", "reason": "No XDP here.", "expires": until})
    waived = held("recorded:apple", replace(before, cilium=cilium), waivers=read_waivers(tables, "w"), today=TODAY)
    assert waived.exit_code == 0
    assert not waived.waiver_warnings


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(schema_version=2), "schema version 2"),
        (lambda d: d.update(schema_version=True), "schema version True"),
        (lambda d: d.pop("schema_version"), "no schema_version"),
        (lambda d: d.update(profiles={}, findings={}), "an empty baseline"),
        (lambda d: d.update(findings={}), "an empty baseline"),
        (lambda d: d.pop("symbols"), "'symbols' is missing"),
        (lambda d: d.update(findings={"bpf/jit": "fine"}), "not a valid baseline"),
        (lambda d: d.update(findings={"bpf/jit": "required good"}), "not a valid baseline"),
        (lambda d: d.update(findings={"nowhere/x": "required pass"}), "belongs to no profile"),
        (lambda d: d.update(symbols={"X": 3}), "neither text nor null"),
        (lambda d: d.update(findings={"bpf/jit": None}), "is 'None', and not a level and a status"),
        (lambda d: d.update(profiles=[1]), "profiles is no object"),
        (lambda d: d["profiles"].update(bpf=1), "profile 'bpf' is no object"),
        (lambda d: d.update(symbols=[]), "symbols is no object"),
        (lambda d: d.update(kernel="6.1"), "kernel is no object"),
        (lambda d: d.update(cilium=[]), "cilium is no object"),
        (lambda d: d.update(cilium={"mode": "warp"}), "not a valid baseline"),
    ],
)
def test_a_baseline_that_cannot_be_compared_says_so(change: Any, said: str) -> None:
    document = json.loads(write_baseline(of("recorded:apple"), "x"))
    change(document)
    with pytest.raises(UsageError) as caught:
        read_baseline(json.dumps(document), "base.json")
    assert said in caught.value.message
    assert caught.value.message.startswith("base.json")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("line", "again"),
    [
        ('"bpf/jit": "required pass"', '"bpf/jit": "required fail"'),
        ('"mode": "unsupported"', '"mode": "full-ebpf"'),
        ('"schema_version": 1', '"schema_version": 1'),
    ],
)
def test_a_key_that_stands_twice_is_refused_for_a_reviewer_reads_the_first(line: str, again: str) -> None:
    """As a merge of two branches leaves it."""
    text = write_baseline(of("recorded:apple"), "x")
    name = line.partition('"')[2].partition('"')[0]
    found = next(x.strip().rstrip(",") for x in text.splitlines() if f'"{name}": ' in x)
    with pytest.raises(UsageError, match=f"not a baseline: it has '{name}' twice"):
        read_baseline(text.replace(found, f"{found},\n{again}", 1), "base.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '{"a": 1}', "[" * 100_000])
def test_what_is_no_baseline_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_baseline(text, "base.json")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda c: st.lists(c, max_size=3) | st.dictionaries(st.sampled_from(["release", "mode", "digest", "status", "x"]), c, max_size=3), max_leaves=8), st.sampled_from(["profiles", "findings", "symbols", "cilium", "kernel", "schema_version"]))  # fmt: skip
def test_a_mangled_baseline_is_one_clear_error(value: Any, key: str) -> None:
    document = json.loads(write_baseline(taken(), "x"))
    document[key] = value
    with suppress(UsageError):  # any other exception is a bug
        assert read_baseline(json.dumps(document), "base.json").findings


def test_another_baseline_than_this_audits_is_refused() -> None:
    before = of("recorded:apple")
    fewer = replace(before, profiles={k: v for k, v in before.profiles.items() if k != "bpf"})
    with pytest.raises(UsageError, match="other profiles: only this audit has bpf"):
        held("recorded:apple", fewer)
    edited = {**before.profiles, "bpf": replace(before.profiles["bpf"], digest="0" * 16)}
    with pytest.raises(UsageError, match="what bpf asks of a kernel has changed"):
        held("recorded:apple", replace(before, profiles=edited))
    with pytest.raises(UsageError, match=r"a baseline for Cilium 1\.20\.0, and this audit is for 1\.18"):
        held("recorded:apple", before, cilium="1.18")
    with pytest.raises(UsageError, match="a baseline of an arm64 kernel, and this one is x86_64"):
        held("recorded:apple-x86_64", before)
    some = dict(list(before.findings.items())[1:])
    with pytest.raises(UsageError, match="not the findings of these profiles"):
        held("recorded:apple", replace(before, findings=some))


def test_losing_the_answer_is_a_loss() -> None:
    """A config that no longer tells must not pass for one that told yes."""
    passing = profile(
        "sample", [{"id": "r", "expr": "NOWHERE || NET", "level": "required", "why": "w", "fix": "f", "source": "s"}]
    )
    before = taken(kernel(), passing)
    partial = kernel("CONFIG_NOTHING=y\n")
    before = replace(before, kernel={k: v for k, v in before.kernel.items() if k != "arch"})
    report = audit(partial, [passing], cilium=None, baseline=before, library=LIBRARY)
    assert (report.verdict, report.exit_code) == (Verdict.UNKNOWN, 1)


STATUSES = st.sampled_from([Status.PASS, Status.FAIL, Status.UNKNOWN])


@given(st.lists(STATUSES, min_size=3, max_size=3), st.integers(0, 2), st.sampled_from([f.value for f in FailOn]))
def test_a_better_baseline_never_lowers_the_exit_status(statuses: list[Status], which: int, fail_on: str) -> None:
    """Monotonic with a baseline too: what used to be met and is not counts at least as much."""
    rows = profile()
    before = taken(kernel(CONFIG), rows)
    names = [n for n, s in before.findings.items() if s.level is Level.REQUIRED][:3]
    changed = dict(before.findings)
    for name, status in zip(names, statuses, strict=True):
        changed[name] = replace(changed[name], status=status)

    def exit_of(findings: Any) -> int:
        held_by = replace(before, findings=findings)
        return audit(kernel(CONFIG), [rows], cilium=None, baseline=held_by, fail_on=fail_on, library=LIBRARY).exit_code

    better = {**changed, names[which]: replace(changed[names[which]], status=Status.PASS)}
    assert exit_of(better) >= exit_of(changed)


CAPABILITIES = ("cilium-a", "cilium-b")
STANDS = st.sampled_from([Status.PASS, Status.WARN, Status.UNKNOWN, Status.FAIL])
WORSE = {
    Status.PASS: (Status.WARN, Status.UNKNOWN, Status.FAIL),
    Status.WARN: (Status.FAIL,),
    Status.UNKNOWN: (Status.FAIL,),
}
PATTERNS = ("cilium-a/*", "cilium-*/capability", "cilium/mode", "sample/off", "sample/*", "other/*")


@given(
    st.tuples(STANDS, STANDS), st.tuples(STANDS, STANDS), st.sampled_from(list(Mode)), st.sampled_from(list(Mode)),
    st.lists(st.sampled_from(PATTERNS), max_size=3), st.sampled_from(PATTERNS), st.sampled_from(list(FailOn)),
)  # fmt: skip
def test_the_gate_is_monotonic_in_capabilities_mode_and_waivers(
    old: tuple[Status, Status], new: tuple[Status, Status], mode: Mode, now: Mode,
    patterns: list[str], more: str, fail_on: FailOn,
) -> None:  # fmt: skip
    rows = profile()
    before, after = taken(kernel(CONFIG), rows), taken(kernel(CONFIG), rows)
    before = replace(
        before,
        findings={**before.findings, "sample/off": replace(before.findings["sample/off"], status=Status.PASS)},
        cilium=CiliumStanding("1.20.0", mode, dict(zip(CAPABILITIES, old, strict=True))),
    )

    def exit_of(new: tuple[Status, ...], now: Mode, patterns: list[str]) -> int:
        rest = [{"requirement": p, "reason": "r", "expires": TODAY} for p in patterns]
        waivers = read_waivers(rest, "w")
        standing = CiliumStanding("1.20.0", now, dict(zip(CAPABILITIES, new, strict=True)))
        compared = waive_losses(compare(before, replace(after, cilium=standing), "base"), waivers)
        report = audit(
            kernel(CONFIG), [rows], cilium=None, fail_on=fail_on, library=LIBRARY, waivers=waivers, today=TODAY
        )
        return replace(report, baseline=compared).exit_code

    status = exit_of(new, now, patterns)
    assert exit_of(new, now, [*patterns, more]) <= status, "a waiver more never raises it"
    for worse in WORSE.get(new[0], ()):
        assert exit_of((worse, new[1]), now, patterns) >= status, "a capability less never lowers it"
    for lower in LADDER[LADDER.index(now) :] if now in LADDER else ():
        assert exit_of(new, lower, patterns) >= status, "a lower mode never lowers it"
    if fail_on is not FailOn.NEVER and old == new and mode is now and "sample/*" in patterns:
        assert status == 0, "what stands as it did passes"


P, W, U, F, S = Status.PASS, Status.WARN, Status.UNKNOWN, Status.FAIL, Status.SKIP
LOST, GAINED, SAME = Direction.LOST, Direction.GAINED, Direction.SAME


@pytest.mark.parametrize(
    ("before", "after", "requirement", "capability"),
    [
        (P, W, LOST, LOST),
        (P, F, LOST, LOST),
        (P, U, LOST, LOST),
        (P, S, SAME, SAME),
        (U, F, SAME, SAME),  # nobody knew that it was there; what is required fails by itself
        (U, W, SAME, SAME),
        (U, P, GAINED, GAINED),
        (W, F, SAME, LOST),  # a capability that only worked partly no longer works at all
        (F, W, SAME, GAINED),
        (W, U, SAME, LOST),  # that a degraded one may be broken now is a loss; that an unmet one may be met, no gain
        (F, U, SAME, SAME),
        (F, P, GAINED, GAINED),
        (W, P, GAINED, GAINED),
        (S, F, LOST, LOST),
        (None, F, LOST, LOST),
        (None, P, SAME, SAME),
        (F, None, GAINED, GAINED),
    ],
)
def test_which_way_a_status_went(
    before: Status | None, after: Status | None, requirement: Direction, capability: Direction
) -> None:
    assert Change("p", "r", before, after, Level.REQUIRED).direction is requirement
    assert Change("cilium-x", "capability", before, after).direction is capability


def test_a_degraded_capability_that_breaks_fails_the_gate() -> None:
    """The profiles that are audited need not name the feature, so nothing else would."""
    before = of("recorded:apple")
    assert before.cilium is not None
    broken = next(k for k, v in sorted(before.cilium.capabilities.items()) if v is Status.FAIL)
    held_by = replace(
        before, cilium=replace(before.cilium, capabilities={**before.cilium.capabilities, broken: Status.WARN})
    )
    report = held("recorded:apple", held_by)
    assert report.verdict is Verdict.FAIL
    assert report.baseline is not None
    taken_over = take_over(report.baseline)
    assert taken_over.cilium is not None
    assert taken_over.cilium.capabilities[broken] is Status.WARN


def test_cannot_tell_is_no_improvement_and_is_not_taken_over() -> None:
    row = {"id": "r", "expr": "NOWHERE", "level": "required", "why": "w", "fix": "f", "source": "s"}
    rows = profile("sample", [row, {**row, "id": "told", "expr": "NET"}])
    before = taken(kernel(), rows)
    assert before.findings["sample/r"].status is Status.FAIL
    partial = kernel("# Linux/arm64 6.18.5 Kernel Configuration\nCONFIG_NET=y\nCONFIG_ARM64=y\n")
    report = audit(partial, [rows], cilium=None, baseline=before, library=LIBRARY)
    assert report.baseline is not None
    assert [c.after for c in report.baseline.findings] == [Status.UNKNOWN]
    assert (report.exit_code, report.baseline.improved) == (0, False)
    assert take_over(report.baseline).findings == before.findings


def test_a_symbol_that_the_baseline_never_noted_is_not_called_unknown() -> None:
    row = {"id": "r", "expr": "NET", "level": "required", "why": "w", "fix": "f", "source": "s"}
    rows = profile("sample", [{**row, "variant": [{"kernel": ">=6.17", "expr": "NET && OFF"}]}])
    before = taken(kernel(CONFIG.replace("6.18.5", "6.12.1")), rows)
    report = audit(kernel(CONFIG), [rows], cilium=None, baseline=before, library=LIBRARY)
    assert report.baseline is not None
    assert [(c.after, c.symbols) for c in report.baseline.findings] == [(Status.FAIL, ())]


def test_the_ladder_is_ordered_and_unknown_is_no_gain() -> None:
    assert ModeChange("1.20.0", Mode.UNSUPPORTED, Mode.UNKNOWN).direction is SAME
    assert ModeChange("1.20.0", Mode.UNKNOWN, Mode.UNSUPPORTED).direction is SAME
    assert ModeChange("1.20.0", Mode.UNKNOWN, Mode.UNSUPPORTED).fails
    assert ModeChange("1.20.0", Mode.UNKNOWN, Mode.MINIMAL).direction is GAINED
    ranks = [mode_rank(m) for m in LADDER]
    assert ranks == sorted(ranks)
    assert mode_rank(Mode.MINIMAL) < mode_rank(Mode.UNKNOWN) < mode_rank(Mode.UNSUPPORTED)
    assert set(Mode) == {*LADDER, Mode.UNKNOWN}


def test_comparing_names_the_symbols_behind_a_change() -> None:
    compared = compare(of("recorded:apple@0.24.2"), of("recorded:apple@0.38.0"))
    symbols = {n: (old, new) for c in compared.findings for n, old, new in c.symbols}
    assert symbols["IP_NF_FILTER"] == (None, "n")  # 6.14.9 lies between two lines that differ in it


GATED = [
    requirement("hook", "NET", "recommended", kernel=">=6.6"),
    requirement("gate", "NET", kernel=">=6.6", older_need_none=True),
    requirement("until", "NET", kernel=">=6.1,<6.12"),
    requirement("arm-hook", "NET", kernel=">=6.6", arch=["x86_64"]),
]


def on(version: str, text: str = CONFIG) -> Snapshot:
    report = audit(kernel(text.replace("6.18.5", version)), [profile(rows=GATED)], cilium=None)
    return snapshot(report.kernel, report.results, None)


def test_what_an_older_kernel_lacks_is_lost_and_what_it_does_without_is_not() -> None:
    newer, older = on("6.8.1"), on("6.1.9")
    assert [(c.name, c.direction) for c in compare(newer, older).findings] == [
        ("sample/hook", "lost"),
        ("sample/gate", "same"),
    ]
    assert [(c.name, c.direction) for c in compare(older, newer).findings] == [
        ("sample/hook", "gained"),
        ("sample/gate", "same"),
    ]
    # Above a range nothing is lost; a file has no more than its words.
    assert [(c.name, c.direction) for c in compare(newer, on("6.18.5")).findings] == [("sample/until", "same")]
    again = read_baseline(write_baseline(older, "1"), "x")
    assert compare(again, newer).findings[0].direction is Direction.GAINED
    unmet = on("6.8.1", CONFIG.replace("CONFIG_NET=y", "# CONFIG_NET is not set"))
    assert [c.direction for c in compare(unmet, older).findings if c.name == "sample/hook"] == ["same"]
    assert [c.direction for c in compare(older, unmet).findings if c.name == "sample/hook"] == ["lost"]


def test_a_kernel_too_old_fails_its_baseline_until_a_waiver_covers_it() -> None:
    rows = [profile(rows=GATED), replace(profile(rows=GATED), id="other")]
    text = kernel(CONFIG.replace("6.18.5", "6.1.9"))
    accepted = audit(kernel(CONFIG.replace("6.18.5", "6.8.1")), rows, cilium=None)
    baseline = snapshot(accepted.kernel, accepted.results, None)

    def held_to(fail_on: str, *waived: str) -> Report:
        tables = [{"requirement": w, "reason": "Known.", "expires": date(2027, 3, 31)} for w in waived]
        return audit(
            text, rows, cilium=None, baseline=baseline, fail_on=fail_on, today=TODAY, strict=True,
            waivers=read_waivers(tables, "waivers.toml") if tables else (),
        )  # fmt: skip

    report = held_to("recommended")
    assert [(i.kind, i.name, i.status) for i in report.deciding] == [("too-old", "sample/hook", "fail")]
    assert "only on Linux >=6.6, this is 6.1.9" in report.deciding[0].text
    assert "Asked by other/hook, too." in report.deciding[0].text
    assert held_to("required").exit_code == 0
    assert [i.name for i in held_to("recommended", "sample/hook").deciding] == []
    assert [i.name for i in held_to("recommended", "nobody/hook").deciding] == [
        "sample/hook",
        "waivers.toml: waiver 1 (nobody/hook)",
    ]
    metrics = render("openmetrics", report)
    assert 'kina_audit_baseline_changes{direction="lost",of="recommended"} 2' in metrics
    document = json.loads(render("json", report))
    row = row_of_document("n", document, ["sample", "other"], FailOn.RECOMMENDED, "", details=False)
    assert (row.verdict, row.note) == ("fail", "lost since baseline: sample/hook, other/hook")
    assert row_of_document("n", document, ["sample"], FailOn.REQUIRED, "", details=False).verdict == "pass"
    # Taking over what was gained keeps what was lost.
    assert report.baseline is not None
    assert take_over(report.baseline).findings["sample/hook"].status is Status.PASS


def test_debians_6_1_has_lost_what_its_6_12_had_and_nothing_that_it_does_without() -> None:
    configs = [SHARED / f"corpus/debian/debian-{v}-config.amd64_none_cloud-amd64.config.gz" for v in ("6.12", "6.1")]
    if not all(path.is_file() for path in configs):
        pytest.skip("../shared/corpus is not here")
    names = ["bpf", "bpf-net", "iptables-legacy", "netfilter", "btf", "runc-crun", "vm-kata"]
    chosen = [LIBRARY.get(name) for name in names]
    newer, older = (audit(load_kernel(str(path)), chosen, cilium=None) for path in configs)
    before = snapshot(newer.kernel, newer.results, None)
    report = audit(
        load_kernel(str(configs[1])), chosen, cilium=None, baseline=before, baseline_origin="b", fail_on="optional"
    )
    assert {i.name for i in report.deciding if i.kind == "too-old"} == {"bpf/tcx", "bpf-net/xgress", "bpf-net/netkit"}
    assert report.baseline is not None
    without = {c.name for c in report.baseline.findings if (c.before, c.after, c.direction) == ("pass", "skip", "same")}
    assert without >= {"bpf/tc-filter", "iptables-legacy/ip4-legacy", "vm-kata/loop-write"}
    again = compare(snapshot(older.kernel, older.results, None), before)
    assert {c.name for c in again.improvements} >= {"bpf/tcx", "bpf-net/netkit"}


def test_a_vendors_kernel_with_a_low_number_cannot_be_told_to_be_too_old() -> None:
    rows = [profile(rows=[requirement("hook", "NET", kernel=">=6.6"), requirement("net", "NET")])]
    accepted = audit(kernel(CONFIG.replace("6.18.5", "6.8.1")), rows, cilium=None)
    baseline = snapshot(accepted.kernel, accepted.results, None)
    report = audit(kernel(CONFIG.replace("6.18.5", "5.14.0-427.el9.x86_64")), rows, cilium=None, baseline=baseline)
    assert [(i.name, i.status) for i in report.deciding] == [("sample/hook", "unknown")]
    assert "whether this is among it is not verified" in report.deciding[0].text
    assert (report.verdict, report.exit_code) == (Verdict.UNKNOWN, 1)


def test_a_kernel_older_than_those_that_are_forbidden_is_no_loss() -> None:
    rows = [profile(rows=[requirement("ban", "n", kernel=">=6.6"), requirement("net", "NET")])]
    newer, older = (audit(kernel(CONFIG.replace("6.18.5", v)), rows, cilium=None) for v in ("6.8.1", "6.1.9"))
    assert not older.results[0].findings[0].too_old
    found = compare(*(snapshot(r.kernel, r.results, None) for r in (newer, older)))
    assert [(c.before, c.after, c.direction) for c in found.findings] == [("fail", "skip", "gained")]
