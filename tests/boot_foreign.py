"""A Python for another kind of processor, for the kernels of that kind: Debian's packages and the index's wheels."""

import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from tests.conftest import alone
from tests.debian_apt import apt

NO_LIBRARY = {"test", "tests", "idlelib", "tkinter", "ensurepip", "lib2to3", "turtledemo", "site-packages", "__pycache__",
               "pydoc_data", "distutils", "venv"}  # fmt: skip
"""What of a standard library no command of ours needs."""

_DEBIAN = {"aarch64": "arm64", "x86_64": "amd64"}
_KEPT = ("usr/bin/python3.*", "usr/lib/python3.*", "lib", "usr/lib/*-linux-gnu")


def foreign_python(root: Path, machine: str) -> str:
    """Debian's Python and kmod for a machine, fetched and unpacked once; where its Python is. Skips without apt."""
    arch = _DEBIAN[machine]
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        pytest.skip("no apt-get to fetch a Python with")
    with alone(f"boot-python-{arch}") as cache:
        folder = cache / f"boot-python-{arch}"
        tree = folder / "tree"
        if not (folder / ".complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            apt(arch, folder, "apt-get", "update", "-qq")
            plan = apt(arch, folder, "apt-get", "install", "--simulate", "--no-install-recommends", "python3", "kmod")
            names = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
            apt(arch, folder, "apt-get", "download", "-qq", *names)
            for package in folder.glob("*.deb"):
                subprocess.run(["dpkg-deb", "-x", str(package), str(tree)], check=True)
                package.unlink()
            (folder / ".complete").touch()
    for pattern in _KEPT:
        for source in tree.glob(pattern):
            place = root / source.relative_to(tree)
            if source.is_dir():
                shutil.copytree(
                    source, place, symlinks=True, dirs_exist_ok=True,
                    ignore=lambda _, names: [n for n in names if n in NO_LIBRARY or n.startswith("config-")],
                )  # fmt: skip
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, place, follow_symlinks=False)
    shutil.copy(tree / "bin/kmod", root / "sbin/modprobe")
    [python] = root.glob("usr/bin/python3.*[0-9]")
    return f"/{python.relative_to(root)}"


def foreign_wheels(site: Path, found: Iterable[Distribution], machine: str, python: str) -> None:
    """In the place of what was built for this machine, the same releases for another."""
    built = [d for d in found if any(str(f).endswith(".so") for f in d.files or ())]
    for file in site.rglob("*.so"):
        file.unlink()
    platforms = [f"--platform={p}_{machine}" for p in ("manylinux_2_28", "manylinux_2_17", "manylinux2014")]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--disable-pip-version-check",
         "--only-binary=:all:", "--implementation=cp", f"--python-version={python.rpartition('python')[2]}", *platforms,
         "--target", str(site), *(f"{d.name}=={d.version}" for d in built)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"no wheels for {machine}: {done.stderr.strip()[-300:]}")
