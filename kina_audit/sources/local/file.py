"""A file or stdin: config text, a kernel image or an archive, told by content and never by name."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from kina_audit.base.bounds import CONFIG_BYTES, IMAGE_BYTES, MIB, PIPE_SECONDS
from kina_audit.base.datatype import replace
from kina_audit.base.files import open_regular
from kina_audit.base.near import near, near_file
from kina_audit.errors import NoIkconfigError, SourceError, SourceNotFoundError, SourceTooLargeError
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.sources.local.stdin import STDIN, is_handed_over, opened, shown
from kina_audit.sources.options import SourceOptions
from kina_audit.sources.target import kernel_of, kernel_of_text

if TYPE_CHECKING:
    from kina_audit.kernel.compression.limits import Budget
    from kina_audit.kernel.compression.reader import Reader
    from kina_audit.sources.archive.read import Opener
    from kina_audit.sources.local.content import Content
    from kina_audit.sources.progress import Progress

_PLAIN_START = b"#C \t\r\n\xef"
_HEAD = 4096
_MAPPED = 128 * MIB
"""Files up to this size are mapped where that works, so that a kernel in an unknown wrapper can be searched for; others are streamed."""


def open_file(source: str, options: SourceOptions, *, member: str = "", kind: str = "") -> Kernel:
    """Read a path, or ``-`` for stdin.

    Args:
        source: the path.
        options: how to read it.
        member: which member of an archive; empty: the one that fits.
        kind: what to call the source in the provenance; empty: what its content is.

    Raises:
        SourceError: nothing there, no permission, too large, corrupt, or no kernel config in it.
    """
    if source == STDIN:
        return _read_stdin(Provenance(source, kind or "stdin", "stdin"), options, member)
    path = Path(source)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            from kina_audit.sources.local.directory import open_directory

            return open_directory(path, options, member)
        endless = stat.S_ISCHR(status.st_mode) and not is_handed_over(source)
        if endless or stat.S_ISBLK(status.st_mode) or stat.S_ISSOCK(status.st_mode):
            raise SourceError(f"{path} is a device or a socket, not a config file", "Give a file.")
        # A regular file that makes its reader wait (/proc/kmsg), or that has become something else by now, is an error.
        regular = path if stat.S_ISREG(status.st_mode) else None
        with open_regular(path) if regular else _open_once(source) as file:
            return _read(file, regular, Provenance(source, kind, source), options, member)
    except FileNotFoundError:
        raise SourceNotFoundError(
            f"{path}: no such file{meant(source)}",
            "Sources: a path, -, running, installed, apple[@REF], recorded:NAME, docker:, ssh:HOST, https://...",
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceError(f"{path}: cannot be read: {reason}", "Check the path and its permissions.") from error


def _open_once(source: str) -> BinaryIO:
    """What can be read only once: an open file that was handed over, or a named pipe as soon as somebody writes to it.

    Raises:
        OSError: it cannot be opened.
        SourceError: nobody wrote anything in time.
    """
    if is_handed_over(source):
        return open(source, "rb")
    from select import POLLIN, poll

    handle = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        # Opened so, it waits for no writer; and until the first one is there, it has no end.
        waiting = poll()
        waiting.register(handle, POLLIN)
        if not waiting.poll(PIPE_SECONDS * 1000):
            raise SourceError(
                f"{source}: a pipe that nobody wrote to within {PIPE_SECONDS} seconds",
                "Start what writes to it, or give a file, - or <(COMMAND).",
            )
        os.set_blocking(handle, True)  # from here on it is read as stdin is
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def meant(source: str) -> str:
    """The source by name or kind that somebody misspelled, or the command for many of them, as the end of a sentence."""
    if any(c in source for c in "*?["):
        return f"; `kina-audit matrix '{source}'` takes patterns"
    name, colon, rest = source.partition(":")
    known = (
        ("recorded", "container", "docker", "podman", "ssh", "kubectl") if colon else ("running", "installed", "apple")
    )
    return near(name, known, cutoff=0.75).replace("?", f"{colon}{rest}?") or near_file(source)


def _read_stdin(provenance: Provenance, options: SourceOptions, member: str) -> Kernel:
    with opened(STDIN) as file:
        return _read(file, None, provenance, options, member)


def read_text(path: Path, most: int = CONFIG_BYTES) -> str:
    """The text of a small file that a user names beside the kernel, or of stdin; bytes that are no UTF-8 are replaced.

    Args:
        path: the file, or ``-`` for stdin.
        most: bytes that it may have.

    Raises:
        SourceNotFoundError: nothing there.
        SourceTooLargeError: it has more bytes.
        SourceError: it cannot be read.
    """
    try:
        with opened(path) as file:
            data = file.read(most + 1)
    except FileNotFoundError:
        raise SourceNotFoundError(f"{path}: no such file{near_file(path)}", "Check the path.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        # Whoever waits for a pipe's writer may wait for ever; stdin is somebody's promise that there is one.
        hint = "Give a regular file, or pipe it in and give -." if "regular" in str(reason) else ""
        raise SourceError(f"{path}: cannot be read: {reason}", hint or "Check the path and its permissions.") from error
    if len(data) > most:
        raise SourceTooLargeError(
            f"{shown(path)}: more than {most // MIB} MiB, which no such file has", "Check the path."
        )
    return data.decode("utf-8", errors="replace")


def read_bytes(data: bytes, provenance: Provenance, options: SourceOptions, member: str = "") -> Kernel:
    """The kernel in bytes that are all here.

    Raises:
        SourceError: corrupt, too large, or no kernel config in it.
    """
    if not member and is_plain(data[:_HEAD]):
        return kernel_of_text(data, provenance, options)
    from kina_audit.kernel.compression.reader import ViewReader
    from kina_audit.sources.local.content import read_config

    view = memoryview(data)

    @contextmanager
    def opened() -> "Iterator[tuple[Reader, BinaryIO | None]]":
        yield ViewReader(view), BytesIO(data)

    def read(budget: "Budget") -> "Content":
        return read_config(ViewReader(view), budget.name, budget)

    return _search(ViewReader(view), opened, read, provenance, options, member)


def is_plain(head: bytes) -> bool:
    """Whether text starts here, so that nothing has to be looked into."""
    return head[:1] in _PLAIN_START and b"\0" not in head


def _read(file: BinaryIO, path: Path | None, provenance: Provenance, options: SourceOptions, member: str) -> Kernel:
    """The kernel in an open file; ``path`` is None when it can be read only once."""
    name = provenance.location
    head = file.read(_HEAD)
    if not member and is_plain(head):
        data = head + file.read(CONFIG_BYTES + 1 - len(head))
        if len(data) > CONFIG_BYTES:
            raise SourceTooLargeError(
                f"{name}: more than 16 MiB, which no kernel config is", "Give the kernel's .config."
            )
        return kernel_of_text(data, replace(provenance, kind=provenance.kind or "file"), options, file=path)
    from kina_audit.kernel.compression.reader import CallReader, ViewReader
    from kina_audit.sources.local.content import read_config
    from kina_audit.sources.progress import Progress

    size = os.fstat(file.fileno()).st_size if path else 0
    progress = Progress(options.progress, name, size)
    reader = CallReader(_watched(file.read, progress))
    reader.unread(head)
    reader.offset = 0

    @contextmanager
    def opened() -> "Iterator[tuple[Reader, BinaryIO | None]]":
        if path is None:
            yield reader, None
            return
        with open(path, "rb") as again:
            yield CallReader(_watched(again.read, progress)), again

    def read(budget: "Budget") -> "Content":
        if path is not None and size > _MAPPED:
            return read_config(
                CallReader(_bounded(reader.read, max(IMAGE_BYTES, budget.limits.layer), name)), name, budget
            )
        if (mapped := _mapped(file, path)) is not None:
            return read_config(ViewReader(mapped), name, budget)
        return read_config(CallReader(_bounded(reader.read, budget.limits.layer, name)), name, budget)

    return _search(reader, opened, read, provenance, options, member, path)


def _mapped(file: BinaryIO, path: Path | None) -> memoryview | None:
    """A regular file's bytes without reading them; None where only reading gives them.

    procfs, sysfs, some FUSE and 9p file systems refuse (``fs/proc/inode.c``, ``pde_mmap``: EIO), and a file that says
    it is empty may still have content.
    """
    if path is None:
        return None
    import mmap

    try:
        # Not closed by hand: an error's traceback may still hold slices of it, and closing would fail then.
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError):
        return None


def _search(
    reader: "Reader",
    open_: "Opener",
    read: "Callable[[Budget], Content]",
    provenance: Provenance,
    options: SourceOptions,
    member: str,
    path: Path | None = None,
) -> Kernel:
    """The kernel in an image, an archive or compressed text: ``reader`` tells which, ``open_`` and ``read`` get it out."""
    from kina_audit.kernel.compression.limits import Budget, Limits
    from kina_audit.sources.local.content import Kind, kind_of
    from kina_audit.sources.progress import Progress

    name = provenance.location
    bound = options.max_decompressed * MIB
    limits = Limits(layer=bound, total=bound)
    if member or kind_of(reader) is Kind.ARCHIVE:
        from kina_audit.sources.archive.read import read_archive

        found, content = read_archive(open_, name, member, limits)
        location, kind, path = f"{name}!{found}", "archive", None
    else:
        try:
            content = read(Budget(limits, name, Progress(options.progress, f"{name}, decompressed").at))
        except NoIkconfigError as error:
            if path is None:
                raise
            from kina_audit.sources.local.config_beside import open_beside

            return open_beside(path, error, provenance, options)
        location, kind = name, "image" if content.kind is Kind.IMAGE else "file"
    provenance = replace(provenance, kind=provenance.kind or kind, location=location)
    return kernel_of(content, provenance, options, file=path)


def _watched(read: Callable[[int], bytes], progress: "Progress") -> Callable[[int], bytes]:
    """``read`` that tells how far it has come."""
    done = 0

    def watched(size: int) -> bytes:
        nonlocal done
        data = read(size)
        done += len(data)
        progress.at(done)
        return data

    return watched


def _bounded(read: Callable[[int], bytes], limit: int, name: str) -> Callable[[int], bytes]:
    """A ``read`` of a stream that may have no end."""
    left = limit

    def bounded(size: int) -> bytes:
        nonlocal left
        data = read(size)
        left -= len(data)
        if left < 0:
            raise SourceTooLargeError(
                f"{name}: more than {limit // MIB} MiB, which no kernel image is",
                "If this is real, raise the bound (in MiB) with --max-decompressed.",
            )
        return data

    return bounded
