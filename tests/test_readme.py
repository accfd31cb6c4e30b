"""Every console example in the README and the docs is run, and prints what the page shows.

KINA_AUDIT_UPDATE=1 rewrites the pages with what the commands print now.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)$", re.MULTILINE)


def run(command: str, folder: Path) -> str:
    """What a command prints (both streams, as a terminal shows them), then its status if it is not 0."""
    shell = f'kina-audit() {{ "{sys.executable}" -m kina_audit "$@"; }}\nset -o pipefail\n{command}'
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(
        ["bash", "-c", shell],
        cwd=folder, env=environment, text=True, timeout=120, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    status = f"(exit status {done.returncode})\n" if done.returncode else ""
    return done.stdout + status


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_examples_print_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name in ("fixtures", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    if not BLOCK.search(text):
        pytest.skip("no console example on this page")
    fresh = text
    for block in BLOCK.findall(text):
        commands = COMMAND.findall(block)
        assert commands, f"{page.name}: a console block without a command"
        shown = "".join(f"$ {c}\n{run(c, tmp_path)}" for c in commands)
        fresh = fresh.replace(f"```console\n{block}```", f"```console\n{shown}```")
    if os.environ.get("KINA_AUDIT_UPDATE"):
        page.write_text(fresh, encoding="utf-8")
    assert fresh == text or os.environ.get("KINA_AUDIT_UPDATE")


def test_the_readme_has_both_set_up_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "<!-- set-up: audit -->" in text
    assert "<!-- set-up: tests -->" in text
