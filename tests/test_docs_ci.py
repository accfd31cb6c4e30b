"""docs/ci.md: what it tells people to write into their pipelines is run, as far as that goes without the services."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from kina_audit.cli.pre_commit import hook

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
LINES = [
    "# Linux/arm64 6.18.5 Kernel Configuration",
    "CONFIG_ARM64=y",
    "CONFIG_NET=y",
    "CONFIG_INET=y",
    "CONFIG_NETDEVICES=y",
    "CONFIG_NET_CORE=y",
    "CONFIG_VXLAN=y",
]
LINES += ["CONFIG_NET_UDP_TUNNEL=y", *[f"CONFIG_HAVE_THING_{i}=y" for i in range(40)]]


def block(title: str, language: str) -> str:
    """The first block of a language below a heading."""
    section = re.split(rf"^## {re.escape(title)}$", PAGE, flags=re.MULTILINE)[1]
    found = re.search(
        rf"^```{language}\n(.*?)^```$", re.split(r"^## ", section, flags=re.MULTILINE)[0], re.MULTILINE | re.DOTALL
    )
    assert found, title
    return found[1]


def config(path: Path, *lines: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([*LINES, *lines]) + "\n", encoding="utf-8")


class Repository:
    """A folder with a config, a baseline in which WireGuard works, and `kina-audit` on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        tool = folder / "bin" / "kina-audit"
        tool.write_text(f'#!/bin/sh\nexec {sys.executable} -m kina_audit "$@"\n', encoding="utf-8")
        tool.chmod(0o755)
        self.environment = {"PATH": f"{folder / 'bin'}:/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": str(ROOT)}
        self.take("CONFIG_WIREGUARD=y")
        words = "baseline kernel/config-arm64 -p wireguard -p vxlan -o kernel.baseline.json"
        assert self.run(f"kina-audit {words}") == 0

    def take(self, *lines: str) -> None:
        """What the kernel's config says from now on."""
        config(self.folder / "kernel" / "config-arm64", *lines)
        config(self.folder / ".config", *lines)

    def run(self, script: str) -> int:
        """The exit status of a shell script; what it said is in ``log``."""
        done = subprocess.run(
            ["sh", "-c", script], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        self.log = done.stdout + done.stderr
        return done.returncode

    def lose_wireguard(self) -> None:
        """The bad bump."""
        self.take("# CONFIG_WIREGUARD is not set")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_github_is_given_inputs_and_outputs_that_the_action_has() -> None:
    steps = yaml.safe_load(block("GitHub Actions", "yaml"))["jobs"]["kernel"]["steps"]
    ours = next(s for s in steps if "kina-audit" in s["uses"])
    assert ours["with"].keys() <= ACTION["inputs"].keys()
    assert all(isinstance(v, str) for v in ours["with"].values()), "YAML must not make a number of a version"
    used = set(re.findall(rf"steps\.{ours['id']}\.outputs\.(\w+)", block("GitHub Actions", "yaml")))
    assert used <= ACTION["outputs"].keys()
    for name in re.findall(r"outputs `(.*?)` and `(\w+)`", PAGE)[0][0].split("`, `"):
        assert name in ACTION["outputs"]


@pytest.mark.slow
def test_gitlab(repository: Repository) -> None:
    job = yaml.safe_load(block("GitLab", "yaml"))["kernel"]
    script = [line for line in job["script"] if not line.startswith("pip install")]
    assert repository.run(" && ".join(script)) == 0, repository.log
    repository.lose_wireguard()
    assert repository.run(" && ".join(script)) == 1
    for name in job["artifacts"]["reports"].values():
        assert (repository.folder / name).stat().st_size


@pytest.mark.slow
def test_jenkins(repository: Repository) -> None:
    text = block("Jenkins", "groovy")
    script = re.findall(r"sh '(.*)'", text)[0]
    assert repository.run(script) == 0, repository.log
    repository.lose_wireguard()
    assert repository.run(script) == 1
    assert (repository.folder / re.findall(r"junit '(.*)'", text)[0]).stat().st_size


@pytest.mark.slow
def test_any_shell(repository: Repository) -> None:
    script = block("Any shell (Buildkite, cron, a laptop)", "sh")
    assert repository.run(script) == 0, repository.log
    repository.lose_wireguard()
    assert repository.run(script) == 1
    repository.take("CONFIG_WIREGUARD=y")
    (repository.folder / "kernel.baseline.json").unlink()
    assert repository.run(script) == 2


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("make"), reason="no make on PATH")
def test_the_makefile(repository: Repository) -> None:
    (repository.folder / "Makefile").write_text(block("A kernel repository's Makefile", "make"), encoding="utf-8")
    assert repository.run("make audit") == 2  # make's own status; the config has no BPF_JIT
    assert "cilium-agent/jit" in repository.log
    tree = ROOT / "fixtures" / "kconfig" / "base"
    (repository.folder / ".config").write_text("CONFIG_X86=y\nCONFIG_NET=y\nCONFIG_MODULES=y\n", encoding="utf-8")
    assert repository.run(f"make audit-bump OLD={tree} NEW={tree}") == 0, repository.log
    assert "no feature changed" in repository.log


def test_pre_commit(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hooks = {h["id"]: h for h in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    named = yaml.safe_load(block("pre-commit", "yaml"))["repos"][0]["hooks"]
    assert {h["id"] for h in named} <= hooks.keys()
    monkeypatch.chdir(repository.folder)
    arguments = [*hooks["kina-audit"]["entry"].split()[1:], *named[0]["args"], "kernel/config-arm64"]
    assert hook(arguments) == 0
    repository.lose_wireguard()
    assert hook(arguments) == 1
    assert "wireguard" in capsys.readouterr().out


@pytest.mark.slow
def test_the_waivers(repository: Repository) -> None:
    """The example waives what it says, on the kernels and sources it says."""
    (repository.folder / "waivers.toml").write_text(block("Waivers", "toml"), encoding="utf-8")
    (repository.folder / "lab").mkdir()
    repository.lose_wireguard()
    shutil.copy(repository.folder / ".config", repository.folder / "lab" / "config")
    check = "kina-audit check {} -p wireguard --waivers waivers.toml --today 2027-03-31"
    assert repository.run(check.format("lab/config")) == 0, repository.log
    assert repository.run(check.format(".config")) == 1
    assert repository.run(check.format("lab/config").replace("03-31", "04-01")) == 1
