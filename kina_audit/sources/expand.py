"""The kernels that sources name: a folder of configs, a pattern, ``@LIST``, ``recorded:*`` become many.

Whatever is named is in the answer, if only with the reason why it cannot be audited: a kernel that is left out without a
word looks like one that passes.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from glob import iglob
from io import StringIO
from pathlib import Path

from kina_audit.base.bounds import FOLDER_DEPTH, MIB, SOURCES, SOURCES_BYTES
from kina_audit.base.datatype import datatype
from kina_audit.errors import UsageError
from kina_audit.sources import named_file
from kina_audit.sources.local.stdin import opened

_ONE_KERNEL = (".config", "boot", "lib/modules", "Kconfig", "proc/config.gz")


@datatype
class Named:
    """One kernel that was named, or what was named and is none.

    Attributes:
        source: as `kina_audit.sources.open_source` takes it.
        error: why it cannot be read; empty: nobody has tried yet.
    """

    source: str
    error: str = ""


def _unheard(_: str) -> None:
    """For who does not ask."""


def expand(sources: Iterable[str], say: Callable[[str], None] = _unheard) -> Iterator[Named]:
    """Every kernel that sources name, in order.

    A folder that `check` would find one kernel in (a build tree, a root file system) stays one.

    Args:
        sources: as the user named them.
        say: hears of a folder that is gone through under another name, and is no row again.

    Raises:
        UsageError: a list that cannot be read, or more kernels than anybody looks at.
    """
    number = 0
    for source in sources:
        found = _expand(source, say)
        if source.startswith("@"):
            found = _or_error(source, "names no kernel", _of_list(Path(source[1:]), say))
        for one in found:
            number += 1
            if number > SOURCES:
                raise UsageError(f"{source[:200]}: more than {SOURCES:,} kernels", "Give fewer at once.")
            yield one


def _or_error(source: str, why: str, found: Iterator[Named]) -> Iterator[Named]:
    """The same, or one error when there is nothing."""
    first = next(found, None)
    yield first or Named(source, f"{source}: {why}")
    yield from found


def _of_list(path: Path, say: Callable[[str], None]) -> Iterator[Named]:
    for name in _listed(path):
        # A list does not name lists, or it might name itself; a line that names nothing is a row that says so.
        yield from (Named(name),) if name.startswith("@") else _expand(name, say)


def _expand(source: str, say: Callable[[str], None]) -> Iterator[Named]:
    pattern = any(c in source for c in "*?[")
    if source.startswith("recorded:") and pattern:
        from kina_audit.sources.recorded import entries

        names = (Named(f"recorded:{n}") for n, _, _ in entries() if fnmatchcase(f"recorded:{n}", source))
        yield from _or_error(source, "no recorded kernel is called so; `kina-audit kernels` lists them", names)
    elif os.path.isdir(source):  # noqa: PTH112  (Path.is_dir raises on some names before 3.14)
        yield from _of_folder(Path(source), {}, say)
    elif pattern and not os.path.lexists(source) and "://" not in source:
        yield from _or_error(source, "no file matches", _matching(source, say))
    else:
        yield Named(source)


def _matching(pattern: str, say: Callable[[str], None]) -> Iterator[Named]:
    """What a pattern matches, folders gone through unless the pattern does that itself."""
    deep = "**" in pattern
    for name in sorted(iglob(pattern, recursive=True)):  # noqa: PTH207
        if not os.path.isdir(name):  # noqa: PTH112
            yield _of_file(Path(name))
        elif not deep:
            yield from _of_folder(Path(name), {}, say)


def _of_folder(folder: Path, seen: dict[str, str], say: Callable[[str], None], depth: int = 1) -> Iterator[Named]:
    """A folder that holds one kernel, or everything below it that may be one; nothing hidden, nothing twice.

    ``seen`` are the folders that were gone through, and those they stand in, with the name they had: a link back to one of
    these leads in a circle, or to kernels that have their rows.
    """
    try:
        if depth > FOLDER_DEPTH:
            raise ValueError(f"more than {FOLDER_DEPTH} folders inside each other")
        place = Path(os.path.realpath(folder))
        seen.update({str(above): seen.get(str(above), str(above)) for above in place.parents})
        seen[str(place)] = str(folder)
        if any((folder / name).exists() for name in _ONE_KERNEL):
            yield Named(named_file(str(folder)))
            return
        entries = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        yield Named(str(folder), f"{folder}: cannot be read: {reason}")
        return
    if not entries:
        yield Named(str(folder), f"{folder}: an empty folder")
    for path in entries:
        if not os.path.isdir(path):  # noqa: PTH112
            yield _of_file(path)
        elif (known := seen.get(os.path.realpath(path))) is not None:
            say(f"{path}: left out: the same folder as {known}")
        else:
            yield from _of_folder(path, seen, say, depth + 1)


def _of_file(path: Path) -> Named:
    """A file of a folder or pattern; whoever named those did not mean to wait for a pipe."""
    name = named_file(str(path))
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return Named(name, f"{name}: a link that leads nowhere" if path.is_symlink() else f"{name}: no such file")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Named(name, f"{name}: cannot be read: {reason}")
    return Named(name) if stat.S_ISREG(mode) else Named(name, f"{name}: a pipe, a socket or a device, no file")


def _listed(path: Path) -> Iterator[str]:
    try:
        with opened(path) as file:
            data = file.read(SOURCES_BYTES + 1)
        if len(data) > SOURCES_BYTES:
            raise UsageError(f"{path}: more than {SOURCES_BYTES // MIB} MiB, which no list of kernels is")
        text = data.decode("utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise UsageError(f"{path}: cannot be read: {reason}", "A list names one kernel a line.") from error
    for line in StringIO(text):
        if (name := line.strip()) and not name.startswith("#"):
            yield name
