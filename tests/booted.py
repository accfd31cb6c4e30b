"""Boot a kernel under QEMU with nothing but Python and the installed kina-audit, and fetch what that printed.

No virtual machine's disk, no network, no KVM: an initramfs is made of this Python, its standard library, the distribution
`kina-audit` with what it requires, and the kernel's own modules. The answer comes back over the second serial line.
"""

import base64
import gzip
import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, alone

PACKAGES = ("linux-image-amd64", "linux-image-cloud-amd64~6.12", "linux-image-rt-amd64~6.12")
"""Debian's kernels that are booted: ``PACKAGE~LINE`` is that flavour of another kernel line."""

PYTHON = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
"""Where the initramfs has its Python; it finds its library from there."""

SECONDS = 600
_MEGABYTES = 2048
_HEAVY = re.compile(
    r"kernel/(drivers/(gpu|media|net/(ethernet|wireless|usb|can|fddi|hamradio|arcnet|dsa|phy|wwan)|infiniband|staging|usb|iio|hwmon|input|"
    r"isdn|mtd|platform|power|regulator|leds|comedi|mfd|extcon|thunderbolt|video|edac|i2c|spi|w1|pinctrl|rtc|firewire|"
    r"bluetooth|nfc|accel)|sound|net/(bluetooth|mac80211|wireless|nfc|ieee802154|batman-adv|ceph/never))/"
)
_NO_LIBRARY = {"test", "tests", "idlelib", "tkinter", "ensurepip", "lib2to3", "turtledemo", "site-packages", "__pycache__",
               "pydoc_data", "distutils", "venv"}  # fmt: skip

INIT = """
import base64, ctypes, gzip, json, os, subprocess, sys, time, traceback
libc = ctypes.CDLL(None, use_errno=True)
def mount(source, target, kind, flags=0, data=None):
    os.makedirs(target, exist_ok=True)
    return libc.mount(source.encode(), target.encode(), kind.encode(), flags, data)
out = {"commands": []}
try:
    for source, target, kind in (("proc", "/proc", "proc"), ("sysfs", "/sys", "sysfs"), ("dev", "/dev", "devtmpfs"),
                                 ("tmpfs", "/tmp", "tmpfs"), ("cgroup2", "/sys/fs/cgroup", "cgroup2"), ("bpf", "/sys/fs/bpf", "bpf")):
        mount(source, target, kind)
    os.environ.update(PATH="/sbin:/bin", HOME="/tmp", LANG="C.UTF-8", PYTHONPATH="/site", PYTHONDONTWRITEBYTECODE="1", COLUMNS="100")
    try:
        have = open("/sys/fs/cgroup/cgroup.controllers").read().split()
        for one in have:
            try:
                open("/sys/fs/cgroup/cgroup.subtree_control", "w").write("+" + one)
            except OSError:
                pass
    except OSError:
        pass
    for command in json.load(open("/commands.json")):
        began = time.monotonic()
        done = subprocess.run([sys.executable, *command], capture_output=True)
        out["commands"].append({"code": done.returncode, "out": done.stdout.decode("utf-8", "replace"),
                                "err": done.stderr.decode("utf-8", "replace")[-20000:], "seconds": round(time.monotonic() - began, 1)})
    out["release"] = os.uname().release
except BaseException:
    out["error"] = traceback.format_exc()
try:
    data = base64.encodebytes(gzip.compress(json.dumps(out).encode(), 6)) + b"END\\n"
    if not os.path.exists("/dev/ttyS1"):
        import stat
        os.makedirs("/dev", exist_ok=True)
        os.mknod("/dev/ttyS1", 0o600 | stat.S_IFCHR, os.makedev(4, 65))
    line = os.open("/dev/ttyS1", os.O_WRONLY | os.O_NOCTTY)
    while data:
        data = data[os.write(line, data[:4096]):]
    import termios
    termios.tcdrain(line)
except BaseException:
    traceback.print_exc()
os.sync()
libc.reboot(ctypes.c_int(0x4321fedc))
time.sleep(30)
"""


@dataclass(frozen=True)
class BootKernel:
    """A kernel to boot: its image, the folder of its modules (``lib/modules/RELEASE``; None: it has none), its config."""

    name: str
    image: Path
    modules: Path | None
    config: Path | None


def kernels() -> list[str]:
    """Names of the kernels to boot: Debian's, and those of KINA_AUDIT_BOOT_KERNELS."""
    return [*PACKAGES, *os.environ.get("KINA_AUDIT_BOOT_KERNELS", "").split()]


def boot_kernel(name: str) -> BootKernel:
    """A kernel by its name: a Debian package, a folder with ``boot/`` and ``lib/modules/``, or ``IMAGE[,MODULES[,CONFIG]]``.

    Skips where a package cannot be had.
    """
    if name in PACKAGES:
        return _of_folder(name, _package(name))
    first, *rest = name.split(",")
    path = Path(first)
    if path.is_dir():
        return _of_folder(path.name, path)
    modules, config = (Path(rest[n]) if len(rest) > n and rest[n] else None for n in (0, 1))
    assert path.is_file(), f"KINA_AUDIT_BOOT_KERNELS: no kernel image {path}"
    return BootKernel(path.name, path, modules, config)


