"""Held against agents that really ran: every scenario of ../shared/truth/agent, foretold and compared."""

import gzip
import json
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kina_audit.api import review_cilium
from kina_audit.cilium.model import State
from kina_audit.cilium.predict import Outcome
from kina_audit.cilium.review import Review
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.profiles.load import ProfileLibrary
from tests.conftest import SHARED

LIBRARY = ProfileLibrary()
AGENTS = SHARED / "truth/agent"
RELEASE = "1.20.0"
"""The release nearest to the snapshot that ran (1.20.0-dev of 2026-06-25)."""

OUTCOMES = {"works": Outcome.RUNS, "starts": Outcome.RUNS, "no-pods": Outcome.NO_PODS, "exits": Outcome.EXITS}
SYSCTLS = {"net.core.bpf_jit_enable": "BPF_JIT"}
"""A setting that stands for a symbol that is not set."""

UNPREDICTED = {"d612-nodiag-2": Outcome.UNKNOWN, "apple-b-hbmasq-2": Outcome.NO_PODS}
"""Scenarios that cannot be foretold for a release, with what is said instead; docs/truth.md says why."""

RUNS = tomllib.loads((Path(__file__).parent / "data/agent-runs.toml").read_text(encoding="utf-8"))["run"]


def scenarios() -> list[dict[str, Any]]:
    path = AGENTS / "scenarios.toml"
    rows: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["scenario"] if path.is_file() else []
    return rows


def named(row: dict[str, Any]) -> str:
    return str(row["name"])


@cache
def foretold(name: str) -> Review:
    row = next(r for r in scenarios() if r["name"] == name)
    text = gzip.decompress((AGENTS / f"kernels/{row['kernel']}.config.gz").read_bytes()).decode()
    gone = {
        *row.get("unset", ()),
        *(SYSCTLS[s] for s, v in row.get("sysctls", {}).items() if s in SYSCTLS and v == "0"),
    }
    for symbol in gone:
        text = re.sub(rf"^CONFIG_{symbol}=.*$", f"# CONFIG_{symbol} is not set", text, flags=re.MULTILINE)
    values = json.loads((AGENTS / f"config/{row['config']}.json").read_text(encoding="utf-8"))
    rows = [(key, str(value), i) for i, (key, value) in enumerate(values.items(), 1)]
    kernel = Kernel(parse_config(text), Provenance(name, "file", name))
    return review_cilium(kernel, rows, "configmap", cilium=RELEASE, library=LIBRARY)


def log(name: str) -> str:
    """What the agent logged: its warnings and errors, and the words that the scenario quotes."""
    row = next(r for r in scenarios() if r["name"] == name)
    return (AGENTS / f"log/{name}.txt").read_text(encoding="utf-8") + "\n".join(row.get("words", ()))


def test_the_page_of_runs_is_true(shared: Path) -> None:
    """tests/data/agent-runs.toml, from which docs/truth.md is written."""
    assert len(scenarios()) >= 30
    ours = {r["name"]: (r["outcome"], r.get("without", [])) for r in RUNS}
    assert ours == {r["name"]: (r["outcome"], r.get("unset", [])) for r in scenarios()}
    assert {r["name"] for r in RUNS if "unforetold" in r} == UNPREDICTED.keys()


@pytest.mark.parametrize("row", scenarios(), ids=named)
def test_the_agent_does_what_is_foretold(row: dict[str, Any]) -> None:
    found = foretold(row["name"]).prediction
    if row["name"] in UNPREDICTED:
        assert found.outcome is UNPREDICTED[row["name"]]
        assert found.outcome is not OUTCOMES[row["outcome"]]
        return
    assert found.outcome is OUTCOMES[row["outcome"]]
    if found.outcome is not Outcome.RUNS:
        assert found.says
        assert found.says in log(row["name"])


@pytest.mark.parametrize("row", [r for r in scenarios() if "kpr" in r], ids=named)
def test_the_agent_reports_what_is_foretold(row: dict[str, Any]) -> None:
    found = foretold(row["name"]).prediction
    reported = {k: row[k] for k in ("kpr", "masquerading", "host_routing", "inter_host", "datapath", "attach")}
    assert {
        "kpr": str(found.kube_proxy_replacement),
        "masquerading": found.masquerading,
        "host_routing": found.host_routing,
        "inter_host": found.inter_host,
        "datapath": found.datapath,
        "attach": found.attach,
    } == reported


FLOWS = re.compile(r"(\d+|no) flows?\b")
"""How many flows Hubble saw; the agent's status does not tell it."""


@pytest.mark.parametrize("row", [r for r in scenarios() if FLOWS.search(r.get("note", ""))], ids=named)
def test_hubble_sees_flows_where_that_is_foretold(row: dict[str, Any]) -> None:
    seen = FLOWS.search(row["note"])
    assert seen is not None
    assert (seen[1] != "no") == foretold(row["name"]).prediction.hubble


@pytest.mark.parametrize("row", scenarios(), ids=named)
def test_what_to_look_for_is_in_the_log_of_an_agent_that_was_said_to_log_it(row: dict[str, Any]) -> None:
    """Whatever breaks or is degraded, where the agent got that far; nothing is quoted that no agent printed."""
    text = log(row["name"])
    quoted = [r for r in foretold(row["name"]).remarks if r.says and r.state in (State.BROKEN, State.DEGRADED)]
    if row["name"] not in UNPREDICTED and OUTCOMES[row["outcome"]] is Outcome.RUNS:
        missing = [r.says for r in quoted if r.says not in text]
        assert not missing


@pytest.mark.parametrize("row", [r for r in scenarios() if r["outcome"] == "works"], ids=named)
def test_nothing_that_worked_is_said_to_break(row: dict[str, Any]) -> None:
    """But the L7 proxy without iptables, of which the run says only that pods and services do not need it."""
    broken = {r.feature for r in foretold(row["name"]).remarks if r.state in (State.FATAL, State.NO_PODS, State.BROKEN)}
    assert broken <= ({"l7-proxy"} if row["name"] == "d612-noipt" else set())
