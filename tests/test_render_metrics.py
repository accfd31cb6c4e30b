"""Metrics, alert rules and the dashboard: other people's readers take them, and they name what exists."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_classic

from kina_audit.api import audit, load_kernel
from kina_audit.base.json_text import indented
from kina_audit.cilium.model import Mode
from kina_audit.engine.finding import UNMET, Status
from kina_audit.kernel.config import Origin
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.render import RenderOptions, render
from kina_audit.render.openmetrics import METRICS, MOST_PROFILES
from kina_audit.report.compare import Change, ModeChange, mode_rank
from kina_audit.report.document import to_document
from kina_audit.report.model import Report
from kina_audit.report.stored import read_report
from tests.sample_report import held, sample

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
LIBRARY = ProfileLibrary()
FILLER = "".join(f"CONFIG_HAVE_THING_{i}=y\n" for i in range(40))
WHEN = "2026-11-28T09:30:00+00:00"
NAME = re.compile(r"\bkina_audit_[a-z_]+\b")


def apple() -> Report:
    return audit(load_kernel("recorded:apple"), LIBRARY.tagged("default"), cilium="1.18", library=LIBRARY)


@pytest.mark.parametrize("report", [sample(), held(), apple()], ids=["sample", "baseline", "apple"])
def test_both_parsers_read_the_same_gauges(report: Report) -> None:
    text = render("openmetrics", report)
    assert text.endswith("# EOF\n")
    modern = {f.name: f for f in read_openmetrics(text)}
    classic = {f.name: f for f in read_classic(text)}
    assert modern.keys() == classic.keys() <= METRICS.keys()
    for name, family in modern.items():
        assert family.type == classic[name].type == "gauge"
        assert family.documentation == METRICS[name][0]
        samples = [(s.name, tuple(sorted(s.labels.items())), s.value) for s in family.samples]
        assert len(samples) == len({s[:2] for s in samples})
        assert samples == [(s.name, tuple(sorted(s.labels.items())), s.value) for s in classic[name].samples]
        for sample_ in family.samples:
            assert set(sample_.labels) == set(METRICS[name][1])


def test_any_label_of_the_users_is_text_that_both_parsers_read_back() -> None:
    labels = (("node", 'a"b\\c\nd{e="f"} 1'), ("x" * 200 + "1", "y"), ("x" * 200 + "2", "y"), ("é", "# EOF"))
    text = render("openmetrics", replace(sample(), labels=labels))
    for read in (read_openmetrics, read_classic):
        [family] = [f for f in read(text) if f.name == "kina_audit_label"]
        values = [(s.labels["name"], s.labels["value"]) for s in family.samples]
        assert values == [("node", 'a"b\\c d{e="f"} 1'), ("x" * 117 + "...", "y"), ("é", "# EOF")]
    done = promtool("check", "metrics", text=text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("names", [["tag:default"], ["all"], ["vxlan"]])
def test_a_node_has_at_most_120_series_unless_asked_for_all(names: list[str]) -> None:
    """With every kind of thing that can be said: labels, waivers, a baseline, more that fails than has room."""
    report = audit(load_kernel("recorded:apple"), LIBRARY.select(names), library=LIBRARY, fail_on="optional")
    loss = held()
    report = replace(
        report, labels=(("node", "a"), ("site", "b")), waivers=loss.waivers, baseline=loss.baseline, audited=WHEN
    )
    assert report.advice is not None
    compact = render("openmetrics", report)
    assert compact.count("\nkina_audit_") <= 120
    whole = render("openmetrics", report, RenderOptions(metrics="all"))
    assert set(compact.splitlines()) <= set(whole.splitlines())
    only = {n for n, (_, _, belongs) in METRICS.items() if belongs == "all"} - {"kina_audit_observed"}
    assert only <= set(NAME.findall(whole))


def values(report: Report, which: str) -> dict[tuple[Any, ...], float]:
    text = render("openmetrics", report, RenderOptions(metrics=which))
    return {(s.name, *sorted(s.labels.items())): s.value for f in read_openmetrics(text) for s in f.samples}


def test_the_numbers_are_the_reports() -> None:
    report = apple()
    found = values(report, "all")
    assert found["kina_audit_verdict", ("verdict", "fail")] == (report.verdict == "fail")
    for result in report.results:
        for status in ("pass", "fail", "warn", "skip", "unknown"):
            labels = (("profile", result.profile.id), ("status", status))
            assert found["kina_audit_profile_status", *labels] == (result.status == status)
        counted = sum(v for k, v in found.items() if k[0] == "kina_audit_requirements" and k[2][1] == result.profile.id)
        assert counted == len(result.findings)
        which = (("edition", result.profile.digest[:8]), ("profile", result.profile.id))
        state = {"pass": 0, "skip": 0, "warn": 1, "unknown": 2, "fail": 3}[result.status]
        assert found["kina_audit_profile_state", *which] == state
        unmet = [f for f in result.findings if (f.status in UNMET or f.too_old) and f.level != "optional"]
        assert found["kina_audit_profile_unmet", *which] == len(unmet)
    assert report.advice is not None
    [mode] = [k for k in found if k[0] == "kina_audit_cilium_mode"]
    assert mode[1] == ("mode", report.advice.mode)
    assert found[mode] == mode_rank(report.advice.mode)
    for capability in report.advice.capabilities:
        labels = (("feature", capability.feature), ("release", report.advice.release))
        assert (found["kina_audit_cilium_feature_state", *labels] == 3) == (capability.status == "fail")


def test_a_profile_without_room_is_counted_when_it_is_lost() -> None:
    """It takes another's place with no history of having been met, so the count of all is what an alert can hold to."""
    names = [p.id for p in LIBRARY.select(["all"])][: MOST_PROFILES + 8]
    profiles = [p for p in LIBRARY.select(names) if p.id != "vxlan"] + LIBRARY.select(["vxlan"])
    text = "# Linux/arm64 6.18.5 Kernel Configuration\nCONFIG_NET=y\nCONFIG_INET=y\nCONFIG_VXLAN=y\n" + FILLER

    def of(text: str) -> dict[tuple[Any, ...], float]:
        found = Kernel(parse_config(text, origin=Origin.BUILT), Provenance("n", "file", "n"))
        return values(audit(found, profiles, cilium=None, library=LIBRARY), "compact")

    before, after = of(text), of(text.replace("CONFIG_VXLAN=y", "# CONFIG_VXLAN is not set"))
    shown = [{k for k in found if k[0] == "kina_audit_profile_state"} for found in (before, after)]
    assert {len(s) for s in shown} == {MOST_PROFILES}
    [level] = [k for k in before if k[0] == "kina_audit_unmet" and ("level", "required") in k]
    assert after[level] > before[level], "the same series, for what is asked is the same"
    fewer = values(audit(load_kernel("recorded:apple"), profiles[1:], cilium=None, library=LIBRARY), "compact")
    assert level not in fewer, "of another selection, another series"
    rules = (DEPLOY / "prometheus/kina-audit.rules.yml").read_text(encoding="utf-8")
    assert f"count by (job, instance) (kina_audit_profile_state) >= {MOST_PROFILES}\n" in rules


