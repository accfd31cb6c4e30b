"""``kina-audit profiles``: list, show, write, validate, lint and document feature profiles."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.help import Ordered
from kina_audit.cli.parameters import Argument, command, option
from kina_audit.cli.profile_options import FolderOption
from kina_audit.cli.tree_options import ToolchainOption

if TYPE_CHECKING:
    from kina_audit.profiles.model import Profile

AllowUnknown = Annotated[
    bool, option("--allow-unknown", help="Accept symbols that no kernel.org tree has, such as a vendor's.")
]
Names = Annotated[list[str] | None, Argument(help="Profiles, as check --profile takes them. [all]")]


def register(app: click.Group) -> None:
    """Add the commands."""
    app.add_command(
        Ordered(
            "profiles",
            commands=[
                command(list_profiles, "list", short_help="List profiles, with titles, versions and tags."),
                command(show, "show"),
                command(new, "new"),
                command(validate, "validate", short_help="Check profile files for everything that can be wrong."),
                command(lint, "lint", short_help="Hold profiles against kernel trees."),
                command(docs, "docs"),
                command(schema, "schema"),
            ],
            help="List, show, write, validate, lint and document profiles.",
        )
    )


def list_profiles(profile_dir: FolderOption = None) -> int:
    """List every profile that `check --profile` takes."""
    from kina_audit.profiles.load import CHOICE_TAG, DEFAULT_TAG, PART_TAG, ProfileLibrary

    library = ProfileLibrary(profile_dir or [])
    profiles = list(library)
    wide = max(len(p.id) for p in profiles)
    lines = []
    for profile in profiles:
        mark = "-" if PART_TAG in profile.tags else " "
        if DEFAULT_TAG in profile.tags:
            mark = "+" if CHOICE_TAG in profile.tags else "*"
        lines.append(f"{mark} {profile.id:<{wide}}  {profile.title}")
    lines.append("\n* audited by a plain `kina-audit check`    + so too, and fails nothing unless -p names it")
    lines.append("- a part that others include; left out of `all`")
    lines.append("Tags: " + ", ".join(sorted({t for p in profiles for t in p.tags})))
    terminal.print_out("\n".join(lines) + "\n")
    return 0


def show(
    name: Annotated[str, Argument(help="A profile's id, its path in the library, or a profile file.")],
    profile_dir: FolderOption = None,
    format_: Annotated[str, option("--format", "-f", metavar="text|table|json", help="To stdout.")] = "text",
) -> int:
    """Show one profile with everything it includes."""
    from kina_audit.api import load_profiles
    from kina_audit.errors import UsageError
    from kina_audit.render import profiles as pages

    shapes = {"text": pages.text, "table": pages.table, "json": pages.json_text}
    shape = shapes[given.one_of(shapes, format_, "--format")]
    found = load_profiles([name], folders=profile_dir or [])
    if len(found) != 1:
        raise UsageError(f"{name!r} names {len(found)} profiles", "`show` takes one; `docs` writes pages for many.")
    terminal.print_out(shape(found[0], terminal.width()))
    return 0


def new(
    name: Annotated[str, Argument(help="The new profile's id: lower case, digits and dashes.")],
    output: Annotated[Path | None, option("--output", "-o", help="Write it there. [NAME.toml]")] = None,
) -> int:
    """Write a profile to start from. It is valid as it is; edit what it asks for."""
    import re

    from kina_audit.errors import UsageError
    from kina_audit.profiles.validate import profile_schema
    from kina_audit.render.profiles import template

    schema = profile_schema()
    if not re.fullmatch(schema["properties"]["id"]["pattern"], name):
        raise UsageError(f"{name[:80]!r} is no profile id", "Lower case letters, digits and dashes, such as my-cni.")
    path = output or Path(f"{name.replace('/', '-')}.toml")
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(template(name, schema["$id"]))
    except FileExistsError as error:
        raise UsageError(f"{path} is already there", "Give another place with --output.") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
    named = path if path.is_absolute() else f"./{path}"
    terminal.say(f"{path}: edit it, then\n  kina-audit profiles validate {path}\n  kina-audit check -p {named}")
    return 0


def validate(
    paths: Annotated[list[Path], Argument(help="Profile files or folders of them.")],
    profile_dir: FolderOption = None,
    allow_unknown: AllowUnknown = False,
) -> int:
    """Check profile files: schema, expressions, symbols, version gates, ids, probes. Exit status 2 when one is wrong."""
    from kina_audit.cli.probe import planned
    from kina_audit.errors import KinaAuditError, NothingCheckedError
    from kina_audit.profiles.load import ProfileLibrary, profile_files
    from kina_audit.profiles.review import problems

    files: list[Path] = []
    for path in paths:
        files += profile_files(path) if path.is_dir() else [path]
    if not files:
        raise NothingCheckedError("no profile file (*.toml) there, so nothing was checked", "Give files or folders.")
    bad = 0
    built_in = ProfileLibrary().ids()
    for path in files:
        try:
            # Files of one run may name each other; a file that is itself broken spoils only its own lines.
            library = ProfileLibrary(profile_dir or [], [path])
            profile = library.get(str(path))
            found = problems(profile, library, allow_unknown=allow_unknown)
            if any(row.probes for row in profile.requirements):
                planned([profile])
        except KinaAuditError as error:
            bad += 1
            terminal.say(error.message, error.hint)
            continue
        if found:
            bad += 1
            terminal.say("\n".join(map(str, found)))
        else:
            own = sum(r.profile == profile.id for r in profile.requirements)
            many = "" if own == 1 else "s"
            instead = "; it takes the place of the built-in one" if profile.id in built_in else ""
            terminal.print_out(f"{path}: {profile.id}, {own} requirement{many}, valid{instead}\n")
    return 2 if bad else 0


def lint(
    names: Names = None,
    kernel_tree: Annotated[
        list[str] | None,
        option("--kernel-tree", "-t", metavar="TREE", help="As check takes it; repeatable."),
    ] = None,
    arch: Annotated[list[str] | None, option("--arch", help="Repeatable. [arm64 and x86_64]")] = None,
    profile_dir: FolderOption = None,
    toolchain: ToolchainOption = "",
    offline: given.Offline = False,
    refresh: given.Refresh = False,
    verbose: given.Verbose = False,
    quiet: given.Quiet = False,
) -> int:
    """Hold profiles against kernel trees: does every symbol exist, can every condition be met, can every fix be set.

    Exit status: 0 no error, 1 an error. -v also shows notes and where each symbol exists.
    """
    from kina_audit.errors import UsageError
    from kina_audit.kconfig.lines import ARCHES
    from kina_audit.lint import lint_profiles, presence
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.trees import open_kernel_tree

    if not kernel_tree:
        raise UsageError("no kernel tree is named", "Give --kernel-tree: a source folder, an archive, or a version.")
    wanted = names or ["all"]
    library = ProfileLibrary(profile_dir or [], [Path(n) for n in wanted if n.endswith(".toml")])
    profiles = library.select(wanted)
    options = given.source_options(offline=offline, refresh=refresh, quiet=quiet)
    arches = arch or ARCHES
    trees = [
        open_kernel_tree(spec, arch=one, toolchain=toolchain, options=options) for spec in kernel_tree for one in arches
    ]
    remarks = lint_profiles(profiles, trees)
    errors = [r for r in remarks if r.error]
    lines = [f"error: {r.profile}/{r.requirement}: {r.text}" for r in errors]
    if verbose:
        lines += [f"note: {r.profile}/{r.requirement}: {r.text}" for r in remarks if not r.error]
        for symbol in sorted({s for p in profiles for r in p.requirements for s in r.symbols}):
            found = presence(symbol, trees)
            parts = {"settable": found.settable, "no prompt": found.hidden, "absent": found.missing}
            lines.append(f"{symbol}: " + "; ".join(f"{k} in {', '.join(v)}" for k, v in parts.items() if v))
    rows = len({(r.profile, r.id) for p in profiles for r in p.requirements})
    lines.append(
        f"{_counted(len(profiles), 'profile')}, {_counted(rows, 'requirement')}, "
        f"{_counted(len(kernel_tree), 'tree')} on {' and '.join(arches)}: "
        f"{_counted(len(errors), 'error')}, {_counted(len(remarks) - len(errors), 'note')}"
    )
    terminal.print_out("\n".join(lines) + "\n")
    return 1 if errors else 0


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def docs(
    names: Names = None,
    output: Annotated[Path, option("--output", "-o", metavar="DIR", help="Where the pages go.")] = Path(
        "docs/profiles"
    ),
    profile_dir: FolderOption = None,
) -> int:
    """Write a Markdown page for each folder of profiles, and an index."""
    from kina_audit.profiles.load import PART_TAG, ProfileLibrary
    from kina_audit.render.profiles import pages

    wanted = names or ["all", f"tag:{PART_TAG}"]
    library = ProfileLibrary(profile_dir or [], [Path(n) for n in wanted if n.endswith(".toml")])
    groups: dict[str, list[Profile]] = {}
    for profile in library.select(wanted):
        groups.setdefault(Path(profile.path).parent.name or "profiles", []).append(profile)
    output.mkdir(parents=True, exist_ok=True)
    for name, text in pages(groups).items():
        terminal.write_file(output / name, text)
    terminal.say(f"{output}: {len(groups) + 1} pages")
    return 0


def schema() -> int:
    """Print the JSON Schema of profile files, for editors."""
    from kina_audit.cli.schema import print_schema

    return print_schema("profile")
