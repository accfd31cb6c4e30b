"""The cilium-config keys that decide about features, and the Helm values they come from: ``data/cilium-keys.toml``."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from kina_audit.base.datatype import datatype
from kina_audit.base.packaged import data_file, toml_document
from kina_audit.cilium.release import Release

Wanted = Mapping[str, str | list[str]]
"""ConfigMap keys and the values that count; keys joined by ``|`` are alternatives, and so are the values of a list."""

SET = "<set>"
"""Stands among values for any but none."""

CONFIGMAP = "configmap"
"""The kind of values whose keys are those of cilium-config; of any other they are Helm paths."""


@datatype
class Given:
    """One value that a user has set.

    Attributes:
        key: the Helm path, dots between its parts (a part's own behind a backslash), or the ConfigMap key.
        value: as text; booleans are ``true`` and ``false``.
        line: where it stands, from 1.
        type: what it is in the letters of ``data/cilium-chart.txt``, mappings among them; empty: not told.
    """

    key: str
    value: str
    line: int
    type: str = ""


@datatype
class Key:
    """A cilium-config key and where its value is from.

    Attributes:
        config: the key.
        helm: the Helm value that it is rendered from.
        when: the Helm values that it is rendered from where one alone does not decide.
        then: what comes of those.
        weak: that the key's own value goes before those.
        default: what the chart makes of values that are not set.
        unset: what a ConfigMap without the key means.
        values: what it may be; empty: anything.
        newer: what the source takes since, of which it is not established in which release.
    """

    config: str
    helm: str
    when: Wanted
    then: str
    weak: bool
    default: str
    unset: str
    values: tuple[str, ...]
    newer: tuple[str, ...]


def keys(release: Release) -> list[Key]:
    """The keys of one release."""
    return [_key(row) for row in of_release("key", release)]


def _key(row: Mapping[str, Any]) -> Key:
    return Key(
        config=row["config"],
        helm=row["helm"],
        when=row.get("when", {}),
        then=row.get("then", "true"),
        weak=row.get("weak", False),
        default=row["default"],
        unset=row.get("unset", row["default"]),
        values=tuple(row["values"]),
        newer=tuple(row.get("newer", ())),
    )


def defaults() -> Mapping[str, str]:
    """What the chart makes of values that are not set, where a key is rendered from several."""
    table: Mapping[str, str] = _document()["defaults"]
    return table


def derive(values: Mapping[str, str], release: Release, *, late: bool = False) -> dict[str, str]:
    """Values with what an agent of a release makes of some because of others; late: with what it then reports of itself, too."""
    found = dict(values)
    for row in of_release("derived", release):
        if row.get("late", False) <= late and matches(row["when"], found):
            found |= row["then"]
    return found


def on_when() -> Mapping[str, list[Wanted]]:
    """For each feature the keys and values that switch it on: any of the tables does."""
    table: Mapping[str, Wanted | list[Wanted]] = _document()["on"]
    return {name: row if isinstance(row, list) else [row] for name, row in table.items()}


def switches_on(feature: str, values: Mapping[str, str]) -> bool:
    """Whether values switch a feature on."""
    return any(matches(wanted, values) for wanted in on_when().get(feature, ()))


def matches(wanted: Wanted, values: Mapping[str, str]) -> bool:
    """Whether values are as a row of the data file wants them: of keys joined by ``|`` any, of a list of values any."""
    for names, allowed in wanted.items():
        found = {values[n] for n in names.split("|") if n in values}
        if not (any(found) if allowed == SET else found & set([allowed] if isinstance(allowed, str) else allowed)):
            return False
    return True


@cache
def charted(release: Release) -> Mapping[str, str]:
    """What the chart of a release makes of each key when nobody sets a value."""
    found: dict[str, str] = {}
    for row in of_release("key", release):
        found.setdefault(row["config"], row["default"])
    return found


def of_release(table: str, release: Release) -> list[dict[str, Any]]:
    """The rows of a table of the data file that are about a release."""
    return release.of(_document()[table])


def every_row(table: str) -> list[dict[str, Any]]:
    """The rows of a table of the data file, of whatever release."""
    rows: list[dict[str, Any]] = _document()[table]
    return rows


@cache
def _document() -> dict[str, Any]:
    return toml_document(data_file("cilium-keys.toml"))
