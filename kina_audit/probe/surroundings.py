"""What is over a process besides the kernel's configuration: capabilities, seccomp, lockdown, modules."""

import os
import re
from pathlib import Path

from kina_audit.engine.probed import Circumstances

_NUMBERS = {"NET_ADMIN": 12, "NET_RAW": 13, "SYS_MODULE": 16, "SYS_ADMIN": 21, "PERFMON": 38, "BPF": 39}
"""include/uapi/linux/capability.h."""

WATCHED = ("SYS_ADMIN", "NET_ADMIN", "NET_RAW")
"""The capabilities that probes need."""


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(65536)
    except OSError:
        return ""


def capabilities() -> frozenset[str]:
    """The effective capabilities of this process, as far as they matter here."""
    found = re.search(r"^CapEff:\s*([0-9a-f]+)", _read("/proc/self/status"), re.MULTILINE)
    mask = int(found[1], 16) if found else 0
    return frozenset(name for name, bit in _NUMBERS.items() if mask >> bit & 1)


def user_namespace() -> bool:
    """Whether this process is in another user namespace than the first, which maps every number to itself."""
    mapped = _read("/proc/self/uid_map").split()
    return bool(mapped) and mapped != ["0", "0", "4294967295"]


def loaded_modules() -> frozenset[str]:
    """Names in /proc/modules."""
    return frozenset(line.split()[0] for line in _read("/proc/modules").splitlines() if line.strip())


def circumstances(before: frozenset[str]) -> Circumstances:
    """What holds now; ``before``: the modules that were loaded when the run began."""
    have = capabilities()
    seccomp = re.search(r"^Seccomp:\s*(\d)", _read("/proc/self/status"), re.MULTILINE)
    lockdown = re.search(r"\[(\w+)\]", _read("/sys/kernel/security/lockdown"))
    has_modules = Path("/proc/modules").exists()
    return Circumstances(
        lacks=tuple(f"CAP_{c}" for c in WATCHED if c not in have),
        seccomp=seccomp is not None and seccomp[1] != "0",
        lockdown=lockdown[1] if lockdown and lockdown[1] != "none" else "",
        modules_disabled=_read("/proc/sys/kernel/modules_disabled").strip() == "1",
        module_files=Path(f"/lib/modules/{os.uname().release}").is_dir() if has_modules else None,
        new_modules=tuple(sorted(loaded_modules() - before)),
        user_namespace=user_namespace(),
    )
