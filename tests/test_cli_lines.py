"""`explain`, `fix` and `resolve` without a kernel tree: by the models of the kernel lines that ship."""

import json
import re
from pathlib import Path

import pytest

from kina_audit.cli import main
from tests.conftest import SHARED, config_text

JIT_OFF = "kernels/apple-arm64-2f947e7.config.gz"
FRAGMENT = """schema = 1
id = "{id}"
title = "T"
description = "D"
"""
REQUIREMENT = """
[[requirement]]
id = "r{number}"
expr = "{expr}"
level = "required"
why = "w."
fix = "f."
source = "s"
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KINA_AUDIT_OFFLINE", "1")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(words)
    out, err = capsys.readouterr()
    return status, out, err


def profile(here: Path, *expressions: str) -> str:
    rows = "".join(REQUIREMENT.format(number=n, expr=e) for n, e in enumerate(expressions, 1))
    (here / "mine.toml").write_text(FRAGMENT.format(id="mine") + rows)
    return "./mine.toml"


@pytest.mark.slow
def test_a_mode_is_proven_on_the_line_and_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "fix", "apple", "--mode", "full-ebpf")
    assert status == 0
    assert "# Proven on Linux 6.18.5 (arm64), toolchain gcc-12: merged, resolved, audited." in out
    assert "# Assumes pahole=1.24; it decides DEBUG_INFO_BTF." in out
    assert "\nCONFIG_BPF_JIT=y\n" in out
    assert "by the model of Linux 6.18.5 (arm64) that ships" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("fix", "apple", "--mode", "banana"), "--mode banana: not one of full-ebpf"),
        (("fix", "apple", "--mode", "unsupported"), "--mode unsupported: not one of full-ebpf"),
        (("fix", "apple", "--mode", "full-ebpf", "--cilium", "9.9"), "--cilium 9.9: no such release is known"),
        (("fix", "apple", "-p", "vxlan", "--cilium", "1.18"), "--cilium 1.18 without --mode"),
        (("fix", "apple", "-p", "vxlan", "--run-probes"), "--run-probes without a tree"),
        (("fix", "apple", "-p", "vxlan", "--target-kernel", "4.9"), "no model that ships is of Linux 4.9.0, arm64"),
        (("fix", "frag", "-p", "vxlan"), "which kernel version it is for is not known"),
        (("fix", "frag", "-p", "vxlan", "--target-kernel", "6.12", "--arch", "s390x"), "Linux 6.12.0, s390"),
        (("fix", "frag", "-p", "vxlan", "-F", "typo", "--target-kernel", "6.12"), "typo:1: CONFIG_VXLA"),
        (("resolve", "frag"), "which kernel version it is for is not known"),
        (("explain", "VXLA", "none"), "did you mean VXLAN"),
    ],
)
def test_what_cannot_be_is_a_usage_error(
    here: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    (here / "frag").write_text("CONFIG_NET=y\n")
    (here / "typo").write_text("CONFIG_VXLA=y\n")
    status, out, err = run(capsys, *words)
    assert (status, out) == (2, "")
    assert message.lower() in err.lower()


@pytest.mark.slow
def test_between_two_lines_a_fragment_is_proven_on_both(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "frag").write_text("CONFIG_NET=y\nCONFIG_BPF_SYSCALL=y\n")
    words = ("frag", "-p", profile(here, "BPF_JIT"), "--arch", "arm64")
    status, out, _ = run(capsys, "fix", *words, "--target-kernel", "6.6")
    assert status == 0
    # The older neighbour's JIT needs modules, the newer one's does not.
    lines = [line for line in out.splitlines() if line.startswith("CONFIG_")]
    assert lines == ["CONFIG_BPF_JIT=y", "CONFIG_MODULES=y"]
    assert out.count("; was n; for mine/r1\n") == 2
    (here / "more").write_text("CONFIG_MODULES=y\n")
    status, out, _ = run(capsys, "fix", *words, "--target-kernel", "6.6", "-F", "more", "-f", "json")
    assert status == 0
    found = json.loads(out)
    assert [c["line"] for c in found["fragment"]] == ["CONFIG_BPF_JIT=y"]
    assert [v.rsplit(".", 1)[0] for v in found["proven_on"]] == ["6.1", "6.12"]


@pytest.mark.slow
def test_what_the_older_neighbour_alone_lacks_is_missing(
    here: Path, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`fix` said that nothing is missing: the newer one, which is asked first, had it all."""
    (here / "base.config").write_bytes(config_text(shared / JIT_OFF))
    (here / "f").write_text("CONFIG_BPF_JIT=y\n")
    status, out, _ = run(capsys, "fix", "base.config", "--target-kernel", "6.6", "-F", "f", "--mode", "compat")
    assert status == 0
    assert [line for line in out.splitlines() if line[:1] == "C"] == ["CONFIG_MODULES=y"]


