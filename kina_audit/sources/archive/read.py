"""The config in an archive, whatever is around it: tar or cpio, compressed or not, in a package or not; or zip."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO

from kina_audit.base.bounds import MIB
from kina_audit.base.datatype import replace
from kina_audit.errors import SourceError
from kina_audit.kernel.compression.corrupt import CorruptData
from kina_audit.kernel.compression.expansion import Expansion, compression_of
from kina_audit.kernel.compression.limits import ArchiveBudget, Budget, Limits
from kina_audit.kernel.compression.reader import Reader, ViewReader
from kina_audit.sources.archive import cpio, deb, magics, rpm, tar, zip_archive
from kina_audit.sources.archive.choose import Chooser, Redirect
from kina_audit.sources.archive.member import Member
from kina_audit.sources.local.content import HEAD, Content, corrupt

_MOST_PASSES = 3
_MODEST_WINDOW = 32 * MIB
"""What an archive's decompressor may hold while a member's own holds all it may; real archives ask for 8 MiB."""

Opener = Callable[[], AbstractContextManager[tuple[Reader, BinaryIO | None]]]
"""Opens the archive at its start: its bytes, and the file they are in, if there is one that can be read out of order."""


def read_archive(open_: Opener, place: str, wanted: str, limits: Limits) -> tuple[str, Content]:
    """Find the config in an archive.

    Args:
        open_: opens the archive; called again when a link leads back, if there is a file.
        place: its name in messages.
        wanted: the member the user named, or an empty string.
        limits: what may be decompressed.

    Returns:
        the member's name, and the config.

    Raises:
        SourceError: damaged, nothing in it, or several that fit.
    """
    for _ in range(_MOST_PASSES):
        budget = Budget(limits, place)
        chooser = Chooser(place, wanted, budget)
        with open_() as (reader, file):
            try:
                for member in _members(reader, file, place, limits, budget):
                    if chooser.offer(member):
                        break
                return chooser.choose()
            except CorruptData as error:
                raise corrupt(place, error) from error
            except Redirect as redirect:
                if file is None:
                    raise SourceError(
                        f"{place}: its kernel is the member {redirect.member}, which has gone by",
                        "A stream cannot be read twice: save the archive to a file and give its path.",
                    ) from redirect
                wanted = redirect.member
    raise SourceError(f"{place}: its links lead nowhere", "Name a member that is a file.")


def _members(reader: Reader, file: BinaryIO | None, place: str, limits: Limits, budget: Budget) -> Iterator[Member]:
    head = reader.peek(magics.TAR_BLOCK)
    if head.startswith(magics.ZIP):
        if file is None:
            raise SourceError(
                f"{place}: a zip archive is read from its end, which a stream does not have", "Save it to a file first."
            )
        return zip_archive.members(file, place, budget)
    inside = reader
    if head.startswith(magics.AR):
        inside = deb.data_member(reader, place)
    elif head.startswith(magics.RPM):
        rpm.skip_to_payload(reader, place)
    if compression := compression_of(inside.peek(16)):
        whole = ArchiveBudget(limits, place, lambda: reader.offset)
        where, window = f"its {compression} data", _MODEST_WINDOW
        if not _is_enough(window, inside, compression):
            window, budget.limits = limits.window, replace(limits, window=limits.window // 2)
        inside = Expansion(inside, compression, whole, where=where, window=window, concatenated=True)
    start = inside.peek(magics.TAR_BLOCK)
    if start.startswith(magics.CPIO):
        return cpio.members(inside, place)
    if magics.looks_like_tar(start):
        return tar.members(inside, place)
    raise SourceError(f"{place}: neither tar nor cpio is in it", "Give a .tar, .zip, .deb or .rpm archive.")


def _is_enough(window: int, reader: Reader, compression: str) -> bool:
    """Whether a decompressor with this window starts on the data."""
    packed = ViewReader(memoryview(reader.peek(HEAD)))
    try:
        Expansion(packed, compression, Budget(Limits(), ""), where="", window=window).peek(1)
    except CorruptData:
        return False
    return True
