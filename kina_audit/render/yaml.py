"""Just enough YAML to write nested maps of scalars: every string in JSON's quotes, which YAML reads alike."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from kina_audit.render import one_line


def dump(value: Mapping[str, Any], indent: int = 0) -> str:
    """A nested mapping as block-style YAML; an empty one as ``{}``."""
    if not value:
        return " " * indent + "{}\n"
    lines = []
    for key, item in value.items():
        name = key if key.replace("-", "").replace("_", "").isalnum() and not key.isdigit() else json.dumps(key)
        if isinstance(item, Mapping) and item:
            lines.append(f"{' ' * indent}{name}:\n{dump(item, indent + 2)}")
        else:
            lines.append(f"{' ' * indent}{name}: {_scalar(item)}\n")
    return "".join(lines)


def _scalar(value: Any) -> str:
    if isinstance(value, Mapping | Sequence) and not isinstance(value, str):
        return json.dumps(value)
    return json.dumps(value, ensure_ascii=True)


def comment(text: str) -> str:
    """One comment line."""
    return f"# {one_line(text)}\n"
