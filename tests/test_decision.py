"""What decides is one list, and every format shows all of it: nothing lost, stale or unknown is green anywhere."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kina_audit.api import audit, load_profiles
from kina_audit.base.json_text import indented
from kina_audit.cilium.model import Advice, Capability, Mode, State
from kina_audit.engine.finding import Status
from kina_audit.engine.waive import uses
from kina_audit.engine.waiver import read_waivers
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.kernel.setting import set_line, setting
from kina_audit.profiles.load import build_profile
from kina_audit.profiles.model import Profile
from kina_audit.render import ADVICE_ONLY, FORMATS, RenderOptions, render
from kina_audit.render.many import MANY_FORMATS, render_many
from kina_audit.render.openmetrics import MOST_NAMES
from kina_audit.report.compare import CAPABILITY, Change, Comparison, ModeChange
from kina_audit.report.decision import Kind, beside_findings
from kina_audit.report.document import to_document
from kina_audit.report.many import Unread, verdict, worst
from kina_audit.report.matrix import row_of_document
from kina_audit.report.model import FailOn, Report, Verdict
from kina_audit.report.snapshot import Snapshot, snapshot
from kina_audit.report.stored import read_report
from tests.conftest import SHARED, config_text
from tests.format_readers import BY_NAME, READERS, read_table_by_profile
from tests.sample_report import requirement

import json  # isort: skip

TODAY = date(2026, 11, 28)
SYMBOLS = ("A", "B", "C", "D")
LEVELS = ("required", "recommended", "optional")
OLDER = "# Linux/arm64 6.1.9 Kernel Configuration\n"
FILLER = "# Linux/arm64 6.18.5 Kernel Configuration\n" + "".join(f"CONFIG_HAVE_THING_{i}=y\n" for i in range(40))

heads = st.sampled_from([FILLER, FILLER, OLDER + FILLER.partition("\n")[2], "CONFIG_NET=y\n"])
configs = st.tuples(heads, st.dictionaries(st.sampled_from(SYMBOLS), st.sampled_from(["y", "n"]))).map(
    lambda c: (
        c[0] + "".join(f"CONFIG_{k}=y\n" if v == "y" else f"# CONFIG_{k} is not set\n" for k, v in sorted(c[1].items()))
    )
)
expressions = st.sampled_from(["A", "B", "C && D", "!A", "A || D", "B && !C"])
gates = st.sampled_from([{}, {}, {"kernel": ">=6.6"}, {"kernel": ">=6.6", "older_need_none": True}])
rows = st.lists(st.tuples(expressions, st.sampled_from(LEVELS), gates), min_size=1, max_size=3).map(
    # Something is asked of every kernel.
    lambda asked: [(*asked[0][:2], {}), *asked[1:]]
)
patterns = st.sampled_from(["one/*", "two/r0", "*/r1", "cilium/mode", "cilium/*", "cilium-wireguard/*", "nobody/*"])
days = st.sampled_from([date(2027, 3, 31), date(2026, 11, 1)])
statuses = st.sampled_from([Status.PASS, Status.WARN, Status.FAIL, Status.UNKNOWN])


def built(name: str, asked: list[tuple[str, str, dict[str, Any]]], shared: tuple[Any, ...] = ()) -> Profile:
    document = {"id": name, "title": name, "description": "d"}
    document["requirement"] = [requirement(f"r{i}", expr, level, **gate) for i, (expr, level, gate) in enumerate(asked)]
    own = build_profile(document, f"{name}.toml")
    return replace(own, requirements=(*own.requirements, *shared))


def config(text: str) -> Kernel:
    return Kernel(parse_config(text), Provenance("node.config", "file", "node.config"))


@pytest.mark.parametrize("fail_on", ["required", "recommended"])
def test_an_agent_that_does_not_start_fails_where_its_own_profile_counts_for_nothing(fail_on: str) -> None:
    """A folder's own edition of the profile, or a hand in a stored report, says that nobody asked for it."""
    profiles = [replace(built("cilium-agent", [("A", "required", {})]), asked=False)]
    found = audit(config(FILLER), profiles, cilium=None, fail_on=fail_on)
    exits = Capability("cilium-agent", "Agent", Status.FAIL, "It needs A.", state=State.FATAL)
    advice = Advice("1.18.0", Mode.UNSUPPORTED, "It exits.", capabilities=(exits,), asked=True)
    assert advice.starts is False
    report = replace(found, advice=advice)
    assert (report.verdict, report.cilium) == (Verdict.FAIL, Verdict.FAIL)
    stored = read_report(to_document(report), "report.json")
    assert (stored.verdict, stored.cilium) == (Verdict.FAIL, Verdict.FAIL)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Any kernel, profiles that share requirements, waivers, a baseline, a lost mode and capabilities."""
    one = built("one", draw(rows))
    # The second includes the first's requirements, each still defined in it.
    two = built("two", draw(rows), tuple(replace(r, id=f"in-{r.id}") for r in one.requirements) * draw(st.booleans()))
    three = replace(one, id="three")
    # A profile of the default set that nobody asked for.
    two = replace(two, asked=draw(st.booleans()))
    profiles = [one, two, three][: draw(st.integers(1, 3))]
    tables = [
        {"requirement": p, "reason": "Known.", "expires": day}
        for p, day in draw(st.lists(st.tuples(patterns, days), max_size=3))
    ]
    waivers = read_waivers(tables, "waivers.toml") if tables else ()
    held: Snapshot | None = None
    if draw(st.booleans()):
        before = audit(config(draw(configs)), profiles, cilium=None)
        held = snapshot(before.kernel, before.results, None)
    report = audit(
        config(draw(configs)), profiles, cilium=None, fail_on=draw(st.sampled_from(FailOn)), waivers=waivers, today=TODAY,
        strict=draw(st.booleans()), baseline=held, baseline_origin="base.json",
    )  # fmt: skip
    if report.baseline is None and draw(st.booleans()):
        agent = Capability("cilium-agent", "Agent", Status.WARN, "It needs A.", state=draw(st.sampled_from(State)))
        advice = Advice(
            "1.18.0", draw(st.sampled_from(Mode)), "A summary.", capabilities=(agent,), asked=draw(st.booleans())
        )
        kept = uses(waivers, report.results, report.kernel, TODAY, beside_findings(None, advice))
        return replace(report, advice=advice, waivers=kept)
    if report.baseline is None or not draw(st.booleans()):
        return report
    before_status, after_status = draw(statuses), draw(statuses)
    changes = ()
    if before_status is not after_status:
        changes = (Change("cilium-wireguard", CAPABILITY, before_status, after_status, waived=draw(st.booleans())),)
    mode = ModeChange("1.18.0", draw(st.sampled_from(Mode)), draw(st.sampled_from(Mode)), waived=draw(st.booleans()))
    feature = Capability("cilium-wireguard", "WireGuard", after_status, "It needs A.", ("CONFIG_A=y",))
    return replace(
        report,
        baseline=replace(report.baseline, capabilities=changes, mode=mode),
        advice=Advice("1.18.0", mode.after, "A summary.", capabilities=(feature,)),
    )


def check(report: Report) -> None:
    """Every format agrees with the list, and the list with the exit status."""
    assert (report.verdict is Verdict.PASS) == (not report.deciding)
    assert report.exit_code == (0 if not report.deciding or report.fail_on is FailOn.NEVER else 1)
    every = {n for item in report.deciding for n in item.names}
    for name in FORMATS.keys() - ADVICE_ONLY:
        # The compact set counts every item, and names the first of them.
        text = render(name, report, RenderOptions(metrics="all"))
        read = READERS[name](text)
        assert read.verdict in (None, str(report.verdict)), name
        assert read.count == len(every if name in BY_NAME else report.deciding), (name, text)
        wanted = every if read.all_names else {item.name for item in report.deciding}
        # GitHub shows ten annotations of a kind and counts the rest.
        assert read.names < wanted if read.cut else read.names == wanted, (name, text)
    compact = READERS["openmetrics"](render("openmetrics", report))
    assert compact.count == len(report.deciding)
    assert compact.names <= every
    assert len(compact.names) == min(MOST_NAMES["compact"], len({item.name for item in report.deciding}))
    by_profile = read_table_by_profile(render("table", report, RenderOptions(by="profile")))
    assert (by_profile.verdict, by_profile.count, by_profile.names) == (str(report.verdict), len(every), every)
    assert {report.features, report.cilium} & {report.verdict}
    assert (report.features is Verdict.PASS and report.cilium is Verdict.PASS) == (report.verdict is Verdict.PASS)


def independently(report: Report) -> set[str]:
    """What decides, said a second time and in other words."""
    levels = LEVELS[: LEVELS.index(report.fail_on) + 1] if report.fail_on != "never" else LEVELS[:1]
    names = set()
    compared = report.baseline
    for result in report.results:
        for f in result.findings:
            name = f"{result.profile.id}/{f.requirement.id}"
            bad = f.status not in (Status.PASS, Status.SKIP) and f.waiver is None and f.level in levels
            if not result.profile.asked and compared is None and f.level == "required":
                bad = bad and "recommended" in levels
            lost = compared is None or any(
                c.name == name
                and (c.direction == "lost" or (c.before, c.after, c.level) == ("unknown", "fail", "required"))
                for c in compared.findings
            )
            names |= {name} if bad and lost else set()
    older: dict[str, str] = {}
    for result in report.results if compared is not None else ():
        for f in result.findings:
            name = f"{result.profile.id}/{f.requirement.id}"
            row = f.requirement
            asked_newer = (
                row.kernel is not None and not row.older_need_none and f.status == "skip" and f.level in levels
            )
            if asked_newer and any(c.name == name and c.before == "pass" and not c.waived for c in compared.findings):
                older.setdefault(f.fingerprint, name)
    names |= set(older.values())
    if compared is not None:
        names |= {c.name for c in compared.capabilities if c.direction == "lost" and not c.waived}
        mode = compared.mode
        gone = mode and (mode.direction == "lost" or (mode.before, mode.after) == ("unknown", "unsupported"))
        if mode and gone and not mode.waived:
            names.add("cilium/mode")
    advice = report.advice
    if compared is None and advice is not None and advice.asked and not advice.starts:
        accepted = any(u.state == "applied" and u.waiver.covers("cilium", "agent") for u in report.waivers)
        names |= set() if accepted else {"cilium/agent"}
    if report.strict:
        names |= {u.waiver.origin for u in report.waivers if u.state in ("unused", "expired")}
    return names


@pytest.mark.slow
@settings(
    deadline=None,
    max_examples=500,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(reports())
def test_every_format_shows_what_decides_and_nothing_else(report: Report) -> None:
    assert {n for item in report.deciding for n in item.names} == independently(report)
    check(report)
    document = json.loads(indented(to_document(report)))
    row = row_of_document(
        "r",
        document,
        [r.profile.id for r in report.results],
        report.fail_on,
        "1.18.0" if report.advice else "",
        details=False,
    )
    if any(i.kind in (Kind.FINDING, Kind.TOO_OLD, Kind.MODE, Kind.CAPABILITY) for i in report.deciding):
        assert row.verdict != "pass", "a fleet of stored reports"
    stored = read_report(document, "report.json")
    assert [(i.kind, i.names, i.status, i.text) for i in stored.deciding] == [
        (i.kind, i.names, i.status, i.text) for i in report.deciding
    ]


@settings(
    deadline=None,
    max_examples=15,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.lists(reports(), min_size=1, max_size=3), st.booleans())
def test_many_reports_in_one_document_lose_nothing(found: list[Report], unread: bool) -> None:
    named = [
        replace(r, kernel=replace(r.kernel, provenance=Provenance(f"{i}.config", "file", f"{i}.config")))
        for i, r in enumerate(found)
    ]
    outcomes = [*named, *[Unread("gone", "gone: no such file", 3)] * unread]
    items = sum(len(r.deciding) for r in found) + unread
    names = sum(len(i.names) for r in found for i in r.deciding) + unread
    assert worst(outcomes) == (3 if unread else max(r.exit_code for r in found))
    assert (verdict(outcomes) == "pass") == (not items)
    for name in MANY_FORMATS.keys() - {"json", "table", "markdown", "github"}:
        read = READERS[name](render_many(name, outcomes))
        assert read.count == (names if name in BY_NAME else items), name
    github = READERS["github"](render_many("github", outcomes))
    assert github.count == items
    document = json.loads(render_many("json", outcomes))
    assert sum(len(r["deciding"]) for r in document["reports"]) + len(document["unread"]) == items
    table, markdown = render_many("table", outcomes), render_many("markdown", outcomes)
    for outcome in outcomes:
        word = "error" if isinstance(outcome, Unread) else str(outcome.verdict)
        source = "gone" if isinstance(outcome, Unread) else outcome.kernel.provenance.source
        assert f"{word}: {source}" in table
        assert f"| `{source}` | {word.upper()} |" in markdown


def test_no_format_is_without_a_reader() -> None:
    assert READERS.keys() == FORMATS.keys() - ADVICE_ONLY


def big(number: int) -> Report:
    asked: list[tuple[str, str, dict[str, Any]]] = [(f"NOWHERE_{i}", "required", {}) for i in range(number)]
    return audit(config(FILLER), [built("one", asked)], cilium=None)


@pytest.mark.parametrize("number", [9, 10, 11, 300])
def test_what_a_format_has_no_room_for_is_counted(number: int) -> None:
    report = big(number)
    assert len(report.deciding) == number
    for name in FORMATS.keys() - ADVICE_ONLY - {"markdown"}:
        read = READERS[name](render(name, report))
        assert (read.verdict, read.count) in ((None, number), ("fail", number)), name
    assert len(READERS["openmetrics"](render("openmetrics", report)).names) == min(number, MOST_NAMES["compact"])
    everything = render("openmetrics", report, RenderOptions(metrics="all"))
    assert len(READERS["openmetrics"](everything).names) == number
    markdown = render("markdown", report)
    assert f"## kina-audit: FAIL: {number} requirements keep it from passing" in markdown


def test_each_kind_of_loss_is_in_the_list() -> None:
    """One report with all of them: the list's order is the order that formats show."""
    report = big(1)
    before = snapshot(report.kernel, report.results, None)
    gone = Comparison(
        before, before, (), (), (Change("cilium-wireguard", CAPABILITY, Status.PASS, Status.UNKNOWN),),
        ModeChange("1.18.0", Mode.FULL_EBPF, Mode.HYBRID),
    )  # fmt: skip
    found = replace(report, baseline=gone, fail_on=FailOn.REQUIRED)
    assert [(i.kind, i.name, i.status) for i in found.deciding] == [
        (Kind.MODE, "cilium/mode", Status.FAIL),
        (Kind.CAPABILITY, "cilium-wireguard/capability", Status.UNKNOWN),
    ]
    check(found)


