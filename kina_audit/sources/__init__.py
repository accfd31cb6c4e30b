"""Where a kernel's config comes from. Only here: network, subprocess, clock, home directory."""

import os
import re

from kina_audit.errors import SourceNotFoundError
from kina_audit.kernel.provenance import Kernel
from kina_audit.sources.local.stdin import STDIN
from kina_audit.sources.options import SourceOptions

GUESTS = ("container", "docker", "podman", "ssh", "kubectl")
"""Ways into a guest or node, each by a command of that name."""

_SCHEME = r"(?i)[a-z][a-z0-9+.-]*://"

_REVISION = r"[^:!/.\x00-\x20-][^:!\x00-\x1f]*:[^\x00]+"
"""A commit's name and a path; what starts like a path or an option is none."""


def open_source(source: str, options: SourceOptions | None = None) -> Kernel:
    """Read the kernel that ``source`` names.

    A path (``FILE``, ``ARCHIVE!MEMBER``, a folder), ``-``, ``running``, ``installed``, ``apple[@REF]``, ``recorded:NAME``,
    ``container:``, ``docker:``, ``podman:``, ``ssh:HOST``, ``kubectl:NODE``, ``REV:PATH`` of the git repository here, or an
    address.

    Raises:
        SourceError: it could not be obtained or read.
        UsageError: an option makes no sense.
    """
    options = options or SourceOptions()
    if source == "running":
        from kina_audit.sources.local.running import open_running

        return open_running(options)
    if source == "apple" or source.startswith("apple@"):
        from kina_audit.sources.apple import open_apple

        return open_apple(source, options)
    if source.startswith("recorded:"):
        from kina_audit.sources.recorded import open_recorded

        return open_recorded(source, options)
    if source == "installed":
        from kina_audit.sources.local.installed import open_installed

        return open_installed(options)
    transport, colon, guest = source.partition(":")
    if colon and transport in GUESTS:
        from kina_audit.sources.guest.read import open_guest

        return open_guest(transport, guest, options)
    if _is_revision(source):
        from kina_audit.sources.git.revision import open_revision

        return open_revision(source, options)
    source, member = _split(source)
    if _has_scheme(source):
        from kina_audit.sources.network.url import open_url

        return open_url(source, options, member=member)
    if not source:
        raise SourceNotFoundError("the source is empty", "Give a path, -, running, apple, recorded:NAME or https://...")
    from kina_audit.sources.local.file import open_file

    return open_file(source, options, member=member)


def place_of(source: str) -> str | None:
    """The path that a source names.

    Returns:
        empty for what ships with this tool and for the running kernel; None for what runs a program, or reaches a guest
        or the network.
    """
    if source == "running" or source.startswith("recorded:"):
        return ""
    transport, colon, _ = source.partition(":")
    if source in ("apple", "installed") or source.startswith("apple@") or (colon and transport in GUESTS):
        return None
    if _is_revision(source):
        return None
    place = _split(source)[0]
    return None if _has_scheme(place) else place


def named_file(path: str) -> str:
    """A file that was found, as a source that names nothing else.

    Whoever fills a folder chooses its names: ``docker:image``, ``ssh:host``, ``running``, ``recorded:apple``, ``@list``, ``-``.
    """
    return path if place_of(path) == path and path != STDIN and path[:1] != "@" else f"./{path}"


def _is_revision(source: str) -> bool:
    """Whether a source has the shape ``REV:PATH`` and is no file's own name."""
    if ":" not in source:
        return False
    return bool(re.fullmatch(_REVISION, source)) and not _has_scheme(source) and not os.path.lexists(source)


def _has_scheme(source: str) -> bool:
    """Whether a source is an address."""
    return "://" in source and re.match(_SCHEME, source) is not None


def _split(source: str) -> tuple[str, str]:
    """A source and the member behind its ``!``; a file whose own name has one comes first."""
    if "!" not in source or os.path.lexists(source):
        return source, ""
    place, _, member = source.partition("!")
    while "!" in member and not os.path.lexists(place):
        more, _, member = member.partition("!")
        place = f"{place}!{more}"
    return (place, member) if os.path.lexists(place) else tuple(source.split("!", 1))  # type: ignore[return-value]
