"""The report in every format: the JSON follows its schema, YAML parses, hostile text is harmless, bytes are stable."""

import json
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from kina_audit.api import audit, load_kernel
from kina_audit.base.packaged import data_file
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.profiles.build import build_profile
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.render import FORMATS, RenderOptions, render
from kina_audit.report.model import FailOn, Report, Verdict

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ProfileLibrary()
DEFAULT = LIBRARY.tagged("default")
SOURCES = ["recorded:apple", "recorded:apple@0.24.2", "recorded:kata@3.17.0", "recorded:kata@3.32.0-debug"]
HOSTILE = (
    'x\n- y: "z"\t| % : ::error::\x1b[31mred\x1b[0m\x07 <b>&amp;</b> `$(id)` \u202e \\ \' # {{ }} ' + "long " * 300
)


@cache
def report_of(source: str, cilium: str = "1.20.0", copy: int = 0) -> Report:
    """A report; another ``copy`` is made anew."""
    return audit(load_kernel(source), DEFAULT, cilium=cilium, library=LIBRARY)


def closed(node: Any) -> Any:
    """A schema that takes no field it does not know: what this version writes is all described."""
    if isinstance(node, list):
        return [closed(n) for n in node]
    if not isinstance(node, dict):
        return node
    shut = {k: closed(v) for k, v in node.items()}
    if isinstance(node.get("properties"), dict) and node.get("type") != "string":
        shut.setdefault("additionalProperties", False)
    return shut


