"""Small files that the user names: settings, waivers, a baseline, claims, a stored report."""

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO

from kina_audit.errors import UsageError

STDIN = "-"


def read_text(path: Path, most: int, what: str) -> str:
    """The text of a small file of the user's; ``-`` is stdin.

    Raises:
        UsageError: it cannot be read, is larger than ``most`` bytes, or is not UTF-8.
    """
    name = shown(path)
    try:
        with _opened(path) as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise UsageError(f"{name}: more than {most} bytes, which {what} never is")
        return data.decode("utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise UsageError(f"{name}: cannot be read: {reason}", f"Give the path of {what}.") from error


def shown(path: Path) -> str:
    """What messages call a file."""
    return "stdin" if str(path) == STDIN else str(path)


def _opened(path: Path) -> AbstractContextManager[BinaryIO]:
    if str(path) != STDIN:
        return open(path, "rb")
    if sys.stdin is None:  # the shell's `<&-`
        raise UsageError("stdin is closed", "Pipe something into it, or give the path of a file.")
    return nullcontext(sys.stdin.buffer)
