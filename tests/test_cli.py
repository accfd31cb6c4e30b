"""The command line as a user meets it: answers on stdout, talk on stderr, one clear error, the right exit status."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click import Argument

from kina_audit.cli import COMMANDS, command_tree, main
from kina_audit.cli.help import Grouped

pytestmark = pytest.mark.usefixtures("built")

ROOT = Path(__file__).resolve().parents[1]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "GITHUB_TOKEN", "GH_TOKEN", "KINA_AUDIT_OFFLINE"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        out, err = capsys.readouterr()
        return status, out, err

    return call


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A complete config that carries VXLAN and not WireGuard."""
    lines = [
        "# Linux/arm64 6.18.5 Kernel Configuration",
        "CONFIG_ARM64=y",
        "CONFIG_NET=y",
        "CONFIG_INET=y",
        "CONFIG_VXLAN=y",
    ]
    lines += [
        "CONFIG_NETDEVICES=y",
        "CONFIG_NET_CORE=y",
        "CONFIG_NET_UDP_TUNNEL=y",
        "CONFIG_IPV6=y",
        "# CONFIG_WIREGUARD is not set",
    ]
    lines += [f"CONFIG_HAVE_THING_{i}=y" for i in range(40)]
    path = tmp_path / "kernel.config"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_apple_offline_names_what_stops_cilium(run: Run) -> None:
    status, out, err = run("check", "apple", "--offline", "--cilium", "1.18", "--format", "json")
    assert status == 1
    assert "recorded" in err
    report = json.loads(out)
    assert report["verdict"] == "fail"
    by_id = {p["id"]: p for p in report["profiles"]}
    assert [by_id[i]["status"] for i in ("vxlan", "geneve", "wireguard")] == ["pass"] * 3
    advice = report["advice"]
    assert advice["mode"] == "unsupported"
    assert "BPF_JIT" in advice["blockers"][0]["expr"]
    legacy = [f for f in by_id["netfilter"]["findings"] if f["status"] == "warn" and "LEGACY" in f["expr"]]
    assert legacy
    assert any(s["name"] == "NETFILTER_XTABLES_LEGACY" and s["value"] == "n" for f in legacy for s in f["symbols"])


def test_kata_has_no_tunnels_and_no_mode(run: Run) -> None:
    status, out, _ = run("check", "recorded:kata@3.17.0", "--format", "json")
    assert status == 1
    report = json.loads(out)
    by_id = {p["id"]: p for p in report["profiles"]}
    for name in ("vxlan", "geneve", "ipvlan", "wireguard"):
        assert by_id[name]["status"] == "fail", name
    assert report["advice"]["mode"] == "unsupported"


def test_pass_and_fail_decide_the_exit_status(run: Run, config: Path) -> None:
    assert run("check", str(config), "-p", "vxlan")[0] == 0
    assert run("check", str(config), "-p", "vxlan", "-p", "wireguard")[0] == 1
    assert run("check", str(config), "-p", "wireguard", "--fail-on", "never")[0] == 0


def test_a_partial_config_cannot_tell_and_does_not_pass(run: Run, tmp_path: Path) -> None:
    (tmp_path / "fragment").write_text("CONFIG_NET=y\n", encoding="utf-8")
    status, out, _ = run("check", "fragment", "-p", "vxlan", "--format", "json")
    assert status == 1
    assert json.loads(out)["verdict"] == "unknown"


def test_stdin(run: Run, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open(config, encoding="utf-8") as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert run("check", "-", "-p", "vxlan")[0] == 0


def test_several_outputs_in_one_run(run: Run, config: Path, tmp_path: Path) -> None:
    status, out, _ = run(
        "check", str(config), "-p", "vxlan", "-o", "json=r.json", "-o", "configmap=cm.yaml", "-o", "helm-values=-"
    )
    assert status == 0
    assert json.loads((tmp_path / "r.json").read_text())["verdict"] == "pass"
    # This kernel's agent does not start: nothing that could be applied is written, only why.
    for text in ((tmp_path / "cm.yaml").read_text(), out):
        assert "mode unsupported" in text
        assert all(line.startswith("#") for line in text.splitlines())


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["check", "no-such-file"], 3, ["no-such-file"]),
        (["check", "recorded:nothing"], 3, ["nothing", "kernels"]),
        (["check", "-p", "vxlam"], 2, ["vxlam", "vxlan"]),
        (["check", "recorded:kata@3.17.0", "--cilium", "9.9"], 2, ["9.9", "1.18"]),
        (["check", "recorded:kata@3.17.0", "--format", "nope"], 2, ["nope", "json"]),
        (["check", "recorded:kata@3.17.0", "-o", "json"], 2, ["FORMAT=PATH"]),
        (["check", "recorded:kata@3.17.0", "-o", "json=missing/dir/r.json"], 2, ["missing/dir"]),
        (["check", "--arch", "sparc"], 2, ["sparc", "arm64"]),
        (["check", "--fail-on", "always"], 2, ["always", "required"]),
        (["check", "--color", "pink"], 2, ["pink"]),
        (["check", "apple@v0.38.0", "--offline"], 3, ["0.38.0"]),
        (["check", "recorded:kata@3.17.0", "--target-kernel", "six"], 2, ["six"]),
        (["schema", "nothing"], 2, ["report"]),
        (["profiles", "show", "nothing"], 2, ["nothing"]),
        (["profiles", "validate", "missing.toml"], 2, ["missing.toml"]),
    ],
)
def test_errors_are_one_message_with_a_next_step(run: Run, arguments: list[str], status: int, words: list[str]) -> None:
    got, out, err = run(*arguments)
    assert got == status, err
    assert out == ""
    assert "Traceback" not in err
    for word in words:
        assert word in err


