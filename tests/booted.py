"""Boot a kernel under QEMU with nothing but Python and the installed kina-audit, and fetch what that printed.

No virtual machine's disk, no network, no KVM: an initramfs is made of this Python, its standard library, the distribution
`kina-audit` with what it requires, and the kernel's own modules. The answer comes back over the second serial line.
"""

import base64
import gzip
import json
import os
import re
import shutil
import subprocess
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.boot_root import add_kernel, install, pack
from tests.conftest import alone

PACKAGES = ("linux-image-amd64", "linux-image-cloud-amd64~6.12", "linux-image-rt-amd64~6.12")
"""Debian's kernels that are booted: ``PACKAGE~LINE`` is that flavour of another kernel line."""

SECONDS = 400
"""How long one boot may take; on an idle machine it takes 70, with another beside it 125."""
_MEGABYTES = 2048

INIT = """
import base64, ctypes, gzip, json, os, subprocess, sys, time, traceback
libc = ctypes.CDLL(None, use_errno=True)
def mount(source, target, kind, flags=0, data=None):
    try:
        os.makedirs(target, exist_ok=True)
    except OSError:
        return -1  # sysfs has no such place when the kernel has no such thing
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
    asked = json.load(open("/commands.json"))
    for number, command in enumerate(asked["commands"], 1):
        try:
            open("/dev/kmsg", "w").write(f"<3>init: command {number} of {len(asked['commands'])}")
        except OSError:
            pass
        began = time.monotonic()
        # The clock began with the boot; a command that hangs is told while there is time to.
        done = subprocess.run([sys.executable, *command], capture_output=True, timeout=asked["seconds"] - began)
        out["commands"].append({"code": done.returncode, "out": done.stdout.decode("utf-8", "replace"),
                                "err": done.stderr.decode("utf-8", "replace")[-20000:], "seconds": round(time.monotonic() - began, 1)})
    out["release"] = os.uname().release
except BaseException:
    out["error"] = traceback.format_exc()
try:
    data = base64.encodebytes(gzip.compress(json.dumps(out).encode(), 6)) + b"END\\n"
    node = "/dev/" + sys.argv[1]
    if not os.path.exists(node):
        import stat
        os.makedirs("/dev", exist_ok=True)
        os.mknod(node, 0o600 | stat.S_IFCHR, os.makedev(4, 64 + int(node[-1])))
    line = os.open(node, os.O_WRONLY | os.O_NOCTTY)
    while data:
        data = data[os.write(line, data[:4096]):]
    import termios
    termios.tcdrain(line)
except BaseException:
    traceback.print_exc()
os.sync()
# QEMU ends at a restart (-no-reboot); a kernel without ACPI cannot switch the machine off.
libc.reboot(ctypes.c_int(0x01234567))
time.sleep(30)
"""


class StoodStillWarning(UserWarning):
    """A boot that gave no answer and is tried once more."""


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
            # Since 7.2 the image is a package of its own, and so are the modules.
            names = [found, *_depends(found, "linux-binary-", "linux-modules-")]
            got = subprocess.run(
                ["apt-get", "download", "-qq", *names], cwd=folder, capture_output=True, text=True, check=False
            )
            archives = list(folder.glob("*.deb"))
            if got.returncode or len(archives) < len(names):
                pytest.skip(f"{found} cannot be downloaded: {got.stderr.strip()[-200:]}")
            for archive in archives:
                subprocess.run(["dpkg-deb", "-x", str(archive), str(folder)], check=True)
                archive.unlink()
            (folder / ".complete").touch()
    return folder


def _depends(package: str, *starts: str) -> list[str]:
    said = subprocess.run(["apt-cache", "depends", package], capture_output=True, text=True, check=False).stdout
    return [name for name in re.findall(r"Depends: (\S+)", said) if name.startswith(starts)]


def _newest(package: str, line: str) -> str:
    """The package that a meta-package stands for, or the newest of its flavour of another line."""
    if not line:
        found = _depends(package, "linux-image-")
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


_MACHINES = {
    "x86_64": ("qemu-system-x86_64", "ttyS0", "ttyS1", ("-cpu", "max", "-serial", "chardev:answer")),
    "aarch64": ("qemu-system-aarch64", "ttyAMA0", "ttyS0",
                ("-M", "virt", "-cpu", "cortex-a76", "-device", "pci-serial,chardev=answer")),
}  # fmt: skip
"""The emulator of a machine, its console, and the serial line that the answer comes back on."""


def machine_of(image: Path) -> str:
    """What a kernel image is for, by the headers of Documentation/arch/x86/boot.rst and arm64/booting.rst."""
    with open(image, "rb") as file:
        head = file.read(0x210)
    if head[0x202:0x206] == b"HdrS":
        return "x86_64"
    assert head[0x38:0x3C] == b"ARM\x64", f"{image}: neither an x86 bzImage nor an arm64 Image"
    return "aarch64"


def run_inside(kernel: BootKernel, commands: list[list[str]], work: Path) -> dict[str, Any]:
    """Boot a kernel, run Python with each list of arguments, and return what came of it."""
    machine = machine_of(kernel.image)
    program, console_line, answer_line, extra = _MACHINES[machine]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    root = work / "root"
    python = install(root, machine)
    add_kernel(kernel, root)
    said = {"commands": commands, "seconds": SECONDS - 60}
    (root / "commands.json").write_text(json.dumps(said), encoding="utf-8")
    (root / "init.py").write_text(INIT, encoding="utf-8")
    archive = work / "initramfs.cpio"
    with open(archive, "wb") as file:
        pack(root, file)
    answer, console = work / "answer", work / "console"
    append = f"console={console_line} loglevel=4 panic=-1 mitigations=off nokaslr tsc=unstable no_timer_check rdinit={python} -- -I /init.py {answer_line}"
    # An emulated machine with two processors has stood still in one boot of some dozens: that says nothing of the kernel.
    # A command that hangs in it is told by the init, and no second boot hides it.
    for last, how in enumerate(
        (("-accel", "tcg,thread=multi", "-smp", "2"), ("-accel", "tcg,thread=single", "-smp", "1"))
    ):
        words = [
            program, *how, "-m", str(_MEGABYTES), "-nodefaults", "-nographic", "-no-reboot",
            "-kernel", str(kernel.image), "-initrd", str(archive), "-append", append, "-chardev", f"file,id=answer,path={answer}",
            "-serial", f"file:{console}", *extra,
        ]  # fmt: skip
        try:
            subprocess.run(words, check=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
            break
        except subprocess.TimeoutExpired:
            shown = console.read_text(errors="replace")[-3000:]
            assert not last, f"{kernel.name} stood still twice; the console's last lines:\n{shown}"
            warnings.warn(f"the emulator stood still with {kernel.name}: {shown}", StoodStillWarning, stacklevel=2)
    archive.unlink()
    data = answer.read_bytes().replace(b"\r", b"")
    assert data.endswith(b"END\n"), console.read_text(errors="replace")[-3000:]
    found: dict[str, Any] = json.loads(gzip.decompress(base64.decodebytes(data[:-4])))
    assert "error" not in found, found["error"]
    return found
