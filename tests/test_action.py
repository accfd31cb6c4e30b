"""The GitHub Action's own steps, run as scripts with GitHub's variables faked; the pre-commit hooks; what both declare."""

import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from kina_audit.api import load_kernel
from kina_audit.cli.pre_commit import hook
from kina_audit.kconfig.carry import trees_of
from kina_audit.kconfig.resolve import of_config

pytestmark = pytest.mark.usefixtures("built")

ROOT = Path(__file__).resolve().parents[1]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
INPUT = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")


@cache
def whole() -> str:
    """A config as the kernel's own build writes it: Apple's, resolved."""
    kernel = load_kernel("recorded:apple")
    return of_config(trees_of(kernel.config)[0], kernel.config).text


def config(path: Path, *lines: str) -> Path:
    """That config, with VXLAN and WireGuard only where a line says so."""
    text = re.sub("^CONFIG_(VXLAN|WIREGUARD)=y$", r"# CONFIG_\1 is not set", whole(), flags=re.MULTILINE)
    for line in lines:
        text = text.replace(f"# {line.removesuffix('=y')} is not set", line)
    path.write_text(text)
    return path


def test_no_input_is_part_of_a_script() -> None:
    """Text of an input that were put into a script would be run; it may only arrive as a variable."""
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
        for value in step.get("env", {}).values():
            assert INPUT.fullmatch(value), value


def test_every_input_is_used_and_every_output_is_written() -> None:
    used = {m for s in ACTION["runs"]["steps"] for v in s.get("env", {}).values() for m in INPUT.findall(v)}
    assert used == ACTION["inputs"].keys()
    outputs = {name: o["value"] for name, o in ACTION["outputs"].items()}
    assert outputs == {
        n: f"${{{{ steps.audit.outputs.{n} }}}}" for n in ("verdict", "mode", "failed", "report", "sarif")
    }


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment after the first step."""
    temp = tmp_path_factory.mktemp("runner")
    environment = runner(temp)
    step(0, {"python": sys.executable}, environment, temp)
    return environment


def runner(temp: Path) -> dict[str, str]:
    """What GitHub's runner sets, and how this machine reaches a package index."""
    environment = {
        "RUNNER_TEMP": str(temp),
        "GITHUB_ACTION_PATH": str(ROOT),
        "HOME": str(temp),
        "PATH": os.environ["PATH"],
    }
    for name in (
        "PIP_INDEX_URL",
        "PIP_EXTRA_INDEX_URL",
        "PIP_FIND_LINKS",
        "PIP_CONFIG_FILE",
        "PIP_NO_INDEX",
        "PIP_CERT",
    ):
        if name in os.environ:
            environment[name] = os.environ[name]
    return environment


HOSTILE = (
    "venv",
    "argparse",
    "logging",
    "sitecustomize",
    "usercustomize",
    "pip",
    "ensurepip",
    "json",
    "click",
    "hatchling",
)
"""Modules that Python or pip import, and that a checkout may hold, too."""


def hostile_checkout(folder: Path) -> Path:
    """A checkout in which everything that is imported by mistake leaves a file."""
    mark = f"open({str(folder / 'RAN')!r}, 'a').write(__name__)\n"
    for name in HOSTILE:
        (folder / f"{name}.py").write_text(mark)
    for package in ("kina_audit", "pip", "encodings"):
        (folder / package).mkdir()
        for module in ("__init__", "__main__"):
            (folder / package / f"{module}.py").write_text(mark)
    (folder / "evil").write_text(f"#!/bin/sh\ntouch {folder}/RAN\n")
    (folder / "evil").chmod(0o755)
    (folder / "tree").mkdir()
    for name in ("pip.conf", "pip.ini", "setup.cfg"):
        (folder / name).write_text("[global]\nindex-url = https://127.0.0.1:1/\nno-index = true\n")
    (folder / "pyvenv.cfg").write_text(f"home = {folder}\n")
    (folder / "kina-audit.toml").write_text(
        'toolchain = "cc:./evil"\nkernel-tree = "tree"\nfail-on = "never"\noutputs = ["json=../written.json"]\n'
    )
    return folder


@pytest.mark.slow
def test_nothing_of_the_checkout_runs_or_decides(tmp_path: Path) -> None:
    """The workspace is the working folder of both steps, and somebody's variables point Python into it."""
    temp, checkout = tmp_path / "runner", tmp_path / "checkout"
    for folder in (temp, checkout):
        folder.mkdir()
    hostile_checkout(checkout)
    environment = runner(temp) | {
        "GITHUB_WORKSPACE": str(checkout), "PYTHONPATH": ".", "PYTHONSTARTUP": "logging.py", "PYTHONHOME": str(checkout),
    }  # fmt: skip
    step(0, {"python": sys.executable}, environment, checkout)
    config(checkout / "node.config", "# CONFIG_WIREGUARD is not set")
    assert step(1, {"source": "node.config", "profiles": "wireguard"}, environment, checkout) == 1
    assert "verdict fail" in (checkout / "log").read_text()
    assert not (checkout / "RAN").exists(), (checkout / "RAN").read_text()
    assert not (tmp_path / "written.json").exists()


