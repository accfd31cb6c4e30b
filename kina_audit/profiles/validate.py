"""Profile and settings documents against their JSON Schemas, with an error that names the table, the key and what is allowed."""

import json
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from kina_audit.base.near import near
from kina_audit.base.packaged import data_file
from kina_audit.errors import ProfileError
from kina_audit.profiles.place import line_of

_MOST_ERRORS = 100
"""Breaches that are weighed against each other; each holds the text of a value."""
_LONGEST_TOLD = 240
"""Characters of a value that a message repeats."""


class Breach(NamedTuple):
    """How a document breaks its schema: what is wrong, what is allowed there, and keys and indices that lead there."""

    text: str
    hint: str
    path: tuple[str | int, ...]


def profile_schema() -> dict[str, Any]:
    """The profile JSON Schema (draft 2020-12)."""
    return _schema("profile")


@cache
def _schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(data_file(f"schemas/{name}.schema.json").read_text(encoding="utf-8"))
    return schema


def check_document(document: Any, name: str, text: str = "") -> None:
    """Raise the clearest error when ``document``, read from ``text``, does not follow the schema.

    Raises:
        ProfileError: naming the file and line, the table and key, and what is allowed there.
    """
    breach = first_error(document, "profile")
    if breach is not None:
        line = line_of(text, breach.path)
        raise ProfileError(f"{name}:{line}: {breach.text}" if line else f"{name}: {breach.text}", breach.hint)


def first_error(document: Any, schema: str) -> Breach | None:
    """The most telling breach of a packaged schema; None: there is none."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    errors = list(islice(Draft202012Validator(_schema(schema)).iter_errors(document), _MOST_ERRORS))
    # A misspelt key is often also a missing one, and says more.
    error = best_match([e for e in errors if e.validator == "additionalProperties"] or errors)
    if error is None:
        return None
    choices = _keys_of_choice(error)
    while choices is None and error.validator == "anyOf" and error.context:
        # Of alternatives, the one that comes furthest; "or null" is the one nobody meant.
        error = max(error.context, key=lambda e: (len(e.absolute_path), e.validator != "type"))
    path = list(error.absolute_path)
    said, hint = error.message, _allowed(error, schema)
    if choices is not None:
        said, hint = f"neither {choices} is there", "One of them is needed."
    elif error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = next(key for key in error.instance if key not in known)
        said = (
            f"unknown key {unknown!r}{near(unknown, known, cutoff=0.6)}"
            if len(unknown) <= _LONGEST_TOLD
            else "a long unknown key"
        )
        path.append(unknown)
    return Breach(f"{_where(document, list(error.absolute_path))}{_short(said)}", hint, tuple(path))


def _short(text: str) -> str:
    """A message about a value, without the middle of a long one: what is wrong with it stands at the end."""
    return text if len(text) <= _LONGEST_TOLD else f"{text[: _LONGEST_TOLD - 80]} ... {text[-80:]}"


def _keys_of_choice(error: Any) -> str | None:
    """The keys of which a table must have one: ``requirement nor includes nor any_of``; None: another error."""
    if error.validator != "anyOf" or any(set(branch) != {"required"} for branch in error.validator_value):
        return None
    return " nor ".join(key for branch in error.validator_value for key in branch["required"])


def _where(document: Any, path: list[Any]) -> str:
    """A path such as requirement "vxlan", variant 1, key kernel."""
    words: list[str] = []
    node = document
    while path:
        key = path.pop(0)
        node = node[key]
        if path and isinstance(path[0], int):
            index = path.pop(0)
            node = node[index]
            label = node.get("id") if isinstance(node, dict) else None
            words.append(f'{_short(str(key))} "{_short(str(label))}"' if label else f"{_short(str(key))} {index + 1}")
        else:
            words.append(f"key {_short(str(key))}")
    return f"{', '.join(words)}: " if words else ""


def _allowed(error: Any, schema_name: str) -> str:
    schema = error.schema if isinstance(error.schema, dict) else {}
    if error.validator == "additionalProperties":
        return "Allowed keys here: " + ", ".join(schema.get("properties", {})) + "."
    if error.validator == "required":
        return "Every one of these keys is needed: " + ", ".join(error.validator_value) + "."
    if error.validator == "enum":
        return "Allowed values: " + ", ".join(map(str, error.validator_value)) + "."
    description = schema.get("description")
    return str(description) if description else f"`kina-audit schema {schema_name}` prints the schema."
