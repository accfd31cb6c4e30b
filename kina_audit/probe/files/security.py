"""Security modules that are active."""

from collections.abc import Callable

from kina_audit.probe import libc
from kina_audit.probe.model import Bench, MissingError, RefusedError, outside


def _security_module(name: str) -> Callable[[Bench], None]:
    def run(bench: Bench) -> None:
        place = bench.folder("security")
        bench.doing("mount securityfs")
        try:
            libc.mount("securityfs", str(place), "securityfs")
        except OSError as error:
            raise MissingError(f"no securityfs: {error.strerror}") from error
        bench.doing("read the list of security modules")
        listed = place / "lsm"
        found = listed.read_text(encoding="ascii").strip().split(",") if listed.exists() else None
        libc.unmount(str(place))
        if found is None:
            raise RefusedError("there is no list, so no security framework")
        if name not in found:
            raise RefusedError(f"{name} is not among those that are active: {', '.join(found)}")

    return run


for _lsm, _symbol in (("apparmor", "SECURITY_APPARMOR"), ("selinux", "SECURITY_SELINUX"), ("bpf", "BPF_LSM"),
                      ("landlock", "SECURITY_LANDLOCK"), ("smack", "SECURITY_SMACK")):  # fmt: skip
    outside(f"lsm_{_lsm}", f'{_symbol} && contains(LSM, "{_lsm}")', "reads the list of active security modules")(
        _security_module(_lsm)
    )
