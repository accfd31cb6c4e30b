"""What this machine shows beside its kernel's config, read from ``/proc`` and ``/sys``."""

import os
from pathlib import Path

from kina_audit.kernel.live import EVERYWHERE, MACHINE_NETWORK, OF_THE_NETWORK, Live, default_mtu

BTF = "sys/kernel/btf/vmlinux"
_MOST = 1 << 20


def look(root: Path) -> Live:
    """Everything that can be read below a root; what cannot is left out."""
    sysctls = {name: text for name in EVERYWHERE + OF_THE_NETWORK if (text := _text(_sysctl(root, name))) is not None}
    swaps = _text(root / "proc/swaps")
    modules = _text(root / "proc/modules")
    return Live(
        btf=_btf(root),
        sysctls={name: text.strip() for name, text in sysctls.items()},
        mounts=_mounts(_text(root / "proc/mounts") or ""),
        processes=_link(root / "proc/self/ns/pid"),
        network=_there(_sysctl(root, MACHINE_NETWORK)),
        lockdown=_text(root / "sys/kernel/security/lockdown") or "",
        lsm=_text(root / "sys/kernel/security/lsm") or "",
        swap=None if swaps is None else len(swaps.splitlines()) > 1,
        mtu=_mtu(root),
        loaded=None if modules is None else frozenset(line.partition(" ")[0] for line in modules.splitlines()),
    )


def _btf(root: Path) -> str:
    if not _there(root / "sys/kernel"):
        return ""
    if not _there(root / BTF):
        return "absent"
    return "readable" if os.access(root / BTF, os.R_OK) else "unreadable"


def _there(path: Path) -> bool:
    """Whether something is there that can be seen."""
    try:
        path.stat()
    except OSError:
        return False
    return True


def _sysctl(root: Path, name: str) -> Path:
    return root / "proc/sys" / name.replace(".", "/")


def _mounts(text: str) -> list[tuple[str, str]]:
    rows = [line.split(" ") for line in text.splitlines()]
    wanted = ("/sys/fs/cgroup", "/sys/fs/bpf")
    return [(r[1], r[2]) for r in rows if len(r) > 2 and (r[1] in wanted or r[1].startswith("/sys/fs/cgroup/"))]


def _mtu(root: Path) -> str:
    routes = _text(root / "proc/net/route") or ""
    links = {line.split("\t")[0] for line in routes.splitlines()[1:]} - {"", ".", ".."}
    known = {link: _text(root / "sys/class/net" / link / "mtu") or "" for link in links if "/" not in link}
    return default_mtu(routes, {link: mtu.strip() for link, mtu in known.items()})


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


def _text(path: Path) -> str | None:
    try:
        with open(path, "rb") as file:
            return file.read(_MOST).decode("utf-8", "replace")
    except (OSError, ValueError):
        return None
