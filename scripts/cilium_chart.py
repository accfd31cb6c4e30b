#!/usr/bin/env python3
"""Make ``kina_audit/data/cilium-chart.txt`` from Cilium's Helm charts: which values each minor release reads, and their types.

    python3 scripts/cilium_chart.py cilium-1.16.19.tgz ... cilium-1.20.0.tgz     # every release, in any order

A chart is an archive or a folder with ``values.yaml``, ``values.schema.json`` (1.16 and later) and ``templates/``. A minor has
the values of all its patch releases, of the newest the types. To add a release, name its charts beside those of the others:
the file is written anew. Read are facts (names, types, what a template reads), not a word of text.
"""

import json
import re
import sys
import tarfile
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).resolve().parents[1] / "kina_audit/data/cilium-chart.txt"
HEAD = """\
# The values that Cilium's Helm charts read, minor release by minor release, and what types their schemas take.
# Read by kina_audit/cilium/chart.py for `cilium review`; written by scripts/cilium_chart.py from the charts, which says how a
# release is added. Names, types and releases are facts of the charts up to {charts} (repository cilium/charts).
# A line is NAME TYPES [RELEASES], indented below the mapping it is in; without RELEASES it has those of that mapping.
# b boolean, i integer, n number, s string, [s] list of strings, [] list, o mapping, O mapping with any keys, x anything,
# z nothing but null, {{A,B}} these words, ! the chart fails when it is set. {untyped} have no schema: types bind nobody there.
"""

LETTERS = {"boolean": "b", "integer": "i", "number": "n", "string": "s", "array": "[]", "object": "o", "null": ""}
UNREAD = {"AsMap", "hostServices"}
"""No values: Helm's own; and what ``coalesce .Values.socketLB .Values.hostServices`` never comes to, as socketLB is not empty."""

PATH = r"\$?\.Values((?:\.[A-Za-z0-9_]+)+)"


class Chart:
    """One chart's files.

    Attributes:
        minor: as ``1.20``.
        patch: its patch release.
        typed: it has a schema.
    """

    def __init__(self, path: Path) -> None:
        self.files = dict(self._read(path))
        version = str(yaml.safe_load(self.files["Chart.yaml"])["version"])
        major, minor, patch = re.fullmatch(r"(\d+)\.(\d+)\.(\d+).*", version).groups()  # type: ignore[union-attr]
        self.typed = "values.schema.json" in self.files
        self.version, self.minor, self.patch = version, f"{major}.{minor}", int(patch)

    @staticmethod
    def _read(path: Path) -> list[tuple[str, str]]:
        def wanted(name: str) -> bool:
            return name in ("Chart.yaml", "values.yaml", "values.schema.json") or name.startswith("templates/")

        if path.is_dir():
            names = [p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()]
            return [(n, (path / n).read_text(encoding="utf-8")) for n in names if wanted(n)]
        found = []
        with tarfile.open(path) as archive:
            for member in archive:
                name = member.name.partition("/")[2]
                if member.isfile() and wanted(name):
                    found.append((name, archive.extractfile(member).read().decode()))  # type: ignore[union-attr]
        return found

    def keys(self) -> dict[tuple[str, ...], str]:
        """The types of every value by path: of the schema, of what templates read beside it, of what they refuse."""
        found: dict[tuple[str, ...], str] = {}
        if "values.schema.json" in self.files:
            _of_schema(json.loads(self.files["values.schema.json"]), (), found)
        else:
            _of_values(yaml.safe_load(self.files["values.yaml"]), (), found)
        templates = {n: t for n, t in self.files.items() if n.startswith("templates/")}
        validate = next((t for n, t in templates.items() if n.endswith("validate.yaml")), "")
        read = {p for n, t in templates.items() if not n.endswith("validate.yaml") for p in _read_by(t)}
        for path in sorted(read, key=len):
            if path[0] in UNREAD or any(found.get(path[:n]) == "O" for n in range(1, len(path))):
                continue
            for n in range(1, len(path) + 1):
                found.setdefault(path[:n], "x" if n == len(path) else "o")
        for path in (p for t in templates.values() for p in _handed_over(t)):
            if found.get(path, "") == "o":
                found[path] = "O"
        whole = {p for p, types in found.items() if "O" in types}
        for path, types in found.items():
            if any(path[:n] in whole for n in range(1, len(path))):
                found[path] = types.replace("o", "O")  # what is written out whole is so to its depths
        for path in _refused(validate):
            if path not in found:
                for n in range(1, len(path)):
                    found.setdefault(path[:n], "o")
                found[path] = "!"
        below = {p[:n] for p in found for n in range(1, len(p)) if found[p[:n]] == "x"}
        for path in [p for p in found if any(p[:n] in below for n in range(1, len(p)))]:
            del found[path]
        return found


def _of_schema(node: dict[str, Any], path: tuple[str, ...], found: dict[tuple[str, ...], str]) -> None:
    for name, child in node.get("properties", {}).items():
        found[*path, name] = _types(child)
        _of_schema(child, (*path, name), found)


def _types(node: dict[str, Any]) -> str:
    if "oneOf" in node:
        return "".join(_types(n) for n in node["oneOf"] if n.get("type") != "null")
    if "enum" in node:
        return "{" + ",".join(node["enum"]) + "}"
    stated = node.get("type")
    if stated is None:
        return "x"
    names = [stated] if isinstance(stated, str) else sorted(stated)
    letters = "".join(LETTERS[n] for n in names)
    items = node.get("items", {}).get("anyOf", [])
    if items and all(i == {"type": "string"} for i in items):
        letters = letters.replace("[]", "[s]")
    if "o" in letters and not node.get("properties"):
        letters = letters.replace("o", "O")
    return letters or "z"


