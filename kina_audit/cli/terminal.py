"""The one place that writes to stdout and stderr: what they can show, and what of an input may reach them.

Nothing else in this project prints; `tests/test_terminal.py` holds that.
"""

import os
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from kina_audit.base.bounds import SAID
from kina_audit.errors import OutputError, UsageError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

DEFAULT_WIDTH = 80
_COLOUR = "(\x1b\\[(?:0|1|3[1235]|90)m)"
"""What `kina_audit.render.table_style` and its kin write."""
_COMMAND_LINE = r"(?m)^([^\S\n]*)::"
_LOG_COMMAND = r"##(?=\[|vso\[|teamcity\[)"
# Begins with a fixed text, which the re module looks for in a whole report as fast as memory is read.
_USER_INFO = r"://(?<=[A-Za-z0-9+.-]://)[^\s/?#@]{1,2000}@"


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
    """Print a note, a warning or an error on stderr, and what to do about it on a line of its own."""
    text = f"kina-audit: {message}" + (f"\n  {hint}" if hint else "")
    lines = [line if len(line) <= SAID else f"{line[:SAID]} ..." for line in text.split("\n")]
    tell("\n".join(_at_words(harmless("\n".join(lines).replace("\r", "\\r")))))


def _at_words(text: str) -> list[str]:
    """Lines as wide as the terminal on stderr; what holds a command stays whole, for whoever copies it."""
    lines = text.split("\n")
    if not sys.stderr.isatty():
        return lines
    import shutil
    from textwrap import wrap

    columns = max(40, shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns)
    found: list[str] = []
    for line in lines:
        if len(line) <= columns or " kina-audit " in line:
            found.append(line)
            continue
        indent = line[: len(line) - len(line.lstrip(" "))]
        found += wrap(
            line, columns, initial_indent="", subsequent_indent=indent or "  ",
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
    return found


def progress(message: str) -> None:
    """Show how far something has come: on a terminal alone, in one line that the next thing that is written replaces."""
    if not sys.stderr.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return
    import shutil

    columns = shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns
    text = harmless(f"kina-audit: {message}").replace("\r", " ").replace("\n", " ")[: max(20, columns - 1)]
    if not _shown:
        import atexit

        atexit.register(_clear)
    _shown.append(True)
    with suppress(OSError):
        print(f"\r{text}\x1b[K", end="", file=sys.stderr, flush=True)  # noqa: T201


_shown: list[bool] = []
"""Whether a line of progress stands on the terminal."""


def _clear() -> None:
    if _shown:
        _shown.clear()
        with suppress(OSError):
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)  # noqa: T201


def tell(text: str) -> None:
    """Print a text on stderr as it is; where that cannot be written, nobody can be told."""
    _clear()
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)  # noqa: T201


def print_out(text: str, *, commands: bool = False, color: bool = False) -> None:
    """Write a rendered text to stdout, whatever the locale's encoding, with nothing of an input that acts on its reader.

    Args:
        text: what to write.
        commands: lines that start with ``::`` are meant: the format ``github``.
        color: the text's own colours are meant.
    """
    parts = re.split(_COLOUR, text) if color else [text]
    parts[::2] = [harmless(part, commands=commands) for part in parts[::2]]
    _write("".join(parts).encode("utf-8", errors="replace"))


def print_config(data: bytes) -> None:
    """Write a config to stdout: into a file byte for byte, anywhere else as `print_out` would.

    Raises:
        OutputError: it cannot be written.
    """
    if not _to_file():
        text = harmless(data.decode("utf-8", errors="surrogateescape"), lone_surrogates=True)
        data = text.encode("utf-8", errors="surrogateescape")
    _write(data)


def _to_file() -> bool:
    import stat

    try:
        return stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    except (OSError, ValueError):  # a stdout that is no file of the system
        return False


def harmless(text: str, *, commands: bool = False, lone_surrogates: bool = False) -> str:
    """Text in which nothing acts on a terminal or a CI's log.

    Control characters and direction marks become visible, secrets in addresses do not, and no line is a command: GitHub's
    runner obeys a line that starts with ``::`` behind any blanks and ``##[`` anywhere in one (actions/runner
    079cdb1d05fe, ``ActionCommand.cs``, TryParseV2 and TryParse), Azure's agent ``##vso[``, TeamCity ``##teamcity[``.

    Args:
        text: of an input, or with text of inputs in it.
        commands: leave lines that start with ``::``.
        lone_surrogates: leave what stands for bytes that are no UTF-8.
    """
    from kina_audit.render import plain

    lines = text.split("\r\n") if "\r" in text else [text]
    safe = "\r\n".join([plain(part, surrogates=lone_surrogates) for part in lines])
    # `in` takes several times as long, where single ones of these are many.
    safe = re.sub(_LOG_COMMAND, "# #", safe) if re.search("##", safe) else safe
    safe = re.sub(_USER_INFO, "://***@", safe) if "@" in safe else safe
    return safe if commands or not re.search("::", safe) else re.sub(_COMMAND_LINE, r"\1\\::", safe)


def _write(data: bytes) -> None:
    """Write bytes to stdout as they are.

    Raises:
        OutputError: they cannot be written.
    """
    _clear()
    try:
        sys.stdout.flush()
        if hasattr(sys.stdout, "buffer"):
            _write_whole(sys.stdout.buffer, data)
        else:
            sys.stdout.write(data.decode("utf-8", errors="replace"))
    except BrokenPipeError:
        # The reader (head, less) went away: what it wanted, it has, and the exit status is that of the work.
        drop_stdout()
    except OSError as error:
        drop_stdout()
        raise OutputError(f"stdout: cannot be written: {error.strerror}") from error


def _write_whole(out: "BinaryIO", data: bytes) -> None:
    """Write all of it, also where whoever is behind the pipe made it one that takes what it can and waits for nobody.

    Python's own writer then takes a part and says so in its result alone (Node.js makes such pipes).
    """
    left = memoryview(data)
    while True:
        try:
            left = left[out.write(left) :]
            out.flush()
        except BlockingIOError as error:
            left = left[error.characters_written :]
        else:
            if not left:
                return
        from select import select  # as good as never

        select((), (out,), ())


def flushed() -> bool:
    """Whether nothing that was written is left in this process; what cannot go out, the interpreter's end tells."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return False
    return True


def drop_stdout() -> None:
    """From now on stdout goes nowhere: the interpreter's last flush would fail, too."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def check_writable(path: "Path") -> None:
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


def write_file(path: "Path", content: str | bytes) -> None:
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


def _beside(path: "Path") -> "Path":
    """A new empty file in the folder of ``path``, which nobody else can have opened."""
    import tempfile
    from pathlib import Path

    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    return Path(name)
