"""The HTML page: everything escaped, nothing loaded, everything there; and as a reader meets it, in Chromium."""

import re
from base64 import b64decode, b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from kina_audit.api import audit, load_kernel
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.render import render
from kina_audit.report.model import Report
from tests.sample_report import held, profile, requirement, sample

LIBRARY = ProfileLibrary()
VOID = {"meta", "input", "br", "link", "img", "hr"}


class Page(HTMLParser):
    """Tags in balance, ids once, text and attributes of everything."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {k: v or "" for k, v in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)


def apple(name: str = "recorded:apple", *profiles: str) -> Report:
    chosen = LIBRARY.select(profiles) if profiles else LIBRARY.tagged("default")
    return audit(load_kernel(name), chosen, cilium="1.18", library=LIBRARY)


@pytest.mark.parametrize("report", [sample(), held(), apple()], ids=["sample", "baseline", "apple"])
def test_every_finding_is_there(report: Report) -> None:
    page = Page(render("html", report))
    shown = {a["data-name"]: a["data-status"] for t, a in page.tags if t == "div" and a.get("class") == "finding"}
    assert shown == {f"{r.profile.id}/{f.requirement.id}": f.status for r in report.results for f in r.findings}
    text = " ".join(" ".join(page.words).split())
    for result in report.results:
        for found in result.findings:
            if found.status in ("fail", "warn"):
                assert " ".join(found.requirement.why.split()) in text
                assert " ".join(found.fix.split()) in text
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    names = {a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a}
    assert names <= set(ids)


def test_the_policy_lets_only_the_pages_own_script_run() -> None:
    text = render("html", apple())
    policy = next(a["content"] for t, a in Page(text).tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        [inline] = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        [digest] = re.findall(rf"{tag}-src 'sha256-([^']+)'", policy)
        assert b64decode(digest) == sha256(inline.encode()).digest()
        assert b64encode(sha256(inline.encode()).digest()).decode() == digest
    assert "unsafe" not in policy


def test_nothing_is_loaded_from_anywhere() -> None:
    for tag, attributes in Page(render("html", apple())).tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "form", "base")
        assert "src" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        if tag == "a":
            assert attributes["href"].startswith(("https://", "http://", "#"))


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'\x1b[31m\u202e${{7*7}}{{7*7}}"


def test_hostile_text_is_only_text() -> None:
    row = requirement("r", "NET && NOWHERE", why=HOSTILE, fix=HOSTILE, source=HOSTILE)
    odd = profile("odd", [row])
    odd = replace(odd, title=HOSTILE, references=(f"javascript:{HOSTILE}", "https://example.org/"))
    kernel = Kernel(parse_config("CONFIG_NET=y\n"), Provenance(HOSTILE, "file", HOSTILE, notes=(HOSTILE,)))
    report = replace(audit(kernel, [odd], cilium=None), labels=(("node", HOSTILE),))
    text = render("html", report)
    page = Page(text)
    assert [t for t, _ in page.tags].count("script") == 1
    assert "img" not in [t for t, _ in page.tags]
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "49" not in " ".join(page.words)
    assert not any("javascript:" in v for _, a in page.tags for k, v in a.items() if k == "href")


def test_the_same_report_gives_the_same_page_without_names_of_machines() -> None:
    assert render("html", apple()) == render("html", apple())
    assert str(Path.home()) not in render("html", apple())


@pytest.mark.slow
def test_many_profiles_start_closed() -> None:
    page = Page(render("html", apple("recorded:apple", "all")))
    profiles = [a for t, a in page.tags if t == "details"]
    assert len(profiles) > 100
    assert not any("open" in a for a in profiles)
