"""The initramfs that a booted kernel gets: a Python, the installed distribution, the kernel's modules; nothing else."""

import io
import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path
from typing import TYPE_CHECKING

from tests.boot_foreign import NO_LIBRARY, foreign_python, foreign_wheels
from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.booted import BootKernel

PYTHON = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
"""Where the initramfs has this machine's Python; it finds its library from there."""

_HEAVY = re.compile(
    r"kernel/(drivers/(gpu|media|net/(ethernet|wireless|usb|can|fddi|hamradio|arcnet|dsa|phy|wwan)|infiniband|staging|usb|iio|hwmon|input|"
    r"isdn|mtd|platform|power|regulator|leds|comedi|mfd|extcon|thunderbolt|video|edac|i2c|spi|w1|pinctrl|rtc|firewire|"
    r"bluetooth|nfc|accel)|sound|net/(bluetooth|mac80211|wireless|nfc|ieee802154|batman-adv|ceph/never))/"
)


def install(root: Path, machine: str) -> str:
    """A Python of a machine, and the distribution with what it requires; where the Python is."""
    for folder in ("bin", "sbin", "etc", "proc", "sys", "dev", "tmp", "run", "mnt", "root", "site"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    python = _this_python(root) if machine == os.uname().machine else foreign_python(root, machine)
    found = _distributions(root / "site")
    if machine != os.uname().machine:
        foreign_wheels(root / "site", found, machine, python)
    if python.rpartition("python")[2] == f"{sys.version_info.major}.{sys.version_info.minor}":
        _compile(root)
    if machine == os.uname().machine:
        for binary in (root / python.lstrip("/"), *root.rglob("*.so*")):
            _libraries(binary, root)
    return python


def _this_python(root: Path) -> str:
    standard = Path(sysconfig.get_paths()["stdlib"])
    shutil.copytree(
        standard, root / standard.relative_to("/"), symlinks=False,
        ignore=lambda _, names: [n for n in names if n in NO_LIBRARY or n.startswith("config-")],
    )  # fmt: skip
    place = root / PYTHON.relative_to("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(sys.executable).resolve(), place)
    kmod = Path(shutil.which("kmod") or "/bin/kmod")
    if kmod.exists():
        shutil.copy(kmod, root / "sbin/modprobe")
        _libraries(kmod, root)
    return str(PYTHON)


def _distributions(site: Path) -> list[Distribution]:
    """Install this checkout as a user would, with what it requires from this Python's."""
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--disable-pip-version-check",
         "--target", str(site), str(ROOT)],
        check=True,
    )  # fmt: skip
    installed = next(iter(distributions(name="kina-audit", path=[str(site)])))
    wanted = _required(installed, {"probe"})
    for found in wanted:
        for file in found.files or ():
            source = Path(str(found.locate_file(file)))
            if source.is_file() and "__pycache__" not in source.parts and ".." not in file.parts:
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, site / file)
    return wanted


def _compile(root: Path) -> None:
    """Bytecode for the standard library and what is installed; an emulated processor takes long to make it."""
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", "-j", "2", "--invalidation-mode", "unchecked-hash", "-s", str(root),
         "-p", "/", str(root)],
        check=False, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def _required(one: Distribution, extras: set[str]) -> list[Distribution]:
    """What a distribution needs to run, itself left out."""
    from packaging.requirements import Requirement

    found: dict[str, Distribution] = {}
    ahead = [(one, extras)]
    while ahead:
        one, wanted = ahead.pop()
        for text in one.requires or ():
            need = Requirement(text)
            if need.marker is not None and not any(need.marker.evaluate({"extra": e}) for e in (*wanted, "")):
                continue
            try:
                made = distribution(need.name)
            except PackageNotFoundError:
                continue
            if need.name not in found:
                found[need.name] = made
                ahead.append((made, set(need.extras)))
    return list(found.values())


def _libraries(binary: Path, root: Path) -> None:
    """Copy the shared libraries of a binary to where it looks for them."""
    said = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=False).stdout
    for path in re.findall(r"(/\S+\.so\S*)", said):
        target = root / path.lstrip("/")
        if not target.exists() and not str(path).startswith(str(root)):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


def add_kernel(kernel: "BootKernel", root: Path) -> None:
    """The kernel's modules but for drivers of hardware that no probe is about, and its config."""
    if kernel.config is not None:
        (root / "boot").mkdir(exist_ok=True)
        release = kernel.modules.name if kernel.modules else kernel.config.name.removeprefix("config-")
        shutil.copy(kernel.config, root / "boot" / f"config-{release}")
    if kernel.modules is None:
        return
    target = root / "lib/modules" / kernel.modules.name
    for path in kernel.modules.rglob("*"):
        inside = str(path.relative_to(kernel.modules))
        if path.is_file() and not _HEAVY.match(inside) and not inside.startswith(("build", "source")):
            (target / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target / inside)
    subprocess.run(["depmod", "-b", str(root), kernel.modules.name], check=True)


def pack(root: Path, file: io.BufferedIOBase) -> None:
    """An archive as the kernel reads it: cpio, format newc."""

    def entry(number: int, name: str, mode: int, data: bytes) -> None:
        encoded = name.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
        head = b"070701" + b"".join(b"%08x" % f for f in fields) + encoded
        file.write(head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4))

    entry(1, "dev", stat.S_IFDIR | 0o755, b"")
    for number, path in enumerate(sorted(root.rglob("*")), 2):
        name = str(path.relative_to(root))
        if path.is_symlink():
            entry(number, name, stat.S_IFLNK | 0o777, str(path.readlink()).encode())
        elif path.is_dir():
            entry(number, name, stat.S_IFDIR | 0o755, b"")
        elif path.is_file():
            entry(number, name, stat.S_IFREG | (path.stat().st_mode & 0o777), path.read_bytes())
    entry(0, "TRAILER!!!", 0, b"")
