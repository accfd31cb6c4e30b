"""Profile documents against the JSON Schema, with an error that names the table, the key and what is allowed."""

import json
from functools import cache
from typing import Any

from kina_audit.errors import ProfileError
from kina_audit.packaged import data_file


@cache
def profile_schema() -> dict[str, Any]:
    """The profile JSON Schema (draft 2020-12)."""
    schema: dict[str, Any] = json.loads(data_file("schemas/profile.schema.json").read_text(encoding="utf-8"))
    return schema


def check_document(document: Any, name: str) -> None:
    """Raise the clearest error when ``document`` does not follow the schema.

    Raises:
        ProfileError: naming the file, the table and key, and what is allowed there.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(profile_schema()).iter_errors(document))
    if error is None:
        return
    raise ProfileError(f"{name}: {_where(document, list(error.absolute_path))}{error.message}", _allowed(error))


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


def _allowed(error: Any) -> str:
    schema = error.schema if isinstance(error.schema, dict) else {}
    if error.validator == "additionalProperties":
        return "Allowed keys here: " + ", ".join(schema.get("properties", {})) + "."
    if error.validator == "required":
        return "Every one of these keys is needed: " + ", ".join(error.validator_value) + "."
    if error.validator == "enum":
        return "Allowed values: " + ", ".join(map(str, error.validator_value)) + "."
    description = schema.get("description")
    return str(description) if description else "`kina-audit schema profile` prints the schema."
