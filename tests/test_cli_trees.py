"""resolve, explain, fix, tree and check --kernel-tree from the command line, on the hand-written tree."""

import io
import json
import shutil
from pathlib import Path

import pytest

from kina_audit.cli import main
from kina_audit.sources.tree import compiler

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "kconfig" / "base"
PROFILE = """
schema = 1
id = "jit"
title = "JIT"
description = "The hand-written tree's JIT."

[[requirement]]
id = "jit"
expr = "JIT"
level = "required"
why = "Programs are slow without it."
fix = "Set CONFIG_JIT=y."
source = "net/Kconfig"

[[requirement]]
id = "arm"
expr = "ARM64_ONLY"
level = "recommended"
why = "Never on x86."
fix = "Use another machine."
source = "arch/x86/Kconfig"
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KINA_AUDIT_CACHE", str(tmp_path / "cache"))
    shutil.copytree(FIXTURE, tmp_path / "linux")
    (tmp_path / "config").write_text("CONFIG_X86=y\nCONFIG_NET=y\nCONFIG_JIT=y\n# CONFIG_MODULES is not set\n")
    (tmp_path / "jit.toml").write_text(PROFILE)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main([*words])
    out, err = capsys.readouterr()
    return status, out, err


TREE = ("-t", "linux", "--arch", "x86")


def test_resolve_writes_the_config_and_tells_what_was_lost(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "frag").write_text("CONFIG_BRIDGE=m\nCONFIG_BRIDG=y\n")
    status, out, err = run(capsys, "resolve", "config", *TREE, "-F", "frag", "-q")
    assert (status, out) == (2, "")
    assert "frag:2: CONFIG_BRIDG: nothing defines it on x86 6.12.0; did you mean BRIDGE?" in err
    status, out, err = run(capsys, "resolve", "config", *TREE, "-F", "frag", "-q", "--allow-unknown")
    assert status == 0
    assert "CONFIG_BRIDGE=y\n" in out
    assert "frag:1: CONFIG_BRIDGE=m is y: without MODULES=y, m becomes y" in err
    assert "frag:2: CONFIG_BRIDG=y is gone: nothing defines it on x86 6.12.0" in err
    status, out, _ = run(capsys, "resolve", "config", *TREE, "-o", "out.config", "-q")
    assert (status, out) == (0, "")
    assert "# CONFIG_JIT" not in (here / "out.config").read_text()


def test_explain_in_text_and_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "explain", "JIT", "config", *TREE, "-q")
    assert status == 0
    assert "MODULES is n (Kconfig:8): can be set: it is visible, and the config says n" in " ".join(out.split())
    status, out, _ = run(capsys, "explain", "JIT", "config", *TREE, "-q", "-f", "json")
    assert json.loads(out)["causes"][0]["symbol"] == "MODULES"


def test_explain_without_a_config_is_about_the_trees_defaults(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "explain", "NET", *TREE, "-q")
    assert status == 0
    assert "visible, not asked for" in out


def test_explain_a_requirement(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "explain", "tc-qos/sched", "config", *TREE, "-q")
    assert status == 0
    assert out.startswith("tc-qos/sched needs NET_SCHED: fail\n")
    assert "NET_SCHED does not exist on Linux 6.12.0 (x86)\n" in out
    (here / "packets").write_text("CONFIG_NET=y\nCONFIG_PACKET=y\n")
    status, out, _ = run(capsys, "explain", "socket-filter/packet", "packets", *TREE, "-q")
    assert out.startswith("socket-filter/packet needs PACKET: pass\n\nCONFIG_PACKET")
    status, _, err = run(capsys, "explain", "bpf/no-such", "config", *TREE, "-q")
    assert status == 2
    assert "has no requirement no-such" in err


def test_fix_prints_a_proven_fragment(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "fix", "config", "-p", "jit.toml", *TREE, "-q")
    assert status == 0
    assert out.startswith("# For profile jit, by kina-audit fix.\n# Proven on Linux 6.12.0 (x86)")
    assert [line for line in out.splitlines() if line and line[0] != "#"] == ["CONFIG_MODULES=y"]
    (here / "frag").write_text(out)
    status, out, _ = run(capsys, "resolve", "config", *TREE, "-F", "frag", "-q")
    assert "CONFIG_JIT=y\n" in out


def test_a_fragment_from_stdin(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"CONFIG_MODULES=y\nCONFIG_NO_SUCH=y\n")))
    status, out, err = run(capsys, "resolve", "config", *TREE, "-F", "-", "--allow-unknown")
    assert (status, "CONFIG_JIT=y" in out) == (0, True)
    assert "stdin:2: CONFIG_NO_SUCH=y is gone" in err
    status, _, err = run(capsys, "resolve", "-", *TREE, "-F", "-")
    assert (status, err.splitlines()[0]) == (2, "kina-audit: more than one of the kernel and the fragments is -")


def test_fix_says_why_there_is_no_fragment(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "fix", "config", "-p", "jit.toml", "--recommended", *TREE, "-q")
    assert status == 1
    assert "jit/arm needs ARM64_ONLY: no config of Linux 6.12.0 (x86) with this toolchain can hold it" in " ".join(
        out.split()
    )
    status, out, _ = run(capsys, "fix", "config", "-p", "jit.toml", "--recommended", *TREE, "-q", "-f", "json")
    assert json.loads(out)["blocked"][0]["proven"] is True


@pytest.mark.slow
def test_check_resolves_first_and_says_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "check", "config", "-p", "jit.toml", "-t", "linux", "--arch", "x86_64", "-f", "json")
    assert status == 1, err
    report = json.loads(out)
    notes = report["kernel"]["notes"]
    assert any(n.startswith("resolved as olddefconfig of Linux 6.12.0 (x86_64) does") for n in notes)
    assert any("CONFIG_JIT=y (config line 3) is n: unmet dependencies: MODULES is n" in n for n in notes)
    asked = ("-p", "jit.toml", "-t", "linux", "--arch", "x86_64", "--cilium", "none")
    table = " ".join(run(capsys, "check", "config", *asked)[1].replace("\\\n", "").split())
    assert "kina-audit fix config --kernel-tree linux --arch x86_64 -p jit.toml -o features.fragment" in table


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"kind": "gcc"}', "null"])
def test_a_damaged_cache_is_made_again(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    told = compiler.Measured("gcc", "12.2.0", "gcc (Debian 12.2.0-14) 12.2.0", "2.40", {"pahole": "1.25"})
    monkeypatch.setattr(compiler, "identify", lambda _: told)
    monkeypatch.setattr(compiler, "measure", lambda *_: {"cc-option -m64": "y"})
    words = ("resolve", "config", *TREE, "--toolchain", "cc:gcc", "-q")
    first = run(capsys, *words)
    assert first[0] == 0, first[2]
    for file in (here / "cache/models").iterdir():
        file.write_text(damage)
    assert run(capsys, *words) == first


def test_trees_are_listed_added_and_removed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.make_archive("linux-6.12", "xztar", here, "linux")
    assert run(capsys, "tree", "list")[1] == ""
    status, out, _ = run(capsys, "tree", "add", "linux-6.12.tar.xz")
    assert status == 0
    name = out.partition(":")[0]
    assert out == f"{name}: Linux 6.12.0\n"
    assert run(capsys, "tree", "list")[1].startswith(f"{name}  0.0 MiB  linux-6.12.tar.xz")
    assert run(capsys, "resolve", "config", "-t", name, "--arch", "x86", "-q")[0] == 0
    assert run(capsys, "tree", "remove", name)[0] == 0
    assert run(capsys, "tree", "remove", name)[0] == 3


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("resolve", "config"), 2, "which kernel version it is for is not known"),
        (("resolve", "config", "-t", "nowhere"), 3, "nowhere: no such kernel tree"),
        (("resolve", "config", "-t", "."), 3, "is no kernel tree"),
        (("resolve", "config", "-t", "linux", "--toolchain", "tcc-1"), 2, "unknown compiler"),
        (("resolve", "config", "-t", "linux", "--toolchain", "cc:no-such-compiler"), 3, "no such program"),
        (("tree", "add", "linux"), 2, "linux: a source folder is read in place"),
        (("resolve", "config", *TREE, "-F", "missing"), 3, "missing: no such file"),
        (("resolve", "config", *TREE, "-F", "jit.toml.txt"), 3, "so it is no fragment"),
        (("explain", "NO_SUCH", "config", *TREE), 2, "defines no symbol NO_SUCH"),
        (("explain", "JIT", "config", *TREE, "-f", "xml"), 2, "not one of text, json"),
        (("fix", "config", *TREE), 2, "--profile, --mode or both"),
        (("fix", "config", "--mode", "turbo", *TREE), 2, "not one of full-ebpf"),
    ],
)
def test_bad_input_is_one_clear_error(
    here: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], status: int, message: str
) -> None:
    (here / "jit.toml.txt").write_text("nothing here\n")
    found, out, err = run(capsys, *words, "-q")
    assert (found, out) == (status, "")
    assert message in err
    assert "Traceback" not in err


def test_claims_are_held_against_what_the_tree_makes_of_a_config(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "claims").write_text("CONFIG_JIT=y\n")
    assert run(capsys, "claims", "claims", "config", "-q")[0] == 0
    status, out, _ = run(capsys, "claims", "claims", "config", "-t", "linux", "-q")
    assert status == 1
    assert "false" in out