@pytest.mark.slow
def test_what_one_neighbour_cannot_have_was_not_found(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "frag").write_text("CONFIG_NET=y\nCONFIG_NETDEVICES=y\nCONFIG_INET=y\n")
    words = ("frag", "--target-kernel", "6.6", "--arch", "arm64", "-p", profile(here, "NETKIT", "VXLAN"))
    status, out, _ = run(capsys, "fix", *words, "-o", "part")
    assert status == 1
    assert "No fragment was found for profile mine that holds on Linux 6.1." in out
    assert "No fragment gives" not in out
    assert "mine/r1 needs NETKIT: no config of Linux 6.1." in out
    assert "mine/r2" not in out
    assert [line for line in (here / "part").read_text().splitlines() if line[:1] == "C"] == ["CONFIG_VXLAN=y"]


@pytest.mark.slow
@pytest.mark.parametrize("target", ["5.12", "5.15.100", "5.18", "6.2", "6.6.50", "6.11"])
def test_between_two_lines_a_mode_is_what_both_need(
    here: Path, shared: Path, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    (here / "base.config").write_bytes(config_text(shared / JIT_OFF))
    kernel = ("base.config", "--target-kernel", target)
    status, out, _ = run(capsys, "check", *kernel)
    assert status == 1
    assert "  for compat (untested): BPF_JIT=y, MODULES=y\n" in out
    assert f"next: kina-audit fix base.config --target-kernel {target} " in " ".join(out.split())
    for mode in ("compat", "full-ebpf"):
        status, out, _ = run(capsys, "fix", *kernel, "--mode", mode, "-o", "cilium.fragment")
        assert (status, out) == (0, "")
        tools = ("--toolchain", "gcc-12,pahole=1.24")
        status, out, _ = run(capsys, "check", *kernel, *tools, "-F", "cilium.fragment", "-f", "json")
        assert status == 0
        assert f'"mode": "{mode}"' in out


@pytest.mark.slow
def test_what_one_neighbour_lacks_is_no_misspelling(
    here: Path, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fragment of `fix` was followed by a warning that nothing defines one of its symbols."""
    text = config_text(shared / "corpus/linuxkit/kernel__5.11.x__config-x86_64.config.gz")
    assert b"\nCONFIG_DEBUG_INFO_SPLIT=y\n" in text
    (here / "own.config").write_bytes(text)
    assert run(capsys, "fix", "own.config", "--mode", "full-ebpf", "-o", "cilium.fragment")[0] == 0
    fragment = (here / "cilium.fragment").read_text()
    assert "\nCONFIG_DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT=y\n" in fragment
    assert "; was y; for cilium-agent/btf\n# CONFIG_DEBUG_INFO_SPLIT is not set\n" in fragment
    err = run(capsys, "check", "own.config", "-F", "cilium.fragment", "-v")[2]
    assert "warning" not in err
    # One that neither has is told as before; one that its only neighbour does not take says both.
    (here / "f").write_text("CONFIG_BPF_JITT=y\nCONFIG_NETKIT=y\nCONFIG_BPFILTER=y\n# CONFIG_NET is not set\n")
    (here / "frag").write_text("CONFIG_INET=y\n")
    words = ("frag", "--target-kernel", "6.6", "--arch", "arm64", "-F")
    err = run(capsys, "check", *words, "f", "--cilium", "none", "-v")[2]
    assert "f line 1: CONFIG_BPF_JITT=y is gone on Linux 6.1." in err
    assert "did you mean BPF_JIT?" in err
    assert re.search(
        r"f line 2: CONFIG_NETKIT=y is n on Linux 6\.12\.\S+ unmet .*; Linux 6\.1\.\d+ does not have it\n", err
    )
    # `resolve` shows the newer one, which does not have this one.
    (here / "older").write_text("CONFIG_BPFILTER=y\n")
    status, _, err = run(capsys, "resolve", *words, "older", "-o", "new.config")
    assert status == 0
    assert re.search(r"older:1: CONFIG_BPFILTER=y is gone: Linux 6\.1\.\d+ has it, and the newer one does not\n", err)


@pytest.mark.slow
def test_where_nothing_is_missing_what_was_assumed_is_said(
    here: Path, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`fix` said that nothing is missing where `check` cannot tell without the toolchain."""
    (here / "base.config").write_bytes(config_text(shared / JIT_OFF))
    own = config_text(shared / "corpus/linuxkit/kernel__5.11.x__config-x86_64.config.gz")
    (here / "own.config").write_bytes(own)
    for kernel, assumed, tools in (
        ("base.config", "pahole=1.24", "gcc-12,pahole=1.24"),
        ("own.config", "the toolchain = gcc-12", "gcc-12"),
    ):
        assert run(capsys, "fix", kernel, "--mode", "full-ebpf", "-o", "cilium.fragment")[0] == 0
        words = (kernel, "-F", "cilium.fragment")
        assert run(capsys, "check", *words)[0] == 1
        status, out, err = run(capsys, "fix", *words, "--mode", "full-ebpf")
        assert (status, out) == (0, "")
        said = f"full-ebpf; assuming {assumed}, which decides DEBUG_INFO_BTF; name yours with --toolchain\n"
        assert err.endswith(f"nothing is missing for Cilium mode {said}")
        # With the tools named both say that it holds.
        assert run(capsys, "check", *words, "--toolchain", tools)[0] == 0
        err = run(capsys, "fix", *words, "--mode", "full-ebpf", "--toolchain", tools)[2]
        assert err.endswith("nothing is missing for Cilium mode full-ebpf\n")


@pytest.mark.slow
def test_where_the_neighbours_differ_both_explain(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "frag").write_text("CONFIG_NET=y\nCONFIG_BPF_SYSCALL=y\n# CONFIG_MODULES is not set\n")
    words = ("frag", "--target-kernel", "6.6", "--arch", "arm64")
    status, out, err = run(capsys, "explain", "BPF_JIT", *words)
    assert status == 0
    assert "enabled   by CONFIG_BPF_JIT=y and CONFIG_MODULES=y (resolved again)" in out
    assert "enabled   by CONFIG_BPF_JIT=y (resolved again)" in out
    assert out.count("told      by the model of Linux 6.") == 2
    assert "Linux 6.6.0 lies between them" in err
    status, out, _ = run(capsys, "explain", "VXLAN", *words)
    assert out.count("told      by the model of Linux 6.") == 1
    status, out, err = run(capsys, "resolve", *words, "-o", "new.config")
    assert "Linux 6.1." in err
    assert "makes other values of" in err


@pytest.mark.slow
def test_a_requirement_and_json_say_which_line_tells(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "explain", "vxlan/vxlan-device", "apple", "-f", "json", "-q")
    assert status == 0
    assert {row["symbol"]: row["tree"]["version"] for row in json.loads(out)} == {"VXLAN": "6.18.5", "INET": "6.18.5"}


def test_what_a_line_does_by_default(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "frag").write_text("CONFIG_NET=y\nCONFIG_INET=y\nCONFIG_NETDEVICES=y\nCONFIG_VXLAN=y\n")
    status, out, _ = run(capsys, "resolve", "none", "-F", "frag", "--target-kernel", "6.12", "--arch", "amd64", "-q")
    assert status == 0
    assert "# Linux/x86_64 6.12." in out
    assert {"CONFIG_VXLAN=y", "CONFIG_NET_UDP_TUNNEL=y", "# CONFIG_MODULES is not set"} <= set(out.split("\n"))


@pytest.mark.parametrize(
    ("words", "made"),
    [
        (("explain", "BPF_JIT", "none"), "where they differ, both are shown"),
        (("fix", "none", "-p", "vxlan"), "what is found has to hold on both"),
        (("resolve", "none"), "what is written is what the newer one makes"),
    ],
)
def test_between_two_lines_each_command_says_what_it_makes_of_them(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], made: str
) -> None:
    """Each said `what is shown is of the newer one`, which only `resolve` shows."""
    _, out, err = run(capsys, *words, "--target-kernel", "6.8", "--arch", "arm64")
    assert f"that ship, toolchain gcc-12; Linux 6.8.0 lies between them, and {made}\n" in err
    assert out.count("told      by the model of Linux 6.") == (2 if words[0] == "explain" else 0)


def test_newer_than_every_line_is_told_by_the_newest(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "explain", "NET", "none", "--target-kernel", "9.1")
    assert status == 0
    assert "Linux 9.1.0 is newer than every line that ships" in err


@pytest.mark.slow
def test_a_question_to_the_compiler_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "explain", "CFI_CLANG", "none", "--target-kernel", "6.12", "-q")
    assert status == 0
    assert "$(cc-option,-fsanitize=kcfi) is n: by gcc-12" in out
    status, out, _ = run(
        capsys, "explain", "CFI_CLANG", "none", "--target-kernel", "6.12", "--toolchain", "clang-18", "-q"
    )
    assert "enabled   by CONFIG_CFI_CLANG=y" in out


