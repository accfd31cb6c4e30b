"""Settings that lie in a folder are anybody's who could write there: what they may not do, and what the verdict says of them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kina_audit.cli import main
from kina_audit.cli.pre_commit import hook
from kina_audit.cli.settings import load_settings
from kina_audit.render import FORMATS

pytestmark = pytest.mark.usefixtures("built")

CONFIG = "CONFIG_NET=y\n# CONFIG_WIREGUARD is not set\n"
WEAK = 'fail-on = "never"\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkout with a config that fails, in a folder with other people's files beside it."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "min.config").write_text(CONFIG)
    (tmp_path / "other.config").write_text(CONFIG)
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("KINA_AUDIT_CACHE", str(tmp_path / "cache"))
    load_settings.cache_clear()
    yield checkout
    load_settings.cache_clear()


def settings(text: str, name: str = "kina-audit.toml") -> None:
    Path(name).write_text(text, encoding="utf-8")
    load_settings.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["kina-audit.toml", "pyproject.toml"])
def test_settings_run_no_program(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The worst: a compiler of the checkout, asked about a kernel tree of the checkout."""
    (folder / "evilcc").write_text(f"#!/bin/sh\ntouch {folder}/RAN\necho 'gcc version 12.2.0 (x)'\n")
    (folder / "evilcc").chmod(0o755)
    (folder / "tree").mkdir()
    (folder / "tree/Kconfig").write_text('config NET\n\tbool "net"\n')
    (folder / "tree/Makefile").write_text("VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 1\n")
    table = "" if name == "kina-audit.toml" else "[tool.kina-audit]\n"
    settings(f'{table}source = "min.config"\nkernel-tree = "tree"\ntoolchain = "cc:./evilcc"\n', name)
    for command in (["check"], ["baseline", "min.config"], ["explain", "NET"], ["fix"], ["resolve"]):
        assert main(command) == 2
        err = capsys.readouterr().err
        assert f"{name}:{4 if table else 3}: " in err
        assert "toolchain runs a program" in err
        assert "--trust-settings" in err
    assert not (folder / "RAN").exists()
    assert main(["check", "--no-settings", "min.config", "-p", "wireguard", "-q"]) == 1
    assert not (folder / "RAN").exists()
    main(["check", "--trust-settings", "-p", "wireguard", "-q"])
    assert (folder / "RAN").exists(), "asked for, it runs: so the test above would see it"


@pytest.mark.parametrize(
    "source",
    [
        "docker:evil.example/img", "container:x", "podman:x", "kubectl:node", "ssh:host", "ssh:-oProxyCommand=x", "apple",
        "apple@main", "installed", "https://evil.example/config", "http://evil.example/x", "ftp://x/y", "file:///etc/passwd",
        "https://evil.example/a.tar!boot/config", "/etc/passwd", "../other.config", "-", "/dev/zero", "~/.ssh/id_rsa", "out",
        "loop", "out!x", "min.config/../../other.config", "a\\u0000b",
    ],
)  # fmt: skip
def test_settings_name_no_source_elsewhere(folder: Path, source: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "out").symlink_to("../other.config")
    (folder / "loop").symlink_to("loop")
    settings(f'source = "{source}"\n')
    for command in (["check"], ["cilium"], ["fix"], ["resolve"]):
        assert main(command) == 2
        assert "kina-audit.toml:1: source " in capsys.readouterr().err


@pytest.mark.parametrize("source", ["min.config", "./min.config", "recorded:kata@3.17.0", "inside"])
def test_settings_name_what_is_here(folder: Path, source: str) -> None:
    (folder / "inside").symlink_to("min.config")
    settings(f'source = "{source}"\nprofiles = ["wireguard"]\ncilium = "none"\n')
    assert main(["check", "-q"]) == 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('outputs = ["json=../x.json"]', "not in this folder"),
        ('outputs = ["sarif=ok.sarif", "json=/tmp/x.json"]', "not in this folder"),
        ('outputs = ["json=away/x.json"]', "not in this folder"),
        ('outputs = ["json=loop"]', "not in this folder"),
        ('outputs = ["json=.git/hooks/x"]', "hidden"),
        ('outputs = ["json=.bashrc"]', "hidden"),
        ('outputs = ["json=git/config"]', "hidden"),
        ('kernel-tree = "6.18.5"', "may be fetched"),
        ('kernel-tree = ".."', "may be fetched"),
        ('kernel-tree = "~/linux"', "may be fetched"),
        ('profile-dirs = [".."]', "not in this folder"),
        ('profiles = ["vxlan", "../p.toml"]', "not in this folder"),
        ('baseline = "/etc/hostname"', "not in this folder"),
        ('waivers = ["-"]', "not in this folder"),
    ],
)
def test_settings_touch_nothing_outside(folder: Path, line: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "away").symlink_to("..")
    (folder / "loop").symlink_to("loop")
    (folder / ".git").mkdir()
    (folder / "git").symlink_to(".git")
    settings(f"\n{line}\n")
    assert main(["check", "min.config", "-q"]) == 2
    err = capsys.readouterr().err
    assert "kina-audit.toml:2: " in err
    assert why in err
    assert sorted(p.name for p in folder.parent.iterdir() if p.name != "cache") == ["checkout", "other.config"]
    assert list((folder / ".git").iterdir()) == []


