"""From the bytes of any kernel image to the config text inside it."""

import mmap

from kina_audit.base.bounds import MIB
from kina_audit.base.datatype import datatype
from kina_audit.errors import SourceError, SourceTooLargeError
from kina_audit.kernel.compression.corrupt import CorruptData
from kina_audit.kernel.compression.expansion import INPUT, Expansion, compression_of
from kina_audit.kernel.compression.limits import Budget, Limits
from kina_audit.kernel.compression.reader import Reader, SectionReader, ViewReader
from kina_audit.kernel.image.candidates import candidates
from kina_audit.kernel.image.container import Part
from kina_audit.kernel.image.elf import module_release
from kina_audit.kernel.image.fit import MAGIC as FIT_MAGIC
from kina_audit.kernel.image.identify import HEAD, identify
from kina_audit.kernel.image.markers import Scan, scan_reader, scan_view
from kina_audit.kernel.image.missing import no_ikconfig

_SUBSTANTIAL = 256 * 1024
"""A guessed compressed stream that gave this much before it broke was no accident."""

_LEAST_WINDOW = 1 << 16

_HELD = 64 * MIB
"""How much of a stream is held in memory when its kernel can only be found by going back and forth."""


@datatype
class Extracted:
    """The config found in an image.

    Attributes:
        config_text: the bytes of the build's ``.config``.
        found_in: the layers it was found in, outermost first, each with its offset in the one before.
        kernel_release: what the image's own version string says, or None.
    """

    config_text: bytes
    found_in: tuple[str, ...]
    kernel_release: str | None


def extract_config(
    data: "bytes | memoryview | mmap.mmap | Reader",
    name: str,
    limits: Limits | None = None,
    budget: Budget | None = None,
) -> Extracted:
    """Find the config in a kernel image.

    Args:
        data: the image: in memory, mapped, or read forward through a `Reader`.
        name: what to call it in messages.
        limits: how much may be decompressed.
        budget: what several images share instead of having limits of their own.

    Raises:
        NoIkconfigError: the image was read to its end and holds no config; the message names the kernel.
        SourceTooLargeError: a limit was passed.
        SourceError: a layer is truncated or corrupt; the message names it and the offset.
    """
    search = _Search(name, budget or Budget(limits or Limits(), name))
    return search.run(data if isinstance(data, Reader) else ViewReader(memoryview(data)))


