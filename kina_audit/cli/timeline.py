"""``kina-audit timeline``: one config over time."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from kina_audit.cli import source_options as given
from kina_audit.cli.parameters import Argument, command, option
from kina_audit.cli.profile_options import FolderOption, ProfileOption, chosen

if TYPE_CHECKING:
    from kina_audit.kernel.provenance import Kernel
    from kina_audit.report.model import Report
    from kina_audit.report.timeline import Version
    from kina_audit.sources.options import SourceOptions


_KEPT = 8
"""Audits that are kept for configs that are like one before, the latest ones: a commit is taken back soon or never."""


def register(app: click.Group) -> None:
    """Add the command."""
    app.add_command(
        command(timeline, "timeline", short_help="Show what each version of a config carries, and what changed.")
    )


@given.reads_sources("no_fallback", "allow_http", "max_decompressed", "timeout", "verbose", "fragment")
def timeline(
    what: Annotated[
        str, Argument(metavar="[apple]", help="Apple's config: every version that is known, and main.")
    ] = "apple",
    git: Annotated[
        Path | None, option("--git", metavar="REPOSITORY", help="Read a config's history from here instead.")
    ] = None,
    path: Annotated[
        str, option("--path", metavar="FILE", help="The config inside that repository.")
    ] = "kernel/config-arm64",
    profile: ProfileOption = None,
    profile_dir: FolderOption = None,
    cilium: given.CiliumOrNone = "",
    format_: Annotated[str, option("--format", "-f", metavar="table|json|svg|html", help="To stdout.")] = "table",
    output: given.Outputs = None,
    *,
    options: "SourceOptions",
) -> int:
    """Show what each version of a config carries, and what changed when and in which commit.

    Of a git history it follows the first parent of each commit: a merge stands for everything that it brought in.
    """
    from kina_audit.api import audit
    from kina_audit.base.datatype import replace
    from kina_audit.base.near import near
    from kina_audit.cli import outputs
    from kina_audit.errors import UsageError
    from kina_audit.kernel.alike import alike
    from kina_audit.render import RenderOptions
    from kina_audit.render.timeline import TIMELINE_FORMATS, render_timeline
    from kina_audit.report.timeline import make_timeline

    if what != "apple":
        raise UsageError(
            f"no timeline of {what!r}{near(what, ['apple'])}",
            "`timeline apple`, or `timeline --git REPOSITORY --path FILE`.",
        )
    planned = outputs.plan(format_, output or [], formats=TIMELINE_FORMATS)
    library, profiles = chosen(profile, profile_dir, cilium=given.release(cilium) is not None)
    notes: list[str] = []
    versions = _of_git(git, path, options, notes) if git else _of_apple(options, notes)

    def audited() -> "Iterator[Version]":
        reports: dict[tuple[object, ...], Report] = {}
        for version, kernel in versions:
            key = alike(kernel.config) if kernel else None
            found = reports.pop(key, None) if key else None
            if found and kernel:
                # With its config comes all that was worked out of it.
                found = replace(found, kernel=replace(kernel, config=found.kernel.config))
            elif kernel:
                found = audit(kernel, profiles, cilium=given.release(cilium), library=library)
            if found and key:
                reports[key] = found
                if len(reports) > _KEPT:
                    del reports[next(iter(reports))]
            yield replace(version, report=found)

    title = (
        f"{Path(os.path.realpath(git)).name}: {path}"
        if git
        else f"apple/containerization kernel/config-{options.project_arch()}"
    )
    found = replace(make_timeline(title, audited()), notes=tuple(notes))
    outputs.write_each(planned, RenderOptions(), lambda name, look: render_timeline(name, found, look.width))
    return 0


def _of_git(
    repository: Path, path: str, options: "SourceOptions", notes: list[str]
) -> "Iterator[tuple[Version, Kernel | None]]":
    from kina_audit.report.timeline import Version
    from kina_audit.sources.git.history import revisions

    for found in revisions(repository, path, options, notes):
        yield Version(found.commit[:12], found.subject, None, found.date, found.commit, found.event), found.kernel


def _of_apple(options: "SourceOptions", notes: list[str]) -> "Iterator[tuple[Version, Kernel | None]]":
    """Every recorded version, and main where the network is there and it differs from the newest record."""
    from kina_audit.base.datatype import replace
    from kina_audit.errors import SourceError
    from kina_audit.report.timeline import Version
    from kina_audit.sources import open_source
    from kina_audit.sources.recorded import entries

    blob = ""
    for name, record, ref in entries():
        if (record.family, record.arch) != ("apple", options.arch):
            continue
        kernel = open_source(f"recorded:{name}", options)
        blob = kernel.provenance.blob
        tags = ref.first if ref.first == ref.last else f"{ref.first} to {ref.last}"
        yield Version(tags, "", None), kernel
    if options.offline:
        notes.append("main was not asked for, by --offline")
        return
    try:
        kernel = open_source("apple@main", replace(options, fallback=False))
    except SourceError as error:
        notes.append(f"main could not be fetched: {error.message}")
        return
    if kernel.provenance.blob == blob:
        notes.append("main is the same file as the newest version here")
        return
    yield Version("main", "", None), kernel
