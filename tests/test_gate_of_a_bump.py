"""The gate of who builds a kernel: another version, another toolchain, and what could not be told before."""

import gzip
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kina_audit.cli import main
from tests.conftest import SHARED

KATA = SHARED / "kernels/kata-3.32.0-debug-arm64-on6.12.config.gz"
TARGET = ("--target-kernel", "6.18.5")
TOOLS = ("--toolchain", "gcc-12,pahole=1.24")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if not KATA.is_file():
        pytest.skip("../shared/kernels is not here")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.config").write_bytes(gzip.decompress(KATA.read_bytes()))
    return "old.config"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(words)
        out, err = capsys.readouterr()
        return status, " ".join(out.split()), " ".join(err.split())

    return call


def test_what_was_unknown_cannot_be_lost(run: Run) -> None:
    """The toolchain that the tool asks for turned its own baseline red."""
    _, _, err = run("baseline", "old.config", *TARGET, "-o", "k.json")
    assert (
        "warning: the compiler and tools decide DEBUG_INFO_BTF; name yours, such as --toolchain gcc-12,pahole=1.24"
        in err
    )
    status, out, _ = run("check", "old.config", *TARGET, *TOOLS, "--baseline", "k.json")
    assert (status, "verdict: pass (nothing lost since k.json, taken without --toolchain)" in out) == (0, True)
    assert "changed: Cilium feature cilium-kube-proxy-replacement: unknown to warn" in out
    assert "lost: " not in out
    assert "k.json, taken for Linux 6.18.5)" in run("check", "old.config", "--baseline", "k.json")[1]
    _, _, err = run("baseline", "old.config", *TARGET, *TOOLS, "-o", "t.json")
    assert "--toolchain" not in err
    status, out, _ = run("check", "old.config", *TARGET, "--baseline", "t.json")
    assert (status, "cannot be told" in out or "pass to unknown" in out) == (1, True), "losing the answer is a loss"
    assert "since t.json, taken with --toolchain gcc-12,pahole=1.24: " in out


def test_what_was_unknown_and_fails_is_red_and_no_loss(run: Run) -> None:
    text = Path("old.config").read_text()
    Path("part.config").write_text(
        re.sub(r"CONFIG_VXLAN=y\n", "", text[: text.index("CONFIG_NET=y")] + "CONFIG_NET=y\nCONFIG_INET=y\n")
    )
    Path("off.config").write_text(Path("part.config").read_text() + "# CONFIG_VXLAN is not set\n")
    words = ("-p", "vxlan", "-p", "namespaces", "--cilium", "none")
    assert run("baseline", "part.config", *words, "-o", "p.json")[0] == 0
    if '"vxlan/vxlan-device": "required unknown"' not in Path("p.json").read_text():
        pytest.fail(Path("p.json").read_text())
    status, out, _ = run("check", "off.config", "--baseline", "p.json")
    assert status == 1
    assert "nothing lost since p.json; unknown there, and fails: vxlan/vxlan-device" in out
    assert "fails: vxlan/vxlan-device (required): unknown to fail" in out
    status, out, _ = run("diff", "part.config", "off.config", *words, "--fail-on", "regression")
    assert (status, "regression (0 lost, 1 unknown before and failing, " in out) == (1, True)
    assert "Failing, and unknown before vxlan/vxlan-device (required): unknown to fail" in out
    held = Path("p.json").read_text()
    assert '"namespaces/ipc": "required pass"' in held
    Path("p.json").write_text(held.replace('"namespaces/ipc": "required pass"', '"namespaces/ipc": "required fail"'))
    status, _, err = run("check", "off.config", "--baseline", "p.json", "--update-baseline")
    assert (status, "1 improvements taken" in err) == (1, True)
    assert run("check", "off.config", "--baseline", "p.json")[0] == 1, "it is not taken over"


