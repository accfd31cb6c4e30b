"""Ask for a module as user-space tools do, where the kernel does not ask for it by itself."""

import errno
import os
import stat
import subprocess
from pathlib import Path

from kina_audit.probe.model import MissingError
from kina_audit.probe.surroundings import capabilities, loaded_modules


def modprobe(name: str) -> None:
    """Load a module; nothing where the kernel has no modules or has this one.

    Raises:
        MissingError: it cannot be asked for from here.
        OSError: ENOENT, modprobe knows no such module.
    """
    if not Path("/proc/modules").exists() or name in loaded_modules() or Path(f"/sys/module/{name}").exists():
        return
    if "SYS_MODULE" not in capabilities():
        raise MissingError(f"the module {name} is not loaded, and asking for it needs CAP_SYS_MODULE")
    try:
        program = Path("/proc/sys/kernel/modprobe").read_text(encoding="utf-8").strip() or "/sbin/modprobe"
        done = subprocess.run(
            [program, "-q", name], stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError(f"the module {name} is not loaded, and modprobe cannot be run: {error}") from error
    if done.returncode:
        if not Path(f"/lib/modules/{os.uname().release}").is_dir():
            raise MissingError(f"the module {name} is not loaded, and there is no folder of modules here")
        raise OSError(errno.ENOENT, f"modprobe finds no module {name} that can be loaded")


def device(scratch: Path, node: str, misc: str, module: str) -> str:
    """The path of a character device of the kernel's miscellaneous ones, after asking for its module.

    Where nobody made a node for it, one is made on the scratch folder.

    Raises:
        MissingError: the module cannot be asked for from here, or no node can be made.
        OSError: there is no such module, or the kernel has no such device.
    """
    if Path(node).exists():
        return node
    listed = _minor(misc)
    if listed is None:
        modprobe(module)
        listed = _minor(misc)
    if Path(node).exists():
        return node
    if listed is None:
        raise OSError(errno.ENODEV, f"no {node}, and /proc/misc does not name {misc}")
    made = scratch / misc
    try:
        os.mknod(made, 0o600 | stat.S_IFCHR, os.makedev(10, listed))
    except OSError as error:
        raise MissingError(f"the kernel has {misc}, but there is no {node} here: {error.strerror}") from error
    return str(made)


def _minor(misc: str) -> int | None:
    path = Path("/proc/misc")
    rows = [line.split() for line in path.read_text(encoding="ascii").splitlines()] if path.exists() else []
    return next((int(row[0]) for row in rows if row[1:] == [misc]), None)
