"""Settings of a working folder, and ``kina-audit settings``, which shows what is in force and from where.

``kina-audit.toml``, or ``[tool.kina-audit]`` of ``pyproject.toml``, in the working folder itself: no folder above it is
looked into, so that what a command does can be read where it runs. What they may do there is in `kina_audit.cli.trust`.
"""

import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import click

from kina_audit.base.bounds import TOML_BYTES
from kina_audit.base.datatype import datatype, field
from kina_audit.cli import terminal
from kina_audit.cli.input_files import read_text
from kina_audit.cli.parameters import command, option
from kina_audit.errors import UsageError

FILE = "kina-audit.toml"
PYPROJECT = "pyproject.toml"
TABLE = "tool.kina-audit"

PARAMETERS = {
    "source": "source",
    "arch": "arch",
    "target-kernel": "target_kernel",
    "profiles": "profile",
    "profile-dirs": "profile_dir",
    "cilium": "cilium",
    "fail-on": "fail_on",
    "format": "format_",
    "outputs": "output",
    "baseline": "baseline",
    "waivers": "waivers",
    "kernel-tree": "kernel_tree",
    "toolchain": "toolchain",
    "offline": "offline",
}
"""Key of a settings file to the parameter of the commands it stands for."""

_KERNEL = ("source", "arch", "target-kernel", "offline")
_AUDIT = (*_KERNEL, "profiles", "profile-dirs", "cilium")
COMMANDS = {
    "check": tuple(PARAMETERS),
    "baseline": (*_AUDIT, "kernel-tree", "toolchain"),
    "cilium": (*_KERNEL, "cilium"),
    "diff": ("profiles", "profile-dirs", "cilium", "waivers", "offline", "arch"),
    "extract": ("offline",),
    "explain": ("profile-dirs", "kernel-tree", "toolchain", "offline"),
    "fix": ("source", "arch", "profile-dirs", "kernel-tree", "toolchain", "offline"),
    "resolve": ("source", "kernel-tree", "toolchain", "offline"),
    "matrix": ("arch", "profiles", "profile-dirs", "cilium", "fail-on", "offline"),
    "timeline": ("arch", "profiles", "profile-dirs", "cilium", "offline"),
    "claims": (*_KERNEL, "profile-dirs", "cilium", "kernel-tree", "toolchain"),
    "profiles": ("profile-dirs",),
}
"""Command to the keys it heeds."""

BELOW = {"cilium": ("advise", "review"), "profiles": ("list", "show", "validate", "lint", "docs")}
"""Command to the commands below it that have its options."""

_VARIABLES = {"offline": "KINA_AUDIT_OFFLINE", "profile-dirs": "KINA_AUDIT_PROFILE_DIR"}
_PATHS = ("profile-dirs", "baseline", "waivers")


@datatype
class Settings:
    """What a working folder sets.

    Attributes:
        values: key to value, as written.
        origin: the file, with the table's name for pyproject.toml; empty: there is none.
        refused: key to what is wrong with heeding it, unless the folder is trusted.
        notes: what a reader should know, such as a file that is not used.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@cache
def load_settings(folder: Path) -> Settings:
    """The settings of a folder.

    Raises:
        UsageError: a file cannot be read, is no TOML, or has a key or value that settings do not have.
    """
    own, project = folder / FILE, folder / PYPROJECT
    document, text = _read(project) if project.is_file() else ({}, "")
    table = document.get("tool", {})
    table = table.get("kina-audit") if isinstance(table, dict) else None
    if own.is_file():
        notes = (f"{PYPROJECT}: [{TABLE}] is not used, because {FILE} is there",) if table is not None else ()
        return _checked(*_read(own), FILE, FILE, folder, notes=notes)
    if table is None:
        return Settings()
    return _checked(table, text, PYPROJECT, f"{PYPROJECT} [{TABLE}]", folder, table=TABLE)


def _read(path: Path) -> tuple[dict[str, Any], str]:
    """A file's document and its text."""
    from kina_audit.base.toml_text import read_toml

    try:
        text = read_text(path, TOML_BYTES, "a settings file")
        return read_toml(text), text
    except ValueError as error:
        raise UsageError(f"{path.name}: not TOML: {error}", "Correct it, or run in another folder.") from error


