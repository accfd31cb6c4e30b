"""Claims about a kernel: true, false, or cannot be told."""

import json
from pathlib import Path

import pytest

from kina_audit.api import judge_claims
from kina_audit.errors import UsageError
from kina_audit.kernel.config import Completeness
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.report.claims import Truth
from kina_audit.sources import open_source
from tests.conftest import config_text
from tests.test_cli import Run, run  # noqa: F401

pytestmark = pytest.mark.usefixtures("built")

ROOT = Path(__file__).resolve().parents[1]
TEXT = (
    "# Linux/arm64 6.18.5 Kernel Configuration\nCONFIG_NET=y\nCONFIG_INET=y\nCONFIG_VXLAN=m\nCONFIG_MODULES=y\n"
    '# CONFIG_GENEVE is not set\nCONFIG_LSM="yama"\nCONFIG_HZ=250\nCONFIG_LOCALVERSION="-a #1"\n'
)


def truth(claim: str, text: str = TEXT, completeness: Completeness = Completeness.COMPLETE) -> str:
    kernel = Kernel(parse_config(text, completeness=completeness), Provenance("k", "file", "k"))
    [answer] = judge_claims(kernel, claim + "\n", cilium="1.18")
    assert answer.because
    return str(answer.truth)


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("CONFIG_NET=y", "true"),
        ("CONFIG_VXLAN=y", "false"),
        ("CONFIG_VXLAN=m", "true"),
        ("CONFIG_VXLAN", "true"),
        ("CONFIG_GENEVE", "false"),
        ("CONFIG_GENEVE=n", "true"),
        ("# CONFIG_GENEVE is not set", "true"),
        ("CONFIG_WIREGUARD is not set", "true"),
        ("CONFIG_NET is not set", "false"),
        ('CONFIG_LSM="yama"', "true"),
        ('CONFIG_LSM="yama"  # a comment', "true"),
        ('CONFIG_LOCALVERSION="-a #1"', "true"),
        ('CONFIG_LOCALVERSION="-a #1"   # a comment', "true"),
        ('CONFIG_LOCALVERSION="-a', "false"),
        ("CONFIG_HZ=250", "true"),
        ("CONFIG_HZ=1000", "false"),
        ("profile vxlan passes", "true"),
        ("profile kernel/vxlan passes", "true"),
        ("profile vxlan", "true"),
        ("profile vxlan fails", "false"),
        ("profile geneve passes", "false"),
        ("profile geneve fails   # a comment", "true"),
        ("profile geneve/geneve-device passes", "false"),
        ("profile vxlan/vxlan-device passes", "true"),
        ("cilium full-ebpf", "false"),
        ("cilium unsupported", "true"),
        ("cilium wireguard works", "false"),
    ],
)
def test_a_claim_is_judged(claim: str, expected: str) -> None:
    assert truth(claim) == expected


def test_what_the_input_does_not_tell_is_unknown() -> None:
    assert truth("CONFIG_GENEVE=y", "CONFIG_NET=y\n", Completeness.PARTIAL) == "unknown"
    assert truth("profile geneve passes", "CONFIG_NET=y\n", Completeness.PARTIAL) == "unknown"
    assert truth("profile geneve fails", "CONFIG_NET=y\n", Completeness.PARTIAL) == "unknown"


def test_a_profile_passes_when_what_is_required_is_met_whatever_else_cannot_be_told() -> None:
    """docs/claims.md: every required requirement is met; what a partial config leaves open is only recommended."""
    kernel = Kernel(
        parse_config("CONFIG_WIREGUARD=y\n", completeness=Completeness.PARTIAL), Provenance("k", "file", "k")
    )
    [answer] = judge_claims(kernel, "profile wireguard passes\n")
    assert answer.truth is Truth.TRUE
    assert "cannot be told: policy-routing (IP_MULTIPLE_TABLES unknown)" in answer.because
    [answer] = judge_claims(kernel, "profile wireguard fails\n")
    assert answer.truth is Truth.FALSE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("CONFIG_NET=y\nhello there\n", "claims:2: no claim: 'hello there'"),
        ("# nothing\n", "no claim in it"),
        ("profile nothing passes\n", "claims:1: no profile 'nothing'"),
        ("profile vxlan/nothing passes\n", "has no requirement 'nothing'"),
        ("cilium everything works\n", "no mode or feature 'everything'"),
    ],
)
def test_what_is_no_claim_is_an_error_with_its_line(text: str, words: str) -> None:
    with pytest.raises(UsageError) as error:
        judge_claims(Kernel(parse_config(TEXT), Provenance("k", "file", "k")), text, cilium="1.18")
    assert words in error.value.message


