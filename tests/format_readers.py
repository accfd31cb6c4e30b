"""What each format says keeps a report from passing, read back out of its text as its own readers read it.

A format that carries a verdict has a reader here, or tests/test_decision.py fails: that is what keeps a new one from
forgetting what decides.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

from prometheus_client.openmetrics.parser import text_string_to_metric_families


@dataclass(frozen=True)
class Read:
    """The verdict, or None where the format has none; how many items; their names; whether each name is its own item; whether some names are cut off."""

    verdict: str | None
    count: int
    names: frozenset[str]
    all_names: bool = True
    cut: bool = False


def read_json(text: str) -> Read:
    d = json.loads(text)
    names = [n for item in d["deciding"] for n in (item["name"], *item["also"])]
    return Read(d["verdict"], len(d["deciding"]), frozenset(names))


def read_table(text: str) -> Read:
    """Blocks by cause: what decides stands behind ``fails``, ``unknown`` or ``lost``; other gate items in a line of their own."""
    names: list[str] = []
    label = ""
    for line in text.splitlines():
        if gate := re.fullmatch(r"(?:FAIL|UNKNOWN) +(\S.*) \((agent|mode|capability|too-old|waiver)\)", line):
            names.append(gate[1])
        if field := re.match(r"  (\w+)(?= {2})", line):
            label = field[1]
        elif not line.startswith(" " * 11):
            label = ""
        if label in ("fails", "unknown"):
            names += re.findall(r"([^ ,]+) \((?:required|recommended|optional)(?:, from \S+?)?\)", line)
        if label == "lost":
            names += _LOST.findall(line)
    verdict = re.search(r"^verdict: (\w+)", text, re.MULTILINE)
    assert verdict
    return Read(verdict[1], len(names), frozenset(names))


_LOST = re.compile(r"[^ ,]+/capability")


def read_table_by_profile(text: str) -> Read:
    """Findings one by one: FAIL and UNKNOWN without a note are what decides."""
    names = re.findall(r"^(?:FAIL|UNKNOWN) +(\S.*) \([\w-]+(?:, from \S+?)?\)$", text, re.MULTILINE)
    names += [name for line in re.findall(r"^  lost {5}(.*)$", text, re.MULTILINE) for name in _LOST.findall(line)]
    verdict = re.search(r"^verdict: (\w+)", text, re.MULTILINE)
    assert verdict
    return Read(verdict[1], len(names), frozenset(names))


def read_markdown(text: str) -> Read:
    names = re.findall(
        r"^- \*\*(?:FAIL|UNKNOWN)\*\* `([^`]+)` \((?:agent|mode|capability|too-old|waiver)\): ", text, re.MULTILINE
    )
    for listed in re.findall(r"^  - (?:fails|unknown|lost): (.*)$", text, re.MULTILINE):
        names += re.findall(r"`([^`]+)`", listed)
    verdict = re.search(r"^## kina-audit: (\w+)", text)
    assert verdict
    return Read(verdict[1].lower(), len(names), frozenset(names))


def read_github(text: str) -> Read:
    named = re.findall(r"^::error (?:[^:]*,)?title=kina-audit%3A ([^:]*)::", text, re.MULTILINE)
    more = re.search(r"^::error title=kina-audit::and (\d+) more", text, re.MULTILINE)
    unescaped = [n.replace("%3A", ":").replace("%2C", ",").replace("%25", "%") for n in named]
    for lost in re.findall(r"^::error .* Lost with it: (.*)\.$", text, re.MULTILINE):
        unescaped += lost.split(", ")
    verdict = re.search(r"^kina-audit verdict (\w+)", text, re.MULTILINE)
    assert verdict
    count = len(unescaped) + int(more[1] if more else 0)
    return Read(verdict[1], count, frozenset(unescaped), all_names=False, cut=more is not None)


def read_sarif(text: str) -> Read:
    [run] = json.loads(text)["runs"]
    errors = [r for r in run["results"] if r["level"] == "error"]
    names = {place["fullyQualifiedName"] for r in errors for place in r["locations"][0]["logicalLocations"]}
    said = run["invocations"][0]["exitCodeDescription"].removeprefix("verdict ")
    return Read(said, len(errors), frozenset(names))


def read_gitlab(text: str) -> Read:
    issues = [i for i in json.loads(text) if i["severity"] in ("blocker", "critical", "major")]
    end = r" \((?:required|recommended|optional)\) |: (?=[A-Z])|(?<=\)): "
    names = {re.split(end, i["description"])[0] for i in issues}
    return Read(None, len(issues), frozenset(names), all_names=False)


def read_junit(text: str) -> Read:
    bad = [
        c for c in ET.fromstring(text).iter("testcase") if c.find("failure") is not None or c.find("error") is not None
    ]
    names = set()
    for case in bad:
        suite = case.attrib["classname"].removeprefix("kina-audit.")
        names.add(case.attrib["name"] if suite == "gate" else f"{suite}/{case.attrib['name']}")
    return Read(None, len(bad), frozenset(names))


def read_tap(text: str) -> Read:
    bad = [
        m[1] for m in re.finditer(r"^not ok \d+ - (.*)$", text, re.MULTILINE) if not re.search(r"(?<!\\)# TODO", m[1])
    ]
    return Read(None, len(bad), frozenset(re.sub(r"\\(.)", r"\1", name) for name in bad))


def read_html(text: str) -> Read:
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            known = dict(attrs)
            if "data-deciding" in known:
                found.append(known["data-deciding"] or "")

    Reader().feed(text)
    verdict = re.search(r'<li class="is-(\w+)"><span class="label">Verdict', text)
    assert verdict
    return Read(verdict[1], len(found), frozenset(found))


def read_openmetrics(text: str) -> Read:
    samples = [s for f in text_string_to_metric_families(text) for s in f.samples]
    [verdict] = [s.labels["verdict"] for s in samples if s.name == "kina_audit_verdict" and s.value == 1]
    count = sum(int(s.value) for s in samples if s.name == "kina_audit_deciding")
    names = {s.labels["name"] for s in samples if s.name == "kina_audit_deciding_item"}
    return Read(verdict, count, frozenset(names), all_names=False)


def read_policy(text: str) -> Read:
    d = json.loads(text)
    bad = [r for r in d["results"] if r["result"] in ("fail", "error")]
    assert len(bad) == d["summary"]["fail"] + d["summary"]["error"]
    names = {r["rule"] if r["policy"] == "gate" else f"{r['policy']}/{r['rule']}" for r in bad}
    return Read(d["metadata"]["annotations"]["kina-audit.dev/verdict"], len(bad), frozenset(names))


def read_nfd(text: str) -> Read:
    values = dict(line.partition("/")[2].split("=") for line in text.splitlines() if not line.startswith("#"))
    names = re.findall(r"^# (?:fail|unknown) (.+)$", text, re.MULTILINE)
    return Read(values["verdict"], int(values["deciding"]), frozenset(names), all_names=False)


def read_nodefeature(text: str) -> Read:
    d = json.loads(text)
    values = {k.partition("/")[2]: v for k, v in d["spec"]["labels"].items()}
    names = [n.partition(" ")[2] for n in d["metadata"]["annotations"].get("kina-audit.dev/deciding", "").splitlines()]
    return Read(values["verdict"], int(values["deciding"]), frozenset(names), all_names=False)


READERS: dict[str, Callable[[str], Read]] = {
    "table": read_table,
    "json": read_json,
    "markdown": read_markdown,
    "junit": read_junit,
    "sarif": read_sarif,
    "gitlab": read_gitlab,
    "github": read_github,
    "tap": read_tap,
    "openmetrics": read_openmetrics,
    "html": read_html,
    "openreports": read_policy,
    "policyreport": read_policy,
    "nfd": read_nfd,
    "nodefeature": read_nodefeature,
}

BY_NAME = frozenset({"table", "markdown", "html", "junit", "tap", "openreports", "policyreport"})
"""Formats that show a requirement once for each profile that includes it."""