def hostile_report() -> Report:
    """A report with hostile text in every field that an input can fill."""
    row = {"id": "r", "expr": "X = y", "level": "required", "why": HOSTILE, "fix": HOSTILE, "source": HOSTILE}
    profile = build_profile(
        {"id": "p", "title": HOSTILE, "description": HOSTILE, "references": [HOSTILE], "requirement": [row]}, "p.toml"
    )
    config = parse_config('CONFIG_NET=y\nCONFIG_X="' + HOSTILE.replace("\n", " ").replace('"', "'") + '"\n')
    text = dict.fromkeys(("project", "ref", "commit", "blob", "sha256", "date", "fetched", "target_from"), HOSTILE)
    origin = Provenance(HOSTILE, HOSTILE, HOSTILE, notes=(HOSTILE,), **text)
    return audit(Kernel(config, origin), [profile], cilium="1.18", library=LIBRARY)


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_the_json_follows_its_schema(source: str) -> None:
    schema = json.loads(data_file("schemas/report.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    document = json.loads(render("json", report_of(source)))
    assert list(Draft202012Validator(closed(schema)).iter_errors(document)) == []
    assert list(Draft202012Validator(closed(schema)).iter_errors(json.loads(render("json", hostile_report())))) == []
    # A reader with today's schema takes tomorrow's minor version.
    document["kernel"]["mood"] = document["mood"] = 3
    assert list(Draft202012Validator(schema).iter_errors(document)) == []
    assert list(Draft202012Validator(closed(schema)).iter_errors(document)) != []


@pytest.mark.parametrize("name", ["report", "matrix", "timeline"])
def test_every_field_of_a_schema_is_described(name: str) -> None:
    schema = json.loads(data_file(f"schemas/{name}.schema.json").read_text(encoding="utf-8"))
    assert schema["$id"] == f"https://kina-audit.dev/schemas/{name}-1.schema.json"
    seen = examples = 0

    def walk(node: Any) -> None:
        nonlocal seen, examples
        if isinstance(node, list):
            for child in node:
                walk(child)
        if not isinstance(node, dict):
            return
        for key, child in node.get("properties", {}).items():
            told = child if "description" in child else schema["$defs"][child["$ref"].rpartition("/")[2]]
            assert told["description"].endswith("."), key
            for example in child.get("examples", ()):
                Draft202012Validator({"$defs": schema["$defs"], **child}).validate(example)
                examples += 1
            seen += 1
        for key, child in node.items():
            if key != "examples":
                walk(child)
                if key in ("properties", "$defs"):
                    for inner in child.values():
                        walk(inner)

    walk(schema)
    assert seen > 15
    if name == "report":
        assert examples > 25


def test_the_reports_page_is_generated_from_the_schema() -> None:
    made = subprocess.run(
        [sys.executable, str(ROOT / "scripts/generate_report_docs.py")], capture_output=True, text=True, check=True
    ).stdout
    assert made == (ROOT / "docs/report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_same_report_gives_the_same_bytes(source: str, name: str) -> None:
    assert render(name, report_of(source)) == render(name, report_of(source, copy=1))


@pytest.mark.parametrize("source", SOURCES)
def test_yaml_parses_to_what_was_advised(source: str) -> None:
    report = report_of(source)
    assert report.advice is not None
    if report.advice.mode in ("unsupported", "unknown"):
        for name in ("helm-values", "configmap"):
            text = render(name, report)
            # An empty file would install the chart's defaults, an empty ConfigMap would take Cilium's away.
            assert yaml.safe_load(text) is None
            assert "# There is nothing to configure" in text
            assert "#   kina-audit " in text
        return
    assert yaml.safe_load(render("helm-values", report)) == dict(report.advice.helm_values)
    manifest = yaml.safe_load(render("configmap", report))
    commands = {
        "helm-values": "helm upgrade --install",
        "configmap": "kubectl -n kube-system patch configmap cilium-config",
    }
    for name, command in commands.items():
        assert f"#   {command}" in render(name, report)
        assert "#   kubectl -n kube-system rollout restart daemonset/cilium" in render(name, report)
    assert manifest["kind"] == "ConfigMap"
    assert manifest["metadata"] == {"name": "cilium-config", "namespace": "kube-system"}
    assert manifest["data"] == dict(report.advice.config_map)
    assert all(isinstance(v, str) for v in manifest["data"].values())


def test_yaml_of_no_advice_is_empty_and_says_why() -> None:
    report = replace(report_of("recorded:kata@3.17.0"), advice=None)
    assert yaml.safe_load(render("helm-values", report)) is None
    assert yaml.safe_load(render("configmap", report)) is None


@pytest.mark.parametrize("name", sorted(FORMATS))
@pytest.mark.parametrize("verbose", [False, True])
def test_hostile_text_is_harmless(name: str, verbose: bool) -> None:
    text = render(name, hostile_report(), RenderOptions(width=80, verbose=verbose))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    if name in ("helm-values", "configmap"):
        assert yaml.safe_load(text) is None
        assert all(line.startswith("#") for line in text.splitlines())


@pytest.mark.parametrize("source", SOURCES)
def test_the_table_fits_its_width(source: str) -> None:
    for width in (60, 80, 120):
        for line in render("table", report_of(source), RenderOptions(width=width)).splitlines():
            longest = max((len(w) for w in line.split()), default=0)
            assert len(line) <= width or longest > width - 15, line


def test_colour_is_only_decoration() -> None:
    import re

    report = report_of("recorded:kata@3.17.0")
    coloured = render("table", report, RenderOptions(color=True))
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == render("table", report)


def test_failures_come_first_with_why_and_fix() -> None:
    text = render("table", report_of("recorded:apple"))
    first = text.index("cilium-agent/jit (required)")
    assert first < text.index("bpf/jit (recommended)")
    assert "fix      Set CONFIG_BPF_JIT=y." in text
    assert "CONFIG_NETFILTER_XTABLES_LEGACY=y" in text


def test_verdicts() -> None:
    report = report_of("recorded:kata@3.17.0")
    assert (report.verdict, report.exit_code) == (Verdict.FAIL, 1)
    assert replace(report, fail_on=FailOn.NEVER).exit_code == 0
    passing = audit(load_kernel("recorded:apple"), [LIBRARY.get("vxlan")], cilium=None)
    assert (passing.verdict, passing.exit_code) == (Verdict.PASS, 0)
    strict = audit(load_kernel("recorded:apple"), [LIBRARY.get("bpf")], cilium=None, fail_on="recommended")
    assert strict.verdict is Verdict.FAIL
    assert audit(load_kernel("recorded:apple"), [LIBRARY.get("bpf")], cilium=None).verdict is Verdict.PASS


def test_the_report_says_which_findings_depend_on_the_target() -> None:
    document = json.loads(render("json", report_of("recorded:apple")))
    assert document["kernel"]["target_differs"]
    assert document["kernel"]["header_version"] == "6.1.68"
    assert document["kernel"]["target_version"] == "6.18.5"
    assert "netfilter/legacy-tables" in document["kernel"]["target_dependent_findings"]
    older = json.loads(render("json", report_of("recorded:apple@0.24.2")))
    legacy = {
        d["kernel"]["target_version"]: next(
            f["status"]
            for p in d["profiles"]
            if p["id"] == "netfilter"
            for f in p["findings"]
            if f["id"] == "legacy-tables"
        )
        for d in (document, older)
    }
    # Between 6.12, which keeps the tables, and 6.17, which drops them, nobody can tell.
    assert legacy == {"6.18.5": "warn", "6.14.9": "unknown"}
