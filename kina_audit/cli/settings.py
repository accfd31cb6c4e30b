"""Settings of a working folder, and ``kina-audit settings``, which shows what is in force and from where.

``kina-audit.toml``, or ``[tool.kina-audit]`` of ``pyproject.toml``, in the working folder itself: no folder above it is
looked into, so that what a command does can be read where it runs.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

from kina_audit.cli import terminal
from kina_audit.cli.input_files import read_text
from kina_audit.errors import UsageError

FILE = "kina-audit.toml"
PYPROJECT = "pyproject.toml"
TABLE = "tool.kina-audit"
MAX_SETTINGS_BYTES = 1024 * 1024

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
    "explain": ("kernel-tree", "toolchain", "offline"),
    "fix": ("source", "arch", "kernel-tree", "toolchain", "offline"),
    "resolve": ("source", "kernel-tree", "toolchain", "offline"),
    "matrix": ("arch", "profiles", "profile-dirs", "cilium", "fail-on", "offline"),
    "timeline": ("arch", "profiles", "profile-dirs", "cilium", "offline"),
    "profiles": ("profile-dirs",),
}
"""Command to the keys it heeds."""

BELOW = {"cilium": ("advise", "review"), "profiles": ("list", "show", "validate", "lint", "docs")}
"""Command to the commands below it that have its options."""

_VARIABLES = {"offline": "KINA_AUDIT_OFFLINE", "profile-dirs": "KINA_AUDIT_PROFILE_DIR"}
_PATHS = ("profile-dirs", "baseline", "waivers")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a working folder sets.

    Attributes:
        values: key to value, as written.
        origin: the file, with the table's name for pyproject.toml; empty: there is none.
        notes: what a reader should know, such as a file that is not used.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""
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
        return Settings(_checked(*_read(own), FILE), FILE, notes)
    if table is None:
        return Settings()
    return Settings(_checked(table, text, PYPROJECT, TABLE), f"{PYPROJECT} [{TABLE}]")


def _read(path: Path) -> tuple[dict[str, Any], str]:
    """A file's document and its text."""
    try:
        text = read_text(path, MAX_SETTINGS_BYTES, "a settings file")
        return tomllib.loads(text), text
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{path.name}: not TOML: {error}", "Correct it, or run in another folder.") from error


def _checked(values: Any, text: str, name: str, table: str = "") -> dict[str, Any]:
    from kina_audit.profiles.place import line_of
    from kina_audit.profiles.validate import first_error

    breach = first_error(values, "settings")
    if breach is not None:
        line = line_of(text, breach.path, table)
        within = f"[{table}] " if table else ""
        raise UsageError(f"{name}{f':{line}' if line else ''}: {within}{breach.text}", breach.hint)
    checked: dict[str, Any] = values
    return checked


def defaults(command: str) -> dict[str, dict[str, Any]]:
    """What click takes for a command's options that the command line leaves out.

    Raises:
        UsageError: the settings cannot be read.
    """
    keys = COMMANDS.get(command)
    if keys is None:
        return {}
    settings = load_settings(Path.cwd())
    found = {PARAMETERS[k]: settings.values[k] for k in keys if k in settings.values}
    if command == "check" and settings.values.get("waiver"):
        found["waivers"] = [*found.get("waivers", ()), settings.origin]
    if not found:
        return {}
    return {command: dict.fromkeys(BELOW[command], found) if command in BELOW else found}


def inline_waivers(path: Path) -> list[Any] | None:
    """The waivers written in the settings themselves, if ``path`` is how `defaults` names those."""
    settings = load_settings(Path.cwd())
    return settings.values.get("waiver") if settings.origin and str(path) == settings.origin else None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("settings", short_help="Show the settings in force in this folder, and their origin.")(show)


def show(format_: Annotated[str, typer.Option("--format", "-f", help="table or json.")] = "table") -> int:
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
        }
        terminal.print_out(json.dumps(document, indent=2, default=str) + "\n")
        return 0
    lines = [settings.origin or f"No {FILE} and no [{TABLE}] in {PYPROJECT} here.", ""]
    wide = max(len(k) for k, _, _ in rows)
    for key, value, origin in rows:
        said = "-" if value is None else value if isinstance(value, str) else json.dumps(value, default=str)
        lines.append(f"{key:<{wide}}  {said}" + (f"  ({origin})" if origin else ""))
    lines += [f"note: {note}" for note in settings.notes]
    lines += ["", "An option of the command line wins over a variable, and a variable over the file."]
    terminal.print_out("\n".join(lines) + "\n")
    return 0
