"""What the first screen claims: no more than the verdict stands on, in the table, in Markdown and in HTML alike."""

import gzip
import json
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest

from kina_audit.cli import main
from tests.conftest import SHARED

Screen = Callable[..., tuple[int, str]]
"""Exit status and text of a command, every format's words of the answer proven to be the same."""


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Screen:
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str]:
        status = main(["check", *words, "-o", "markdown=a.md", "-o", "html=a.html"])
        said = " ".join(capsys.readouterr().out.split())
        pages = [Path("a.md").read_text().replace("\\", ""), unescape(Path("a.html").read_text())]
        verdict = said[said.index("verdict: ") :].partition(" features: ")[0].partition(" Cilium ")[0]
        assert all(verdict in " ".join(page.split()).replace("`", "") for page in pages), (verdict, pages[0][:900])
        return status, said

    return run


def fragment(name: str, *lines: str) -> str:
    Path(name).write_text("".join(f"CONFIG_{line}\n" for line in lines))
    return name


def test_a_baseline_says_what_was_lost_and_not_that_cilium_passes(check: Screen) -> None:
    assert main(["baseline", "recorded:apple@0.38.0", "-o", "ab.json"]) == 0
    status, said = check("recorded:apple@0.38.0", "--baseline", "ab.json")
    assert status == 0
    assert "verdict: pass (nothing lost since ab.json; Cilium unsupported, as before)" in said
    less = fragment("less.fragment", "VXLAN=n")
    status, said = check("recorded:apple@0.38.0", "-F", less, "--baseline", "ab.json")
    assert status == 1
    assert "verdict: fail (lost since ab.json: " in said
    assert "vxlan" in said.partition("Cilium 1.20")[0]
    assert "Cilium unsupported, as before" in said


def test_a_loss_below_the_threshold_is_not_called_nothing(check: Screen) -> None:
    assert main(["baseline", "recorded:kata@3.32.0-debug", "--cilium", "none", "-o", "b.json"]) == 0
    less = fragment("less.fragment", "IFB=n")
    status, said = check(
        "recorded:kata@3.32.0-debug", "--cilium", "none", "-F", less, "--baseline", "b.json", "--fail-on", "required"
    )
    assert status == 0
    # The fragment makes it another kernel than the built one, of which nobody names the tools.
    assert (
        "verdict: pass (nothing that counts was lost since b.json, taken with --toolchain gcc-12,pahole=1.24)" in said
    )


def test_a_mode_that_nobody_tried_is_not_simply_a_pass(check: Screen) -> None:
    status, said = check("recorded:apple@0.38.0", "-F", fragment("j.fragment", "BPF_JIT=y"), "--cilium", "1.20.2")
    assert status == 0
    assert "Cilium pass (untested))" in said
    assert "Cilium 1.20.2: compat (untested)" in said


def test_what_is_not_promised_is_not_known_to_fail(check: Screen) -> None:
    """Before 1.18 the agent only warns without the JIT."""
    status, said = check("recorded:kata@3.17.0", "--cilium", "1.16")
    assert status == 1
    assert (
        "Cilium 1.16.19: unsupported. Cilium's documentation asks for CONFIG_BPF_JIT=y on every kernel. Before 1.18"
        in said
    )
    assert "does not start" not in said
    assert ": unsupported, does not start: " in check("recorded:kata@3.17.0", "--cilium", "1.18")[1]


def test_a_stale_waiver_is_named_beside_features_that_pass(check: Screen) -> None:
    Path("w.toml").write_text('[[waiver]]\nrequirement = "vxlan/x*"\nreason = "r"\nexpires = 2999-01-01\n')
    status, said = check("recorded:apple@0.38.0", "-p", "vxlan", "--waivers", "w.toml", "--strict")
    assert status == 1
    assert "verdict: fail (features pass, Cilium not asked for; stale: w.toml: waiver 1 (vxlan/x*))" in said