def test_an_older_kernel_lacks_what_it_is_too_old_for_and_not_what_it_does_without() -> None:
    text = (
        "# Linux/arm64 6.8.1 Kernel Configuration\nCONFIG_NET=y\nCONFIG_NET_XGRESS=y\nCONFIG_BPF_SYSCALL=y\n" + FILLER
    )

    def of(text: str) -> Report:
        found = Kernel(parse_config(text, origin=Origin.BUILT), Provenance("n", "file", "n"))
        return audit(found, LIBRARY.select(["bpf", "iptables-legacy"]), cilium=None, library=LIBRARY)

    newer, older = of(text), of(text.replace("6.8.1", "6.1.9"))
    [which] = [k for k in values(newer, "compact") if k[0] == "kina_audit_profile_unmet" and k[2] == ("profile", "bpf")]
    counts = [values(report, "compact")[which] for report in (newer, older)]
    skipped = [[f for f in r.results[0].findings if f.status == "skip"] for r in (newer, older)]
    assert [f.requirement.id for f in skipped[1] if f.too_old] == ["tcx"]
    # tcx is met in the newer one, and tc-filter is unmet there and not needed in the older one.
    assert counts[0] == counts[1]
    assert sum(f.status in UNMET and f.level != "optional" for f in older.results[0].findings) == counts[1] - 1
    stored = read_report(json.loads(indented(to_document(older))), "r")
    assert render("openmetrics", stored) == render("openmetrics", older)