def test_a_refused_key_only_stops_the_commands_that_heed_it() -> None:
    settings('toolchain = "cc:x"\nprofiles = ["wireguard"]\n')
    assert main(["profiles", "list"]) == 0
    assert main(["matrix", "min.config", "-q"]) == 1


def test_the_verdict_says_what_the_settings_decided(capsys: pytest.CaptureFixture[str]) -> None:
    settings(f'{WEAK}profiles = ["wireguard"]\n[[waiver]]\nrequirement = "x/*"\nreason = "r"\nexpires = 2999-01-01\n')
    said = "profiles wireguard, waivers of kina-audit.toml, failing on never, by kina-audit.toml"
    for name in sorted(FORMATS.keys() - {"helm-values", "configmap", "cilium", "cilium-cli", "gitlab", "openmetrics"}):
        assert main(["check", "min.config", "-f", name, "-q", "--label", "node=n1"]) == 0
        assert said in " ".join(capsys.readouterr().out.split()), name


def test_a_stored_report_keeps_saying_it(capsys: pytest.CaptureFixture[str]) -> None:
    settings(WEAK)
    assert main(["check", "min.config", "-p", "wireguard", "-f", "json", "-o", "table=a.txt", "-q"]) == 0
    document = capsys.readouterr().out
    assert json.loads(document)["settings"] == "failing on never, by kina-audit.toml"
    Path("r.json").write_text(document)
    assert main(["render", "r.json", "-f", "table"]) == 0
    assert capsys.readouterr().out == Path("a.txt").read_text()


@pytest.mark.slow
def test_matrix_and_diff_say_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    settings(f'{WEAK}profiles = ["wireguard"]\n')
    for name in ("table", "markdown", "json", "html"):
        assert main(["matrix", "min.config", "-f", name, "-q"]) == 0
        assert "profiles wireguard, failing on never, by kina-audit.toml" in capsys.readouterr().out, name
    for name in ("text", "markdown", "json"):
        assert main(["diff", "min.config", "min.config", "-f", name]) == 0
        assert "profiles wireguard, by kina-audit.toml" in capsys.readouterr().out, name


def test_the_command_line_is_not_blamed_on_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    settings(WEAK)
    assert main(["check", "min.config", "-p", "wireguard", "--fail-on", "required", "-f", "json", "-q"]) == 1
    assert json.loads(capsys.readouterr().out)["settings"] is None


@pytest.mark.parametrize("words", [["--no-settings", "check"], ["check", "--no-settings"]])
def test_no_settings_reads_none(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    settings("this is = not TOML [\n")
    assert main(["check", "min.config"]) == 2
    assert "not TOML" in capsys.readouterr().err
    assert main([*words, "min.config", "-p", "wireguard", "-q"]) == 1


def test_the_settings_command_says_what_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    settings('toolchain = "cc:gcc"\n')
    assert main(["settings"]) == 0
    assert "refused without --trust-settings: kina-audit.toml:1: toolchain runs a program" in capsys.readouterr().out
    assert main(["settings", "-f", "json"]) == 0
    assert [r["key"] for r in json.loads(capsys.readouterr().out)["refused"]] == ["toolchain"]


def test_the_hooks_read_none(folder: Path) -> None:
    settings(WEAK)
    assert hook(["check", "--profile=wireguard", "min.config"]) == 1
    assert hook(["check", "--trust-settings", "--profile=wireguard", "min.config"]) == 0
