"""Small files that the user names: settings, waivers, a baseline, claims, a stored report."""

from pathlib import Path

from kina_audit.base.near import near_file
from kina_audit.errors import SourceError, UsageError
from kina_audit.sources.local.stdin import opened, shown


def read_text(path: Path, most: int, what: str) -> str:
    """The text of a small file of the user's; ``-`` is stdin.

    Raises:
        UsageError: it cannot be read, is larger than ``most`` bytes, or is not UTF-8.
    """
    name = shown(path)
    try:
        with opened(path) as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise UsageError(f"{name}: more than {most} bytes, which {what} never is")
        return data.decode("utf-8")
    except SourceError as error:
        raise UsageError(error.message, error.hint) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        if isinstance(error, FileNotFoundError):
            reason = f"{reason}{near_file(path)}"
        raise UsageError(f"{name}: cannot be read: {reason}", f"Give the path of {what}.") from error
