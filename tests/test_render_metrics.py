"""Metrics, alert rules and the dashboard: other people's readers take them, and they name what exists."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_classic

from kina_audit.api import audit, load_kernel
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.render import render
from kina_audit.render.openmetrics import METRICS
from kina_audit.report.model import Report
from tests.sample_report import held, sample

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
LIBRARY = ProfileLibrary()
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


def test_the_number_of_series_is_bounded_by_what_was_selected() -> None:
    report = audit(load_kernel("recorded:apple"), LIBRARY.select(["all"]), library=LIBRARY)
    assert report.advice is not None
    series = render("openmetrics", report).count("\nkina_audit_")
    assert series <= 20 * len(report.results) + 5 * len(report.advice.capabilities) + 30


def test_the_numbers_are_the_reports() -> None:
    report = apple()
    found = {
        (s.name, *sorted(s.labels.items())): s.value
        for f in read_openmetrics(render("openmetrics", report))
        for s in f.samples
    }
    assert found["kina_audit_verdict", ("verdict", "fail")] == (report.verdict == "fail")
    for result in report.results:
        for status in ("pass", "fail", "warn", "skip", "unknown"):
            labels = (("profile", result.profile.id), ("status", status))
            assert found["kina_audit_profile_status", *labels] == (result.status == status)
        counted = sum(v for k, v in found.items() if k[0] == "kina_audit_requirements" and k[2][1] == result.profile.id)
        assert counted == len(result.findings)
    assert report.advice is not None
    modes = {k[1][1]: v for k, v in found.items() if k[0] == "kina_audit_cilium_mode"}
    assert [m for m, v in modes.items() if v] == [report.advice.mode]


def test_every_metric_is_on_the_page() -> None:
    page = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    for name, (text, labels) in METRICS.items():
        shown = ", ".join(f"`{label}`" for label in labels) or "-"
        assert f"| `{name}` | {shown} | {text} |" in page


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


def test_promtool_takes_the_rules_and_they_fire() -> None:
    done = promtool("check", "rules", "kina-audit.rules.yml")
    assert done.returncode == 0, done.stderr
    rules = yaml.safe_load((DEPLOY / "prometheus/kina-audit.rules.yml").read_text(encoding="utf-8"))
    tests = yaml.safe_load((DEPLOY / "prometheus/kina-audit.rules.test.yml").read_text(encoding="utf-8"))
    fired = {a["alertname"] for t in tests["tests"] for a in t["alert_rule_test"] if a["exp_alerts"]}
    assert fired == {r["alert"] for g in rules["groups"] for r in g["rules"]}
    done = promtool("test", "rules", "kina-audit.rules.test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_and_dashboard_name_metrics_and_labels_that_exist() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus/kina-audit.rules.yml").read_text(encoding="utf-8"))
    queries = [r["expr"] for g in rules["groups"] for r in g["rules"]]
    dashboard = json.loads((DEPLOY / "grafana/kina-audit.json").read_text(encoding="utf-8"))
    targets = [t for p in dashboard["panels"] for t in p["targets"]]
    queries += [t["expr"] for t in targets]
    queries += [v["definition"] for v in dashboard["templating"]["list"] if v["type"] == "query"]
    assert len(queries) > 12
    for query in queries:
        named = NAME.findall(query)
        assert set(named) <= METRICS.keys(), query
        for name, selector in re.findall(r"(kina_audit_[a-z_]+)\{([^}]*)\}", query):
            used = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector)) - {"instance"}
            assert used <= set(METRICS[name][1]), query


def test_the_dashboard_lets_one_choose_the_data_source() -> None:
    dashboard = json.loads((DEPLOY / "grafana/kina-audit.json").read_text(encoding="utf-8"))
    kinds = {v["name"]: v["type"] for v in dashboard["templating"]["list"]}
    assert kinds["datasource"] == "datasource"
    for panel in dashboard["panels"]:
        assert panel["datasource"]["uid"] == "${datasource}"
        assert all(t["datasource"]["uid"] == "${datasource}" for t in panel["targets"])
    assert len({p["id"] for p in dashboard["panels"]}) == len(dashboard["panels"])
