"""JSON: as this project writes it for people and for diffs, and as it reads anybody's."""

import json
from itertools import pairwise
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from kina_audit.base.bounds import JSON_VALUES


def read_json(data: str | bytes, *, once: bool = False) -> Any:
    """A JSON document.

    Args:
        data: its text.
        once: refuse an object with one key twice, of which a reader sees the first and a program takes the last.

    Raises:
        ValueError: it is no JSON, nested too deeply, has a key twice, or has more values than `JSON_VALUES`, which become a hundred times
            as many bytes as their text has.
    """
    marks: tuple[Any, ...] = (b",", b":", b"{", b"[") if isinstance(data, bytes) else (",", ":", "{", "[")
    if sum(data.count(mark) for mark in marks) > JSON_VALUES:
        raise ValueError(f"more than {JSON_VALUES:,} values")
    try:
        return json.loads(data, parse_constant=_no_number, object_pairs_hook=_once if once else None)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = sorted(k for k, _ in pairs)
        twice = next(a for a, b in pairwise(names) if a == b)
        raise ValueError(f"it has {twice[:80]!r} twice")
    return found


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def indented(document: Any) -> str:
    """A document of dictionaries with text keys, lists, texts, numbers, booleans and None, indented by two spaces.

    The bytes are those of ``json.dumps(document, indent=2)`` and a newline. CPython's encoder in C does not indent before
    3.14, and its other one takes half of the time of an audit with every profile; this one takes a tenth of that.
    """
    found: list[str] = []
    _write(document, "\n", found, {}, _Heads())
    found.append("\n")
    return "".join(found)


class _Heads(dict[str, str]):
    """The keys of objects as they stand before their values: a few dozen of them in thousands of places."""

    def __missing__(self, key: str) -> str:
        head = self[key] = f"{quoted(key)}: "
        return head


def _write(value: Any, margin: str, found: list[str], known: dict[tuple[int, str], str], heads: _Heads) -> None:
    """Append a value's text: of the outer levels, which are megabytes long, piece by piece, so that they are copied once."""
    kind = type(value)
    if kind not in (dict, list, tuple) or not value or len(margin) > _OUTER:
        found.append(_text(value, margin, known, heads))
        return
    inner = f"{margin}  "
    opening, closing = "{}" if kind is dict else "[]"
    for key, one in value.items() if kind is dict else (("", one) for one in value):
        found.append(f"{opening}{inner}{heads[key]}" if kind is dict else f"{opening}{inner}")
        _write(one, inner, found, known, heads)
        opening = ","
    found.append(f"{margin}{closing}")


_OUTER = len("\n      ")
"""The margin of the fourth level: of a report, its profiles, each of them, and its findings."""


def _text(value: Any, margin: str, known: dict[tuple[int, str], str], heads: _Heads) -> str:
    kind = type(value)
    if value is None or kind is bool:
        return _CONSTANTS[value]
    if kind is dict:
        if not value:
            return "{}"
        # One dictionary in many places, as a finding in many profiles, is written once. It lives as long as the document.
        text = known.get((id(value), margin))
        if text is None:
            inner = f"{margin}  "
            # Most of a report are texts, and a call for each is most of the time.
            rows = [
                heads[k] + (quoted(v) if type(v) is str else _text(v, inner, known, heads)) for k, v in value.items()
            ]
            text = known[id(value), margin] = f"{{{inner}{f',{inner}'.join(rows)}{margin}}}"
        return text
    if kind is list or kind is tuple:
        if not value:
            return "[]"
        inner = f"{margin}  "
        rows = [quoted(v) if type(v) is str else _text(v, inner, known, heads) for v in value]
        return f"[{inner}{f',{inner}'.join(rows)}{margin}]"
    if kind is str:
        return quoted(value)
    return str(value) if kind is int else json.dumps(value)


_CONSTANTS = {None: "null", True: "true", False: "false"}