def _checked(
    values: Any, text: str, name: str, origin: str, folder: Path, *, table: str = "", notes: tuple[str, ...] = ()
) -> Settings:
    from kina_audit.cli.trust import refused
    from kina_audit.profiles.place import line_of
    from kina_audit.profiles.validate import first_error

    def place(path: Sequence[str | int]) -> str:
        line = line_of(text, path, table)
        return f"{name}{f':{line}' if line else ''}: {f'[{table}] ' if table else ''}"

    breach = first_error(values, "settings")
    if breach is not None:
        raise UsageError(f"{place(breach.path)}{breach.text}", breach.hint)
    found = {key: why for key, value in values.items() if (why := refused(key, value, folder))}
    return Settings(
        values,
        origin,
        {key: f"{place((key,))}{key} {why}, which settings may not" for key, why in found.items()},
        notes,
    )


def defaults(command: str, below: str, *, trusted: bool) -> dict[str, Any]:
    """What click takes for a command's options that the command line leaves out.

    Args:
        command: its name.
        below: the name of the command below it; empty: it has none.
        trusted: the user said that the folder is to be believed.

    Raises:
        UsageError: the settings cannot be read, or say what settings that were found may not.
    """
    from kina_audit.cli.trust import HINT

    keys = COMMANDS.get(command)
    if keys is None or (below and below not in BELOW.get(command, ())):
        return {}
    settings = load_settings(Path.cwd())
    if not trusted and (wrong := next((settings.refused[k] for k in keys if k in settings.refused), "")):
        raise UsageError(wrong, HINT)
    if wrong := next((k for k in keys if "\\u0000" in json.dumps(settings.values.get(k), default=str)), ""):
        # The library of the command line has no answer to such a path.
        raise UsageError(f"{settings.origin}: key {wrong}: a text with a NUL character")
    found = {PARAMETERS[k]: settings.values[k] for k in keys if k in settings.values}
    if command == "check" and "source" in found:
        found["source"] = [found["source"]]  # it takes many
    if command == "check" and settings.values.get("waiver"):
        found["waivers"] = [*found.get("waivers", ()), settings.origin]
    return found


def decided_by(context: click.Context) -> str:
    """What the settings decide of the verdict of the command that runs, for its report to say; empty: nothing."""
    from click.core import ParameterSource

    from kina_audit.cli.trust import decided

    given = context.default_map or {}

    found = {
        key: given[name]
        for key, name in PARAMETERS.items()
        if name in given and context.get_parameter_source(name) is ParameterSource.DEFAULT_MAP
    }
    return decided(found, load_settings(Path.cwd()).origin)


def inline_waivers(path: Path) -> list[Any] | None:
    """The waivers written in the settings themselves, if ``path`` is how `defaults` names those."""
    settings = load_settings(Path.cwd())
    return settings.values.get("waiver") if settings.origin and str(path) == settings.origin else None


def register(app: click.Group) -> None:
    """Add the command."""
    app.add_command(
        command(show, "settings", short_help="Show the settings in force in this folder, and their origin.")
    )


def show(
    format_: Annotated[str, option("--format", "-f", metavar="table|json", help="To stdout.")] = "table",
) -> int:
    """Show the settings in force in this folder, and where each comes from."""
    from kina_audit.cli.source_options import one_of

    one_of(("table", "json"), format_, "--format")
    settings = load_settings(Path.cwd())
    rows: list[tuple[str, Any, str]] = []
    for key in (*PARAMETERS, "waiver"):
        variable = _VARIABLES.get(key, "")
        if variable and os.environ.get(variable):
            rows.append((key, os.environ[variable], f"environment variable {variable}"))
        elif key in settings.values:
            rows.append((key, settings.values[key], settings.origin))
        else:
            rows.append((key, None, ""))
    if format_ == "json":
        document = {
            "file": settings.origin or None,
            "settings": [{"key": k, "value": v, "from": o or None} for k, v, o in rows],
            "refused": [{"key": k, "because": why} for k, why in settings.refused.items()],
        }
        terminal.print_out(json.dumps(document, indent=2, default=str) + "\n")
        return 0
    lines = [settings.origin or f"No {FILE} and no [{TABLE}] in {PYPROJECT} here.", ""]
    wide = max(len(k) for k, _, _ in rows)
    for key, value, origin in rows:
        said = "-" if value is None else value if isinstance(value, str) else json.dumps(value, default=str)
        lines.append(f"{key:<{wide}}  {said}" + (f"  ({origin})" if origin else ""))
    lines += [f"note: {note}" for note in settings.notes]
    lines += [f"refused without --trust-settings: {why}" for why in settings.refused.values()]
    lines += ["", "An option of the command line wins over a variable, and a variable over the file."]
    terminal.print_out("\n".join(lines) + "\n")
    return 0