def test_merged_fragments_are_named_as_what_is_to_be_built(check: Screen) -> None:
    one, two = fragment("f.fragment", "BPF_JIT=y"), fragment("g.fragment", "IFB=y")
    _, said = check("recorded:kata@3.17.0", "-F", one, "-F", two)
    assert "resolved from its config with f.fragment, g.fragment" in said
    assert "without another rebuild: " in check("apple", "--offline", "-F", one)[1]
    assert "without a rebuild: " in check("apple", "--offline")[1]
    _, said = check("apple", "--offline")
    assert "resolved from its config headed 6.1.68" in said
    Path("own.fragment").write_text("# Linux/arm64 6.12.30 Kernel Configuration\nCONFIG_NET=y\nCONFIG_ARM64=y\n")
    _, said = check("own.fragment", "-F", one)
    assert "resolved from a fragment or defconfig with f.fragment" in said


def test_a_report_keeps_the_names_of_its_fragments(check: Screen, capsys: pytest.CaptureFixture[str]) -> None:
    check("recorded:kata@3.17.0", "-F", fragment("f.fragment", "BPF_JIT=y"), "-o", "json=r.json")
    assert json.loads(Path("r.json").read_text())["kernel"]["fragments"] == ["f.fragment"]
    main(["render", "r.json"])
    assert "its config with f.fragment" in " ".join(capsys.readouterr().out.split())


def test_a_version_that_no_line_tells_about_and_one_that_is_too_new(check: Screen) -> None:
    Path("c").write_text(
        "# Linux/arm64 6.1.68 Kernel Configuration\nCONFIG_ARM64=y\nCONFIG_NET=y\nCONFIG_INET=y\n" * 20
    )
    _, said = check("c", "--target-kernel", "4.4")
    assert " headed 6.1.68" in said.partition("verdict: ")[0]
    assert "written headed" not in said
    _, said = check("recorded:apple@0.38.0", "--target-kernel", "9.1.0")
    head = said.partition("verdict: ")[0]
    assert "Linux 9.1.0 is newer than the facts here; 1 warning below" in head


@pytest.mark.parametrize(
    ("words", "name", "verdict"),
    [
        (["--want", "wireguard"], "cilium/want-wireguard", "fail"),
        (["--min-mode", "full-ebpf"], "cilium/min-mode", "fail"),
        (["--cilium", "1.20.0"], "cilium/min-mode", "unknown"),
        (["--cilium", "1.20.0", "--min-mode", "hybrid"], "cilium/min-mode", "unknown"),
        ([], "", "pass"),
    ],
    ids=str,
)
def test_a_refused_wish_is_in_what_decides(
    words: list[str], name: str, verdict: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`cilium` ended with 1 and wrote `verdict: pass` and an empty `deciding`."""
    status = main(["cilium", "recorded:kata@3.32.0-debug", *words, "-f", "json"])
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == verdict
    assert document["results"]["cilium"] == verdict
    assert [item["name"] for item in document["deciding"]] == ([name] if name else [])
    assert {item["kind"] for item in document["deciding"]} <= {"wish"}
    assert status == (verdict != "pass")


def test_matrix_and_check_agree_on_what_is_not_promised(check: Screen, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["recorded:kata@3.17.0", "-p", "namespaces", "--cilium", "1.16"]
    status, _ = check(*words, "-o", "json=r.json")
    document = json.loads(Path("r.json").read_text())
    assert (status, document["verdict"], document["advice"]["starts"]) == (1, "unknown", None)
    main(["matrix", "r.json", words[0], *words[1:], "-f", "json", "-j", "1"])
    rows = json.loads(capsys.readouterr().out)["kernels"]
    assert [row["verdict"] for row in rows] == ["unknown", "unknown"]


def test_a_cut_file_is_not_to_be_mended(check: Screen) -> None:
    """It asked an x86_64 kernel for CONFIG_ARM64, and `fix` for what was cut off."""
    path = SHARED / "corpus/debian/debian-6.12-config.amd64_none_cloud-amd64.config.gz"
    if not path.is_file():
        pytest.skip("../shared/corpus is not here")
    lines = gzip.decompress(path.read_bytes()).decode().splitlines(keepends=True)
    Path("cut.config").write_text("".join(lines[:3000]))
    status, said = check("cut.config")
    assert status == 1
    assert "it does not say " in said
    assert "CONFIG_ARM64" not in said
    assert "next: : 'the file is cut: get the whole of it, and check that' Warning: " in said
    assert "kina-audit fix" not in said + Path("a.md").read_text() + Path("a.html").read_text()