def test_what_was_lost_is_what_the_table_says() -> None:
    """Each line that the table has of a loss or a gain is counted, and nothing else is."""
    report = held()
    assert report.baseline is not None
    gone = ModeChange("1.18.12", Mode.FULL_EBPF, Mode.COMPAT)
    changes = (Change("cilium-wireguard", "capability", Status.PASS, Status.FAIL),)
    for baseline in (report.baseline, replace(report.baseline, mode=gone, capabilities=changes)):
        found = values(replace(report, baseline=baseline), "compact")
        table = render("table", replace(report, baseline=baseline))
        for direction in ("lost", "gained"):
            counted = sum(v for k, v in found.items() if k[0] == "kina_audit_baseline_changes" and k[1][1] == direction)
            assert counted == len(re.findall(rf"^ *{direction}: ", table, re.MULTILINE)) > 0


def test_every_metric_is_on_the_page() -> None:
    page = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    for name, (text, labels, belongs) in METRICS.items():
        shown = ", ".join(f"`{label}`" for label in labels) or "-"
        assert f"| `{name}` | {shown} | {belongs} | {text} |" in page


def promtool(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    return subprocess.run(
        ["promtool", *words], input=text, capture_output=True, text=True, check=False, cwd=DEPLOY / "prometheus"
    )


def test_promtool_takes_the_metrics() -> None:
    for report in (apple(), held()):
        done = promtool("check", "metrics", text=render("openmetrics", report))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_promtool_takes_the_rules() -> None:
    done = promtool("check", "rules", "kina-audit.rules.yml")
    assert done.returncode == 0, done.stderr


def test_each_alert_is_tested_absent_firing_staying_and_resolved() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus/kina-audit.rules.yml").read_text(encoding="utf-8"))
    tests = yaml.safe_load((DEPLOY / "prometheus/kina-audit.rules.test.yml").read_text(encoding="utf-8"))
    alerts = {r["alert"] for g in rules["groups"] for r in g["rules"] if "alert" in r}
    seen: dict[str, set[str]] = {}
    for test in tests["tests"]:
        for alert in alerts:
            moments = [
                (seconds(a["eval_time"]), a["exp_alerts"]) for a in test["alert_rule_test"] if a["alertname"] == alert
            ]
            number = [len(expected) for _, expected in sorted(moments, key=lambda m: m[0])]
            if len(number) > 3 and number[0] < min(number[1:3]) and number[-1] < max(number):
                seen.setdefault(alert, set()).add(test["name"])
    assert seen.keys() == alerts


def seconds(text: str) -> int:
    return sum(int(n) * {"d": 86400, "h": 3600, "m": 60, "s": 1}[u] for n, u in re.findall(r"(\d+)([dhms])", text))


@pytest.mark.slow
def test_promtool_runs_the_tests_of_the_alerts() -> None:
    done = promtool("test", "rules", "kina-audit.rules.test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_and_dashboard_name_metrics_and_labels_that_exist() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus/kina-audit.rules.yml").read_text(encoding="utf-8"))
    queries = [r["expr"] for g in rules["groups"] for r in g["rules"]]
    recorded = {r["record"] for g in rules["groups"] for r in g["rules"] if "record" in r}
    dashboard = json.loads((DEPLOY / "grafana/kina-audit.json").read_text(encoding="utf-8"))
    targets = [t for p in dashboard["panels"] for t in p["targets"]]
    queries += [t["expr"] for t in targets]
    queries += [v["definition"] for v in dashboard["templating"]["list"] if v["type"] == "query"]
    assert len(queries) > 12
    for query in queries:
        named = NAME.findall(query)
        assert set(named) <= METRICS.keys(), query
        assert set(re.findall(r"\bkina_audit:[a-z_:]+", query)) <= recorded
        for name, selector in re.findall(r"(kina_audit_[a-z_]+)\{([^}]*)\}", query):
            used = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector)) - {"instance"}
            assert used <= set(METRICS[name][1]), query


def test_the_dashboard_lets_one_choose_the_data_source() -> None:
    dashboard = json.loads((DEPLOY / "grafana/kina-audit.json").read_text(encoding="utf-8"))
    kinds = {v["name"]: v["type"] for v in dashboard["templating"]["list"]}
    assert kinds["datasource"] == "datasource"
    for panel in dashboard["panels"]:
        assert len(panel["description"]) > 30
        assert panel["fieldConfig"]["defaults"]["noValue"], "nothing that reports is no zero"
        assert not any("vector(0)" in t["expr"] for t in panel["targets"])
        assert panel["datasource"]["uid"] == "${datasource}"
        assert all(t["datasource"]["uid"] == "${datasource}" for t in panel["targets"])
    assert len({p["id"] for p in dashboard["panels"]}) == len(dashboard["panels"])