class _Search:
    """One walk down an image's layers; remembers what it learned for the message when nothing is found."""

    def __init__(self, name: str, budget: Budget) -> None:
        self.name = name
        self.limits = budget.limits
        self.budget = budget
        self.deepest: tuple[str, ...] = ()
        self.release = ""

    def run(self, reader: Reader) -> Extracted:
        """Search, and say in an error what was found instead."""
        found = self._layer(reader, (), depth=0, nested=0)
        if found is None:
            raise no_ikconfig(self.name, self.deepest, self.release)
        return found

    def _layer(self, reader: Reader, trail: tuple[str, ...], depth: int, nested: int) -> Extracted | None:
        """Search one layer and what is in it.

        Args:
            reader: its bytes.
            trail: the layers around it, for messages.
            depth: how many layers those are.
            nested: how many of them are compressed.
        """
        if depth > self.limits.depth:
            raise SourceTooLargeError(
                f"{self.name}: more than {self.limits.depth} layers inside each other ({' > '.join(trail)})",
                "Take the kernel out of some of them first.",
            )
        view = reader.view if isinstance(reader, ViewReader) else None
        head = self._peek(reader, trail) if view is None else view
        if compression := compression_of(bytes(head[:16])):
            return self._unpack(
                reader, compression, (*trail, f"{compression} data"), depth + 1, nested, concatenated=True
            )
        container = identify(head)
        if view is None and not trail and (container is None or head[: len(FIT_MAGIC)] == FIT_MAGIC):
            whole = reader.read_exactly(_HELD)
            if not reader.peek(1):
                return self._layer(ViewReader(memoryview(whole)), trail, depth, nested)
            reader.unread(whole)
        if container is None:
            return self._plain(reader, trail, depth, nested)
        trail = (*trail, container.kind)
        if container.problem:
            raise SourceError(f"{self._at(trail)}: {container.problem}", "Give the kernel image itself.")
        self.release = container.release or self.release
        if not container.parts:
            if container.module:
                self.release = self.release or module_release(head)
            return self._plain(reader, trail, depth, nested, final=container.module)
        # Read forward, only the first part can be reached for certain.
        for part in container.parts if view is not None else container.parts[:1]:
            if found := self._part(reader, part, trail, depth + 1, nested):
                return found
        return None

    def _part(self, reader: Reader, part: Part, trail: tuple[str, ...], depth: int, nested: int) -> Extracted | None:
        """Search a part of a container; its compression does not count as another layer."""
        inside = self._section(reader, part, trail)
        compression = compression_of(self._peek(inside, trail)[:16])
        trail = (*trail, f"{compression} {part.label} at {part.offset:#x}".strip())
        if compression:
            return self._unpack(inside, compression, trail, depth, nested)
        return self._layer(inside, trail, depth, nested)

    def _section(self, reader: Reader, part: Part, trail: tuple[str, ...]) -> Reader:
        where = f"{self._at(trail)}: the {part.label} at {part.offset:#x}"
        if part.length <= 0:
            raise SourceError(f"{where} is empty", "The image is damaged; fetch or copy it again.")
        if isinstance(reader, ViewReader):
            if part.offset < len(reader.view):
                return ViewReader(reader.view[part.offset : part.offset + part.length])
        elif self._skip(reader, part.offset, trail):
            return SectionReader(reader, part.length)
        raise SourceError(
            f"{where} is past the end of the image", "The image is truncated; fetch or copy the whole of it."
        )

    def _unpack(
        self,
        reader: Reader,
        compression: str,
        trail: tuple[str, ...],
        depth: int,
        nested: int,
        *,
        concatenated: bool = False,
    ) -> Extracted | None:
        window = max(_LEAST_WINDOW, self.limits.window >> nested)
        try:
            inside = Expansion(
                reader, compression, self.budget, where=trail[-1], window=window, concatenated=concatenated
            )
        except CorruptData as error:
            raise self._corrupt(error, trail) from error
        return self._layer(inside, trail, depth, nested + 1)

    def _plain(
        self, reader: Reader, trail: tuple[str, ...], depth: int, nested: int, *, final: bool = False
    ) -> Extracted | None:
        """Look for the config in bytes as they are; then, where one can go back, in what is compressed in them."""
        view = reader.view if isinstance(reader, ViewReader) else None
        found = Scan()
        try:
            if view is None:
                scan_reader(reader, found)
            else:
                scan_view(view, found)
        except CorruptData as error:
            self.release = found.release or self.release
            # What a compressor stores as it is shows its marker, cut up by the headers of its blocks.
            if not final and view is not None and (inside := self._guess(view, trail, depth + 1, nested, last=False)):
                return inside
            raise self._corrupt(error, trail) from error
        self.release = found.release or self.release
        if found.config is not None:
            return Extracted(found.config, (*trail, f"IKCONFIG at {found.at:#x}"), self.release or None)
        if len(trail) > len(self.deepest):
            self.deepest = trail
        # A version string stands in a kernel's plain bytes, so behind one there is nothing left to unpack.
        if final or found.release or view is None:
            return None
        return self._guess(view, trail, depth + 1, nested)

    def _guess(
        self, view: memoryview, trail: tuple[str, ...], depth: int, nested: int, *, last: bool = True
    ) -> Extracted | None:
        """Try every place that looks like compressed data, as scripts/extract-ikconfig of the kernel does.

        Args:
            view: the bytes.
            trail: as for `_layer`.
            depth: as for `_layer`.
            nested: as for `_layer`.
            last: nothing else can be tried, so what is wrong with the best of them is the error.
        """
        broken: SourceError | None = None
        done = 0
        for offset, compression in candidates(view, self.limits):
            if offset < done:
                continue
            reader = ViewReader(view[offset:])
            spent, deepest = self.budget.spent, self.deepest
            try:
                found = self._unpack(reader, compression, (*trail, f"{compression} data at {offset:#x}"), depth, nested)
            except SourceTooLargeError:
                raise
            except SourceError as error:
                if self.budget.spent - spent >= _SUBSTANTIAL:
                    broken = broken or error
                continue
            if found or (self.release and last):
                return found
            if self.budget.spent - spent >= _SUBSTANTIAL:
                done = offset + max(0, reader.offset - INPUT)
            else:
                self.deepest = deepest
        if broken and last:
            raise broken
        return None

    def _peek(self, reader: Reader, trail: tuple[str, ...]) -> bytes:
        try:
            return reader.peek(HEAD)
        except CorruptData as error:
            raise self._corrupt(error, trail) from error

    def _skip(self, reader: Reader, size: int, trail: tuple[str, ...]) -> bool:
        try:
            return reader.skip(size)
        except CorruptData as error:
            raise self._corrupt(error, trail) from error

    def _at(self, trail: tuple[str, ...]) -> str:
        return ": ".join([self.name, " > ".join(trail)] if trail else [self.name])

    def _corrupt(self, error: CorruptData, trail: tuple[str, ...]) -> SourceError:
        kernel = f"; the kernel in it is Linux {self.release}" if self.release else ""
        return SourceError(
            f"{self._at(trail)}: {error.reason}{kernel}",
            error.hint or "The file is truncated or damaged; fetch or copy the whole of it again.",
        )