def test_what_is_installed_is_pinned_by_digest_and_is_what_the_project_needs() -> None:
    from packaging.requirements import Requirement

    pinned: dict[str, Requirement] = {}
    for block in re.split(r"\n(?=\S)", (ROOT / "action-requirements.txt").read_text()):
        if not block.startswith("#"):
            requirement = Requirement(re.split(r"\s*\\?\n", block)[0])
            assert "--hash=sha256:" in block, block
            pinned[requirement.name.lower().replace(".", "-")] = requirement
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for text in (*project["project"]["dependencies"], *project["build-system"]["requires"]):
        wanted = Requirement(text)
        have = pinned[wanted.name.lower().replace(".", "-")]
        version = str(have.specifier).removeprefix("==")
        assert wanted.specifier.contains(version), f"{text}, and {version} is pinned: run scripts/pin_action.sh"


def step(number: int, inputs: dict[str, str], environment: dict[str, str], folder: Path) -> int:
    """Run one step as the runner does; its exit status."""
    row = ACTION["runs"]["steps"][number]
    values = {name: i.get("default", "") for name, i in ACTION["inputs"].items()} | inputs
    variables = {k: INPUT.sub(lambda m: values[m[1]], v) for k, v in row.get("env", {}).items()}
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", row["run"]]
    done = subprocess.run(words, cwd=folder, env=environment | variables, capture_output=True, text=True, check=False)
    (folder / "log").write_text(done.stdout + done.stderr)
    if number == 0:
        assert done.returncode == 0, done.stderr
    return done.returncode


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lines", "status", "verdict"),
    [(["CONFIG_WIREGUARD=y", "CONFIG_VXLAN=y"], 0, "pass"), (["CONFIG_VXLAN=y"], 1, "fail")],
)
def test_a_good_and_a_bad_bump(
    installed: dict[str, str], tmp_path: Path, lines: list[str], status: int, verdict: str
) -> None:
    config(tmp_path / "node.config", *lines)
    environment = installed | {
        "GITHUB_OUTPUT": str(tmp_path / "output"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_WORKSPACE": str(tmp_path), "GITHUB_ACTIONS": "true",
    }  # fmt: skip
    hostile = "wireguard\nvxlan"
    assert step(1, {"source": "node.config", "profiles": hostile}, environment, tmp_path) == status
    outputs = dict(line.split("=", 1) for line in (tmp_path / "output").read_text().splitlines())
    assert outputs["verdict"] == verdict
    assert outputs["mode"]
    assert (tmp_path / outputs["report"]).is_file()
    assert (tmp_path / outputs["sarif"]).is_file()
    assert verdict in (tmp_path / "summary").read_text().lower()
    assert ("::error" in (tmp_path / "log").read_text()) is bool(status)


def test_fragments_and_toolchain_reach_the_command_line(tmp_path: Path) -> None:
    """Each line of an input is one argument, blanks and all; what stands for Python writes down what it is given."""
    python = tmp_path / "kina-audit" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "$RUNNER_TEMP/given"\n')
    python.chmod(0o755)
    inputs = {
        "source": "config-arm64",
        "fragments": "a b.fragment\nc.fragment\n",
        "toolchain": "gcc-14",
        "target-kernel": "6.18.5",
    }
    assert step(1, inputs, runner(tmp_path), tmp_path) == 0
    words = (tmp_path / "given").read_text().splitlines()
    assert words[words.index("--toolchain") + 1] == "gcc-14"
    assert words[words.index("--target-kernel") + 1] == "6.18.5"
    assert [words[n + 1] for n, w in enumerate(words) if w == "--fragment"] == ["a b.fragment", "c.fragment"]
    assert words[-2:] == ["--", "config-arm64"]


@pytest.mark.slow
def test_a_baseline_stops_the_loss_alone(installed: dict[str, str], tmp_path: Path) -> None:
    config(tmp_path / "old.config", "CONFIG_WIREGUARD=y")
    config(tmp_path / "new.config")
    tool = f"{installed['RUNNER_TEMP']}/kina-audit/bin/kina-audit"
    words = [tool, "baseline", "old.config", "-p", "wireguard", "-p", "vxlan", "-o", "kernel.baseline.json"]
    subprocess.run(words, cwd=tmp_path, env=installed, check=True, capture_output=True)
    inputs = {"baseline": "kernel.baseline.json"}
    environment = installed | {"GITHUB_WORKSPACE": str(tmp_path)}
    assert step(1, inputs | {"source": "old.config"}, environment, tmp_path) == 0
    assert step(1, inputs | {"source": "new.config"}, environment, tmp_path) == 1


@pytest.mark.slow
@pytest.mark.parametrize("source", ["$(touch ran)", "--help", "; touch ran", "`touch ran`", "nowhere.config"])
def test_hostile_inputs_are_only_names(installed: dict[str, str], tmp_path: Path, source: str) -> None:
    assert step(1, {"source": source}, installed, tmp_path) == 3
    assert not (tmp_path / "ran").exists()


@pytest.mark.slow
def test_flags_are_true_or_false(installed: dict[str, str], tmp_path: Path) -> None:
    config(tmp_path / "node.config", "# CONFIG_WIREGUARD is not set")
    (tmp_path / "waivers.toml").write_text(
        '[[waiver]]\nrequirement = "vxlan/*"\nreason = "r"\nexpires = 2999-01-01\n', encoding="utf-8"
    )
    inputs = {"source": "node.config", "profiles": "wireguard"}
    assert step(1, inputs | {"exit-zero": "true"}, installed, tmp_path) == 0
    assert step(1, inputs | {"exit-zero": "false"}, installed, tmp_path) == 1
    assert step(1, inputs | {"exit-zero": "yes"}, installed, tmp_path) == 2
    assert step(1, inputs | {"exit-zero": "true", "source": "nowhere"}, installed, tmp_path) == 3
    waived = {"source": "node.config", "profiles": "namespaces", "fail-on": "optional", "waivers": "waivers.toml"}
    plain = step(1, waived, installed, tmp_path)
    assert "::warning title=kina-audit%3A waiver" in (tmp_path / "log").read_text()
    assert step(1, waived | {"strict": "true"}, installed, tmp_path) == 1
    assert "title=kina-audit%3A waivers.toml%3A waiver 1" in (tmp_path / "log").read_text()
    assert plain in (0, 1)


@pytest.mark.slow
def test_the_hooks_run_every_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = str(config(tmp_path / "good.config", "CONFIG_WIREGUARD=y"))
    bad = str(config(tmp_path / "bad.config"))
    assert hook(["check", "--profile=wireguard", good]) == 0
    assert hook(["check", "--profile=wireguard", good, bad]) == 1
    assert hook(["check", "--profile=wireguard", bad, str(tmp_path / "none")]) == 3
    capsys.readouterr()
    assert hook(["profiles", str(ROOT / "profiles/kernel/wireguard.toml")]) == 0
    (tmp_path / "p.toml").write_text("schema = 1\n")
    assert hook(["profiles", str(tmp_path / "p.toml")]) == 2
    assert hook([]) == 2


def test_a_hook_without_files_is_not_green(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pre-commit runs none without files; `pass_filenames: false` does, and that is nothing checked."""
    monkeypatch.chdir(tmp_path)
    for words in (["check", "--profile=wireguard"], ["profiles"], ["check"]):
        assert hook(words) == 3


def test_a_file_called_like_an_option_switches_nothing_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    config(tmp_path / "--profile=wireguard", "CONFIG_VXLAN=y")
    bad = str(config(tmp_path / "bad.config", "# CONFIG_WIREGUARD is not set"))
    assert hook(["check", "--profile=wireguard", bad]) == 2
    assert "an option and also a file" in capsys.readouterr().err
    (tmp_path / "--quiet").symlink_to("/nonexistent")
    assert hook(["check", "--quiet", bad]) == 2
    (tmp_path / "--profile=wireguard").unlink()
    assert hook(["check", "--profile=wireguard", bad]) == 1


def test_the_hooks_are_declared_with_what_pre_commit_asks_for() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {h["id"] for h in hooks} == {"kina-audit", "kina-audit-profiles"}
    wanted = re.compile(hooks[0]["files"])
    for name in (".config", "kernel/config-arm64", "arch/arm64/configs/my_defconfig", "fragments/net.config"):
        assert wanted.search(name), name
    for name in ("config.py", "src/configure", "Kconfig"):
        assert not wanted.search(name), name


def test_the_container_runs_as_nobody() -> None:
    lines = (ROOT / "Containerfile").read_text().splitlines()
    assert "USER 65534:65534" in lines
    assert lines.index("USER 65534:65534") > max(i for i, line in enumerate(lines) if line.startswith("FROM"))
    allowed = [line[1:] for line in (ROOT / ".containerignore").read_text().splitlines() if line.startswith("!")]
    assert allowed == ["deploy/container", "dist/kina_audit-*.whl"]


def test_the_image_installs_pinned_files_by_their_hash_and_nothing_else() -> None:
    containerfile = (ROOT / "Containerfile").read_text()
    installs = re.findall(r"-m pip .*?install(.*?)(?= && |\n\n)", containerfile.replace("\\\n", " "), re.DOTALL)
    assert len(installs) == 2
    assert all("--no-deps" in line for line in installs)
    assert "--require-hashes" in installs[0]
    assert "--only-binary :all:" in installs[0]
    assert "--no-index" in installs[1]
    text = (ROOT / "deploy/container/requirements.txt").read_text()
    assert "://" not in text
    pins = re.findall(
        r"^([a-z0-9.-]+)==[^ ]+(?: ; .*?)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text, re.MULTILINE
    )
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", " "))]
    assert len(pins) == len(lines), "every requirement is pinned and has hashes"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["lzo"]]
    names = {re.sub("[._]", "-", re.split(r"[^a-z0-9._-]", w.lower())[0]) for w in wanted}
    assert names <= {name for name, _ in pins}
