"""The command line: one module a command. The only room that prints, exits or reads the arguments."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from errno import EACCES, EBADF, EDQUOT, EFBIG, EIO, ELOOP, EMFILE, ENAMETOOLONG, ENFILE, ENOSPC, ENOTDIR
from importlib import import_module
from typing import TYPE_CHECKING

from kina_audit.errors import KinaAuditError, OutputError, SourceError, UsageError

if TYPE_CHECKING:
    from click import Command, Context, Parameter

COMMANDS = {
    "check": "kina_audit.cli.check",
    "cilium": "kina_audit.cli.cilium",
    "probe": "kina_audit.cli.probe",
    "extract": "kina_audit.cli.extract",
    "diff": "kina_audit.cli.diff",
    "baseline": "kina_audit.cli.baseline",
    "matrix": "kina_audit.cli.matrix",
    "timeline": "kina_audit.cli.timeline",
    "render": "kina_audit.cli.render",
    "resolve": "kina_audit.cli.resolve",
    "explain": "kina_audit.cli.explain",
    "why": "kina_audit.cli.why",
    "fix": "kina_audit.cli.fix",
    "claims": "kina_audit.cli.claims",
    "tree": "kina_audit.cli.tree",
    "profiles": "kina_audit.cli.profiles",
    "kernels": "kina_audit.cli.kernels",
    "settings": "kina_audit.cli.settings",
    "schema": "kina_audit.cli.schema",
    "completion": "kina_audit.cli.completion",
}
"""Each command's module, which has ``register(app)``; in the order of the help."""

_HELP = """Will this Linux kernel run the networking my Kubernetes nodes need, and what exactly is missing.

Exit status: 0 pass, 1 the audit failed or cannot tell, 2 usage, settings or profile error, 3 the source could not be
read or nothing was checked."""

INTERRUPTED = 130
OUT_OF_MEMORY = OUT_OF_FILES = 3
_TO_FILL_IN = "REPLACE-WITH-"
"""How the words begin that `kina_audit.render.commands` leaves to the user; a start that needs no report reads no such room."""


def main(arguments: Sequence[str]) -> int:
    """Run one command and return the process's exit status; every expected error becomes one message on stderr."""
    _replace_closed_streams()
    try:
        # Only the named command's module is imported and its options built: start-up is a feature.
        named = next((a for a in arguments if not a.startswith("-")), "")
        root = command_tree([named] if named in COMMANDS else [] if list(arguments) == ["--version"] else COMMANDS)
        _check_folder()
        _refuse_unfilled(arguments)
        status = root.main(list(arguments), prog_name="kina-audit", standalone_mode=False)
    except KinaAuditError as error:
        _complain(error.message, error.hint)
        return error.exit_code
    except KeyboardInterrupt:
        _complain("interrupted", "")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) went away: what it wanted, it has.
        from kina_audit.cli import terminal

        terminal.drop_stdout()
        return 0
    except MemoryError:
        _complain("there is not enough memory for this", "Give a smaller input, or more memory.")
        return OUT_OF_MEMORY
    except OSError as error:
        if error.errno in (ENAMETOOLONG, ELOOP, EACCES, ENOTDIR) and isinstance(error.filename, (str, os.PathLike)):
            _complain(f"{str(error.filename)[:200]}: {error.strerror}", "Check the path and its permissions.")
            return SourceError.exit_code
        if error.errno in (EMFILE, ENFILE):
            return _out_of_files()
        # Click's own writing of --help is the only one that does not go through the terminal module.
        if error.filename is not None or error.errno not in (ENOSPC, EIO, EDQUOT, EFBIG, EBADF):
            raise
        from kina_audit.cli import terminal

        terminal.drop_stdout()
        terminal.say(f"stdout: cannot be written: {error.strerror}")
        return OutputError.exit_code
    except ImportError as error:
        # The loader of shared objects says no more than this.
        if os.strerror(EMFILE) not in str(error):
            raise
        return _out_of_files()
    except Exception as error:  # noqa: BLE001  (click's own errors become messages, every other one is raised again)
        return _click_error(error)
    return status if isinstance(status, int) else 0


def command_tree(names: Iterable[str]) -> "Command":
    """The tool with these of its commands."""
    from kina_audit.cli.help import Ordered

    root = Ordered(
        "kina-audit",
        params=[_version_option()],
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        help=_HELP,
    )
    for name in names:
        import_module(COMMANDS[name]).register(root)
    _add_settings_option(root)
    return root