def _of_folder(name: str, folder: Path) -> BootKernel:
    """A package, unpacked; since 7.2 Debian keeps image and config beside the modules, in ``usr/lib/modules/RELEASE``."""
    trees = [p for at in ("lib/modules", "usr/lib/modules") for p in sorted((folder / at).glob("*")) if p.is_dir()]
    images = [*sorted((folder / "boot").glob("vmlinu[xz]-*")), *(t / "vmlinuz" for t in trees)]
    configs = [*sorted((folder / "boot").glob("config-*")), *(t / "config" for t in trees)]
    image = next((p for p in images if p.is_file()), None)
    assert image is not None, f"no kernel image in {folder}"
    return BootKernel(name, image, next(iter(trees), None), next((p for p in configs if p.is_file()), None))


def _package(name: str) -> Path:
    """A Debian kernel package, downloaded and unpacked once."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        pytest.skip("no apt-get to fetch a kernel with")
    package, _, line = name.partition("~")
    with alone(f"boot-{name}") as cache:
        folder = cache / "boot-kernels" / name
        if not (folder / ".complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            found = _newest(package, line)
            got = subprocess.run(
                ["apt-get", "download", "-qq", found], cwd=folder, capture_output=True, text=True, check=False
            )
            archive = next(iter(folder.glob("*.deb")), None)
            if got.returncode or archive is None:
                pytest.skip(f"{found} cannot be downloaded: {got.stderr.strip()[-200:]}")
            subprocess.run(["dpkg-deb", "-x", str(archive), str(folder)], check=True)
            archive.unlink()
            (folder / ".complete").touch()
    return folder


def _newest(package: str, line: str) -> str:
    """The package that a meta-package stands for, or the newest of its flavour of another line."""
    if not line:
        said = subprocess.run(["apt-cache", "depends", package], capture_output=True, text=True, check=False).stdout
        found = re.findall(r"Depends: (linux-image-\S+)", said)
    else:
        flavour = package.removeprefix("linux-image-")
        pattern = (
            f"^linux-image-{re.escape(line)}[.].*[0-9]-{flavour}$"
            if flavour != "amd64"
            else f"^linux-image-{line}.*-amd64$"
        )
        said = subprocess.run(
            ["apt-cache", "search", "--names-only", pattern], capture_output=True, text=True, check=False
        ).stdout
        names = [s.split()[0] for s in said.splitlines()]
        found = sorted(names, key=lambda n: [int(d) for d in re.findall(r"\d+", n)])
    if not found:
        pytest.skip(f"no Debian package for {package} {line}; apt-get update?")
    return found[-1]


def run_inside(kernel: BootKernel, commands: list[list[str]], work: Path) -> dict[str, Any]:
    """Boot a kernel, run Python with each list of arguments, and return what came of it."""
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("Debian's package qemu-system-x86 is not installed")
    if os.uname().machine != "x86_64":
        pytest.skip("the initramfs holds this machine's Python, and the kernels are for x86_64")
    root = work / "root"
    _install(root)
    _modules(kernel, root)
    (root / "commands.json").write_text(json.dumps(commands), encoding="utf-8")
    (root / "init.py").write_text(INIT, encoding="utf-8")
    archive = work / "initramfs.cpio"
    with open(archive, "wb") as file:
        _cpio(root, file)
    answer, console = work / "answer", work / "console"
    append = f"console=ttyS0 loglevel=4 panic=-1 mitigations=off nokaslr tsc=unstable rdinit={PYTHON} -- -I /init.py"
    subprocess.run(
        ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", str(_MEGABYTES), "-nodefaults",
         "-nographic", "-no-reboot", "-kernel", str(kernel.image), "-initrd", str(archive), "-append", append,
         "-serial", f"file:{console}", "-serial", f"file:{answer}"],
        check=True, timeout=SECONDS, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    archive.unlink()
    data = answer.read_bytes().replace(b"\r", b"")
    assert data.endswith(b"END\n"), console.read_text(errors="replace")[-3000:]
    found: dict[str, Any] = json.loads(gzip.decompress(base64.decodebytes(data[:-4])))
    assert "error" not in found, found["error"]
    return found


def _install(root: Path) -> None:
    """This Python, and the distribution with what it requires."""
    standard = Path(sysconfig.get_paths()["stdlib"])
    library = root / standard.relative_to("/")
    site = root / "site"
    for folder in ("bin", "sbin", "etc", "proc", "sys", "dev", "tmp", "run", "mnt", "root"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    shutil.copytree(
        standard, library, symlinks=False,
        ignore=lambda _, names: [n for n in names if n in _NO_LIBRARY or n.startswith("config-")],
    )  # fmt: skip
    site.mkdir(exist_ok=True)
    interpreter = Path(sys.executable).resolve()
    place = root / PYTHON.relative_to("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(interpreter, place)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--disable-pip-version-check",
         "--target", str(site), str(ROOT)],
        check=True,
    )  # fmt: skip
    installed = next(iter(distributions(name="kina-audit", path=[str(site)])))
    for found in _required(installed, {"probe"}):
        for file in found.files or ():
            source = Path(str(found.locate_file(file)))
            if source.is_file() and "__pycache__" not in source.parts and ".." not in file.parts:
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, site / file)
    kmod = shutil.which("kmod") or "/bin/kmod"
    if Path(kmod).exists():
        shutil.copy(kmod, root / "sbin/modprobe")
    for binary in (interpreter, Path(kmod), *library.rglob("*.so*"), *site.rglob("*.so*")):
        _libraries(binary, root)
    subprocess.run(
        [
            sys.executable,
            "-m",
            "compileall",
            "-q",
            "-j",
            "2",
            "--invalidation-mode",
            "unchecked-hash",
            "-s",
            str(root),
            "-p",
            "/",
            str(library),
            str(site),
        ],
        check=False,
    )


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


def _modules(kernel: BootKernel, root: Path) -> None:
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


def _cpio(root: Path, file: io.BufferedIOBase) -> None:
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
