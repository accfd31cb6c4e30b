"""The kernel that this machine runs, read from its real ``/proc`` by the installed command; and every documented line with it."""

import gzip
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from kina_audit.sources import open_source
from kina_audit.sources.local.running import PLACES
from kina_audit.sources.options import SourceOptions

ROOT = Path(__file__).resolve().parents[1]
PROC = Path("/proc/config.gz")
SHOWN = any(os.access(f"/{place.format(release=os.uname().release)}", os.R_OK) for place in PLACES)
needs_proc = pytest.mark.skipif(not PROC.exists(), reason="this kernel has no /proc/config.gz (CONFIG_IKCONFIG_PROC)")
needs_config = pytest.mark.skipif(not SHOWN, reason="this machine's kernel shows its config nowhere")
FILE = str(ROOT / "fixtures/images.config")


def kina_audit(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[bytes]":
    installed = Path(sys.executable).parent / "kina-audit"
    command = [str(installed)] if installed.exists() else [sys.executable, "-m", "kina_audit"]
    return subprocess.run([*command, *arguments], capture_output=True, check=False, cwd=folder, timeout=120)


@needs_proc
@pytest.mark.parametrize(
    ("words", "shows"),
    [
        ("check running --cilium 1.20", "verdict: "),
        ("check /proc/config.gz -p vxlan --cilium none", "verdict: "),
        ("cilium running", "running: Linux "),
        ("diff running FILE -p vxlan --cilium none --allow-other-arch", "running: header "),
        ("matrix running FILE -p vxlan --cilium none", "running"),
    ],
)
def test_the_real_proc_is_read(words: str, shows: str, tmp_path: Path) -> None:
    done = kina_audit(*[FILE if w == "FILE" else w for w in words.split()], folder=tmp_path)
    assert done.returncode in (0, 1), done.stderr
    assert shows.encode() in done.stdout


@needs_proc
@pytest.mark.parametrize("source", ["running", "/proc/config.gz"])
def test_the_real_proc_is_extracted_byte_for_byte(source: str, tmp_path: Path) -> None:
    done = kina_audit("extract", source, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == gzip.decompress(PROC.read_bytes())


@needs_proc
@pytest.mark.parametrize("how", ["pipe", "file", "substitution"])
def test_a_config_that_comes_through_a_descriptor(how: str, tmp_path: Path) -> None:
    line = {
        "pipe": "cat /proc/config.gz | kina-audit extract /dev/stdin",
        "file": "kina-audit extract /dev/stdin < /proc/config.gz",
        "substitution": "kina-audit extract <(cat /proc/config.gz)",
    }[how]
    shell = f'kina-audit() {{ "{sys.executable}" -m kina_audit "$@"; }}\n{line}'
    done = subprocess.run(["bash", "-c", shell], capture_output=True, check=False, cwd=ROOT)
    assert done.stdout == gzip.decompress(PROC.read_bytes()), done.stderr


@needs_proc
def test_whatever_in_proc_and_sys_is_no_config_is_one_error() -> None:
    for path in ("/proc/version", "/proc/kallsyms", "/sys/kernel/notes", "/proc/self/mem", "/proc/self/pagemap"):
        if os.access(path, os.R_OK):
            with pytest.raises(Exception, match=re.escape(path)) as caught:
                open_source(path, SourceOptions(max_decompressed=1))
            assert type(caught.value).__module__ == "kina_audit.errors"


def documented() -> list[tuple[str, str]]:
    """(page, line) of every documented command that reads the running kernel."""
    found = []
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        blocks = re.findall(r"^```sh\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        lines = "".join(blocks).replace("\\\n", " ").splitlines()
        found += [(page.name, line) for line in lines if re.search(r"kina-audit [a-z]+ running\b", line)]
    return found


def test_the_readme_shows_the_running_kernel() -> None:
    assert "README.md" in {page for page, _ in documented()}


@needs_config
@pytest.mark.parametrize(("page", "line"), documented())
def test_documented_lines_with_the_running_kernel(page: str, line: str, tmp_path: Path) -> None:
    # The folders of node_exporter and of Node Feature Discovery.
    line = re.sub(r"/var/lib/[a-z_]+/|/etc/kubernetes/node-feature-discovery/features.d/", "", line)
    shell = f'kina-audit() {{ {shlex.quote(sys.executable)} -m kina_audit "$@"; }}\nNODE=worker-1\n{line}'
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        ["bash", "-c", shell], cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=120
    )
    assert done.returncode in (0, 1), done.stderr
    named = re.findall(r"-o [a-z]+=(\S+)|> \"?(\S+?)\"?(?:\s|$)", line)
    for name in [(a or b).replace("$NODE", "worker-1") for a, b in named]:
        assert (tmp_path / name).stat().st_size, name
