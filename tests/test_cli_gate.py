"""The gate as a pipeline meets it: waivers, baselines, formats, GitHub's files, and never silently green."""

import json
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from kina_audit.cli import main
from tests.conftest import config_text

pytestmark = pytest.mark.usefixtures("built")

Run = Callable[..., tuple[int, str, str]]
WAIVER = """
[[waiver]]
requirement = "wireguard/*"
reason = "The lab does not encrypt."
expires = 2027-03-31
"""
LINES = [
    "# Linux/arm64 6.18.5 Kernel Configuration",
    "CONFIG_ARM64=y",
    "CONFIG_NET=y",
    "CONFIG_INET=y",
    "CONFIG_IPV6=y",
]
LINES += ["CONFIG_NET_UDP_TUNNEL=y", *[f"CONFIG_HAVE_THING_{i}=y" for i in range(40)]]


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join([*LINES, *lines]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_WORKSPACE", "CI_PROJECT_DIR", "KINA_AUDIT_OFFLINE"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        out, err = capsys.readouterr()
        return status, out, err

    return call


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write(tmp_path / "good.config", "CONFIG_VXLAN=y", "CONFIG_WIREGUARD=y")


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return write(tmp_path / "bad.config", "CONFIG_VXLAN=y", "# CONFIG_WIREGUARD is not set")


@pytest.mark.slow
def test_a_waiver_waves_through_until_its_last_day(run: Run, bad: Path, tmp_path: Path) -> None:
    (tmp_path / "w.toml").write_text(WAIVER, encoding="utf-8")
    common = ("check", str(bad), "-p", "wireguard", "-p", "vxlan", "--waivers", "w.toml")
    assert run(*common, "--today", "2027-03-31")[0] == 0
    status, out, _ = run(*common, "--today", "2027-04-01")
    assert status == 1
    assert "expired on 2027-03-31" in " ".join(out.split())
    status, out, _ = run(*common, "--today", "2027-03-31", "-f", "json")
    report = json.loads(out)
    assert (status, report["verdict"]) == (0, "pass")
    assert report["waivers"][0]["state"] == "applied"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no [[waiver]] in it"),
        ("waiver = 3", "not a list of tables"),
        ("[[waiver", "not TOML"),
        ('[[waivers]]\nreason = "x"', "unknown key 'waivers'"),
        ('[[waiver]]\nrequirement = "a/b"\nexpires = 2027-01-01', "no reason"),
        ('[[waiver]]\nrequirement = "a/b"\nreason = "x"', "expires is missing"),
    ],
)
def test_bad_waivers_end_with_2_before_the_source_is_read(run: Run, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "w.toml").write_text(text, encoding="utf-8")
    status, out, err = run("check", "no-such-file", "--waivers", "w.toml")
    assert (status, out) == (2, "")
    assert said in err


@pytest.mark.slow
def test_strict_fails_an_unused_waiver(run: Run, good: Path, tmp_path: Path) -> None:
    (tmp_path / "w.toml").write_text(WAIVER.replace("/*", "/wireguard-device"), encoding="utf-8")
    common = ("check", str(good), "-p", "wireguard", "--waivers", "w.toml", "--today", "2026-11-23")
    assert run(*common)[0] == 0
    assert run(*common, "--strict")[0] == 1


@pytest.mark.slow
def test_a_baseline_lets_through_what_was_accepted_and_stops_a_loss(run: Run, good: Path, bad: Path) -> None:
    names = ("-p", "wireguard", "-p", "vxlan")
    assert run("baseline", str(bad), "-o", "base.json", *names)[0] == 0
    assert run("check", str(bad), "--baseline", "base.json")[0] == 0
    assert run("baseline", str(good), "-o", "base.json", *names)[0] == 0
    status, out, _ = run("check", str(bad), "--baseline", "base.json")
    assert status == 1
    assert "lost: wireguard/wireguard-device (required): pass to fail (WIREGUARD y to n)" in " ".join(out.split())


