"""``check --kernel-tree``: a config that a named tree resolves is told as without a tree, by the lines of its own file."""

import gzip
import json
import re
from pathlib import Path

import pytest

from kina_audit.api import load_kernel
from kina_audit.cli import main
from kina_audit.trees import open_kernel_tree, resolve_kernel
from tests.conftest import SHARED

TREE = SHARED / "ktrees/linux-6.18.5.kconfig.tar.xz"
BASE = SHARED / "kernels/apple-arm64-2f947e7.config.gz"
BTF = "".join(
    f"CONFIG_{line}\n"
    for line in (
        "BPF_JIT=y", "DEBUG_KERNEL=y", "DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT=y", "DEBUG_INFO_BTF=y", "FTRACE=y",
        "UPROBE_EVENTS=y", "INET_DIAG_DESTROY=y",
    )
)  # fmt: skip

pytestmark = pytest.mark.skipif(not TREE.exists(), reason="kept on the founders' machines")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.config").write_bytes(gzip.decompress(BASE.read_bytes()))
    (tmp_path / "cil.fragment").write_text(BTF)
    return tmp_path


def check(capsys: pytest.CaptureFixture[str], *words: str, tree: bool = True) -> tuple[int, str, str]:
    status = main(["check", "base.config", *(["-t", str(TREE)] if tree else []), *words])
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.usefixtures("here")
def test_it_is_an_input_and_no_kernels_own_config(capsys: pytest.CaptureFixture[str]) -> None:
    first = " ".join(check(capsys, "--built")[1].partition("verdict")[0].split())
    assert "resolved from a file headed 6.1.68" in first
    assert "own config" not in first
    kernel = json.loads(check(capsys, "-f", "json", "-q")[1])["kernel"]
    assert kernel["origin"] == "input"
    assert kernel["resolved"]["how"] == "resolved as olddefconfig of Linux 6.18.5, the tree that was named, does"
    assert (kernel["header_version"], kernel["target_version"]) == ("6.1.68", "6.18.5")


def test_lines_are_those_of_the_file_that_was_given(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (here / "base.config").read_text().split("\n")
    places = []
    for tree in (True, False):
        report = json.loads(check(capsys, "-f", "json", "-q", tree=tree)[1])
        facts = {
            s["name"]: s["line"]
            for p in report["profiles"]
            for f in p.get("requirements", p.get("findings", []))
            for s in f["symbols"]
        }
        assert facts["IFB"] == lines.index("# CONFIG_IFB is not set") + 1
        assert facts["BPF_JIT"] is None
        places.append(
            re.findall(r"::(\w+) file=base.config,line=(\d+)", check(capsys, "-f", "github", "-q", tree=tree)[1])
        )
    assert places[0] == places[1]


@pytest.mark.usefixtures("here")
def test_what_the_tools_decide_is_unknown_until_they_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    plain = check(capsys, "-F", "cil.fragment", "-p", "cilium-agent", "--fail-on", "recommended", tree=False)
    status, out, _ = check(capsys, "-F", "cil.fragment", "-p", "cilium-agent", "--fail-on", "recommended")
    assert status == plain[0] == 1
    assert "DEBUG_INFO_BTF unknown" in out
    assert "name yours with --toolchain" in " ".join(out.split())
    tools = ("--toolchain", "gcc-12,pahole=1.24")
    status, out, _ = check(capsys, "-F", "cil.fragment", "-p", "cilium-agent", "--fail-on", "recommended", *tools)
    assert status == 0, out
    assert "DEBUG_INFO_BTF unknown" not in out


@pytest.mark.usefixtures("here")
def test_every_value_is_the_one_that_the_resolved_config_has() -> None:
    tree = open_kernel_tree(str(TREE), toolchain="gcc-12,pahole=1.24")
    kernel, state = resolve_kernel(load_kernel("base.config"), tree, [("cil.fragment", BTF)])
    names = list(kernel.config.predicted)
    assert len(names) > 3000
    for name in names:
        assert kernel.config.fact(name).value == (state.value(name) if state.line(name) else "n"), name


@pytest.mark.usefixtures("here")
def test_what_no_tools_decide_is_told_of_a_record_and_of_a_part_too(capsys: pytest.CaptureFixture[str]) -> None:
    Path("part").write_text(BTF)
    for source in ("recorded:apple@0.38.0", "part"):
        words = (
            "check",
            source,
            "-t",
            str(TREE),
            "--arch",
            "arm64",
            "-p",
            "bpf",
            "--cilium",
            "none",
            "-f",
            "json",
            "-q",
        )
        main([*words])
        kernel = json.loads(capsys.readouterr().out)["kernel"]
        assert (kernel["origin"], kernel["target_version"]) == ("input", "6.18.5")
