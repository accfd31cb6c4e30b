"""Write docs/report.md from the report's JSON Schema: ``python scripts/generate_report_docs.py > docs/report.md``."""

import json
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).resolve().parents[1] / "kina_audit/data/schemas/report.schema.json"


def rows(schema: dict[str, Any], properties: dict[str, Any], required: list[str]) -> list[str]:
    """One table row for each property; what only refers to a definition is described by it."""
    out = ["| field | type | meaning |", "|---|---|---|"]
    for name, node in properties.items():
        always = "" if name in required else " (optional)"
        described = node if "description" in node else schema["$defs"][node["$ref"].rpartition("/")[2]]
        examples = ", ".join(f"`{json.dumps(e)}`" for e in node.get("examples", ()))
        example = f" For example {examples}." if examples else ""
        out.append(f"| `{name}`{always} | {kind(node)} | {described.get('description', '')}{example} |")
    return out


def kind(node: dict[str, Any]) -> str:
    """A property's type in words."""
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        return "text or null" if name == "text" else f"[{name}](#{name})"
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        return ", ".join(f"`{v}`" for v in node["enum"])
    if "anyOf" in node:
        return " or ".join(kind(n) for n in node["anyOf"])
    if node.get("type") == "array":
        return f"list of {kind(node['items'])}"
    types = node.get("type", "any")
    return " or ".join(types) if isinstance(types, list) else types


def objects(schema: dict[str, Any], name: str, node: dict[str, Any]) -> list[str]:
    """A section for an object, and for the objects written inside it."""
    if node.get("type") != "object" or "properties" not in node:
        return []
    out = ["", f"## {name}", "", *([node["description"], ""] if "description" in node else [])]
    out += rows(schema, node["properties"], node.get("required", []))
    for key, child in node["properties"].items():
        inner = child.get("items", child)
        for option in [inner, *inner.get("anyOf", [])]:
            out += objects(schema, f"{name}.{key}", option) if "$ref" not in option else []
    return out


def main() -> None:
    """Print the page."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    out = [
        "# The JSON report",
        "",
        "`kina-audit check --format json` writes this document; `kina-audit schema report` prints its JSON Schema",
        f"(`{schema['$id']}`). {schema['description']} The same input gives the same bytes.",
        "",
        "This page is generated from the schema by `scripts/generate_report_docs.py`.",
        *objects(schema, "report", {**schema, "description": schema["title"]}),
    ]
    for name, node in schema["$defs"].items():
        out += objects(schema, name, node)
        if "enum" in node:
            out += ["", f"## {name}", "", f"{node['description']} One of {kind(node)}."]
    print("\n".join(out))


if __name__ == "__main__":
    main()
