"""What the terminal can show, and writing where the user asked."""

import os
import sys
from pathlib import Path

from kina_audit.errors import OutputError, UsageError

DEFAULT_WIDTH = 80


def use_colour(choice: str) -> bool:
    """Whether to colour stdout: ``always``, ``never``, or ``auto`` (NO_COLOR, FORCE_COLOR, then a terminal).

    Raises:
        UsageError: some other word.
    """
    if choice not in ("auto", "always", "never"):
        raise UsageError(f"--color {choice}: not one of auto, always, never")
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def width() -> int:
    """Columns of the terminal on stdout, at most 120; 80 when stdout is no terminal, so that files are stable."""
    if not sys.stdout.isatty():
        return DEFAULT_WIDTH
    import shutil

    return max(40, min(120, shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns))


def say(message: str) -> None:
    """Print a sentence of progress or warning on stderr."""
    print(f"kina-audit: {visible(message)}", file=sys.stderr)  # noqa: T201


def visible(message: str) -> str:
    """A message as a terminal may show it: names of members and words of other programs can hold its escapes."""
    if message.isprintable():
        return message
    from kina_audit.render import plain

    return plain(message)


def print_out(text: str) -> None:
    """Write a rendered text to stdout, whatever the locale's encoding."""
    print_bytes(text.encode("utf-8", errors="replace"))


def print_bytes(data: bytes) -> None:
    """Write bytes to stdout as they are.

    Raises:
        OutputError: they cannot be written; a reader that went away is a BrokenPipeError.
    """
    try:
        sys.stdout.flush()
        if hasattr(sys.stdout, "buffer"):
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        else:
            sys.stdout.write(data.decode("utf-8", errors="replace"))
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter's last flush would fail too
        raise OutputError(f"stdout: cannot be written: {error.strerror}") from error


def check_writable(path: Path) -> None:
    """Fail before the work rather than after it.

    Raises:
        OutputError: the folder does not exist, or the place cannot be written.
    """
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"{path}: there is no folder {folder}", "Create it, or give another path.")
    if path.is_dir():
        raise OutputError(f"{path}: is a folder", "Give the path of a file.")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise OutputError(f"{path}: permission denied", "Give a path you may write.")


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file (text as UTF-8) atomically: a reader sees the old content or the new one, never half.

    Raises:
        OutputError: the file cannot be written.
    """
    data = content if isinstance(content, bytes) else content.encode("utf-8", errors="replace")
    if path.exists() and not path.is_file():  # /dev/stderr, a pipe: nothing to replace
        try:
            path.write_bytes(data)
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
        return
    try:
        import tempfile

        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with open(handle, "wb") as file:
                file.write(data)
            umask = os.umask(0)
            os.umask(umask)
            Path(temporary).chmod(0o666 & ~umask)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