def test_a_difference_names_the_toolchain_that_would_tell(run: Run) -> None:
    words = ("diff", "old.config", "old.config", "--old-target", "6.12.60", "--new-target", "6.18.5")
    hint = "NEW: the compiler and tools decide DEBUG_INFO_BTF; name yours, such as --toolchain gcc-12,pahole=1.24"
    status, out, _ = run(*words, "--fail-on", "regression")
    assert (status, hint in out) == (1, True)
    assert "decide" not in run(*words, *TOOLS)[1]


def test_what_does_not_count_is_called_as_without_a_baseline(run: Run) -> None:
    """WARN and *lacks* became FAIL and *not counted* beside `verdict: pass`."""
    run("baseline", "old.config", *TARGET, *TOOLS, "-o", "k.json")
    words = ("check", "old.config", *TARGET, *TOOLS)
    for more in ((), ("--by", "profile")):
        for given in ((), ("--baseline", "k.json")):
            status, out, _ = run(*words, *given, *more)
            assert (status, "features: lacks geneve, ipvlan, tc-qos, wireguard; " in out) == (0, True)
            assert "FAIL" not in out
            assert "not counted" not in out
            assert "not asked for)" in out
    assert "**FAIL**" not in run(*words, "--baseline", "k.json", "-f", "markdown")[1]
    # What was asked for and is accepted fails nothing, and is not shown as if it did.
    run("baseline", "old.config", *TARGET, *TOOLS, "-p", "geneve", "-p", "vxlan", "-o", "g.json")
    for more in ((), ("--by", "profile")):
        status, out, _ = run(*words, "--baseline", "g.json", *more)
        assert (status, "FAIL" in out, "(required, not counted)" in out) == (0, False, True)
        assert "features: not counted geneve; pass vxlan" in out


def test_a_timeline_says_lacks_too(run: Run) -> None:
    git = ("git", "-c", "user.name=n", "-c", "user.email=e@example.org")
    for words in (("init", "-q"), ("add", "old.config"), ("commit", "-q", "-m", "one")):
        subprocess.run([*git, *words], check=True)
    out = run("timeline", "--git", ".", "--path", "old.config", "--offline")[1]
    assert "pass Cilium" in out
    assert "lacks geneve, ipvlan, tc-qos, wireguard" in out
    assert "fails" not in out


def test_the_next_check_keeps_the_gate(run: Run) -> None:
    waiver = '[[waiver]]\nrequirement = "ipvlan/*"\nreason = "None."\nexpires = 2027-03-31\n'
    Path("w.toml").write_text(waiver)
    gate = ("--baseline", "k.json", "--waivers", "w.toml", "--today", "2026-11-29")
    run("baseline", "old.config", *TARGET, "-o", "k.json")
    out = run("check", "old.config", *TARGET, *gate)[1].replace("\\ ", "")
    [again] = re.findall(r"kina-audit (check old.config[^:]*?--toolchain \S+)", out)
    assert "--profile" not in again
    assert "--baseline k.json --waivers w.toml --today 2026-11-29" in again
    assert run(*again.split())[0] == 0
    # Another release is none of the baseline's, and it says so.
    out = run("check", "old.config", *TARGET, *TOOLS, *gate)[1].replace("\\ ", "")
    assert ": 'without k.json, which is of Cilium 1.20.2' kina-audit check old.config" in out
    [other] = re.findall(r"kina-audit (check old.config[^:]*?--cilium 1\.19\.\d+)", out)
    assert "--profile" not in other
    assert run(*other.split())[0] == 0


def test_a_lost_feature_names_what_was_lost(run: Run) -> None:
    """NET_CLS_ACT was not there before either."""
    run("baseline", "old.config", "-o", "b.json")
    text = Path("old.config").read_text()
    Path("lost.config").write_text(re.sub(r"CONFIG_(NF_CONNTRACK|VXLAN)=y\n", r"# CONFIG_\1 is not set\n", text))
    status, out, _ = run("check", "lost.config", "--baseline", "b.json", "-f", "json")
    assert status == 1
    items = {i["name"]: i["text"] for i in json.loads(out)["deciding"]}
    assert items["cilium-agent/capability"].endswith("Needs NF_CONNTRACK.")
