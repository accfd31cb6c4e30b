"""``-`` in place of a file: standard input."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from kina_audit.base.files import open_regular
from kina_audit.errors import SourceError, SourceNotFoundError

STDIN = "-"


def shown(path: Path | str) -> str:
    """What messages call a file or a source: an address without what may be secret in it."""
    if str(path) == STDIN:
        return "stdin"
    from kina_audit.sources.network.address import shown_address

    return shown_address(str(path))


def is_handed_over(path: Path | str) -> bool:
    """Whether a path is an open file of this process, as ``/dev/stdin`` and a shell's ``<(command)`` are."""
    return str(path).startswith(("/dev/fd/", "/dev/stdin", "/proc/self/fd/"))


@contextmanager
def opened(path: Path | str) -> Iterator[BinaryIO]:
    """A file, or stdin, to read bytes from.

    Raises:
        SourceNotFoundError: stdin is closed.
        SourceError: stdin cannot be read.
        OSError: the file cannot be opened or read.
    """
    if str(path) != STDIN:
        with open(path, "rb") if is_handed_over(path) else open_regular(path) as file:
            yield file
        return
    if sys.stdin is None:  # the shell's `<&-`
        raise SourceNotFoundError("stdin is closed", "Pipe something into it, or give the path of a file.")
    try:
        yield sys.stdin.buffer
    except OSError as error:
        raise SourceError(f"stdin: cannot be read: {error.strerror}", "Give the path of a file.") from error
