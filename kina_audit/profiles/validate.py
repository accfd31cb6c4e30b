"""Profile and settings documents against their JSON Schemas, with an error that names the table, the key and what is allowed."""

import json
from functools import cache
from typing import Any

from kina_audit.errors import ProfileError
from kina_audit.packaged import data_file


def profile_schema() -> dict[str, Any]:
    """The profile JSON Schema (draft 2020-12)."""
    return _schema("profile")


@cache
def _schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(data_file(f"schemas/{name}.schema.json").read_text(encoding="utf-8"))
    return schema


def check_document(document: Any, name: str) -> None:
    """Raise the clearest error when ``document`` does not follow the schema.

    Raises:
        ProfileError: naming the file, the table and key, and what is allowed there.
    """
    error = first_error(document, "profile")
    if error is not None:
        raise ProfileError(f"{name}: {error[0]}", error[1])


def first_error(document: Any, schema: str) -> tuple[str, str] | None:
    """(what is wrong, what is allowed there) of the most telling breach of a packaged schema; None: there is none."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(_schema(schema)).iter_errors(document))
    if error is None:
        return None
    while error.validator == "anyOf" and error.context:
        # Of alternatives, the one that comes furthest; "or null" is the one nobody meant.
        error = max(error.context, key=lambda e: (len(e.absolute_path), e.validator != "type"))
    return f"{_where(document, list(error.absolute_path))}{error.message}", _allowed(error, schema)


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
            words.append(f'{key} "{label}"' if label else f"{key} {index + 1}")
        else:
            words.append(f"key {key}")
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
