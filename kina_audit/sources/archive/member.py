"""One thing in an archive, and the checks its name and size must pass."""

import posixpath

from kina_audit.base.bounds import LINKS, MEMBER_NAME, MEMBERS
from kina_audit.base.datatype import datatype
from kina_audit.errors import SourceError, SourceTooLargeError
from kina_audit.kernel.compression.reader import Reader


@datatype
class Member:
    """A regular file or a link in an archive.

    Attributes:
        name: its path, without a leading ``./`` or ``/``.
        size: bytes of content; 0 for a link.
        content: its bytes, to be read before the next member is asked for.
        link: it is a link.
        target: where it points, as a path in the archive; empty when it leaves the archive.
    """

    name: str
    size: int
    content: Reader
    link: bool = False
    target: str = ""


def clean(name: str) -> str:
    """A member's path in one spelling: no leading ``./`` or ``/``, no doubled slashes."""
    return posixpath.normpath(name.lstrip("/")) if name.strip("/") else ""


def link_target(name: str, target: str, *, hard: bool = False) -> str:
    """Where a link member points, as a path in the archive; absolute targets start at the archive's root.

    Returns an empty string for a link that leaves the archive, or is longer than any path.
    """
    joined = target if hard or target.startswith("/") else posixpath.join(posixpath.dirname(name), target)
    path = clean(joined)
    return "" if path == ".." or path.startswith("../") or len(path) > MEMBER_NAME else path


def follow(name: str, links: dict[str, str], archive: str) -> str:
    """The path that ``name`` leads to through the archive's links.

    Raises:
        SourceError: the links run in a circle, or out of the archive.
    """
    for _ in range(LINKS):
        if name not in links:
            return name
        if not links[name]:
            raise SourceError(f"{archive}: {name} is a link that leads out of the archive", "Name another member.")
        name = links[name]
    raise SourceError(f"{archive}: {name} is a link in a circle", "Name another member.")


class Guard:
    """Counts members (headers of long names count, too) and refuses what no kernel archive has."""

    def __init__(self, archive: str) -> None:
        self._archive = archive
        self._count = 0

    def check(self, name: str) -> None:
        """One more member.

        Raises:
            SourceTooLargeError: too many members, or a name longer than a path can be.
        """
        self._count += 1
        if self._count > MEMBERS:
            raise SourceTooLargeError(f"{self._archive}: more than {MEMBERS:,} members", "Take the kernel out of it.")
        if len(name) > MEMBER_NAME:
            raise SourceTooLargeError(f"{self._archive}: a member's name has {len(name)} characters")
