"""From a profile's document, which follows the schema, to the value."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kina_audit.kernel.expression import Expression
from kina_audit.kernel.version import VersionRange
from kina_audit.profiles.model import Level, Message, Profile, Requirement, Variant, Way
from kina_audit.profiles.shown import read_shown

# By value: in Python 3.11 an enumeration looks one up by code in Python.
_LEVELS = {level.value: level for level in Level}


class RequirementError(ValueError):
    """A requirement's expression, version range or reference is wrong."""

    def __init__(self, requirement: str, text: str) -> None:
        """Name the requirement and say what is wrong with it."""
        super().__init__(f"requirement {requirement!r}: {text}")
        self.requirement = requirement


def row_id(table: Mapping[str, Any]) -> str:
    """The id of a requirement's table; one that takes another's condition may go by its id."""
    name: str = table.get("id") or table["same_as"].rpartition("/")[2]
    return name


def build_profile(
    document: Mapping[str, Any], path: str, borrow: Callable[[str], Mapping[str, Any]] | None = None
) -> Profile:
    """A `Profile` from a document that follows the schema.

    Args:
        document: what the file says.
        path: the file.
        borrow: finds the table of a requirement by ``profile/requirement``, for those that say ``same_as``.

    Raises:
        RequirementError: an expression, a version range or an id is wrong.
    """
    rows: dict[str, Requirement] = {}
    for table in document.get("requirement", ()):
        try:
            whole = table
            if "same_as" in table and borrow is not None:
                lent = borrow(table["same_as"])
                whole = {**lent, **table, "says": [*table.get("says", ()), *lent.get("says", ())]}
            row = _requirement(whole, document["id"], row_id(table))
        except ValueError as error:
            raise RequirementError(row_id(table), str(error)) from error
        if row.id in rows:
            raise RequirementError(row.id, "its id is there twice")
        rows[row.id] = row
    return Profile(
        id=document["id"],
        title=document["title"],
        description=document["description"],
        requirements=tuple(rows.values()),
        references=tuple(document.get("references", ())),
        tags=tuple(document.get("tags", ())),
        includes=tuple(document.get("includes", ())),
        any_of=tuple(document.get("any_of", ())),
        path=path,
    )


def _requirement(table: Mapping[str, Any], profile: str, name: str) -> Requirement:
    ways = tuple(map(_way, table.get("way", ())))
    live = read_shown(table)
    # By position: a thousand of them take half the time of those by names.
    return Requirement(
        name,
        live.expr if live else Expression.parse(" || ".join(f"({w.expr.text})" for w in ways) or table["expr"]),
        _LEVELS[table["level"]],
        table["why"],
        table["fix"],
        table["source"],
        table.get("module", True),
        _range(table),
        tuple(table.get("arch", ())),
        tuple(map(_variant, table.get("variant", ()))),
        profile,
        tuple(table.get("evidence", ())),
        tuple(map(_message, table.get("says", ()))),
        ways,
        (),
        _probes(table.get("probes", ())),
        live,
        table.get("older_need_none", False),
    )


def _way(table: Mapping[str, Any]) -> Way:
    return Way(table["name"], Expression.parse(table["expr"]), table["without"])


def _variant(table: Mapping[str, Any]) -> Variant:
    return Variant(Expression.parse(table["expr"]), _range(table), tuple(table.get("arch", ())), table.get("fix", ""))


def _message(table: Mapping[str, Any]) -> Message:
    return Message(table["text"], table["source"])


def _probes(listed: Sequence[str] | Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Groups of probes; a plain list is one group."""
    if not listed:
        return ()
    names = tuple(n for n in listed if isinstance(n, str))
    return (names,) if names else tuple(tuple(group) for group in listed)


def _range(table: Mapping[str, Any]) -> VersionRange | None:
    text = table.get("kernel")
    return None if text is None else VersionRange.parse(text)