def test_html_instead_of_a_config(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page").write_text("<!DOCTYPE html><html><body>404</body></html>", encoding="utf-8")
    status, _, err = run("check", "page")
    assert status == 3
    assert "HTML" in err


def test_no_fallback_makes_a_missing_network_an_error(run: Run) -> None:
    status, _, err = run("check", "apple", "--offline", "--no-fallback")
    assert status == 3
    assert err


def test_schemas_are_printed(run: Run) -> None:
    for arguments in (["schema", "report"], ["schema", "profile"], ["profiles", "schema"]):
        status, out, _ = run(*arguments)
        assert status == 0
        assert json.loads(out)["$id"].startswith("https://")


def test_profiles_list_and_show(run: Run) -> None:
    status, out, _ = run("profiles", "list")
    assert status == 0
    assert "* vxlan" in out
    status, out, _ = run("profiles", "show", "wireguard")
    assert status == 0
    assert "WIREGUARD" in out


def test_shipped_profiles_validate(run: Run) -> None:
    status, out, err = run("profiles", "validate", str(ROOT / "profiles"))
    assert status == 0, err
    assert "vxlan" in out


def test_kernels_lists_every_record(run: Run) -> None:
    status, out, _ = run("kernels")
    assert status == 0
    for name in ("apple@0.38.0", "kata@3.17.0", "kata@3.32.0-debug"):
        assert name in out


def test_colour_only_when_asked_or_on_a_terminal(run: Run, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in run("check", str(config), "-p", "vxlan")[1]
    assert "\x1b[" in run("check", str(config), "-p", "vxlan", "--color", "always")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("check", str(config), "-p", "vxlan")[1]


def test_same_input_same_bytes() -> None:
    command = [sys.executable, "-m", "kina_audit", "check", "recorded:kata@3.28.0", "--format", "json"]
    outputs = {
        subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=False
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert json.loads(outputs.pop())


def test_a_pipe_that_waits_for_nobody_gets_all_of_it(config: Path) -> None:
    """Node.js makes the pipes of its children such ones: of five megabytes 64 KiB arrived, and nothing said so."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    words = [sys.executable, "-m", "kina_audit", "check", str(config), "-p", "all", "-f", "json"]
    with (
        subprocess.Popen(words, stdout=writer, stderr=subprocess.PIPE, text=True) as process,
        open(reader, "rb") as out,
    ):
        os.close(writer)
        time.sleep(1.5)
        told = json.loads(out.read())
        assert process.wait() == {"pass": 0}.get(told["verdict"], 1)
    assert len(told["profiles"]) > 100


def test_a_closed_pipe_is_no_error(config: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f'set -o pipefail; "{sys.executable}" -m kina_audit check "{config}" -v | head -n 1'],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


@pytest.mark.parametrize(
    ("asked", "status"), [("recorded:kata -p vxlan", 0), ("recorded:apple@0.38.0 -p cilium-agent --offline", 1)]
)
def test_a_reader_that_goes_away_changes_no_status(asked: str, status: int, tmp_path: Path) -> None:
    """It was 1, a failed audit, where the pipe was closed early, and 0 where little was written."""
    words = f'"{sys.executable}" -m kina_audit check {asked} --cilium none -q -f json'
    script = f"{words} >whole; echo $?; set -o pipefail; {words} | head -c 10 >part; echo $?"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout.split() == [str(status)] * 2
    assert not done.stderr


def test_the_library_says_what_the_command_says(config: Path) -> None:
    from kina_audit import audit, load_kernel, load_profiles
    from kina_audit.sources.options import SourceOptions

    report = audit(
        load_kernel(str(config), SourceOptions(built=True)), load_profiles(["vxlan", "wireguard"]), cilium=None
    )
    assert report.verdict == "fail"
    assert [r.status for r in report.results] == ["pass", "fail"]
    assert report.advice is None


def test_a_misspelt_command_is_suggested_once(run: Run) -> None:
    status, _, err = run("chekc")
    assert status == 2
    assert err.count("check") == 1, err


@pytest.mark.parametrize("command", ["check", "matrix", "diff", "extract", "profiles lint"])
def test_help_says_what_an_argument_is(run: Run, command: str) -> None:
    lines = run(*command.split(), "--help")[1].split("Arguments:")[1].split("Options:")[0].strip().splitlines()
    assert len(" ".join(lines)) > 40, lines


def test_an_option_without_its_value_names_the_help_of_its_command(run: Run) -> None:
    status, _, err = run("check", "x", "-p")
    assert (status, err.splitlines()[-1].strip()) == (2, "Try 'kina-audit check --help'.")


def test_arguments_are_told_once_whatever_click_asks_for() -> None:
    """Of click 8.5 and later the help had them twice: its own section, and ours."""
    tree = command_tree(COMMANDS)
    assert isinstance(tree, click.Group)
    command = tree.commands["fix"]
    assert isinstance(command, Grouped)
    context = click.Context(command, info_name="fix")
    formatter = context.make_formatter()
    command.format_arguments(context, formatter)
    command.format_options(context, formatter)
    assert formatter.getvalue().count("[SOURCE]") == 1
    assert command.get_help(context).count("A config, kernel image") == 1


def test_the_help_of_completion_has_paths_that_can_be_copied(run: Run) -> None:
    assert "> ~/.local/share/bash-completion/completions/kina-audit\n" in run("completion", "--help")[1]


@pytest.mark.parametrize("command", ["check", "explain", "tree add"])
def test_help_says_once_what_an_argument_is(run: Run, command: str) -> None:
    assert run(*command.split(), "--help")[1].lower().count("arguments:") == 1
    found = command_tree(COMMANDS)
    for name in command.split():
        found = found.commands[name]  # type: ignore[attr-defined]
    # Click from 8.5 on tells those that have a help of its own.
    assert not [p for p in found.params if isinstance(p, Argument) and getattr(p, "help", None)]


@pytest.mark.parametrize(
    ("said", "heard"), [("0", False), ("no", False), ("false", False), ("", False), ("1", True), ("yes", True)]
)
def test_a_variable_of_a_flag_may_say_no(said: str, heard: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OFFLINE", "BUILT"):
        monkeypatch.setenv(f"KINA_AUDIT_{name}", said)
    check = command_tree(["check"]).commands["check"]  # type: ignore[attr-defined]
    values = check.make_context("check", ["x"]).params
    assert (values["offline"], values["built"]) == (heard, heard)


def test_an_interrupt_while_commands_are_loaded_is_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kina_audit.cli.command_tree", interrupted)
    assert run("check", "apple") == (130, "", "kina-audit: interrupted\n")


def test_no_variable_is_named_of_an_option_without_one() -> None:
    told = {
        option.name
        for command in command_tree(["check"]).commands.values()  # type: ignore[attr-defined]
        for option in command.params
        if getattr(option, "show_envvar", False)
    }
    assert told == {"offline", "built", "profile_dir"}


def test_no_commands_line_of_help_is_cut_short(run: Run) -> None:
    for asked in (("--help",), ("profiles", "--help"), ("tree", "--help")):
        _, out, err = run(*asked)
        assert out, err
        assert "..." not in out.split("Commands:")[1]


def test_a_folder_name_too_long_to_exist(run: Run) -> None:
    status, _, err = run("profiles", "list", "--profile-dir", "x" * 300)
    assert status == 2
    assert "no profile" in err


def test_a_release_of_none_means_no_recommendation(run: Run, config: Path) -> None:
    status, out, _ = run("check", str(config), "--cilium", "none", "-p", "vxlan", "-f", "json")
    assert (status, json.loads(out)["advice"]) == (0, None)
    assert "Cilium" not in run("check", str(config), "--cilium", "none", "-p", "vxlan")[1]
    assert run("baseline", str(config), "--cilium", "none", "-p", "vxlan", "-o", "b.json")[0] == 0
    assert run("check", str(config), "--baseline", "b.json")[0] == 0
    assert "Cilium" not in run("diff", str(config), str(config), "--cilium", "none", "-p", "vxlan")[1]
