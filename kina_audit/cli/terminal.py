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


def say(message: str, hint: str = "") -> None:
    """Print a sentence of progress, a warning or an error on stderr, and what to do about it on a line of its own.

    Both may hold text of inputs: terminal escapes are made visible, and no line is a command to GitHub Actions.
    """
    import re

    from kina_audit.render import plain

    text = f"kina-audit: {message}" + (f"\n  {hint}" if hint else "")
    print(re.sub(r"(?m)^(\s*)::", r"\1\\::", plain(text)), file=sys.stderr)  # noqa: T201


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
    try:
        if not folder.is_dir():
            raise OutputError(f"{path}: there is no folder {folder}", "Create it, or give another path.")
        if path.is_dir():
            raise OutputError(f"{path}: is a folder", "Give the path of a file.")
        if path.exists() and not os.access(path, os.W_OK):
            raise OutputError(f"{path}: permission denied", "Give a path you may write.")
        if path.is_file() or not path.exists():
            _beside(path).unlink()  # only trying tells root about a file system that takes none
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise OutputError(f"{path}: cannot be written: {reason}", "Give a path you may write.") from error


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
        temporary = _beside(path)
        try:
            temporary.write_bytes(data)
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def _beside(path: Path) -> Path:
    """A new empty file in the folder of ``path``, which nobody else can have opened."""
    import tempfile

    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    return Path(name)
