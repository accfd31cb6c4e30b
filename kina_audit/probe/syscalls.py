"""System calls that a kernel may be built without."""

import errno
import os
import platform
import struct
from collections.abc import Callable
from contextlib import suppress

from kina_audit.probe import libc
from kina_audit.probe.model import Bench, MissingError, RefusedError, outside, probe, reading

_X86 = {
    "perf_event_open": 298,
    "inotify_init1": 294,
    "name_to_handle_at": 303,
    "fanotify_mark": 301,
    "userfaultfd": 323,
    "prctl": 157,
}
_GENERIC = {
    "perf_event_open": 241,
    "inotify_init1": 26,
    "name_to_handle_at": 264,
    "fanotify_mark": 263,
    "userfaultfd": 282,
    "prctl": 167,
}
_SAME = {"io_uring_setup": 425, "landlock_create_ruleset": 444}


def number(name: str) -> int:
    """A system call's number on this architecture.

    Raises:
        MissingError: it is not known here.
    """
    table = {"x86_64": _X86, "aarch64": _GENERIC, "riscv64": _GENERIC, "loongarch64": _GENERIC}.get(platform.machine())
    if table is None:
        raise MissingError(f"the system calls of {platform.machine()} are not known")
    return {**table, **_SAME}[name]


def _call(name: str, *arguments: int, fine: tuple[int, ...] = ()) -> Callable[[Bench], None]:
    """Make a call; errors in ``fine`` come from behind the door that ENOSYS keeps shut."""

    def run(bench: Bench) -> None:
        bench.doing(f"call {name}")
        try:
            found = libc.syscall(number(name), *arguments)
        except OSError as error:
            if error.errno not in fine:
                raise
            return
        with suppress(OSError):
            os.close(found)

    return run


for _name, _symbol, _run, _capabilities in (
    ("inotify", "INOTIFY_USER", _call("inotify_init1", 0), ()),
    # A mark for FAN_OPEN_EXEC_PERM: the mask is looked at before the descriptor, which is none.
    (
        "fanotify_permission",
        "FANOTIFY && FANOTIFY_ACCESS_PERMISSIONS",
        _call("fanotify_mark", -1, 1, 0x40000, -100, 0, fine=(errno.EBADF,)),
        (),
    ),
    ("userfaultfd", "USERFAULTFD", _call("userfaultfd", 1), ()),
    (
        "fhandle",
        "FHANDLE",
        _call("name_to_handle_at", 0, 0, 0, 0, 0, fine=(errno.EFAULT, errno.EINVAL, errno.EBADF)),
        (),
    ),
    ("io_uring", "IO_URING", _call("io_uring_setup", 0, 0, fine=(errno.EFAULT, errno.EINVAL)), ()),
    # EOPNOTSUPP: it is built, and not among the active security modules.
    ("landlock", "SECURITY_LANDLOCK", _call("landlock_create_ruleset", 0, 0, 1, fine=(errno.EOPNOTSUPP,)), ()),
):
    probe(_name, _symbol, "one system call", capabilities=_capabilities, net=False)(_run)


@outside("perf_event_open_sw", "PERF_EVENTS", "a software perf event on itself")
def _perf(bench: Bench) -> None:
    attributes = libc.buffer(128)
    attributes.raw = struct.pack("=IIQ", 1, 112, 0).ljust(128, b"\0")
    bench.doing("open a perf event")
    os.close(libc.syscall(number("perf_event_open"), libc.address_of(attributes), 0, -1, -1, 8))


@reading("epoll", "EPOLL", "an epoll descriptor")
def _epoll(bench: Bench) -> None:
    import select

    bench.doing("call epoll_create1")
    select.epoll().close()


@reading("eventfd", "EVENTFD", "an eventfd")
def _eventfd(bench: Bench) -> None:
    bench.doing("call eventfd2")
    os.close(os.eventfd(0))


@reading("memfd", "MEMFD_CREATE", "a memfd")
def _memfd(bench: Bench) -> None:
    bench.doing("call memfd_create")
    os.close(os.memfd_create("kina"))


@reading("checkpoint_restore", "CHECKPOINT_RESTORE", "asks prctl for the size of struct prctl_mm_map")
def _checkpoint(bench: Bench) -> None:
    size = libc.buffer(8)
    bench.doing("call prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE)")
    libc.syscall(number("prctl"), 35, 15, libc.address_of(size), 0, 0)


@reading("seccomp", "SECCOMP", "asks prctl for the seccomp mode")
def _seccomp(bench: Bench) -> None:
    bench.doing("call prctl(PR_GET_SECCOMP)")
    libc.syscall(number("prctl"), 21, 0, 0, 0, 0)


@reading("seccomp_filter", "SECCOMP_FILTER", "a seccomp filter that allows everything, over itself")
def _filter(bench: Bench) -> None:
    one, program = libc.buffer(8), libc.buffer(16)
    one.raw = struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000)
    program.raw = struct.pack("HxxxxxxP", 1, libc.address_of(one))
    bench.doing("call prctl(PR_SET_NO_NEW_PRIVS)")
    libc.syscall(number("prctl"), 38, 1, 0, 0, 0)
    bench.doing("call prctl(PR_SET_SECCOMP)")
    libc.syscall(number("prctl"), 22, 2, libc.address_of(program), 0, 0)


@reading("multiuser", "MULTIUSER", "asks to stay who one is")
def _multiuser(bench: Bench) -> None:
    bench.doing("call setresuid")
    os.setresuid(-1, -1, -1)


@reading("exec_elf", "BINFMT_ELF", "runs this Python again")
def _elf(bench: Bench) -> None:
    import subprocess
    import sys

    bench.doing("run a program")
    subprocess.run([sys.executable, "-I", "-S", "-c", ""], check=True, stdin=subprocess.DEVNULL)


@outside("exec_script", "BINFMT_SCRIPT", "runs a script of its own")
def _script(bench: Bench) -> None:
    import subprocess
    import sys

    path = bench.scratch / "script"
    path.write_text(f"#!{sys.executable} -I\n", encoding="utf-8")
    path.chmod(0o700)
    bench.doing("run a script")
    if subprocess.run([str(path)], check=False, stdin=subprocess.DEVNULL).returncode:
        raise RefusedError("it ended in an error")


@outside("bpf_jit_arch", "HAVE_EBPF_JIT", "a BPF program, asked for its machine code")
def _arch(bench: Bench) -> None:
    from kina_audit.probe import bpf

    bench.doing("load a BPF program")
    try:
        found = bpf.jited_length(bpf.trivial(bpf.SOCKET_FILTER, 0))
    except OSError as error:
        raise MissingError(f"no BPF program can be loaded: {error.strerror}") from error
    if not found:
        raise MissingError("programs are interpreted; whether this architecture has a compiler is not seen so")


@reading("uname_machine", "X86_64 || ARM64", "reads uname -m")
def _machine(bench: Bench) -> None:
    bench.doing("read uname -m")
    if platform.machine() not in ("x86_64", "aarch64"):
        raise RefusedError(platform.machine())
