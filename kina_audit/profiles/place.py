"""The line of a TOML file that an error is about; the parser of the standard library keeps no positions."""

import re
from collections.abc import Sequence

_HEADER = re.compile(r"\s*+\[\[?([^\[\]]++)\]\]?\s*+(?:#.*)?$")


def line_of(text: str, path: Sequence[str | int], table: str = "") -> int | None:
    """The line where a value stands, counted from 1, or the nearest table around it; None: not found.

    Args:
        text: the file.
        path: keys and indices, such as ``("requirement", 2, "variant", 0, "kernel")``.
        table: the table in which the document starts, for ``pyproject.toml``.
    """
    lines = text.splitlines()
    names = table.split(".") if table else []
    at = _header(lines, table, 0, 0) if table else -1
    if at is None:
        return None
    rest = list(path)
    while rest:
        key = rest.pop(0)
        found = None
        if rest and isinstance(rest[0], int):
            found = _header(lines, ".".join([*names, str(key)]), rest[0], at + 1)
        if found is None:
            found = _key(lines, str(key), at + 1)
            return (at if found is None else found) + 1 or None
        rest.pop(0)
        names.append(str(key))
        at = found
    return at + 1 or None


def _header(lines: Sequence[str], name: str, index: int, start: int) -> int | None:
    """The ``index``-th header of a table from a line on."""
    for number in range(start, len(lines)):
        match = _HEADER.match(lines[number])
        if match and match[1].strip() == name:
            if not index:
                return number
            index -= 1
    return None


def _key(lines: Sequence[str], key: str, start: int) -> int | None:
    """The line of a key between a line and the next table."""
    pattern = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]")
    for number in range(start, len(lines)):
        if pattern.match(lines[number]):
            return number
        if _HEADER.match(lines[number]) and "=" not in lines[number]:
            return None
    return None
