"""What `next:` and `fix` print, pasted: into the shells that people have, and into the tool itself."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from kina_audit.cli import main
from tests.conftest import SHARED

DEBIAN = SHARED / "corpus/debian/debian-6.12-config.arm64_none_cloud-arm64.config.gz"
JIT = "recorded:kata@3.17.0"
SHELLS = ["bash --norc --noprofile -i", "zsh -f -i"]
TOOLS = ["--toolchain", "gcc-12,pahole=1.24"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def debian(tmp_path: Path) -> str:
    import gzip

    if not DEBIAN.is_file():
        pytest.skip("Debian's configs are not here")
    text = gzip.decompress(DEBIAN.read_bytes()).decode()
    (tmp_path / "deb.config").write_text(text, encoding="utf-8")
    (tmp_path / "lost.config").write_text(re.sub(r"CONFIG_VXLAN=m\n", "", text), encoding="utf-8")
    return "deb.config"


def block(text: str) -> str:
    """What stands under `next:`, as it is copied."""
    return text.partition("\nnext:\n")[2].partition("\n\n")[0] + "\n"


def typed(pasted: str) -> list[list[str]]:
    """The words of each kina-audit command of it."""
    lines = pasted.replace(" \\\n", " ").splitlines()
    words = [shlex.split(line.partition(" && ")[0].partition(" < ")[0]) for line in lines]
    return [found[1:] for found in words if found[:1] == ["kina-audit"]]


def fixes(capsys: pytest.CaptureFixture[str], *words: str) -> list[list[str]]:
    capsys.readouterr()
    main(list(words))
    return [found for found in typed(block(capsys.readouterr().out)) if found[0] == "fix"]


def run_in(shell: str, pasted: str, home: Path, *, ends: int = 0) -> "subprocess.CompletedProcess[str]":
    """Paste text into a shell in which every program only says that it was called, kina-audit with a status."""
    programs = "".join(f"{name}() {{ echo ran {name} $1; }}\n" for name in ("helm", "kubectl", "cilium"))
    programs += f"kina-audit() {{ echo ran kina-audit $1; return {ends}; }}\n"
    return subprocess.run(
        shell.split(), input=programs + pasted, capture_output=True, text=True, timeout=60, check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home)},
    )  # fmt: skip


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("filled", [False, True])
def test_it_is_pasted_into_an_interactive_shell(
    shell: str, filled: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """zsh said `command not found: #` to every comment; and REPLACE was installed by whoever pasted all of it."""
    if shutil.which(shell.split(maxsplit=1)[0]) is None:
        pytest.skip(f"no {shell.split(maxsplit=1)[0]} here")
    main(["check", JIT, "--cilium", "1.18"])
    pasted = block(capsys.readouterr().out)
    assert "REPLACE" in pasted
    server = "10.0.0.1" if filled else "REPLACE-WITH-API-SERVER-ADDRESS"
    (tmp_path / "cilium-values.yaml").write_text(
        f"# First fill in every value that says REPLACE.\nk8sServiceHost: {server}\n"
    )
    done = run_in(shell, pasted, tmp_path)
    assert "not found" not in done.stdout + done.stderr
    assert "ran kina-audit fix\n" in done.stdout
    assert "ran kina-audit cilium\n" in done.stdout
    assert ("ran helm upgrade\n" in done.stdout) is filled
    assert ("1:" in done.stdout or "2:k8sServiceHost" in done.stdout) is not filled


def test_what_was_lost_against_a_baseline_is_mended(debian: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["baseline", debian, "-o", "b.json"]) == 0
    [fix] = fixes(capsys, "check", "lost.config", "--baseline", "b.json")
    assert fix[:4] == ["fix", "lost.config", "-p", "vxlan"]
    assert fix.count("-p") == 1, "Cilium's features that the same symbol brings need no profile of their own"
    assert main(fix) == 0
    assert main(["check", "lost.config", "--baseline", "b.json", "-F", "features.fragment"]) == 0


@pytest.mark.parametrize("release", ["1.18", "1.20"])
@pytest.mark.parametrize("symbol", ["INET_DIAG_DESTROY", "VXLAN", "BPF_JIT", "NETKIT"])
def test_after_a_baseline_the_mend_and_the_check_stand_first(
    debian: str, symbol: str, release: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Helm with a worse mode's values stood first, `fix` last or nowhere, and was for another release than the baseline."""
    text = re.sub(rf"CONFIG_{symbol}=[ym]\n", "", Path(debian).read_text(encoding="utf-8"))
    Path("lost.config").write_text(text, encoding="utf-8")
    main(["baseline", debian, "--cilium", release, "-o", "b.json"])
    capsys.readouterr()
    assert main(["check", "lost.config", "--baseline", "b.json"]) == 1
    pasted = block(capsys.readouterr().out)
    assert "helm" not in pasted
    fix, check, *_ = typed(pasted)
    assert [fix[0], check[0]] == ["fix", "check"]
    assert "--baseline" in check
    assert main(fix) == 0
    assert main(check) == 0
    assert f"CONFIG_{symbol}=" in Path(check[check.index("-F") + 1]).read_text(encoding="utf-8")


