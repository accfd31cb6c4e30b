"""Of which day the facts are: shown by every report, and what is newer than they are is told."""

import json
from pathlib import Path

import pytest

from kina_audit.api import audit, load_kernel
from kina_audit.cilium.release import find_release
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.render import RenderOptions, render
from kina_audit.report.document import to_document
from kina_audit.report.knowledge import facts_day, knowledge
from kina_audit.report.stored import read_report
from tests.test_cli import Run, config, run  # noqa: F401

ROOT = Path(__file__).resolve().parents[1]
MONTH = facts_day()[:7]
NEW_KERNEL, NEW_RELEASE = "9.9", "1.18.200"


@pytest.mark.parametrize(
    ("target", "release", "words"),
    [
        (None, None, []),
        ("6.12.500", "1.18", []),
        ("7.3.99", "1.18.12", []),
        ("7.4-rc1", None, ["Linux 7.4-rc1 is newer"]),
        ("9.1", "1.18.200", ["Linux 9.1.0 is newer", "Cilium 1.18.200 is newer"]),
    ],
)
def test_what_is_newer_than_the_facts(target: str | None, release: str | None, words: list[str]) -> None:
    version = KernelVersion.parse(target) if target else None
    told = knowledge(version, (7, 3), find_release(release) if release else None)
    assert told.month == MONTH
    assert [text[: len(w)] for text, w in zip(told.newer, words, strict=True)] == words
    assert all(MONTH in text for text in told.newer)


@pytest.mark.slow
def test_every_form_for_people_says_it(run: Run, config: Path) -> None:  # noqa: F811
    words = ("check", str(config), "-p", "vxlan", "--target-kernel", NEW_KERNEL, "--cilium", NEW_RELEASE)
    _, out, err = run(*words)
    assert f", facts of {MONTH};" in out.splitlines()[-1]
    assert "newer than the facts" in " ".join(out.split())
    assert "newer than the facts" not in err
    _, out, err = run(*words, "-f", "json")
    assert json.loads(out)["tool"]["facts"] == MONTH
    assert len(json.loads(out)["tool"]["newer"]) == 2
    assert err.count("warning: ") == 2
    for name in ("markdown", "html"):
        assert f"Cilium {NEW_RELEASE} is newer than the facts" in run(*words, "-f", name)[1]
    _, out, err = run("check", str(config), "-p", "vxlan", "-f", "json")
    assert json.loads(out)["tool"]["newer"] == []
    assert "warning" not in err


def test_a_stored_report_keeps_the_day_of_its_facts() -> None:
    report = audit(load_kernel("recorded:apple"), ProfileLibrary().select(["vxlan"]), cilium="1.18.200")
    document = json.loads(json.dumps(to_document(report)))
    document["tool"]["facts"] = "2025-01"
    again = read_report(document, "x.json")
    assert (again.knowledge.month, again.knowledge.newer) == ("2025-01", report.knowledge.newer)
    assert ", facts of 2025-01;" in render("table", again, RenderOptions()).splitlines()[-1]
    del document["tool"]["facts"], document["tool"]["newer"]
    older = render("table", read_report(document, "x.json"), RenderOptions())
    assert "facts of" not in older


@pytest.mark.parametrize("page", ["README.md", "docs/cilium.md", "docs/upkeep.md"])
def test_pages_say_of_which_day_the_facts_are(page: str) -> None:
    assert f"facts of {MONTH}" in (ROOT / page).read_text(encoding="utf-8")
