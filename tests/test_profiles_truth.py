"""Booted truth, frozen: requirements' probes, as they ended on three kernels that were really booted, against the configs."""

import os
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from kina_audit.engine.evaluate import Evaluator
from kina_audit.engine.finding import Status
from kina_audit.engine.probed import Attempt, Circumstances, Outcome, Probing
from kina_audit.engine.probing import came_to
from kina_audit.kernel.parse import parse_config
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.profiles.model import Requirement
from tests.conftest import SHARED, config_text, linux_source
from tests.truth_page import truth_page

KERNELS = ["apple-6.12-arm64", "debian-6.1.0-52-amd64", "debian-6.12.117+deb12-cloud-amd64"]
LIBRARY = ProfileLibrary()
UNPROBED = tomllib.loads((Path(__file__).parent / "data/unprobed.toml").read_text(encoding="utf-8"))


def rows() -> dict[str, Requirement]:
    """Every requirement of the library, by the profile that has it."""
    found = {}
    for name in LIBRARY.ids():
        for row in LIBRARY.get(name).requirements:
            found[f"{row.profile}/{row.id}"] = row
    return found


ROWS = rows()
PROBED = {name: row for name, row in ROWS.items() if row.probes}


@cache
def probing(kernel: str) -> Probing:
    """What the table says. It has a match or target for each iptables back-end; ours asks either."""
    lines = (SHARED / "truth" / f"{kernel}.tsv").read_text(encoding="utf-8").splitlines()
    table = {
        (cells := line.split("\t"))[0]: cells[1] == "ok" for line in lines if not line.startswith(("#", "probe\t"))
    }
    for name in [n for n in table if n.startswith(("xt_nft_", "xt6_nft_"))]:
        table[name.replace("_nft_", "_", 1)] = table[name] or table[name.replace("_nft_", "_legacy_", 1)]
    attempts = {n: Attempt(n, Outcome.WORKS if ok else Outcome.FAILS) for n, ok in table.items()}
    return Probing(attempts, Circumstances())


@cache
def evaluator(kernel: str) -> Evaluator:
    return Evaluator(parse_config(config_text(SHARED / "truth" / f"{kernel}.config.gz")))


@pytest.mark.parametrize("kernel", KERNELS)
def test_verdicts_agree_with_what_worked(shared: Path, kernel: str) -> None:
    held, wrong = 0, []
    for name, row in PROBED.items():
        outcome, attempts = came_to(row, probing(kernel))
        finding = evaluator(kernel).requirement(row)
        if outcome is Outcome.NOT_TRIED or finding.status is Status.SKIP:
            continue
        held += 1
        if (finding.status is Status.PASS) != (outcome is Outcome.WORKS):
            wrong.append((name, finding.status, [a.probe for a in attempts]))
    assert wrong == []
    assert held > 200


def test_every_named_probe_exists_and_nearly_every_required_requirement_has_one() -> None:
    from kina_audit.probe.catalogue import every_probe

    named = {p for row in PROBED.values() for group in row.probes for p in group}
    assert named <= set(every_probe())
    required = {n for n, row in ROWS.items() if row.level == "required" and not row.alternatives}
    without = {n for n in required if not ROWS[n].probes}
    # The others are of guests, versions and lockdown, which a running kernel does not show apart; each has its lines.
    assert len(without) < 0.12 * len(required)


PAGE = re.compile(r"docs?/|README|\.md\b|^docs\.|website|content/|documentation|istio\.io@", re.IGNORECASE)


def required_rows() -> dict[str, Requirement]:
    return {n: r for n, r in ROWS.items() if r.level == "required" and not r.alternatives}


@pytest.mark.parametrize("name", required_rows())
def test_nothing_is_required_that_nobody_saw_fail(name: str) -> None:
    """A probe, a line of the kernel's source, or one of a program that refuses the kernel; a documentation page is neither."""
    row = ROWS[name]
    assert row.probes or row.evidence
    assert not all(PAGE.search(part) for part in re.split(r";|, ", row.source)), row.source


PLACE = re.compile(
    r":\d+|#\d+|a booted Linux|a field report of kina|iproute2 says so before|before Linux \S+ says no more"
)


@pytest.mark.parametrize("name", LIBRARY.ids())
def test_what_a_row_and_its_messages_rest_on_can_be_opened(name: str) -> None:
    """A line of a file, an issue, or a kernel that was booted; of a message every place that is named."""
    for row in LIBRARY.get(name).requirements:
        assert row.alternatives or PLACE.search(row.source), (row.id, row.source)
        for message in row.says:
            for part in message.source.split("; "):
                assert PLACE.search(part), (row.id, message.text, part)


@pytest.mark.slow
@pytest.mark.parametrize("version", ["6.1", "6.12"])
def test_the_lines_that_are_named_are_there(version: str) -> None:
    """Every line of this version that a requirement rests on names one of its symbols, or refuses to boot."""
    tree = linux_source(version)
    for name, row in ROWS.items():
        for place in (e.removeprefix(f"linux {version} ") for e in row.evidence if e.startswith(f"linux {version} ")):
            path, _, number = place.rpartition(":")
            line = (tree / path).read_text(encoding="utf-8", errors="replace").splitlines()[int(number) - 1]
            assert any(s in line for s in (*row.symbols, "depends on", "panic(")), (name, place, line)


PLACES = re.compile(r"linux (6\.1|6\.12) ([^;]+)")
PLACE = re.compile(r"([\w./-]+?)(?::(\d+))?(?:-\d+)?")


@pytest.mark.slow
def test_the_lines_that_a_source_names_are_there_too() -> None:
    """A file may stand without its folder behind another of it; a line of a Makefile names one of the symbols."""
    for name, row in ROWS.items():
        for version, places in PLACES.findall("; ".join([row.source, *(m.source for m in row.says)])):
            folder = linux_source(version)
            for place in places.split(", "):
                path, number = PLACE.fullmatch(place.split()[0]).groups()  # type: ignore[union-attr]
                file = next((f for f in (linux_source(version) / path, folder / path) if f.is_file()), None)
                assert file is not None, (name, place)
                folder = file.parent
                lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
                assert int(number or 1) <= len(lines), (name, place)
                if number and file.name in ("Makefile", "Kbuild"):
                    assert any(s in lines[int(number) - 1] for s in row.symbols), (name, place, lines[int(number) - 1])


def test_the_list_of_what_is_proven_is_current() -> None:
    """docs/truth.md, written again with KINA_AUDIT_UPDATE=1."""
    path = Path(__file__).parents[1] / "docs/truth.md"
    runs = tomllib.loads((Path(__file__).parent / "data/agent-runs.toml").read_text(encoding="utf-8"))["run"]
    text = truth_page(LIBRARY, UNPROBED["reasons"], runs)
    if os.environ.get("KINA_AUDIT_UPDATE"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