def test_the_notes_nine_lines(shared: Path) -> None:
    """All true of Apple's file; four are false on the kernel that the note told people to run."""
    text = (ROOT / "docs/seed.claims").read_text(encoding="utf-8")
    nine = "".join(f"{line}\n" for line in text.splitlines() if line.startswith("CONFIG_"))
    apple = judge_claims(open_source("recorded:apple"), nine)
    kata = judge_claims(open_source("recorded:kata@3.17.0"), nine)
    resolved = Kernel(
        parse_config(config_text(shared / "kernels/apple-arm64-resolved-6.18.5.config.gz")),
        Provenance("r", "file", "r"),
    )
    assert [a.truth for a in apple] == [a.truth for a in judge_claims(resolved, nine)] == [Truth.TRUE] * 9
    assert {a.claim.text for a in kata if a.truth is Truth.FALSE} == {
        "CONFIG_VXLAN=y", "CONFIG_GENEVE=y", "CONFIG_IPVLAN=y", "CONFIG_WIREGUARD=y",
    }  # fmt: skip


def test_the_command(run: Run, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "claims").write_text("CONFIG_VXLAN=y\nCONFIG_BPF_JIT=y\n", encoding="utf-8")
    status, out, _ = run("claims", "claims", "recorded:apple", "--format", "json")
    assert status == 1
    document = json.loads(out)
    assert document["counts"] == {"true": 1, "false": 1, "unknown": 0}
    assert [c["answer"] for c in document["claims"]] == ["true", "false"]
    (tmp_path / "claims").write_text("CONFIG_VXLAN=y\n", encoding="utf-8")
    assert run("claims", "claims", "recorded:apple")[0] == 0
    status, out, _ = run("claims", "claims", "recorded:apple", "--format", "markdown")
    assert "| `CONFIG_VXLAN=y` | true |" in out
    assert run("claims", "claims", "recorded:apple", "--format", "sarif")[0] == 2
    assert run("claims", "none", "recorded:apple")[0] == 2


def test_a_claim_about_the_agent_is_judged_as_check_does_for_the_release(run: Run, tmp_path: Path) -> None:  # noqa: F811
    """`profile cilium-agent passes` was true of a kernel that `check` fails: which release asks was left out."""
    kernel = "CONFIG_MODULES=y\n" + "".join(
        f"CONFIG_{s}=y\n" for r in ProfileLibrary().get("cilium-agent").requirements for s in r.symbols
    )
    (tmp_path / "config").write_text(f"# Linux/x86_64 5.4.172 Kernel Configuration\n{kernel}", encoding="utf-8")
    (tmp_path / "claims").write_text(
        "profile cilium-agent passes\nprofile cilium-agent/release passes\nprofile cilium-agent/release fails\n",
        encoding="utf-8",
    )
    for release, truths in (("1.20.2", ["false", "false", "true"]), ("1.16", ["true", "true", "false"])):
        checked = json.loads(run("check", "config", "-p", "cilium-agent", "--cilium", release, "--format", "json")[1])
        assert (checked["profiles"][0]["status"] == "fail") == (truths[0] == "false")
        status, out, err = run("claims", "claims", "config", "--cilium", release, "--format", "json")
        found = json.loads(out)["claims"]
        assert (status, [c["answer"] for c in found]) == (1, truths), err
        if release == "1.20.2":
            assert "Cilium 1.20.2 needs Linux 5.10.0 or newer" in found[0]["because"]
    (tmp_path / "claims").write_text("profile cilium-agent/relase passes\n", encoding="utf-8")
    assert ", release.\n" in run("claims", "claims", "config")[2]
    status, _, err = run("explain", "cilium-agent/release", "config", "--target-kernel", "6.12")
    assert status == 2
    assert "has no requirement" not in err


def test_the_command_knows_profile_files_and_no_option_of_an_audit(run: Run, tmp_path: Path) -> None:  # noqa: F811
    run("profiles", "new", "mine")
    (tmp_path / "claims").write_text("profile mine passes\n", encoding="utf-8")
    status, out, err = run("claims", "claims", "recorded:apple", "-p", "./mine.toml")
    assert status == 0, err
    assert "true     profile mine passes" in out
    assert run("claims", "claims", "recorded:apple", "--output", "json=out.json")[0] == 2
    assert run("check", "recorded:apple", "--claims", "claims")[0] == 2
