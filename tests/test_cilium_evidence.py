"""Every fact about Cilium says how well it is known, and names what it is known from."""

import importlib.util
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from kina_audit.cilium.features import features, probe_rows
from kina_audit.cilium.messages import cilium_messages
from kina_audit.cilium.release import find_release, known_releases
from kina_audit.kernel.version import KernelVersion, VersionRange
from kina_audit.profiles.load import ProfileLibrary
from tests.test_cilium_agents import AGENTS, log, scenarios

ROOT = Path(__file__).resolve().parents[1]
SPEC = importlib.util.spec_from_file_location("cilium_source", ROOT / "scripts/cilium_source.py")
assert SPEC is not None
assert SPEC.loader is not None
cilium_source = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(cilium_source)

FACTS: list[tuple[str, dict[str, Any]]] = [(name, row) for name, row in cilium_source.facts() if "evidence" in row]
PLACE = re.compile(r"(cilium/cilium@[0-9a-f]{12}|torvalds/linux@v\d\.\d+):[\w./*-]+:[1-9]\d*")
CALLS = tomllib.loads((ROOT / "tests/data/cilium-calls.toml").read_text(encoding="utf-8"))["release"]


def places(row: dict[str, Any]) -> list[str]:
    at = row.get("at", [])
    return [at] if isinstance(at, str) else list(at)


def test_there_are_facts() -> None:
    assert len(FACTS) > 200


@pytest.mark.parametrize(("name", "row"), FACTS, ids=[f"{i}-{n}" for i, (n, _) in enumerate(FACTS)])
def test_a_fact_names_what_it_is_known_from(name: str, row: dict[str, Any]) -> None:
    assert [p for p in places(row) if not PLACE.fullmatch(p)] == []
    source = places(row)
    if row["evidence"] == "source":
        assert source, f"{name}: evidence 'source' names no repository, commit, file and line"
    elif row["evidence"] == "observed":
        assert row["observed"], name
    elif row["evidence"] == "report":
        assert row["link"].startswith("https://"), name
    else:
        assert row["evidence"] in ("documentation", "derived", "unverified"), name
        assert source or row["link"].startswith("https://"), name


def test_what_nobody_knows_says_what_would_decide_it() -> None:
    unknown = [
        (name, row) for name, row in FACTS if row["evidence"] == "unverified" or row.get("state") == "unverified"
    ]
    # Three of them are about vendors' kernels, each of which would have to be asked.
    assert len(unknown) <= 16
    assert [name for name, row in unknown if len(row.get("open", "")) < 40] == []
    assert [name for name, row in FACTS if "open" in row and (name, row) not in unknown] == []


def test_runs_that_facts_name_are_there(shared: Path) -> None:
    assert {r for _, row in FACTS for r in row.get("observed", ())} <= {s["name"] for s in scenarios()}


@pytest.mark.parametrize(("name", "row"), [(n, r) for n, r in FACTS if r.get("says")])
def test_what_to_look_for_is_quoted_from_a_log_or_from_the_source(name: str, row: dict[str, Any], shared: Path) -> None:
    """From the log of a run that the fact names where it names one, else from a file (scripts/cilium_source.py check)."""
    runs = [r for r in row.get("observed", ()) if (AGENTS / f"log/{r}.txt").is_file()]
    for words in row["says"].values() if isinstance(row["says"], dict) else [row["says"]]:
        assert any(words in log(r) for r in runs) or places(row), (name, words)


@pytest.mark.parametrize("release", CALLS, ids=lambda r: str(r["release"]))
def test_no_probe_of_a_release_is_without_its_row(release: dict[str, Any]) -> None:
    """W1 was a helper that nobody had read; a new line of requirements.go is one that fails here."""
    version = KernelVersion.parse(release["release"])
    known = {
        call
        for row in probe_rows()
        if "releases" not in row or version in VersionRange.parse(row["releases"])
        for call in row["calls"]
    }
    assert set(release["calls"]) - known == set()


def test_every_row_is_a_probe_of_some_release() -> None:
    called = {call for release in CALLS for call in release["calls"]}
    older = {"netlink XFRM", "netlink NETFILTER"}  # of patch releases before those that were read
    assert {call for row in probe_rows() for call in row["calls"]} - called - older == set()
    assert all(row["offered"] and (row.get("requirement") or row.get("linux")) for row in probe_rows())


def test_the_agents_needs_follow_from_the_table() -> None:
    for release in known_releases():
        rows = [r for r in probe_rows() if "releases" not in r or release.version in VersionRange.parse(r["releases"])]
        asked = {(n.requirement, str(n.linux or "")) for n in features(release)["agent"].needs}
        assert {(r.get("requirement", ""), r.get("linux", "")) for r in rows} <= asked


def test_older_releases_ask_for_less() -> None:
    asked = [{n.requirement for n in features(find_release(r))["agent"].needs} for r in ("1.18", "1.19", "1.20.2")]
    assert asked[1] - asked[0] == {"cilium-agent/classid"}
    assert asked[0] <= asked[1]


def test_what_the_agent_logs_release_by_release_and_of_a_whole_profile_is_known_to_why() -> None:
    known = [(f"{row.profile}/{row.id}", message.text) for row, message in cilium_messages(ProfileLibrary())]
    rules = {name for name, text in known if text == "iptables rules full reconciliation failed"}
    assert {"cilium-iptables-backend/backend", "cilium-iptables-backend/mark", "cilium-ipv6/ipv6-targets"} <= rules
    assert not {name for name in rules if name.startswith("cilium-agent/")}
    assert ("cilium-agent/netlink-xfrm", "unable to setup device manager") in known