def test_a_mode_below_the_baselines_is_not_installed(debian: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without pahole no symbol brings the mode back."""
    main(["baseline", debian, "--toolchain", "gcc-12,pahole=1.24", "-o", "b.json"])
    capsys.readouterr()
    assert main(["check", debian, "--baseline", "b.json", "--toolchain", "gcc-12,pahole=0"]) == 1
    out = capsys.readouterr().out
    assert "lost: Cilium 1.20.2 mode full-ebpf to compat" in out
    assert "helm" not in block(out)


def test_what_is_recommended_is_mended_where_it_counts(debian: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --recommended `fix` said that nothing is missing."""
    [fix] = fixes(capsys, "check", debian, "--fail-on", "recommended")
    assert main(fix) == 0
    assert "CONFIG_VIRTIO_NET=y" in Path("features.fragment").read_text()
    assert main(["check", debian, "--fail-on", "recommended", "-F", "features.fragment"]) == 0


def test_what_is_optional_alone_is_no_matter_of_fix(capsys: pytest.CaptureFixture[str]) -> None:
    rows = (
        'id = "geneve"\nexpr = "GENEVE"\nlevel = "optional"\nwhy = "W."\nfix = "Set CONFIG_GENEVE=y."\nsource = "s"\n'
    )
    Path("mine.toml").write_text(
        f'schema = 1\nid = "mine"\ntitle = "m"\ndescription = "D."\nreferences = []\n[[requirement]]\n{rows}'
    )
    words = ("check", JIT, "--cilium", "none", "-p", "./mine.toml", "--fail-on", "optional")
    assert main(list(words)) == 1
    assert not fixes(capsys, *words)


def test_a_refused_wish_is_part_of_the_mend(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["cilium", "recorded:kata@3.32.0-debug", "--want", "wireguard"]
    assert main(words) == 1
    text = block(capsys.readouterr().out)
    assert "without wireguard" in text.partition("helm")[0]
    [fix] = [found for found in typed(text) if found[0] == "fix"]
    assert main(fix) == 0
    assert main([*words, "-F", "cilium.fragment", *TOOLS]) == 0


def test_it_says_how_many_it_leaves_out(capsys: pytest.CaptureFixture[str]) -> None:
    asked = [
        "geneve",
        "ipvlan",
        "tc-qos",
        "vxlan",
        "wireguard",
        "cni/bandwidth",
        "calico-wireguard",
        "cni-ipvlan",
        "cilium-geneve",
        "tetragon",
    ]
    words = [w for name in asked for w in ("-p", name)]
    for cilium in ("none", "1.20"):
        main(["check", JIT, "--cilium", cilium, *words])
        text = block(capsys.readouterr().out)
        [fix] = [found for found in typed(text) if found[0] == "fix"]
        assert fix.count("-p") == 8
        assert "8 of the 10 that fail" in " ".join(text.replace("'\n  : '", " ").split())


def test_fix_keeps_what_it_was_asked_with(capsys: pytest.CaptureFixture[str]) -> None:
    """The commands that it says dropped version, architecture, profiles and the fragments before its own."""
    Path("jit.fragment").write_text("CONFIG_BPF_JIT=y\n")
    given = ["--target-kernel", "6.18.5", "-F", "jit.fragment", "-p", "tetragon"]
    assert main(["fix", "apple", "--offline", "--mode", "full-ebpf", *given, "-o", "z.fragment"]) == 0
    said = capsys.readouterr().err
    check, resolve = (shlex.split(line)[1:] for line in re.findall(r": (kina-audit .*)", said))
    assert check[:2] == ["check", "apple"]
    assert main(check) == 0
    assert "verdict: pass (features pass, Cilium pass)" in capsys.readouterr().out
    assert main([*resolve, "-q"]) == 0
    built = Path("new.config").read_text()
    assert "CONFIG_BPF_JIT=y\n" in built
    for line in Path("z.fragment").read_text().splitlines():
        assert line.startswith("#") or line in built


def test_a_fragment_is_built_before_cilium_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    Path("f.fragment").write_text("CONFIG_BPF_JIT=y\n")
    main(["check", JIT, "--cilium", "1.18", "-F", "f.fragment", *TOOLS])
    text = block(capsys.readouterr().out)
    assert "build the kernel with f.fragment, boot it" in text.partition("helm")[0]


def test_a_lost_line_of_a_fragment_is_said_whatever_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    Path("my.fragment").write_text("CONFIG_BPF_JIT=y\nCONFIG_WIREGARD=y\n")
    read = [JIT, "-F", "my.fragment"]
    for words in (
        ["check", *read, "-f", "github"],
        ["cilium", *read],
        ["baseline", *read, "-o", "b.json"],
    ):
        main(words)
        assert "warning: my.fragment line 2: CONFIG_WIREGARD=y" in capsys.readouterr().err, words
        main([*words, "-q"])
        assert "WIREGARD" not in capsys.readouterr().err
    for form in ("table", "csv", "markdown"):
        main(["matrix", *read, "-f", form])
        assert "my.fragment line 2: CONFIG_WIREGARD=y" in " ".join(capsys.readouterr().out.split()).replace("\\", "")
    capsys.readouterr()
    main(["check", *read, "-v"])
    said = " ".join(capsys.readouterr().out.split())
    assert "did you mean WIREGUARD? " in said
    assert "notes: -v" not in said


def test_a_fragment_alone_is_told_what_it_is_to_be_asked_with(capsys: pytest.CaptureFixture[str]) -> None:
    Path("my.fragment").write_text("CONFIG_BPF_JIT=y\nCONFIG_VXLAN=y\n")
    main(["check", "my.fragment"])
    asked = typed(block(capsys.readouterr().out))
    assert ["check", "REPLACE-WITH-CONFIG", "-F", "my.fragment"] in asked


@pytest.mark.parametrize(
    "options",
    [
        ["--target-kernel", "6.18.5"],
        ["--target-kernel", "6.18.5", "--arch", "arm64"],
        ["--target-kernel", "6.18.5", "--arch", "arm64", "-p", "wireguard", "--cilium", "none"],
        ["-p", "wireguard", "--cilium", "none"],
    ],
)
def test_a_fragment_with_its_version_is_told_too(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With --target-kernel it was taken for a whole config, and nothing named the one that it is merged into."""
    Path("my.fragment").write_text("CONFIG_BPF_JIT=y\n", encoding="utf-8")
    assert main(["check", "my.fragment", *options]) == 1
    found = [words for words in typed(block(capsys.readouterr().out)) if words[:2] == ["check", "REPLACE-WITH-CONFIG"]]
    [again] = found
    assert again[again.index("-F") + 1] == "my.fragment"
    assert ("--target-kernel" in again) is ("--target-kernel" in options)
    # It is pasted with the config in its place.
    again[1] = "recorded:apple"
    assert main(again) in (0, 1)
    assert "with my.fragment" in " ".join(capsys.readouterr().out.split())
    # Merged, it is not told again; nor is a whole config.
    assert main(["check", "recorded:apple", "-F", "my.fragment", "--cilium", "none"]) in (0, 1)
    assert "check REPLACE-WITH-CONFIG" not in capsys.readouterr().out


@pytest.mark.parametrize(("form", "option"), [("helm-values", "-f"), ("configmap", "--patch-file")])
def test_a_file_names_itself_and_what_was_merged(form: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("f.fragment").write_text("CONFIG_BPF_JIT=y\n")
    main(["cilium", JIT, "-F", "f.fragment", *TOOLS, "-o", f"{form}=my values.yaml"])
    text = Path("my values.yaml").read_text()
    assert f"{option} 'my values.yaml'" in text
    assert f"From {JIT} with f.fragment merged into it" in text


def test_annotations_name_the_requirement_before_what_it_took_along(
    debian: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Eight lost features of Cilium, `and 25 more`, and no word of the symbol that was lost."""
    lost = Path("lost.config")
    lost.write_text(lost.read_text().replace("CONFIG_BPF_JIT=y\n", ""))
    main(["baseline", debian, "-o", "b.json"])
    capsys.readouterr()
    assert main(["check", "lost.config", "--baseline", "b.json", "-f", "github"]) == 1
    errors = [line for line in capsys.readouterr().out.splitlines() if line.startswith("::error")]
    titles = [re.search(r"title=kina-audit%3A ([^:]*)::", line) for line in errors]
    assert [t[1] for t in titles if t] == ["bpf/jit", "cilium-agent/jit", "vxlan/vxlan-device", "cilium/mode"]
    assert "Lost with it: cilium-multicast/capability, cilium-vtep/capability, cilium-vxlan/capability." in errors[2]
    for form in ("text", "markdown"):
        main(["diff", debian, "lost.config", "-f", form])
        text = " ".join(capsys.readouterr().out.split())
        assert re.search(r"Cilium features cilium-agent, [^:]*, cilium-xdp: pass to fail", text), form
    for form in ("table", "markdown"):
        main(["check", "lost.config", "--baseline", "b.json", "-f", form])
        text = capsys.readouterr().out
        assert "It needs agent" not in text
        assert text.count("cilium-vtep/capability") == 1, "with the symbol that it lacks"
        alike = re.search(r"lost: Cilium features ([^:]*): pass to fail", " ".join(text.split()))
        assert alike
        assert {"cilium-vtep", "cilium-bbr", "cilium-agent"} <= set(alike[1].split(", ")), "once against the baseline"


def test_what_fails_nothing_is_not_said_to_be_there_also(capsys: pytest.CaptureFixture[str]) -> None:
    """`also virtio-net/built-in` stood with nothing before it; and `profile geneve, ipvlan`."""
    assert main(["check", "recorded:kata@3.32.0-debug", "--cilium", "none", "-p", "bpf"]) == 0
    labels = re.findall(r"^  (also|unmet) ", capsys.readouterr().out, re.MULTILINE)
    assert set(labels) == {"unmet"}
    assert main(["fix", JIT, "-p", "geneve", "-p", "vxlan"]) == 0
    assert "For profiles geneve, vxlan, by kina-audit fix." in " ".join(
        capsys.readouterr().out.replace("#", "").split()
    )


def test_what_can_be_had_is_written_where_not_all_can(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`fix -o FILE` ended with 1 and wrote nothing, and a file of an earlier run stood there unsaid."""
    path = tmp_path / "part.fragment"
    path.write_text("CONFIG_OLD=y\n", encoding="utf-8")
    words = ["fix", JIT, "-p", "vxlan", "-p", "btf", "--toolchain", "gcc-12,pahole=0", "-o", "part.fragment"]
    assert main(words) == 1
    said = capsys.readouterr()
    assert "part.fragment: written without btf/btf; the audit of it fails" in said.err
    assert "No fragment was found for profiles vxlan, btf." in said.out
    text = path.read_text(encoding="utf-8")
    assert "# INCOMPLETE: nothing was found for btf/btf." in text
    assert "Proven" not in text
    assert "CONFIG_VXLAN=y" in text.splitlines()
    tools = ["--toolchain", "gcc-12,pahole=0", "--cilium", "none"]
    assert main(["check", JIT, "-F", "part.fragment", "-p", "vxlan", *tools]) == 0
    assert main(["check", JIT, "-F", "part.fragment", "-p", "btf", *tools]) == 1
    # Where there is no rest, the file stays, and that is said.
    (tmp_path / "never.toml").write_text(
        'schema = 1\nid = "never"\ntitle = "T"\ndescription = "D."\n[[requirement]]\nid = "r"\nexpr = "X86_64"\n'
        'level = "required"\nwhy = "W."\nfix = "None."\nsource = "s"\n',
        encoding="utf-8",
    )
    capsys.readouterr()
    assert main(["fix", JIT, "-p", "never.toml", "-o", "part.fragment"]) == 1
    assert "part.fragment: not written" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == text


def test_what_was_lost_with_a_requirement_says_so_in_every_format(
    debian: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each of thirty features told the whole chain of what it needs, and in SARIF before the one requirement."""
    import json

    main(["baseline", debian, "-o", "b.json"])
    text = re.sub(r"CONFIG_BPF_JIT=y\n", "", Path(debian).read_text(encoding="utf-8"))
    Path("lost.config").write_text(text, encoding="utf-8")
    capsys.readouterr()
    for name in ("junit", "tap", "gitlab", "sarif", "openreports", "json"):
        assert main(["check", "lost.config", "--baseline", "b.json", "-f", name, "-q"]) == 1
        out = capsys.readouterr().out
        said = "Lost with cilium-agent/jit: cilium-bbr/capability: pass to fail. Needs BPF_JIT."
        assert said in out, name
        assert out.count("It needs kube-proxy-replacement: It needs agent: ") <= (name == "json") * 100, name
        if name == "sarif":
            levels = [r["ruleId"] for r in json.loads(out)["runs"][0]["results"] if r["level"] == "error"]
            assert levels[-1] == "gate"
            assert levels.index("gate") == 2


def test_what_was_asked_for_is_mended_and_no_more(debian: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`check -p kina` of a kernel that fails it began with Cilium's installation, for which nobody asked."""
    main(["check", debian, "-p", "kina", "-q"])
    lines = block(capsys.readouterr().out).replace(" \\\n    ", " ").splitlines()
    assert [line.split()[:2] for line in lines if "kina-audit" in line] == [
        ["kina-audit", "fix"],
        ["kina-audit", "check"],
    ]
    assert "helm" not in " ".join(lines)
    assert lines[0].strip() == ": 'for kina'"


def test_of_a_cut_file_cilium_says_what_check_says(
    debian: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It told people to merge it into another config as a fragment."""
    (tmp_path / "cut.config").write_text((tmp_path / debian).read_text(encoding="utf-8")[:60_000], encoding="utf-8")
    told = []
    for words in (["check", "cut.config"], ["cilium", "cut.config"], ["cilium", "cut.config", "-f", "helm-values"]):
        main([*words, "-q"])
        told.append(capsys.readouterr().out)
    assert all("the file is cut: get the whole of it, and check that" in out for out in told)
    assert not any("kina-audit check REPLACE-WITH-CONFIG" in out for out in told)
    assert "arm64; a config that is cut: what it does not say" in told[0]
    assert main(["fix", "cut.config", "-p", "vxlan", "-o", "cut.fragment"]) == 0
    fragment = Path("cut.fragment").read_text(encoding="utf-8")
    assert "# INCOMPLETE: the file is cut: it has no menu 'File systems'" in fragment
    assert "# Proven for that part on Linux" in fragment
    capsys.readouterr()
    assert main(["fix", "cut.config", "-p", "vxlan", "-f", "json", "-q"]) == 0
    assert json.loads(capsys.readouterr().out)["cut"].startswith("the file is cut: it has no menu 'File systems'")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("case", ["rebuild", "values", "filled"])
def test_helm_waits_for_values(shell: str, case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`kina-audit cilium` could not tell, wrote comments alone, and Helm installed the chart's defaults."""
    if shutil.which(shell.split(maxsplit=1)[0]) is None:
        pytest.skip(f"no {shell.split(maxsplit=1)[0]} here")
    words = {
        "rebuild": ["check", JIT, "--cilium", "1.18"],
        "values": ["check", "recorded:kata@3.32.0-debug"],
        "filled": ["cilium", "recorded:kata@3.32.0-debug", "--keep-kube-proxy"],
    }
    main(words[case])
    pasted = block(capsys.readouterr().out)
    assert "helm upgrade" in pasted
    (tmp_path / "cilium-values.yaml").write_text("k8sServiceHost: 10.0.0.1\n", encoding="utf-8")
    assert "ran helm upgrade\n" in run_in(shell, pasted, tmp_path).stdout
    said = run_in(shell, pasted, tmp_path, ends=1).stdout
    assert "ran kina-audit cilium\n" in said
    assert "ran helm" not in said
    assert "ran kubectl" not in said


def test_a_file_that_is_not_to_be_installed_stops_helm() -> None:
    main(["cilium", JIT, "--cilium", "1.18", "-o", "helm-values=v.yaml"])
    assert re.search("^# REPLACE-WITH-", Path("v.yaml").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_compiler_that_was_named_gives_values_in_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    """`fix` assumes a pahole that the command after it was not told of, so that it could not tell."""
    main(["check", "recorded:apple", "--toolchain", "gcc-14"])
    fix, cilium = typed(block(capsys.readouterr().out))
    assert main(fix) == 0
    assert main(cilium) == 0
    assert "REPLACE-WITH-API-SERVER-ADDRESS" in Path("cilium-values.yaml").read_text(encoding="utf-8")


def test_a_tree_is_kept_to_the_values(capsys: pytest.CaptureFixture[str]) -> None:
    """`cilium` takes no --kernel-tree: `check` writes the values with it."""
    trees = SHARED / "ktrees/linux-6.18.5.kconfig.tar.xz"
    if not trees.is_file():
        pytest.skip("the kernel trees are not here")
    for options in ([], ["-F", "cilium.fragment"]):
        main(["check", "recorded:apple", "-t", str(trees), "--toolchain", "gcc-14", *options])
        *fix, last = typed(block(capsys.readouterr().out))
        assert [w[0] for w in fix] == ["fix"] * (not options)
        assert "--kernel-tree" in last
        assert all(main(words) == 0 for words in (*fix, last))
        assert "kubeProxyReplacement: true" in Path("cilium-values.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["check", "fix"])
def test_a_fragment_from_stdin_is_asked_for_again(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"CONFIG_BPF_JIT=y\n")))
    main(
        [
            command,
            "recorded:apple",
            "-F",
            "-",
            *(["--mode", "full-ebpf", "-o", "z.fragment"] if command == "fix" else []),
        ]
    )
    said = capsys.readouterr()
    text = block(said.out) if command == "check" else said.err.replace("kina-audit: to", "to")
    lines = [line for line in text.replace(" \\\n    ", " ").splitlines() if "kina-audit " in line]
    assert lines
    for line in lines:
        assert "-F stdin" not in line
        assert "-F - " in line
        assert " < REPLACE-WITH-FRAGMENT" in line


def test_where_cilium_was_not_asked_for_next_is_about_the_features(
    debian: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["check", "recorded:apple", "-p", "wireguard", "-p", "vxlan"])
    said = capsys.readouterr().out
    assert "Cilium not asked for" in said
    assert not block(said).strip()
    for cilium in ([], ["--cilium", "none"]):
        main(["check", "lost.config", "-p", "vxlan", *cilium])
        fix, again = typed(block(capsys.readouterr().out))
        assert fix == ["fix", "lost.config", "-p", "vxlan", "-o", "features.fragment"]
        assert main(fix) == 0
        assert main(again) == 0
        assert "vxlan" in again


def test_values_that_are_written_are_not_written_again(capsys: pytest.CaptureFixture[str]) -> None:
    """It told people to build, to boot, and then to run the command that had just run."""
    assert main(["cilium", "recorded:kata@3.32.0-debug", "-o", "helm-values=my values.yaml"]) == 0
    text = block(capsys.readouterr().out)
    assert not [w for w in typed(text) if w[0] == "cilium"]
    assert "-f 'my values.yaml'" in text


def test_another_kernel_is_named_with_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "recorded:apple"])
    said = " ".join(capsys.readouterr().out.split())
    assert "without a rebuild: ebpf-veth on the kernel that container " in said
    assert "container system kernel set --recommended" in said
    # With a fragment the user builds a kernel: another one is no way beside that.
    Path("f.fragment").write_text("CONFIG_BPF_JIT=y\n", encoding="utf-8")
    main(["check", "recorded:apple", "-F", "f.fragment"])
    assert "on the kernel that container" not in " ".join(capsys.readouterr().out.split())


def test_a_missing_file_ends_as_the_pages_say(capsys: pytest.CaptureFixture[str]) -> None:
    """What is audited is 3; what it is audited with is 2."""
    three = [
        "cilium review no.yaml",
        "check no.config",
        "check recorded:apple -F no.fragment",
        "check recorded:apple -t no",
    ]
    Path("config.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config}\ndata: {tunnel-protocol: vxlan}\n",
        encoding="utf-8",
    )
    three.append("cilium verify --status no.json --config config.yaml")
    two = ["check recorded:apple --baseline no.json", "render no.json", "check recorded:apple -p ./no.toml"]
    for status, lines in ((3, three), (2, two)):
        for line in lines:
            assert main(line.split()) == status, line


def test_a_mode_that_is_not_enough_is_not_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cilium", "recorded:kata@3.32.0-debug", "--min-mode", "full-ebpf"]) == 1
    fix, cilium = [w for w in typed(block(capsys.readouterr().out)) if w[0] != "check"]
    assert fix[0] == "fix"
    assert main(fix) == 0
    assert main(cilium) == 0


X86 = "CONFIG_HYPERVISOR_GUEST=y\nCONFIG_X86_MSR=y\nCONFIG_NET=y\nCONFIG_NETFILTER=y\n"
ARM = "CONFIG_ARM64_VA_BITS_48=y\nCONFIG_ARCH_SUNXI=y\nCONFIG_NET=y\n"


@pytest.mark.parametrize(
    ("text", "arch"),
    [
        (X86, "x86_64"),
        (ARM, "arm64"),
        ("CONFIG_NET=y\nCONFIG_ARCH_SUNXI=y\n", "REPLACE-WITH-ARCH"),
        (f"{X86}# CONFIG_64BIT is not set\n", "REPLACE-WITH-ARCH"),
        (X86 + ARM, "REPLACE-WITH-ARCH"),
    ],
)
def test_the_architecture_is_the_one_that_the_file_tells(
    text: str, arch: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A defconfig of x86 was told to be looked at with `--arch arm64`."""
    Path("x.defconfig").write_text(text, encoding="utf-8")
    main(["check", "x.defconfig"])
    [again, _] = typed(block(capsys.readouterr().out))
    assert again == ["check", "x.defconfig", "--target-kernel", "REPLACE-WITH-VERSION", "--arch", arch]


@pytest.mark.parametrize("options", [[], ["--target-kernel", "6.1.192", "--arch", "x86_64"], ["--cilium", "none"]])
def test_a_word_to_fill_in_is_told_and_runs_nothing(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """`check CONFIG` ended with 'no such file; did you mean run.config?', and a guard named helm where no helm was."""
    Path("x.defconfig").write_text(X86, encoding="utf-8")
    Path("run.config").write_text("CONFIG_NET=y\n", encoding="utf-8")
    main(["check", "x.defconfig", *options])
    pasted = block(capsys.readouterr().out)
    assert ("helm upgrade" in pasted) or "helm" not in pasted.replace("helm-values", "")
    unfilled = [words for words in typed(pasted) if "REPLACE-WITH-" in " ".join(words)]
    assert unfilled
    for words in unfilled:
        capsys.readouterr()
        assert main(words) == 2
        said = capsys.readouterr().err
        assert re.match(r"kina-audit: REPLACE-WITH-[A-Z]+: to be filled in\n", said)
        told = [line for line in pasted.splitlines() if line.startswith("  : ")]
        assert said.split()[1].rstrip(":") in " ".join(told), "and a line before it says what belongs there"


def test_what_fix_proposes_writes_over_nothing_that_it_read(
    debian: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (tmp_path / debian).read_text().replace("CONFIG_VXLAN=m\n", "# CONFIG_VXLAN is not set\n")
    for source, written in (("new.config", "-o new-new.config"), ("old.config", "-o new.config")):
        (tmp_path / source).write_text(text)
        assert main(["fix", source, "-p", "vxlan", "-o", "f.config"]) == 0
        assert written in capsys.readouterr().err


def test_resolve_says_what_it_assumes_of_the_tools(
    debian: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `check` called unknown passed once `resolve` had written it, with a pahole that nobody had named."""
    asked = ["resolve", debian, "-o", "resolved.config"]
    assert main(asked) == 0
    assert "assumes pahole=1.24, which decides DEBUG_INFO_BTF" in capsys.readouterr().err
    assert main([*asked, "--toolchain", "gcc-14,pahole=1.30"]) == 0
    assert "assumes pahole" not in capsys.readouterr().err
    assert main([*asked, "-q"]) == 0
    assert not capsys.readouterr().err
