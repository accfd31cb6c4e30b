"""``--cilium none``: Cilium was not asked for, so nothing of it is counted, named or decides."""

import json
from pathlib import Path

import pytest

from tests.test_cli import Run, run  # noqa: F401

pytestmark = pytest.mark.usefixtures("built")

NO_JIT = "recorded:apple@0.38.0"
"""Everything that the default set asks is there, but for what Cilium's agent needs."""


def test_the_default_set_is_without_ciliums_own_profile(run: Run) -> None:  # noqa: F811
    status, out, _ = run("check", NO_JIT, "--cilium", "none")
    assert status == 0
    assert "verdict: pass\n" in out
    assert "cilium" not in out.lower()
    status, out, _ = run("check", NO_JIT)
    assert status == 1
    assert "cilium-agent" in out


@pytest.mark.parametrize("format_", ["json", "markdown", "html", "sarif", "junit", "tap"])
def test_no_format_counts_it(run: Run, format_: str) -> None:  # noqa: F811
    status, out, _ = run("check", NO_JIT, "--cilium", "none", "-f", format_)
    assert status == 0
    assert "cilium-agent" not in out


def test_whoever_names_the_profile_asks_for_cilium(run: Run) -> None:  # noqa: F811
    status, out, _ = run("check", NO_JIT, "--cilium", "none", "-p", "cilium-agent")
    assert status == 1
    assert "cilium-agent/jit" in out


def test_the_other_commands_leave_it_out_too(run: Run, tmp_path: Path) -> None:  # noqa: F811
    status, out, _ = run("matrix", NO_JIT, "--cilium", "none", "-f", "json")
    assert status == 0
    assert "cilium-agent" not in out
    assert run("baseline", NO_JIT, "--cilium", "none", "-o", "k.json")[0] == 0
    assert "cilium-agent" not in json.loads((tmp_path / "k.json").read_text())["profiles"]
    status, out, _ = run("diff", NO_JIT, "recorded:kata@3.32.0-debug", "--cilium", "none")
    assert "cilium-agent" not in out
    (tmp_path / "kina-audit.toml").write_text('cilium = "none"\n')
    assert run("check", NO_JIT)[0] == 0
