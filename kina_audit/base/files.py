"""Opening what has to be a regular file: nothing that waits for ever or never ends."""

import io
import os
import stat
from errno import EAGAIN, EINVAL
from pathlib import Path
from typing import Any, BinaryIO

_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class _AtOnce(io.FileIO):
    """A file that is read now or not at all: some of procfs and tracefs look regular and make their reader wait."""

    def readinto(self, buffer: Any) -> int:
        count = super().readinto(buffer)
        if count is None:
            raise BlockingIOError(EAGAIN, "nothing to read yet, as if it were a pipe", str(self.name))
        return count


def open_regular(path: Path | str) -> BinaryIO:
    """Open a regular file for reading; a FIFO, a socket or a device is refused without waiting for it.

    Raises:
        OSError: it cannot be opened, or is no regular file; when read: it would make its reader wait.
        ValueError: the path cannot be one.
    """
    handle = os.open(path, os.O_RDONLY | _AT_ONCE)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(EINVAL, "is no regular file", str(path))
        return io.BufferedReader(_AtOnce(handle, "rb"))
    except BaseException:
        os.close(handle)
        raise


def files_below(folder: Path, ending: str, most: int, depth: int) -> list[Path]:
    """The files below a folder whose names have an ending, sorted; links to folders are not followed.

    Args:
        folder: where to look.
        ending: of their names.
        most: files; one more is returned where there are more.
        depth: folders inside each other.

    Raises:
        OSError: a folder cannot be read.
        ValueError: folders are deeper inside each other.
    """
    found: list[Path] = []
    left = [(folder, 1)]
    while left:
        here, level = left.pop()
        if level > depth:
            raise ValueError(f"more than {depth} folders inside each other")
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    left.append((here / entry.name, level + 1))
                elif entry.name.endswith(ending):
                    found.append(here / entry.name)
                    if len(found) > most:
                        return found
    return sorted(found)


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