def _of_values(node: Any, path: tuple[str, ...], found: dict[tuple[str, ...], str]) -> None:
    for name, child in node.items():
        found[*path, name] = "o" if isinstance(child, dict) and child else "O" if isinstance(child, dict) else "x"
        if isinstance(child, dict):
            _of_values(child, (*path, name), found)


def _read_by(template: str) -> set[tuple[str, ...]]:
    """The paths that a template names."""
    found = {tuple(m[1][1:].split(".")) for m in re.finditer(PATH, template)}
    for match in re.finditer(r"hasKey +\(?\$?\.Values((?:\.[A-Za-z0-9_]+)*)\)? +\"([A-Za-z0-9_]+)\"", template):
        found.add((*match[1].split(".")[1:], match[2]))
    for name, value in re.findall(rf"(\$\w+) *:= *\(?(?:coalesce +)?{PATH}", template):
        found |= {(*value.split(".")[1:], *m.split(".")) for m in re.findall(rf"\{name}\.([A-Za-z0-9_.]+)", template)}
    return found


def _handed_over(template: str) -> set[tuple[str, ...]]:
    """The paths of mappings that a template writes out whole, whatever is in them."""
    found = {m[1] for m in re.finditer(rf"toYaml +{PATH}", template)}
    for match in re.finditer(rf"with +{PATH} *-?}}}}((?:(?!end).|\n){{0,160}})", template):
        if re.search(r"toYaml +\.[ )]", match[2]):
            found.add(match[1])
    found |= {m[1] for m in re.finditer(rf"range +\$\w+, *\$\w+ *:= *{PATH} *-?}}}}", template)}
    return {tuple(text[1:].split(".")) for text in found}


def _refused(template: str) -> set[tuple[str, ...]]:
    """The paths of values that were removed, and with which the chart fails."""
    found: set[tuple[str, ...]] = set()
    for condition, message in re.findall(r"\{\{-? if ((?:(?!\}\}).|\n)+?)-?\}\}\s*\{\{-? *fail \"([^\"]*)\"", template):
        if "removed in" in message:
            found |= {tuple(re.findall(r'"(\w+)"', m)) for m in re.findall(r'dig ((?:"\w+" )+)""', condition)}
            found |= {tuple(m.split(".")) for m in re.findall(r"\.Values\.([A-Za-z0-9_.]+)", condition) if m != "AsMap"}
    return found


def _merged(new: dict[tuple[str, ...], str], old: dict[tuple[str, ...], str]) -> dict[tuple[str, ...], str]:
    """The values of two patch releases; a scalar that both have may be what it is in either."""
    found = {**old, **new}
    for path, types in old.items():
        if (
            path in new
            and new[path] != types
            and (new[path] + types).isalpha()
            and not set(new[path] + types) & set("xoOz")
        ):
            found[path] = "".join(sorted({*new[path], *types}))
        elif new.get(path) == "!":
            found[path] = types
    return {p: t for p, t in found.items() if not any(found.get(p[:n]) == "x" for n in range(1, len(p)))}


def _span(minors: list[str], every: list[str]) -> list[str]:
    """Releases as ranges: ``1.17-``, ``-1.18``, ``1.17-1.18``."""
    spans: list[list[int]] = []
    for i in (every.index(m) for m in minors):
        if spans and spans[-1][1] == i - 1:
            spans[-1][1] = i
        else:
            spans.append([i, i])
    return [
        every[a] if a == b else f"{every[a] if a else ''}-{every[b] if b < len(every) - 1 else ''}" for a, b in spans
    ]


def _lines(path: tuple[str, ...], tables: dict[str, dict[tuple[str, ...], str]], minors: list[str]) -> list[str]:
    every = sorted(tables, key=lambda m: int(m.partition(".")[2]))
    names = sorted({p[len(path)] for m in minors for p in tables[m] if len(p) == len(path) + 1 and p[:-1] == path})
    lines = []
    for name in names:
        inside = (*path, name)
        rows: dict[str, list[str]] = {}
        for minor in minors:
            if inside in tables[minor]:
                rows.setdefault(tables[minor][inside], []).append(minor)
        for types, those in rows.items():
            for span in _span(those, every) if those != minors else [""]:
                lines.append(" ".join(filter(None, (" " * len(path) + name, types, span))))
                first, _, last = span.partition("-") if "-" in span else (span, "", span)
                within = [
                    m
                    for m in those
                    if not span or every.index(first or every[0]) <= every.index(m) <= every.index(last or every[-1])
                ]
                lines += _lines(inside, tables, within)
    return lines


def main(arguments: list[str]) -> int:
    """Write the data file from the charts that are named."""
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    newest: dict[str, Chart] = {}
    tables: dict[str, dict[tuple[str, ...], str]] = {}
    for chart in sorted((Chart(Path(a)) for a in arguments), key=lambda c: c.patch):
        newest[chart.minor] = chart
        tables[chart.minor] = _merged(chart.keys(), tables.get(chart.minor, {}))
    minors = sorted(tables, key=lambda m: int(m.partition(".")[2]))
    typed = next(m for m in minors if newest[m].typed)
    for minor in minors[: minors.index(typed)]:
        # Without a schema nothing binds: the types of later releases keep the file small, and say what is meant.
        for path, types in tables[minor].items():
            later = tables[typed].get(path, "")
            if types == "x" and later not in ("", "o", "O", "!"):
                tables[minor][path] = later
    untyped = " and ".join(m for m in minors if not newest[m].typed)
    head = HEAD.format(untyped=untyped, charts=", ".join(newest[m].version for m in minors))
    lines = [f"releases {' '.join(minors)}", f"typed {typed}-", *_lines((), tables, minors)]
    DATA.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{DATA.name}: {len(lines)} lines, {DATA.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
