"""What is written holds what was audited and what the user added, and nothing of the machine it was done on."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kina_audit.render import FORMATS
from kina_audit.render.matrix import MATRIX_FORMATS
from kina_audit.render.timeline import TIMELINE_FORMATS
from tests.test_timeline import FIRST, git

NAMES = {
    "USER": "zaphod-b",
    "LOGNAME": "zaphod-b",
    "HOSTNAME": "heart-of-gold",
    "TOKEN": "improbability",
    "GH_TOKEN": "drive-42",
}
RUN = """
import socket, os, platform, getpass
socket.gethostname = socket.getfqdn = platform.node = lambda *a: "heart-of-gold"
os.uname = lambda: os.uname_result(("Linux", "heart-of-gold", "6.1.0", "#1", "x86_64"))
getpass.getuser = os.getlogin = lambda: "zaphod-b"
import sys
from kina_audit.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home-of-zaphod"
    (home / "repo/kernel").mkdir(parents=True)
    (home / "repo/kernel/config-arm64").write_text(FIRST, encoding="utf-8")
    git(home / "repo", "init", "-q", "-b", "main")
    git(home / "repo", "add", "-A")
    git(home / "repo", "commit", "-q", "-m", "First")
    return home


def run(home: Path, *words: str) -> str:
    environment = {
        **os.environ,
        **NAMES,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=home / "repo",
        env=environment,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout + done.stderr


ROOT = Path(__file__).resolve().parents[1]
CONFIG = "kernel/config-arm64"


def tell(home: Path, text: str) -> list[str]:
    names = [*NAMES.values(), str(home), home.name, str(home.parent)]
    return [n for n in names if n in text]


@pytest.mark.slow
@pytest.mark.parametrize("words", [
    ("check", CONFIG, "--offline", "-p", "vxlan", "-p", "bpf", "--cilium", "1.18", "--label", "node=n1"),
    ("matrix", CONFIG, "-p", "vxlan"),
    ("timeline", "--git", ".", "-p", "vxlan"),
], ids=lambda words: words[0])  # fmt: skip
def test_nothing_of_the_machine_is_written(home: Path, words: tuple[str, ...]) -> None:
    formats = {"check": FORMATS, "matrix": MATRIX_FORMATS, "timeline": TIMELINE_FORMATS}[words[0]]
    outputs = [word for name in formats for word in ("-o", f"{name}=out.{name}")]
    text = run(home, *words, *outputs)
    for name in formats:
        written = (home / "repo" / f"out.{name}").read_text(encoding="utf-8")
        assert written
        assert tell(home, written) == [], name
    assert tell(home, text) == []
    assert socket.gethostname() not in {*NAMES.values()}


@pytest.mark.slow
def test_the_user_may_add_what_is_wanted(home: Path) -> None:
    text = run(
        home, "check", CONFIG, "-p", "vxlan", "-f", "json", "-q", "--label", "node=heart-of-gold", "--label", "team=net"
    )
    assert json.loads(text)["labels"] == {"node": "heart-of-gold", "team": "net"}
    # A path is shown as it was given, and not otherwise.
    given = str(home / "repo" / CONFIG)
    assert json.loads(run(home, "check", given, "-p", "vxlan", "-f", "json", "-q"))["kernel"]["source"] == given
