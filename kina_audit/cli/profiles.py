"""``kina-audit profiles``: list, show, validate, schema."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kina_audit.cli import terminal

if TYPE_CHECKING:
    from kina_audit.profiles.model import Profile

FolderOption = Annotated[
    list[Path] | None, typer.Option("--profile-dir", help="A folder with more profiles; repeatable.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        name="profiles", help="List, show and validate feature profiles.", no_args_is_help=True, rich_markup_mode=None
    )
    group.command("list")(list_profiles)
    group.command("show")(show)
    group.command("validate")(validate)
    group.command("schema")(schema)
    app.add_typer(group)


def list_profiles(profile_dir: FolderOption = None) -> int:
    """List every profile that `check --profile` takes."""
    from kina_audit.profiles.load import ProfileLibrary

    library = ProfileLibrary(profile_dir or [])
    names = library.ids()
    wide = max(map(len, names))
    lines = []
    for name in names:
        profile = library.get(name)
        mark = "*" if "default" in profile.tags else " "
        lines.append(f"{mark} {name:<{wide}}  {profile.title}")
    lines.append("\n* audited by a plain `kina-audit check`")
    terminal.print_out("\n".join(lines) + "\n")
    return 0


def show(
    name: Annotated[str, typer.Argument(help="A profile's id, or the path of a profile file.")],
    profile_dir: FolderOption = None,
) -> int:
    """Show one profile with everything it includes."""
    from kina_audit.api import load_profiles

    [profile] = load_profiles([name], folders=profile_dir or [])
    terminal.print_out(_text(profile))
    return 0


def _text(profile: "Profile") -> str:
    from textwrap import fill

    def wrap(label: str, text: str) -> str:
        return fill(text, terminal.width(), initial_indent=f"    {label:<7}", subsequent_indent=" " * 11)

    lines = [f"{profile.id}: {profile.title}", fill(profile.description, terminal.width()), ""]
    for row in profile.requirements:
        gate = f", Linux {row.kernel}" if row.kernel else ""
        arch = f", {'/'.join(row.arch)}" if row.arch else ""
        built_in = "" if row.module else ", built-in only"
        via = f", from {row.profile}" if row.profile != profile.id else ""
        lines += [f"  {row.id} ({row.level}{gate}{arch}{built_in}{via})", wrap("needs", row.expr.text)]
        lines += [wrap(f"{v.kernel or '/'.join(v.arch)}", v.expr.text) for v in row.variants]
        lines += [wrap("why", row.why), wrap("fix", row.fix), wrap("source", row.source)]
    if profile.references:
        lines += ["", *profile.references]
    return "\n".join(lines) + "\n"


def validate(
    paths: Annotated[list[Path], typer.Argument(help="Profile files or folders of them.")],
) -> int:
    """Check profile files: schema, expressions, version ranges, ids; the first error of each is shown."""
    from kina_audit.errors import KinaAuditError, NothingCheckedError
    from kina_audit.profiles.load import read_profile

    files: list[Path] = []
    for path in paths:
        files += sorted(path.rglob("*.toml")) if path.is_dir() else [path]
    if not files:
        raise NothingCheckedError("no profile file (*.toml) there, so nothing was checked", "Give files or folders.")
    bad = 0
    for path in files:
        try:
            profile = read_profile(path)
        except KinaAuditError as error:
            bad += 1
            terminal.say(error.message + (f"\n  {error.hint}" if error.hint else ""))
        else:
            terminal.print_out(f"{path}: {profile.id}, {len(profile.requirements)} requirements, valid\n")
    return 2 if bad else 0


def schema() -> int:
    """Print the JSON Schema of profile files, for editors."""
    from kina_audit.cli.schema import print_schema

    return print_schema("profile")
