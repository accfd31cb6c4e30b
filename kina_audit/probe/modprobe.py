"""Ask for a module as user-space tools do, where the kernel does not ask for it by itself."""

import errno
import os
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