@pytest.mark.slow
def test_improvements_are_taken_when_asked(run: Run, good: Path, bad: Path) -> None:
    names = ("-p", "wireguard", "-p", "vxlan")
    run("baseline", str(bad), "-o", "base.json", *names)
    before = Path("base.json").read_text(encoding="utf-8")
    status, out, _ = run("check", str(good), "--baseline", "base.json")
    assert status == 0
    assert "gained: wireguard/wireguard-device" in out
    assert Path("base.json").read_text(encoding="utf-8") == before, "only --update-baseline writes"
    status, _, err = run("check", str(good), "--baseline", "base.json", "--update-baseline")
    assert status == 0
    assert "improvements taken" in err
    assert run("check", str(bad), "--baseline", "base.json")[0] == 1
    taken = Path("base.json").read_text(encoding="utf-8")
    assert run("check", str(bad), "--baseline", "base.json", "--update-baseline")[0] == 1
    kept = json.loads(Path("base.json").read_text(encoding="utf-8"))
    assert kept["findings"] == json.loads(taken)["findings"], "a loss is never taken"
    assert kept["symbols"]["WIREGUARD"] == "y"


def test_a_baseline_that_is_taken_again_says_what_changed(run: Run, good: Path, bad: Path) -> None:
    """Nobody saw what a retaken baseline accepted until the next diff of the file."""
    _, _, err = run("baseline", str(good), "-o", "base.json", "-p", "vxlan", "-p", "wireguard", "--cilium", "none")
    assert "asked" not in err
    status, _, err = run("baseline", str(bad), "-o", "base.json", "-p", "wireguard", "-p", "bpf", "--cilium", "none")
    assert status == 0
    assert "base.json: no longer asked: vxlan\n" in err
    assert "base.json: asked now: bpf\n" in err
    assert "base.json: lost: wireguard/wireguard-device (required): pass to fail" in err
    _, _, err = run("baseline", str(bad), "-o", "base.json", "-p", "wireguard", "-p", "bpf", "--cilium", "none")
    assert len(err.splitlines()) <= 2
    Path("base.json").write_text("{}")
    status, _, err = run("baseline", str(bad), "-o", "base.json", "-p", "vxlan", "--cilium", "none")
    assert status == 0
    assert "what was there could not be compared" in err


def test_a_baseline_of_something_else_ends_with_2(run: Run, good: Path, tmp_path: Path) -> None:
    run("baseline", str(good), "-o", "base.json", "-p", "wireguard")
    status, _, err = run("check", str(good), "--baseline", "base.json", "-p", "vxlan")
    assert "other profiles: only it has wireguard; only this audit has vxlan" in err
    assert status == 2
    assert "other profiles" in err
    status, _, err = run("check", str(good), "--baseline", "base.json", "--cilium", "1.14")
    assert status == 2
    assert "Cilium" in err
    (tmp_path / "empty.json").write_text("", encoding="utf-8")
    for name in ("empty.json", "missing.json"):
        status, _, err = run("check", str(good), "--baseline", name)
        assert status == 2
        assert name in err
    assert run("check", str(good), "--update-baseline")[0] == 2


def test_a_baseline_in_which_nothing_is_told_is_no_baseline(run: Run, good: Path, tmp_path: Path) -> None:
    """It would accept every input that cannot tell."""
    (tmp_path / "part.config").write_text("CONFIG_OTHER=y\n", encoding="utf-8")
    status, _, err = run("baseline", "part.config", "-o", "base.json")
    assert status == 3
    assert "cannot tell" in err
    assert not Path("base.json").exists()
    run("baseline", str(good), "-o", "base.json", "-p", "wireguard")
    document = json.loads(Path("base.json").read_text(encoding="utf-8"))
    document["findings"] = {k: f"{v.split()[0]} unknown" for k, v in document["findings"].items()}
    Path("base.json").write_text(json.dumps(document), encoding="utf-8")
    status, _, err = run("check", "part.config", "--baseline", "base.json", "--exit-zero")
    assert status == 2
    assert "accept anything" in err


def test_a_baseline_says_what_it_cannot_tell(run: Run, tmp_path: Path) -> None:
    (tmp_path / "part.config").write_text("CONFIG_NET=y\nCONFIG_INET=y\nCONFIG_WIREGUARD=y\n", encoding="utf-8")
    status, _, err = run("baseline", "part.config", "-o", "base.json", "-p", "wireguard", "-p", "vxlan")
    assert status == 0
    assert "vxlan/vxlan-device" in err
    assert "cannot be told from this input" in err


