"""Opening what has to be a regular file: nothing that waits for ever or never ends."""

import os
import stat
from errno import EINVAL
from pathlib import Path
from typing import BinaryIO

_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def open_regular(path: Path | str) -> BinaryIO:
    """Open a regular file for reading; a FIFO, a socket or a device is refused without waiting for it.

    Raises:
        OSError: it cannot be opened, or is no regular file.
        ValueError: the path cannot be one.
    """
    handle = os.open(path, os.O_RDONLY | _AT_ONCE)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(EINVAL, "is no regular file", str(path))
        return open(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_regular(path: Path | str, most: int) -> bytes:
    """The bytes of a regular file.

    Args:
        path: the file.
        most: bytes that it may have, whatever the system says of its size.

    Raises:
        OSError: it cannot be read, or is no regular file.
        ValueError: it has more bytes, or the path cannot be one.
    """
    with open_regular(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"more than {most} bytes")
    return data