def _replace_closed_streams() -> None:
    """What is written to a stream that the caller closed (``>&-``) goes nowhere, and is no error."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  (as long as the process)


def _check_folder() -> None:
    """Relative paths, settings and the repository's root need a working folder."""
    try:
        os.getcwd()  # noqa: PTH109  (pathlib is a fifteenth of what --version takes)
    except OSError as error:
        raise UsageError("the working folder is gone", "Change into one that exists.") from error


def _refuse_unfilled(arguments: Sequence[str]) -> None:
    """Stop at a command that was pasted from under ``next:`` with a word in it that only the user knows."""
    if left := next((a for a in arguments if a.startswith(_TO_FILL_IN)), ""):
        raise UsageError(
            f"{left[:80]}: to be filled in", "Put what it names in its place; the line before the command says more."
        )


def _add_settings_option(command: "Command") -> None:
    """Give every command, and the tool itself, the option that says how far the working folder's settings are believed.

    It is eager: when the others look for what the command line leaves out, the settings are in force or not.
    """
    from kina_audit.cli.help import WithText

    option = WithText(
        ["--trust-settings/--no-settings"], default=None, is_eager=True, expose_value=False, callback=_heed_settings,
        text="Believe all that kina-audit.toml of this folder says, or nothing. [what is harmless]",
    )  # fmt: skip
    command.params.append(option)
    for below in getattr(command, "commands", {}).values():
        _add_settings_option(below)


def _heed_settings(context: "Context", _parameter: object, chosen: bool | None) -> None:
    """Put the settings of the working folder in force; their module is only loaded where there are any."""
    key = f"{__name__}.settings"
    if chosen is not None:
        context.meta[key] = chosen
    from pathlib import Path

    trusted = context.meta.get(key)
    if trusted is False or not any(map(Path.is_file, (Path("kina-audit.toml"), Path("pyproject.toml")))):
        return
    names = context.command_path.split()[1:]
    if names and not hasattr(context.command, "commands"):
        from kina_audit.cli.settings import defaults

        context.default_map = defaults(names[0], names[1] if len(names) > 1 else "", trusted=bool(trusted))


def _version_option() -> "Parameter":
    from kina_audit.cli.help import WithText

    def show(context: "Context", _parameter: object, asked: bool) -> None:
        if asked:
            from kina_audit.base.version import __version__
            from kina_audit.cli import terminal

            terminal.print_out(f"kina-audit {__version__}\n")
            context.exit()

    return WithText(
        ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=show,
        text="Print the version and exit.",
    )  # fmt: skip


def _complain(message: str, hint: str) -> None:
    from kina_audit.cli import terminal

    sys.stdout.flush()
    terminal.say(message, hint)


def _out_of_files() -> int:
    _complain("too many files are open for one more", "Raise the limit: ulimit -n.")
    return OUT_OF_FILES


def _click_error(error: Exception) -> int:
    """Click's own errors (a bad option, --help's exit); anything else is a bug and keeps its traceback."""
    import click

    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.Abort):
        _complain("interrupted", "")
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        if error.__class__.__name__ == "NoArgsIsHelpError":
            from kina_audit.cli import terminal

            terminal.tell(error.format_message())
            return 2
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "kina-audit"
        said = error.format_message()
        if isinstance(error, click.NoSuchOption) and (others := _commands_with(error.option_name, command)):
            # It is no slip of the keyboard, so no option that is spelt much like it is meant.
            said = f"No such option '{error.option_name}'; {others}"
        _complain(said, f"Try '{command} --help'.")
        return 2
    raise error


def _commands_with(option: str, command: str) -> str:
    """The end of a sentence about an option that a command does not have: the others that do; or nothing."""

    def below(of: "Command", path: str) -> "Iterator[str]":
        if any(option in p.opts for p in of.params) and path != command:
            yield f"`{path.removesuffix(' advise')} {option}`"  # what a plain `cilium` does
        for name, one in getattr(of, "commands", {}).items():
            yield from below(one, f"{path} {name}")

    found = list(below(command_tree(COMMANDS), "kina-audit")) if option.startswith("--") else []
    if not found or len(found) > _MOST_OTHERS:
        return ""
    return f"there is {' and '.join(found)}"


_MOST_OTHERS = 3
"""Commands with an option that another lacks: what more of them have tells nothing."""
