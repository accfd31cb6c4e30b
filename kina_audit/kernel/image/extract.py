"""From the bytes of any kernel image to the config text inside it."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass

from kina_audit.errors import NoIkconfigError, SourceError, SourceTooLargeError
from kina_audit.kernel.image.candidates import candidates
from kina_audit.kernel.image.compressors import Expansion, compression_of
from kina_audit.kernel.image.container import Container, Part
from kina_audit.kernel.image.corrupt import CorruptData
from kina_audit.kernel.image.elf import module_release
from kina_audit.kernel.image.identify import HEAD, identify
from kina_audit.kernel.image.limits import Budget, Limits
from kina_audit.kernel.image.markers import Scan, scan_into, scan_view
from kina_audit.kernel.image.missing import no_ikconfig
from kina_audit.kernel.image.reader import Reader, SectionReader, ViewReader

_SUBSTANTIAL = 256 * 1024
"""A guessed compressed stream that gave this much before it broke was no accident."""


@dataclass(frozen=True, slots=True)
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
    data: "bytes | memoryview | mmap.mmap | Reader", name: str, limits: Limits | None = None
) -> Extracted:
    """Find the config in a kernel image.

    Args:
        data: the image: in memory, mapped, or read forward through a `Reader`.
        name: what to call it in messages.
        limits: how much may be decompressed.

    Raises:
        NoIkconfigError: the image was read to its end and holds no config; the message names the kernel.
        SourceTooLargeError: a limit was passed.
        SourceError: a layer is truncated or corrupt; the message names it and the offset.
    """
    search = _Search(name, limits or Limits())
    if isinstance(data, Reader):
        return search.run(data)
    view = memoryview(data)
    try:
        return search.run(ViewReader(view))
    finally:
        search.close()
        view.release()


class _Search:
    """One walk down an image's layers; remembers what it learned for the message when nothing is found."""

    def __init__(self, name: str, limits: Limits) -> None:
        self.name = name
        self.limits = limits
        self.budget = Budget(limits, name)
        self.kinds: list[str] = []
        self.release = ""
        self.views: list[memoryview] = []

    def close(self) -> None:
        """Let go of the image, so that a mapped file can be closed."""
        for view in reversed(self.views):
            view.release()

    def run(self, reader: Reader) -> Extracted:
        """Search, and say in an error what was found instead."""
        found = self._layer(reader, (), depth=0, nested=0)
        if found is None:
            raise no_ikconfig(self.name, tuple(dict.fromkeys(self.kinds)), self.release)
        return found

    def _layer(self, reader: Reader, trail: tuple[str, ...], depth: int, nested: int) -> Extracted | None:
        """Search one layer and what is in it.

        Args:
            reader: its bytes.
            trail: the layers around it.
            depth: how many layers those are.
            nested: how many of them are compressed.
        """
        if depth > self.limits.depth:
            raise SourceTooLargeError(
                f"{self.name}: more than {self.limits.depth} layers inside each other ({' > '.join(trail)})",
                "Take the kernel out of some of them first.",
            )
        view = reader.view if isinstance(reader, ViewReader) else None
        head: bytes | memoryview = view if view is not None else self._peek(reader, trail)
        compression = compression_of(bytes(head[:16]))
        if compression:
            return self._compressed(reader, compression, f"{compression} data", trail, depth, nested)
        container = identify(head)
        if container is None:
            return self._plain(reader, view, trail, depth, nested)
        self.kinds.append(container.kind)
        trail = (*trail, container.kind)
        if container.problem:
            raise SourceError(f"{self.name}: {container.kind}: {container.problem}", "Give the kernel image itself.")
        self.release = container.release or self.release
        if not container.parts:
            return self._plain(reader, view, trail, depth, nested, head)
        for part in self._in_order(container, view):
            inside = self._part(reader, view, part, trail)
            found = self._enter(inside, part, (*trail[:-1], f"{container.kind}, {part.label} at {part.offset:#x}"),
                                depth + 1, nested)  # fmt: skip
            if found:
                return found
        return None

    @staticmethod
    def _in_order(container: Container, view: memoryview | None) -> tuple[Part, ...]:
        # Read forward, only the first part can be reached for certain.
        return container.parts if view is not None else container.parts[:1]

    def _peek(self, reader: Reader, trail: tuple[str, ...]) -> bytes:
        try:
            return reader.peek(HEAD)
        except CorruptData as error:
            raise self._corrupt(error, trail, reader) from error

    def _part(self, reader: Reader, view: memoryview | None, part: Part, trail: tuple[str, ...]) -> Reader:
        where = f"{self.name}: {' > '.join(trail)}: the {part.label} at {part.offset:#x}"
        if part.length <= 0:
            raise SourceError(f"{where} is empty", "The image is damaged; fetch or copy it again.")
        if view is not None:
            if part.offset >= len(view):
                raise SourceError(
                    f"{where} is past the end of the image ({len(view):#x})",
                    "The image is truncated; fetch or copy it again.",
                )
            inside = view[part.offset : part.offset + part.length]
            self.views.append(inside)
            return ViewReader(inside)
        try:
            reached = reader.skip(part.offset)
        except CorruptData as error:
            raise self._corrupt(error, trail, reader) from error
        if not reached:
            raise SourceError(f"{where} is past the end of the image", "The image is truncated; fetch it again.")
        return SectionReader(reader, part.length)

    def _enter(self, inside: Reader, part: Part, trail: tuple[str, ...], depth: int, nested: int) -> Extracted | None:
        """Search a part; its compression does not count as another layer."""
        head = self._peek(inside, trail)[:16]
        compression = compression_of(head)
        if not compression:
            return self._layer(inside, trail, depth, nested)
        label = f"{compression} {part.label} at {part.offset:#x}"
        kind = trail[-1].split(",", 1)[0]
        return self._compressed(inside, compression, label, (*trail[:-1], kind), depth, nested, counted=True)

    def _compressed(
        self,
        reader: Reader,
        compression: str,
        label: str,
        trail: tuple[str, ...],
        depth: int,
        nested: int,
        *,
        counted: bool = False,
    ) -> Extracted | None:
        trail = (*trail, label)
        try:
            inside = Expansion(
                reader, compression, self.budget, where=label, window=max(1 << 16, self.limits.window >> nested)
            )
        except CorruptData as error:
            raise self._corrupt(error, trail, reader) from error
        self.kinds.append(label)
        return self._layer(inside, trail, depth if counted else depth + 1, nested + 1)

    def _plain(
        self,
        reader: Reader,
        view: memoryview | None,
        trail: tuple[str, ...],
        depth: int,
        nested: int,
        head: bytes | memoryview = b"",
    ) -> Extracted | None:
        """Look for the config in bytes as they are; then, where one can go back, in what is compressed in them."""
        found = Scan()
        try:
            if view is None:
                scan_into(found, reader)
            else:
                found = scan_view(view)
        except CorruptData as error:
            self.release = found.release or self.release
            raise self._corrupt(error, trail, reader) from error
        self.release = found.release or self.release
        if found.config is not None:
            return Extracted(found.config, (*trail, f"IKCONFIG at {found.at:#x}"), self.release or None)
        if trail and trail[-1].startswith("ELF module"):
            self.release = self.release or module_release(head)
            return None
        if found.release or view is None:
            return None  # a version string stands in a kernel's plain bytes: there is nothing left to unpack
        return self._guess(view, trail, depth, nested)

    def _guess(self, view: memoryview, trail: tuple[str, ...], depth: int, nested: int) -> Extracted | None:
        """Try every place that looks like compressed data, as scripts/extract-ikconfig of the kernel does."""
        broken: SourceError | None = None
        done = 0
        for offset, compression in self._candidates(view):
            if offset < done:
                continue
            inside = view[offset:]
            self.views.append(inside)
            reader = ViewReader(inside)
            before, kinds = self.budget.spent, len(self.kinds)
            try:
                found = self._compressed(
                    reader, compression, f"{compression} data at {offset:#x}", trail, depth, nested
                )
                if found:
                    return found
                if self.release:
                    return None
                done = offset + reader.offset // 2
            except SourceTooLargeError:
                raise
            except SourceError as error:
                if self.budget.spent - before >= _SUBSTANTIAL:
                    broken = broken or error
                else:
                    del self.kinds[kinds:]
        if broken:
            raise broken
        return None

    def _candidates(self, view: memoryview) -> Iterator[tuple[int, str]]:
        return iter(candidates(view, self.limits))

    def _corrupt(self, error: CorruptData, trail: tuple[str, ...], reader: Reader) -> SourceError:
        where = " > ".join(trail)
        at = ""
        inner: Reader = reader
        if isinstance(inner, SectionReader):
            inner = inner.upstream
        if isinstance(inner, Expansion):
            at = f", after {inner.upstream.offset:#x} bytes of it"
        release = f" (Linux {self.release})" if self.release else ""
        return SourceError(
            f"{self.name}{release}: {where}{': ' if where else ''}{error.reason}{at}",
            error.hint or "The file is truncated or damaged; fetch or copy it again.",
        )


__all__ = ["Extracted", "NoIkconfigError", "extract_config"]
