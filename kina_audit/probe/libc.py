"""The system calls that Python 3.11 has no function for, through the C library."""

import ctypes
import os
import signal

CLONE_NEWTIME = 0x00000080
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_PRIVATE_ALL = 0x44000  # MS_REC | MS_PRIVATE
_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _done(result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def unshare(flags: int) -> None:
    """Leave namespaces.

    Raises:
        OSError: the kernel refused.
    """
    _done(_libc.unshare(ctypes.c_int(flags)))


def setns(fd: int, kind: int) -> None:
    """Enter a namespace.

    Raises:
        OSError: the kernel refused.
    """
    _done(_libc.setns(ctypes.c_int(fd), ctypes.c_int(kind)))


def mount(source: str, target: str, kind: str, flags: int = 0, data: str = "") -> None:
    """Attach a file system.

    Raises:
        OSError: the kernel refused.
    """
    _done(
        _libc.mount(
            source.encode(), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), data.encode() or None
        )
    )  # fmt: skip


def unmount(target: str) -> None:
    """Detach a file system, lazily: umount2(2).

    Raises:
        OSError: the kernel refused.
    """
    _done(_libc.umount2(os.fsencode(target), 2))


def die_with_parent() -> None:
    """Ask for SIGKILL when the parent dies (prctl PR_SET_PDEATHSIG)."""
    _done(_libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0))


def syscall(number: int, *arguments: int | ctypes.Array[ctypes.c_char] | None) -> int:
    """Any other system call; integers and buffers.

    Raises:
        OSError: the kernel refused.
    """
    given = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = _libc.syscall(ctypes.c_long(number), *given)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result)


def getsockopt(descriptor: int, level: int, option: int, given: bytes) -> bytes:
    """Read a socket option, for those that read the buffer before they fill it.

    Raises:
        OSError: the kernel refused.
    """
    buffer = ctypes.create_string_buffer(given, len(given))
    size = ctypes.c_uint(len(given))
    _done(_libc.getsockopt(descriptor, level, option, buffer, ctypes.byref(size)))
    return buffer.raw


def address_of(buffer: "ctypes.Array[ctypes.c_char]") -> int:
    """Where a buffer is."""
    return ctypes.addressof(buffer)


def buffer(size: int) -> "ctypes.Array[ctypes.c_char]":
    """Memory, zeroed."""
    return ctypes.create_string_buffer(size)