def test_apples_file_resolves_as_its_own_kernels_tree_does(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not SHARED.is_dir():
        pytest.skip("the research data (../shared) is not beside this checkout")
    (here / "a.config").write_bytes(config_text(SHARED / "kernels" / "apple-arm64-2f947e7.config.gz"))
    status, out, _ = run(capsys, "resolve", "a.config", "--target-kernel", "6.18.5", "-q")
    assert status == 0
    theirs = config_text(SHARED / "kernels" / "apple-arm64-resolved-6.18.5.config.gz").decode()

    def lines(text: str) -> set[str]:
        named = {line for line in text.split("\n") if line.startswith("CONFIG_") or line.endswith(" is not set")}
        return {line for line in named if not any(t in line for t in ("VERSION", "RUSTC_", "CC_CAN_LINK"))}

    assert lines(out) == lines(theirs)


def test_what_turns_a_feature_on_between_two_lines_is_proven_on_both(
    here: Path, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """NETKIT=y was advised on 6.6, where one neighbour has no such symbol and `fix` says so."""
    own = config_text(shared / "corpus/linuxkit/kernel__6.6.x__config-x86_64.config.gz")
    (here / "own.config").write_bytes(own)
    _, out, _ = run(capsys, "check", "own.config", "-f", "json")
    advice = json.loads(out)["advice"]
    [netkit] = [c for c in advice["capabilities"] if c["id"] == "cilium-netkit"]
    assert (netkit["state"], netkit["unlock"]) == ("fatal", [])
    assert any(c["unlock"] for c in advice["capabilities"])
    # What the input does not tell is not said to be missing, either.
    because = {c["name"]: (c["value"], c["because"]) for c in advice["choices"]}
    assert because["attachment"] == ("tc", "Whether there is a tcx hook cannot be told; tc filters do.")
    assert because["datapath-device"] == ("veth", "The kernel has no netkit.")


def test_resolve_says_by_whose_model_its_heading_is(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it made for 6.8 was audited as 6.12, which its heading says, with a firm verdict."""
    (here / "frag").write_text("CONFIG_INET=y\n")
    words = ("frag", "--arch", "arm64", "-o", "new.config", "--target-kernel")
    err = run(capsys, "resolve", *words, "6.8")[2]
    [said] = re.findall(r"it is headed Linux (6\.12\.\d+), by whose model it is; as Linux 6\.8\.0's .*\n", err)
    assert f" {said} Kernel Configuration" in (here / "new.config").read_text()
    assert "it is headed" not in run(capsys, "resolve", *words, said)[2]
