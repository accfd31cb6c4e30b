"""What somebody most likely meant is in the message, and is right to paste."""

from pathlib import Path

import pytest

from kina_audit.cli import main

KATA = "recorded:kata@3.17.0"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "runing"], "did you mean running?"),
        (["check", "aple"], "did you mean apple?"),
        (["check", "recorded:kata@3.17.1"], "did you mean kata@3.17.0"),
        (["check", "recorded:*"], "`kina-audit matrix 'recorded:*'`"),
        (["check", "recordet:kata@3.17.0"], "did you mean recorded:kata@3.17.0?"),
        (["check", "dcoker:web"], "did you mean docker:web?"),
        (["check", "configs/*.config"], "`kina-audit matrix 'configs/*.config'` takes patterns"),
        (["check", KATA, "-p", "vxlna"], "did you mean vxlan"),
        (["check", KATA, "-p", "my-tunels"], "did you mean ./my-tunnels.toml?"),
        (["check", KATA, "-p", "my-tunnels"], "did you mean ./my-tunnels.toml?"),
        (["check", KATA, "-p", "./page.html"], "--profile ./page.html: a profile is a TOML file"),
        (["check", KATA, "-p", "page.html"], "-o html=PATH"),
        (["check", KATA, "-f", "tabel"], "did you mean table?"),
        (["matrix", KATA, "-f", "htlm"], "did you mean html?"),
        (["check", "my.confg"], "my.confg: no such file; did you mean my.config?"),
        (["check", "sub/my.confg"], "did you mean sub/my.config?"),
        (["fix", "my.confg", "-p", "vxlan"], "did you mean my.config?"),
        (["check", "my.config", "-F", "my.fragmnt"], "my.fragmnt: no such file; did you mean my.fragment?"),
        (["check", "my.config", "--baseline", "my.bsaeline"], "did you mean my.baseline?"),
        (["check", "my.config", "--waivers", "my.waviers"], "did you mean my.waivers?"),
        (["cilium", "review", "valuse.yaml", "my.config"], "did you mean values.yaml?"),
        (["render", "reprot.json"], "did you mean report.json?"),
        (["claims", "clams.txt"], "did you mean claims.txt?"),
        (["why", "--log", "agnet.log"], "did you mean agent.log?"),
        (["fix", "my.config", "-p", "vxlan", "-t", "linux-6.12.tar.zx"], "did you mean linux-6.12.tar.xz?"),
        (["schema", "repot"], "did you mean report?"),
        (["fix", KATA, "--mode", "ful-ebpf"], "did you mean full-ebpf?"),
        (["check", KATA, "--fail-on", "requird"], "did you mean required?"),
        (["cilium", "reviw", "values.yaml", "my.config"], "did you mean review?"),
        (["cilium", "reviw"], "did you mean review?"),
        (["cilium", "my.config", "review", "values.yaml"], "the command comes first"),
        (["cilium", "review", "my.config", "values.yaml"], "kina-audit cilium review values.yaml my.config"),
        (["cilium", "review", KATA, "values.yaml"], f"kina-audit cilium review values.yaml {KATA}"),
        (["profiles", "lnt"], "Did you mean 'lint'?"),
        (["check", "-p", "apple", "cilium"], "kina-audit check apple -p tag:cilium"),
        (["check", "-p", "apple"], "kina-audit check apple"),
        (["check", "my.config", "-p", "bpf", "vxlan"], "kina-audit check my.config -p bpf -p vxlan"),
        (["fix", "vxlan"], "kina-audit fix KERNEL -p vxlan"),
        (["why", KATA, "operation not supported"], f"kina-audit why 'operation not supported' {KATA}"),
        (["explain", "my.config", "BPF_JIT"], "kina-audit explain BPF_JIT my.config"),
        (["chek"], "Did you mean one of: 'check', 'schema'?"),
        (["check", "--offlin"], "--offline"),
        (["cilium", KATA, "--min-mode", "fullebpf"], "did you mean full-ebpf?"),
        (["cilium", KATA, "--explain", "full-epbf"], "did you mean full-ebpf?"),
        (["fix", KATA, "--mode", "fullebpf"], "did you mean full-ebpf?"),
        (["check", "apple", "--offline", "-q", "--toolchain", "gcc12"], "did you mean gcc-12?"),
        (["check", "apple", "--offline", "-q", "--toolchain", "glang-18"], "did you mean clang-18?"),
        (["check", "apple", "--offline", "-q", "--toolchain", "gcc-12,pahol=1"], "did you mean pahole=?"),
        (["timeline", "aple"], "did you mean apple?"),
        (["check", KATA, "--mode", "full-ebpf"], "there is `kina-audit fix --mode`"),
        (["check", KATA, "--min-mode", "full-ebpf"], "there is `kina-audit cilium --min-mode`"),
        (["check", KATA, "--git", "x"], "there is `kina-audit timeline --git`"),
        (["check", "my.config", "--waivers", "odd.waivers"], "unknown key 'raeson'; did you mean reason?"),
    ],
)
def test_the_message_names_it_once(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.html").write_text("<html>")
    (tmp_path / "my-tunnels.toml").write_text("schema = 1\n")
    (tmp_path / "sub").mkdir()
    files = ("my.fragment", "my.baseline", "my.waivers", "report.json", "claims.txt", "agent.log", "linux-6.12.tar.xz")
    for name in ("my.config", "sub/my.config"):
        (tmp_path / name).write_text("# Linux/x86_64 6.12.30 Kernel Configuration\nCONFIG_NET=y\nCONFIG_INET=y\n")
    (tmp_path / "odd.waivers").write_text('[[waiver]]\nprofile = "vxlan"\nraeson = "x"\nexpires = 2027-01-01\n')
    for name in (*files, "values.yaml"):
        (tmp_path / name).write_text("CONFIG_VETH: 1\n")
    assert main(arguments) in (2, 3)
    err = capsys.readouterr().err
    assert words in err
    assert err.lower().count("did you mean") <= 1


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ('requirement = "vxlan/vxlan-devcie"', "did you mean vxlan/vxlan-device?"),
        ('profile = "vxaln"', "did you mean vxlan?"),
        ('requirement = "something/else"', ""),
    ],
)
def test_a_waiver_of_a_name_that_is_none_says_which_is_meant(
    name: str, meant: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    waivers = tmp_path / "w.toml"
    waivers.write_text(f'[[waiver]]\n{name}\nreason = "x"\nexpires = 2027-01-01\n')
    words = ["--waivers", str(waivers), "--today", "2026-11-28"]
    assert main(["check", KATA, "-p", "vxlan", "--cilium", "none", *words]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert f"matches no requirement of the selected profiles{'; ' if meant else ''}{meant}" in out
    assert ("did you mean" in out) is bool(meant)
