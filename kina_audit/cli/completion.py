"""``kina-audit completion``: a script with which a shell completes commands, options, profiles, recorded kernels and formats.

The script holds every word, so that pressing TAB starts no Python; after an upgrade it is to be written anew.
"""

from collections.abc import Iterator
from typing import Annotated

import click

from kina_audit.cli import source_options as given
from kina_audit.cli import terminal
from kina_audit.cli.completion_scripts import Level, Option, script
from kina_audit.cli.parameters import Argument, command

SHELLS = ("bash", "zsh", "fish")

_KINDS = {
    "NAME|PATH": "profiles", "FORMAT": "formats", "FORMAT=PATH": "outputs", "MODE": "modes", "FEATURE": "features",
    "PLACE": "places", "RELEASE": "releases", "LEVEL": "levels", "SET": "sets", "TREE": "files", "FILE": "files",
    "FRAGMENT": "files", "DIR": "files", "REPOSITORY": "files", "PATH": "files", "CLAIMS": "files", "VALUES": "files",
    "REPORT.json": "files",
}  # fmt: skip
"""What an option's or an argument's metavar stands for; words with bars between them are the words."""

_ARGUMENTS = {
    "source": "sources",
    "sources": "sources",
    "old": "sources",
    "new": "sources",
    "name": "profiles",
    "names": "profiles",
}
_BY_PATH = {
    "schema": "schemas",
    "profiles new": "",
    "profiles validate": "files",
    "timeline": "=apple",
    "tree remove": "",
}
_OUTPUTS = {
    "diff": "diff-outputs",
    "matrix": "matrix-outputs",
    "timeline": "timeline-outputs",
    "probe": "probe-outputs",
}


def register(app: click.Group) -> None:
    """Add the command."""
    app.add_command(
        command(completion, "completion", short_help="Print a script that makes bash, zsh or fish complete.")
    )


def completion(
    shell: Annotated[str, Argument(metavar="|".join(SHELLS), help="The shell that reads the script.")],
) -> int:
    """Print a script with which a shell completes commands, options, profiles, recorded kernels and formats.

    \b
    bash: kina-audit completion bash \\
          > ~/.local/share/bash-completion/completions/kina-audit
    zsh:  kina-audit completion zsh > _kina-audit, in a folder of $fpath
    fish: kina-audit completion fish \\
          > ~/.config/fish/completions/kina-audit.fish

    After an upgrade, write it again.
    """  # noqa: D301  (click's mark of lines that stay as they are is the character)
    from kina_audit.cli import COMMANDS, command_tree

    given.one_of(SHELLS, shell, "completion")
    terminal.print_out(script(shell, list(_levels(command_tree(COMMANDS), "")), _words()))
    return 0


def _levels(command: "click.Command", path: str) -> Iterator[Level]:
    """Every command and what may follow it; what a group takes without a command is that command's."""
    below: dict[str, click.Command] = getattr(command, "commands", {})
    default = below.get(getattr(command, "default", ""))
    parameters = {id(p): p for c in (command, default) if c is not None for p in c.params}.values()
    options = [_option(p, path) for p in parameters if p.param_type_name == "option"]
    options.append(Option(("-h", "--help"), "", "Show help."))
    arguments = [k for p in parameters if p.param_type_name == "argument" for k in [_argument(p, path)] if k]
    yield Level(
        path,
        [(name, c.get_short_help_str(70)) for name, c in below.items()],
        list({o.names: o for o in options}.values()),
        list(dict.fromkeys(arguments)),
    )
    for name, inner in below.items():
        yield from _levels(inner, f"{path} {name}".strip())


def _option(parameter: "click.Parameter", path: str) -> Option:
    names = (*parameter.opts, *parameter.secondary_opts)
    told = str(getattr(parameter, "help", "") or "").partition(". ")[0].rstrip(".")
    if getattr(parameter, "is_flag", False) or getattr(parameter, "count", False):
        return Option(names, "", told)
    kind = "arches" if "--arch" in names else _kind(parameter.make_metavar(click.Context(click.Command(""))))
    if kind == "outputs":
        kind = _OUTPUTS.get(path, kind)
    return Option(names, kind or "anything", told)


def _argument(parameter: "click.Parameter", path: str) -> str:
    stated = str(getattr(parameter, "metavar", "") or "")
    if path in _BY_PATH:
        return _BY_PATH[path]
    return _kind(stated.strip("[].")) or _ARGUMENTS.get(str(parameter.name).rstrip("_"), "")


def _kind(metavar: str) -> str:
    if metavar in _KINDS:
        return _KINDS[metavar]
    words = metavar.split("|")
    return f"={','.join(words)}" if len(words) > 1 and metavar == metavar.lower() else ""


def _words() -> dict[str, list[str]]:
    """What each kind of value may be."""
    from kina_audit.cilium.features import feature_ids
    from kina_audit.cilium.model import LADDER
    from kina_audit.cilium.presets import preset_rows
    from kina_audit.cilium.release import known_releases
    from kina_audit.cli.schema import SCHEMAS
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.render import FORMATS, METRIC_SETS
    from kina_audit.render.diff import DIFF_FORMATS
    from kina_audit.render.matrix import MATRIX_FORMATS
    from kina_audit.render.probed import PROBE_FORMATS
    from kina_audit.render.timeline import TIMELINE_FORMATS
    from kina_audit.report.model import FailOn
    from kina_audit.sources import GUESTS
    from kina_audit.sources.options import PROJECT_ARCHES
    from kina_audit.sources.recorded import entries

    library = ProfileLibrary()
    recorded = dict.fromkeys(f"recorded:{name}" for name, _, _ in entries())
    releases = [text for r in known_releases() for text in (f"{r.version.major}.{r.version.minor}", str(r))]
    formats = {
        "outputs": FORMATS, "diff-outputs": DIFF_FORMATS, "matrix-outputs": MATRIX_FORMATS,
        "timeline-outputs": TIMELINE_FORMATS, "probe-outputs": PROBE_FORMATS,
    }  # fmt: skip
    return {
        "sources": ["running", "installed", "apple", *recorded, *(f"{g}:" for g in GUESTS)],
        "profiles": ["all", *library.ids(), *(f"tag:{t}" for t in sorted({t for p in library for t in p.tags}))],
        "formats": list(FORMATS),
        **{kind: [f"{name}=" for name in names] for kind, names in formats.items()},
        "modes": [str(m) for m in LADDER],
        "features": feature_ids(),
        "places": [row["id"] for row in preset_rows()],
        "releases": [*dict.fromkeys(releases), "none"],
        "levels": [str(level) for level in FailOn],
        "sets": list(METRIC_SETS),
        "schemas": list(SCHEMAS),
        "arches": list(PROJECT_ARCHES),
    }