BASE = SHARED / "corpus"


def test_a_symbol_that_has_to_be_off_has_its_name() -> None:
    """`# CONFIG_X is not set` was taken for the name of a symbol."""
    lines = ("# CONFIG_PREEMPT_RT is not set", "CONFIG_A=y")
    assert [setting(line) for line in lines] == [("PREEMPT_RT", "n"), ("A", "y")]
    assert [set_line(*setting(line)) for line in lines] == list(lines)
    report = big(1)
    feature = Capability("cilium-wireguard", "WireGuard", Status.FAIL, "It needs A.", lines)
    change = Change("cilium-wireguard", CAPABILITY, Status.PASS, Status.FAIL)
    compared = Comparison(Snapshot({}, {}, {}, {}), Snapshot({}, {}, {}, {}), (), (), (change,), None, "b.json")
    advice = Advice("1.18.0", Mode.COMPAT, "A summary.", capabilities=(feature,))
    lost = [i for i in replace(report, baseline=compared, advice=advice).deciding if i.kind is Kind.CAPABILITY]
    assert [i.symbols for i in lost] == [("PREEMPT_RT", "A")]
    assert "Needs PREEMPT_RT, A." in lost[0].text


@pytest.mark.slow
@pytest.mark.parametrize("edit", ["not set", "=n", "gone", "twice"])
def test_no_loss_of_a_real_config_is_green_in_any_format(edit: str) -> None:
    """Ten symbols, each lost in four ways, against a baseline of a distribution's whole config."""
    found = [
        p
        for p in sorted(BASE.glob("*/*.gz"))
        if b"CONFIG_VXLAN=" in config_text(p) and b"CONFIG_WIREGUARD=" in config_text(p)
    ]
    if not found:
        pytest.skip("../shared/corpus is not here")
    text = max((config_text(p).decode() for p in found), key=len)
    profiles = load_profiles(["tag:default", "wireguard", "vxlan", "ipvlan", "cilium-agent"])
    base = audit(config(text), profiles, cilium="1.18")
    accepted = snapshot(base.kernel, base.results, base.advice)
    symbols = [s for s in ("VXLAN", "WIREGUARD", "BPF_SYSCALL", "NET_CLS_BPF", "IPVLAN", "BPF_JIT", "CGROUP_BPF", "NET_SCH_INGRESS",
                           "NET_CLS_ACT", "INET") if f"\nCONFIG_{s}=" in text]  # fmt: skip
    assert len(symbols) == 10
    for symbol in symbols:
        line = next(x for x in text.splitlines() if x.startswith(f"CONFIG_{symbol}="))
        new = {
            "not set": f"# CONFIG_{symbol} is not set",
            "=n": f"CONFIG_{symbol}=n",
            "gone": "",
            "twice": f"{line}\n# CONFIG_{symbol} is not set",
        }[edit]
        mutant = config(text.replace(f"\n{line}\n", f"\n{new}\n"))
        report = audit(
            mutant, profiles, cilium="1.18", fail_on="recommended", baseline=accepted, baseline_origin="base.json"
        )
        assert report.deciding, (symbol, edit)
        assert report.exit_code == 1
        for name in FORMATS.keys() - ADVICE_ONLY:
            read = READERS[name](render(name, report))
            assert read.verdict in (None, "fail", "unknown"), (symbol, edit, name)
            assert read.count >= len(report.deciding), (symbol, edit, name)


def test_an_error_of_many_sources_names_its_source_once() -> None:
    outcomes = [Unread("gone.config", "gone.config: no such file", 3), Unread("ssh:node", "no route to host", 3)]
    lines = render_many("table", outcomes).splitlines()
    assert "error: gone.config: no such file" in lines
    assert "error: ssh:node: no route to host" in lines