@pytest.mark.slow
def test_a_baseline_of_the_kernel_that_a_tree_makes(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).resolve().parents[1] / "fixtures/kconfig"
    monkeypatch.setenv("KINA_AUDIT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "config").write_text("CONFIG_X86=y\nCONFIG_NET=y\nCONFIG_JIT=y\n# CONFIG_MODULES is not set\n")
    words = ("-p", str(root / "jit.toml"), "--arch", "x86_64", "-q", "-t", str(root / "base"))
    assert run("baseline", "config", "-o", "base.json", *words)[0] == 0
    document = json.loads(Path("base.json").read_text(encoding="utf-8"))
    assert document["symbols"]["JIT"] == "n", "the config asks for y, and the tree does not give it"
    assert run("check", "config", "--baseline", "base.json", *words)[0] == 0
    (tmp_path / "kina-audit.toml").write_text(f'kernel-tree = "{root / "base"}"\n')
    assert run("baseline", "config", "-o", "same.json", *words[:-2], "--trust-settings")[0] == 0
    assert Path("same.json").read_bytes() == Path("base.json").read_bytes(), "settings hold for both commands"


@pytest.mark.parametrize(
    "name", ["x\n::error::y", "x\r::error::y", "\x1b[31mred", "\u202egnp", "x\n  ::stop-commands::y"]
)
def test_a_message_on_stderr_is_only_text(run: Run, tmp_path: Path, name: str) -> None:
    """A terminal obeys escapes, and GitHub every line that starts with two colons, after blanks, too."""
    messages = [
        run("check", name)[2],
        run("check", f"recorded:{name}")[2],
        run("check", "x", "-o", f"json=no/{name}/x")[2],
    ]
    messages.append(run("check", "x", "--profile", name)[2])
    (tmp_path / name.replace("/", "")).write_text("CONFIG_NET=y\n# CONFIG_VXLAN is not set\n", encoding="utf-8")
    messages.append(run("baseline", name, "-o", f"{name}.json", "-p", "vxlan", "--target-kernel", "6.1")[2])
    for err in messages:
        assert err.strip()
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", err), repr(err)
        assert not any(line.lstrip().startswith("::") for line in err.splitlines()), repr(err)


def test_no_output_replaces_what_the_run_reads(run: Run, good: Path, tmp_path: Path) -> None:
    run("baseline", str(good), "-o", "base.json", "-p", "wireguard")
    (tmp_path / "waivers.toml").write_text(WAIVER, encoding="utf-8")
    before = Path("base.json").read_bytes()
    for option in ("json=base.json", "sarif=./waivers.toml"):
        words = ("check", str(good), "--baseline", "base.json", "--waivers", "waivers.toml", "-o", option)
        status, _, err = run(*words)
        assert status == 2
        assert "is read by this run" in err
    assert Path("base.json").read_bytes() == before
    assert run("baseline", str(good), "-o", str(good))[0] == 2
    assert "CONFIG_WIREGUARD" in good.read_text(encoding="utf-8")


def test_exit_zero_hides_a_failed_audit_and_nothing_else(run: Run, bad: Path, tmp_path: Path) -> None:
    status, out, err = run("check", str(bad), "-p", "wireguard", "--exit-zero")
    assert status == 0
    assert "verdict: fail" in out
    assert "exit status 1 is 0 by --exit-zero" in err
    assert run("check", "no-such-file", "--exit-zero")[0] == 3
    assert run("check", str(bad), "-p", "no-such-profile", "--exit-zero")[0] == 2
    assert run("check", str(bad), "-o", "json=/no/such/folder/x", "--exit-zero")[0] == 2
    (tmp_path / "old.toml").write_text(
        'schema = 1\nid = "old"\ntitle = "t"\ndescription = "d"\n[[requirement]]\nid = "r"\nexpr = "NET"\n'
        'level = "required"\nwhy = "w."\nfix = "f."\nsource = "s"\nkernel = "<3.0"\n',
        encoding="utf-8",
    )
    status, _, err = run("check", str(bad), "-p", "./old.toml", "--exit-zero")
    assert status == 3
    assert "nothing was checked" in err


@pytest.mark.parametrize("content", [b"", b"hello\n", b"\x1f\x8b\x08broken", b"\x00" * 5000])
def test_an_unreadable_config_is_never_green(run: Run, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.config"
    path.write_bytes(content)
    assert run("check", str(path), "--exit-zero", "--fail-on", "never")[0] == 3


def test_a_bad_output_fails_before_the_audit(run: Run, good: Path, tmp_path: Path) -> None:
    for option, said in (
        ("sarif=/no/such/folder/x.sarif", "there is no folder"),
        (f"junit={tmp_path}", "is a folder"),
        ("sarrif=x", "no format 'sarrif'"),
        ("sarif", "expected FORMAT=PATH"),
        ("sarif=", "expected FORMAT=PATH"),
        (f"json={good}", "is read by this run"),
    ):
        status, out, err = run("check", str(good), "-o", "json=first.json", "-o", option)
        assert (status, out) == (2, ""), option
        assert said in err
        assert not Path("first.json").exists()
    assert run("check", str(good), "-o", "json=same", "-o", "sarif=./same")[0] == 2
    assert run("check", str(good), "-o", "json=-", "-o", "sarif=-")[0] == 2


@pytest.mark.slow
def test_settings_hold_for_the_commands_below_cilium(run: Run, good: Path, tmp_path: Path) -> None:
    """`cilium` is a group: what a settings file says must reach the command in it, not end at the group."""
    (tmp_path / "kina-audit.toml").write_text(f'source = "{good.name}"\ncilium = "1.14"\n', encoding="utf-8")
    _, out, _ = run("cilium", "-f", "json")
    report = json.loads(out)
    assert report["kernel"]["source"] == good.name
    assert report["advice"]["cilium_release"].startswith("1.14")
    (tmp_path / "values.yaml").write_text("routingMode: native\n", encoding="utf-8")
    _, out, _ = run("cilium", "review", "values.yaml", "-f", "json")
    assert '"1.14' in out


def test_every_setting_of_a_command_is_an_option_of_it() -> None:
    """A key that a command is said to heed and has no option for would be ignored without a word."""
    import click

    from kina_audit.cli import COMMANDS as MODULES
    from kina_audit.cli.settings import BELOW, COMMANDS, PARAMETERS

    for command, keys in COMMANDS.items():
        app = click.Group()
        import_module(MODULES[command]).register(app)
        found: Any = app.commands[command]
        every = [found.commands[name] for name in BELOW[command]] if command in BELOW else [found]
        options = {p.name for one in every for p in one.params}
        assert {PARAMETERS[k] for k in keys} <= options, command


@pytest.mark.parametrize("day", ["tomorrow", "2026-02-30", "2026-11-26T10:00", "0"])
def test_a_bad_day_ends_with_2_before_a_source_is_read(run: Run, day: str) -> None:
    for words in (("check", "no-such-file"), ("diff", "no-such-file", "nor-this")):
        status, out, err = run(*words, "--today", day)
        assert (status, out) == (2, "")
        assert f"--today {day}" in err


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no /proc here")
def test_a_folder_in_which_nobody_can_write_fails_before_the_audit(run: Run, good: Path) -> None:
    """Root may write everywhere by its mode; only trying tells. The source does not exist, and is not looked for."""
    for place in ("/proc/x", f"{'n' * 300}.json"):
        for words in (("check", "no-such-file", "-o", f"json={place}"), ("baseline", "no-such-file", "-o", place)):
            status, out, err = run(*words)
            assert (status, out) == (2, ""), words
            assert "cannot be written" in err
    assert [p.name for p in Path.cwd().iterdir()] == [good.name]


@pytest.mark.slow
def test_one_run_writes_every_format(run: Run, bad: Path) -> None:
    from kina_audit.render import FORMATS

    options = [word for name in FORMATS for word in ("-o", f"{name}=out.{name}")]
    assert run("check", str(bad), "-p", "wireguard", "-q", "--label", "node=n1", *options)[0] == 1
    for name in FORMATS:
        assert Path(f"out.{name}").read_text(encoding="utf-8").strip()
    assert (
        "bad.config"
        in json.loads(Path("out.sarif").read_text(encoding="utf-8"))["runs"][0]["results"][0]["locations"][0][
            "physicalLocation"
        ]["artifactLocation"]["uri"]
    )


@pytest.mark.slow
def test_github_gets_a_summary_and_outputs(
    run: Run, bad: Path, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary, output = tmp_path / "summary.md", tmp_path / "output.txt"
    summary.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    status, out, _ = run(
        "check", str(bad), "-p", "wireguard", "-f", "github", "-o", "sarif=x.sarif", "-o", "json=x.json"
    )
    assert status == 1
    assert out.startswith("::error file=bad.config,line=")
    assert summary.read_text(encoding="utf-8").startswith(
        "before\n## kina-audit: FAIL: 1 requirement keeps it from passing\n"
    )
    values = dict(line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())
    assert values == {
        "verdict": "fail", "mode": values["mode"], "failed": "1", "report": "x.json", "sarif": "x.sarif",
    }  # fmt: skip
    assert values["mode"]
    assert run("check", str(good), "-p", "wireguard", "-f", "table")[0] == 0
    assert output.read_text(encoding="utf-8").count("verdict=") == 1, "other formats leave GitHub's files alone"
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "no" / "folder"))
    assert run("check", str(bad), "-p", "wireguard", "-f", "github")[0] == 2


def test_paths_are_relative_to_the_repository(
    run: Run, bad: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    monkeypatch.chdir(inner)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    for source in (str(bad), "../bad.config"):
        _, out, _ = run("check", source, "-p", "wireguard", "-f", "gitlab")
        assert json.loads(out)[0]["location"]["path"] == "bad.config"
    _, out, _ = run("check", "../bad.config", "-p", "wireguard", "-f", "gitlab", "--locate", "Makefile:3")
    assert json.loads(out)[0]["location"] == {"path": "Makefile", "lines": {"begin": 3}}


@pytest.mark.slow
def test_levels_of_fail_on(run: Run, bad: Path) -> None:
    codes = [
        run("check", str(bad), "-p", "bpf", "--fail-on", level)[0]
        for level in ("never", "required", "recommended", "optional")
    ]
    assert codes == sorted(codes)
    assert run("check", str(bad), "--fail-on", "regression")[0] == 2
    assert run("check", str(bad), "--today", "tomorrow")[0] == 2


@pytest.mark.slow
def test_what_fails_is_said_on_stderr_when_no_format_can_say_it(run: Run, bad: Path) -> None:
    status, _, err = run("check", str(bad), "-p", "wireguard", "-f", "helm-values")
    assert status == 1
    assert "1 requirement keeps it from passing: wireguard/wireguard-device" in err
    assert "wireguard-device" not in run("check", str(bad), "-p", "wireguard", "-f", "json")[2]
    assert "keeps it" not in run("check", str(bad), "-p", "wireguard", "-f", "helm-values", "-q")[2]


@pytest.mark.slow
def test_never_judges_and_ends_with_0(run: Run, bad: Path) -> None:
    status, out, _ = run("check", str(bad), "-p", "wireguard", "--fail-on", "never", "-f", "json")
    assert (status, json.loads(out)["verdict"]) == (0, "fail")
    assert "--fail-on never" in " ".join(run("check", str(bad), "-p", "wireguard", "--fail-on", "never")[1].split())


# Many sources


def test_many_sources_make_one_document_each_with_its_own_file(run: Run, good: Path, bad: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other.config", "# CONFIG_VXLAN is not set", "# CONFIG_WIREGUARD is not set")
    names = [p.name for p in (good, bad, other)]
    words = ("check", *names, "nowhere.config", "-p", "wireguard", "-p", "vxlan", "--cilium", "none")
    outs = [w for f in ("sarif", "junit", "gitlab", "markdown", "json", "github") for w in ("-o", f"{f}=out.{f}")]
    status, out, err = run(*words, *outs)
    assert status == 3, "the worst: one could not be read"
    assert "nowhere.config: no such file" in err
    for name in (*names, "nowhere.config"):
        assert name in out
    # SARIF: one run, one tool, every result at its own file, no two alike.
    [sarif] = json.loads(Path("out.sarif").read_text(encoding="utf-8"))["runs"]
    places = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in sarif["results"]]
    failing = {p for p, r in zip(places, sarif["results"], strict=True) if r["level"] == "error"}
    assert failing == {"bad.config", "other.config", "nowhere.config"}
    prints = [r["partialFingerprints"]["primaryLocationLineHash"] for r in sarif["results"]]
    assert len(set(prints)) == len(prints)
    assert not sarif["invocations"][0]["executionSuccessful"]
    assert all(sarif["tool"]["driver"]["rules"][r["ruleIndex"]]["id"] == r["ruleId"] for r in sarif["results"])
    issues = json.loads(Path("out.gitlab").read_text(encoding="utf-8"))
    assert {i["location"]["path"] for i in issues if i["severity"] != "minor"} == failing
    assert len({i["fingerprint"] for i in issues}) == len(issues)
    tree = ET.parse("out.junit").getroot()
    bad_cases = [c for c in tree.iter("testcase") if c.find("failure") is not None or c.find("error") is not None]
    assert {c.attrib["file"] for c in bad_cases} == {"bad.config", "other.config", "nowhere.config"}
    assert int(tree.attrib["failures"]) + int(tree.attrib["errors"]) == len(bad_cases)
    document = json.loads(Path("out.json").read_text(encoding="utf-8"))
    assert document["verdict"] == "error"
    assert [r["kernel"]["source"] for r in document["reports"]] == names
    assert [u["source"] for u in document["unread"]] == ["nowhere.config"]
    markdown = Path("out.markdown").read_text(encoding="utf-8")
    assert markdown.startswith("## kina-audit: ERROR of 4 kernels")
    assert "nowhere.config" in markdown
    github = Path("out.github").read_text(encoding="utf-8")
    assert github.splitlines()[-1] == "kina-audit verdict error"
    assert "::error file=other.config" in github


def test_a_source_without_a_report_stands_at_its_own_place_of_the_repository(
    run: Run, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a folder inside the repository, as a job with a working directory runs it."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "kernel").mkdir()
    monkeypatch.chdir(tmp_path / "kernel")
    words = ("check", f"../{good.name}", "gone.config", "recorded:nowhere", "-p", "vxlan", "--cilium", "none")
    assert run(*words, *[w for f in ("sarif", "junit", "gitlab") for w in ("-o", f"{f}=out.{f}")])[0] == 3
    wanted = {"kernel/gone.config", "recorded/nowhere"}
    [sarif] = json.loads(Path("out.sarif").read_text(encoding="utf-8"))["runs"]
    places = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in sarif["results"]]
    assert wanted <= set(places)
    issues = json.loads(Path("out.gitlab").read_text(encoding="utf-8"))
    assert wanted <= {i["location"]["path"] for i in issues}
    cases = ET.parse("out.junit").getroot().iter("testcase")
    assert {c.attrib["file"] for c in cases if c.find("error") is not None} == wanted
    status, _, err = run(*words, "--locate", "Makefile:3")
    assert (status, "--locate is of one kernel" in err) == (2, True), "one place would make two findings one"


def test_the_worst_status_of_many(run: Run, good: Path, bad: Path, tmp_path: Path) -> None:
    words = ("-p", "wireguard", "--cilium", "none")
    again = write(tmp_path / "again.config", "CONFIG_VXLAN=y", "CONFIG_WIREGUARD=y")
    assert run("check", good.name, again.name, *words)[0] == 0
    assert run("check", good.name, bad.name, *words)[0] == 1
    assert run("check", good.name, bad.name, *words, "--exit-zero")[0] == 0
    assert run("check", good.name, "none", *words, "--exit-zero")[0] == 3
    assert run("check", good.name, "none", "-p", "no-such-profile")[0] == 2
    assert run("check", good.name, bad.name, *words, "--baseline", "x.json")[0] == 2
    status, _, err = run("check", good.name, bad.name, *words, "-o", "openmetrics=x.prom")
    assert (status, "no format 'openmetrics' for many kernels" in err) == (2, True)
    assert run("check", good.name, good.name, *words, "-f", "openmetrics")[0] == 0, "the same one twice is one"


def test_a_waiver_that_one_of_many_needs_is_not_unused(run: Run, good: Path, bad: Path, tmp_path: Path) -> None:
    (tmp_path / "w.toml").write_text(WAIVER.replace("/*", "/wireguard-device"), encoding="utf-8")
    words = ("-p", "wireguard", "--cilium", "none", "--waivers", "w.toml", "--today", "2026-11-28", "--strict")
    assert run("check", good.name, bad.name, *words)[0] == 0
    assert run("check", good.name, *words)[0] == 1
    again = write(tmp_path / "again.config", "CONFIG_VXLAN=y", "CONFIG_WIREGUARD=y")
    assert run("check", good.name, again.name, *words)[0] == 1, "nobody needs it"


def test_two_configs_have_each_their_own_fingerprints_and_category(run: Run, tmp_path: Path) -> None:
    """What gathers the results of many jobs keys them by fingerprint (GitLab) and by tool and category (GitHub)."""
    found = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "config", "# CONFIG_WIREGUARD is not set")
        words = ("check", f"{folder}/config", "-p", "wireguard", "--cilium", "none", "-q", "-f", "gitlab")
        _, out, _ = run(*words, "-o", f"sarif={folder}.sarif")
        [sarif] = json.loads((tmp_path / f"{folder}.sarif").read_text(encoding="utf-8"))["runs"]
        prints = {i["fingerprint"] for i in json.loads(out)}
        assert prints == {r["partialFingerprints"]["kinaAudit/v2"] for r in sarif["results"]}
        found.append((prints, sarif["automationDetails"]["id"]))
    assert not found[0][0] & found[1][0]
    assert [category for _, category in found] == ["kina-audit/arm64/a/config/", "kina-audit/arm64/b/config/"]
    _, out, _ = run(
        *("check", "a/config", "-p", "wireguard", "--cilium", "none", "-f", "sarif", "--locate", "image/pin")
    )
    assert json.loads(out)["runs"][0]["automationDetails"]["id"] == "kina-audit/arm64/image/pin/"


def test_a_report_has_the_time_when_asked(run: Run, bad: Path) -> None:
    from datetime import datetime

    words = ("check", str(bad), "-p", "wireguard", "--cilium", "none")
    assert json.loads(run(*words, "-f", "json")[1])["audited"] is None
    outs = [
        w for f in ("json", "openmetrics", "table", "markdown", "html", "openreports") for w in ("-o", f"{f}=t.{f}")
    ]
    run(*words, "--timestamp", *outs)
    when = json.loads(Path("t.json").read_text(encoding="utf-8"))["audited"]
    assert datetime.fromisoformat(when).tzinfo is not None
    for name in ("table", "markdown", "html", "openreports"):
        assert when in Path(f"t.{name}").read_text(encoding="utf-8"), name
    seconds = datetime.fromisoformat(when).timestamp()
    metrics = Path("t.openmetrics").read_text(encoding="utf-8")
    [value] = re.findall(r"^kina_audit_audited_timestamp_seconds (.*)$", metrics, re.MULTILINE)
    assert float(value) == seconds
    assert run("render", "t.json", "-f", "openmetrics")[1] == metrics


def test_pages_say_what_fails_when_nobody_says_it() -> None:
    """The default of --fail-on with and without a baseline, and which features the default set has."""
    from kina_audit.api import load_profiles
    from kina_audit.cli.gate_options import level

    root = Path(__file__).parents[1]
    answer, readme = ((root / page).read_text(encoding="utf-8") for page in ("docs/answer.md", "README.md"))
    assert (str(level("", None)), str(level("", Path("b.json")))) == ("required", "recommended")
    assert "`--fail-on required` (the default)" in answer
    assert "`recommended` (the default with `--baseline`" in answer
    chosen = {p.id for p in load_profiles() if not p.asked}
    assert chosen == {"geneve", "ipvlan", "tc-qos", "wireguard"}
    assert "Of the default set `geneve`, `ipvlan`, `tc-qos` and `wireguard` are for clusters that choose them" in answer
    assert "default set, in which Geneve, ipvlan, shaping and WireGuard are told and fail nothing" in readme


BY_CHOICE = {
    "geneve": "GENEVE", "ipvlan": "IPVLAN", "tc-qos": "NET_SCH_INGRESS", "wireguard": "WIREGUARD", "vxlan": "VXLAN",
    "cilium-agent": "BPF_JIT",
}  # fmt: skip


@pytest.mark.parametrize("profile", sorted(BY_CHOICE))
def test_what_nobody_asked_for_fails_nothing(run: Run, shared: Path, tmp_path: Path, profile: str) -> None:
    """A kernel on which Cilium has its best mode was told `fail` for lack of Geneve, ipvlan or WireGuard."""
    path = shared / "corpus/debian/debian-6.12-config.amd64_none_cloud-amd64.config.gz"
    if not path.is_file():
        pytest.skip("../shared/corpus is not here")
    whole = config_text(path).decode()
    symbol = BY_CHOICE[profile]
    text = re.sub(rf"^CONFIG_{symbol}=.*$", f"# CONFIG_{symbol} is not set", whole, flags=re.MULTILINE)
    assert text != whole
    Path("whole.config").write_text(whole, encoding="utf-8")
    Path("less.config").write_text(text, encoding="utf-8")
    needed = profile in ("vxlan", "cilium-agent")
    code, out, _ = run("check", "less.config")
    assert code == needed
    if not needed:
        assert "Cilium 1.20.2: full-ebpf." in out
        assert "verdict: pass (features pass, Cilium pass)" in out
        assert f"features: lacks {profile}; pass" in " ".join(out.split())
        assert "(required, not asked for)" in out
        assert "FAIL" not in out
        assert f"-p {profile}" not in out
        for words in (("--by", "profile"), ("-f", "markdown"), ("-f", "html")):
            assert "(not asked for)" in run("check", "less.config", *words)[1], words
        scored = {
            f"{r['policy']}/{r['rule']}": (r["scored"], r["result"])
            for r in json.loads(run("check", "less.config", "-f", "openreports")[1])["results"]
        }
        of_it = {v for k, v in scored.items() if k.startswith(f"{profile}/") and v[1] == "warn"}
        assert of_it == {(False, "warn")}
        assert scored["vxlan/vxlan-device"] == (True, "pass")
    # Named, it fails; so it does where what is recommended counts, and where a baseline had it.
    assert run("check", "less.config", "-p", profile)[0] == 1
    assert run("check", "less.config", "-p", "tag:default", "-p", profile)[0] == 1
    assert run("check", "less.config", "-p", profile, "-p", "tag:default")[0] == 1
    assert run("check", "less.config", "-p", "tag:default")[0] == needed
    assert run("check", "less.config", "--fail-on", "recommended")[0] == 1
    assert run("baseline", "whole.config", "-o", "b.json")[0] == 0
    for fail_on in ((), ("--fail-on", "required")):
        assert run("check", "less.config", "--baseline", "b.json", *fail_on)[0] == 1
    # Stored, it is judged by what is asked then; in a matrix, too.
    run("check", "less.config", "--exit-zero", "-o", "json=r.json")
    report = json.loads(Path("r.json").read_text(encoding="utf-8"))
    assert {p["id"]: p["asked"] for p in report["profiles"]}[profile] is needed
    again = run("render", "r.json", "-f", "json")[1]
    assert json.loads(again)["verdict"] == report["verdict"] == ("fail" if needed else "pass")
    for source in ("less.config", "r.json"):
        assert run("matrix", source, "-j", "1")[0] == needed, source
        assert run("matrix", source, "-j", "1", "-p", profile)[0] == 1, source
        assert run("matrix", source, "-j", "1", "--fail-on", "recommended")[0] == 1, source


def test_without_tc_cilium_fails_where_it_has_no_tcx(run: Run, shared: Path) -> None:
    path = shared / "corpus/debian/debian-6.1-config.amd64_none_cloud-amd64.config.gz"
    if not path.is_file():
        pytest.skip("../shared/corpus is not here")
    text = config_text(path).decode()
    Path("no-tc.config").write_text(text.replace("CONFIG_NET_SCH_INGRESS=m", ""), encoding="utf-8")
    code, out, _ = run("check", "no-tc.config")
    assert code == 1
    assert "Cilium fail" in out
    Path("no-sched.config").write_text(text.replace("CONFIG_NET_SCHED=y", ""), encoding="utf-8")
    assert run("check", "no-sched.config")[0] == 1
