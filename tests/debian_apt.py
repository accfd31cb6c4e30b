"""Debian's packages of any architecture, by apt and without touching what is installed."""

import subprocess
from pathlib import Path

import pytest


def apt(arch: str, folder: Path, *words: str) -> str:
    """apt with lists and a cache of its own, for another architecture, so that the machine's own stay as they are."""
    for name in ("lists/partial", "cache/archives/partial", "state"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "state/status").touch()
    options = {
        "APT::Architecture": arch,
        "APT::Architectures": arch,
        "Dir::State::Lists": str(folder / "lists"),
        "Dir::State::status": str(folder / "state/status"),
        "Dir::Cache": str(folder / "cache"),
        "APT::Sandbox::User": "root",
    }
    command = [words[0], *(f"-o{key}={value}" for key, value in options.items()), *words[1:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        pytest.skip(f"apt cannot fetch Debian's packages here: {done.stderr.strip()[-200:]}")
    return done.stdout
