"""What /proc and /sys always show where the kernel has it."""

from collections.abc import Callable
from pathlib import Path

from kina_audit.probe.model import Bench, MissingError, RefusedError, reading

_ALWAYS = {"/proc": "/proc/self", "/sys": "/sys/kernel"}
"""What is there wherever the file system is, and not when something empty covers it."""


def _shown(path: str) -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        bench.doing(f"look for {path}")
        sign = next(sign for start, sign in _ALWAYS.items() if path.startswith(start))
        if not Path(sign).is_dir():
            raise MissingError(f"no {sign} here")
        if not Path(path).exists():
            raise RefusedError("it is not there")

    return run


for _name, _symbol, _path in (
    ("proc_config_gz", "IKCONFIG_PROC", "/proc/config.gz"),
    ("modules_supported", "MODULES", "/proc/modules"),
    ("kallsyms", "KALLSYMS", "/proc/kallsyms"),
    ("schedstat", "SCHEDSTATS", "/proc/schedstat"),
    ("keys_proc", "KEYS", "/proc/keys"),
    ("psi", "PSI", "/proc/pressure/cpu"),
    ("swaps", "SWAP", "/proc/swaps"),
    ("proc_sys", "PROC_SYSCTL", "/proc/sys/kernel"),
    ("printk", "PRINTK", "/proc/sys/kernel/printk"),
    ("tty", "TTY", "/proc/tty/drivers"),
    ("proc_attr", "SECURITY", "/proc/self/attr"),
    ("kheaders", "IKHEADERS", "/sys/kernel/kheaders.tar.xz"),
    ("sys_apparmor", "SECURITY_APPARMOR", "/sys/module/apparmor"),
    ("pci", "PCI", "/sys/bus/pci"),
    ("proc_cpuset", "PROC_PID_CPUSET", "/proc/self/cpuset"),
    ("pagemap", "PROC_PAGE_MONITOR", "/proc/self/pagemap"),
):
    reading(_name, _symbol, f"reads {_path}")(_shown(_path))
