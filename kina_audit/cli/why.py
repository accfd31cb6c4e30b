"""``kina-audit why``: from an error message, or an agent's log, to what the kernel lacks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from kina_audit.base.bounds import LOG_BYTES, LOG_LINES, MIB
from kina_audit.base.json_text import indented
from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.mix_ups import is_source, swapped
from kina_audit.cli.parameters import Argument, command, option
from kina_audit.cli.profile_options import FolderOption

if TYPE_CHECKING:
    from kina_audit.sources.options import SourceOptions

_SHOWN = 5


def register(app: click.Group) -> None:
    """Add the command."""
    app.add_command(
        command(why, "why", short_help="Find out which missing symbol an error message or a log comes from.")
    )


@given.reads_sources()
def why(
    message: Annotated[str, Argument(help="What was logged; - reads a log from stdin. With --log: SOURCE.")] = "",
    source: Annotated[str, Argument(help=f"The kernel it was logged on, if at hand. {given.SOURCE_HELP}")] = "",
    log: Annotated[Path | None, option("--log", metavar="FILE", help="A log, in place of MESSAGE.")] = None,
    profile_dir: FolderOption = None,
    format_: given.TextOrJson = "text",
    everything: Annotated[bool, option("--all", help=f"Every cause, not only the best {_SHOWN}.")] = False,
    *,
    options: "SourceOptions",
    color: given.Color = "auto",
) -> int:
    """Find the requirements whose known messages a text holds, best first; with a kernel, also whether it lacks them.

    Exit status: 0 a message is known, 1 none is, 2 usage or profile error, 3 the kernel could not be read.
    """
    from kina_audit.api import load_kernel, why_message
    from kina_audit.errors import UsageError
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.render import RenderOptions
    from kina_audit.render.why import document, text

    given.one_of(("text", "json"), format_, "--format")
    look = RenderOptions(width=terminal.width(), color=terminal.use_colour(color))
    if log is not None:
        if source:
            raise UsageError("a message and --log", "Give one of them.")
        message, source = "", message
    if log is None and not message.strip():
        raise UsageError("no message", "Give what was logged, - for a log on stdin, or --log FILE.")
    if source == "-" and (message == "-" or str(log) == "-"):
        raise UsageError("both the log and the kernel are to be read from stdin", "Give one of them as a file.")
    if log is None and source and is_source(message) and not is_source(source):
        raise swapped("the message comes first", "why", source, message)
    said = _read(log or Path("-")) if log is not None or message == "-" else message
    kernel = load_kernel(source, options) if source else None
    causes = why_message(said, kernel, library=ProfileLibrary(profile_dir or []))
    if format_ == "json":
        terminal.print_out(indented(document(causes)))
    elif causes:
        terminal.print_out(text(causes, look, len(causes) if everything else _SHOWN), color=look.color)
    if not causes:
        terminal.say(
            "no known message is in it", "Look for the line that names a module, a table, a device type or a file."
        )
    return 0 if causes else 1


def _read(path: Path) -> str:
    """A log; bytes that are no UTF-8 do not matter.

    Raises:
        UsageError: it cannot be read, or is too large.
    """
    from kina_audit.base.near import near_file
    from kina_audit.errors import SourceError, UsageError
    from kina_audit.sources.local.stdin import opened, shown

    name = shown(path)
    try:
        with opened(path) as file:
            data = file.read(LOG_BYTES + 1)
    except SourceError as error:
        raise UsageError(error.message, error.hint) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        if isinstance(error, FileNotFoundError):
            reason = f"{reason}{near_file(path)}"
        raise UsageError(f"{name}: cannot be read: {reason}", "Give the path of a log.") from error
    if len(data) > LOG_BYTES:
        raise UsageError(f"{name}: more than {LOG_BYTES // MIB} MiB", "Give the part around the error.")
    if data.count(b"\n") > LOG_LINES:
        raise UsageError(f"{name}: more than {LOG_LINES:,} lines", "Give the part around the error.")
    return data.decode("utf-8", errors="replace")
