"""A user's Helm values or cilium-config ConfigMap, YAML or JSON, flattened with the line of each value."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kina_audit.base.bounds import MIB, VALUES, VALUES_BYTES, VALUES_DEPTH, VALUES_EVENTS, VALUES_KEY, VALUES_TEXT
from kina_audit.errors import NothingCheckedError, SourceTooLargeError, UsageError
from kina_audit.sources.cilium_objects import KINDS, Held, child, held, set_type, values_map
from kina_audit.sources.local.file import read_text
from kina_audit.sources.local.stdin import shown

if TYPE_CHECKING:
    from yaml import MappingNode, Node

HELM, CONFIGMAP = "helm-values", "configmap"
_NAME = "cilium-config"

_HINT = "Give Helm values or a ConfigMap."

A_LIST = "[...]"
"""What stands for a list; no value that decides about a feature is one."""

A_MAPPING = "{...}"
MAPPING = "o"

Row = tuple[str, str, int, str]
"""(key, value as text, line, type): the key is a Helm path with dots, a part's own dots behind a backslash, or a ConfigMap
key; the type is a letter: b boolean, i integer, n number, s text, z null, o mapping; [s], [] or [x] for a list."""


class Values(NamedTuple):
    """What a file says about Cilium.

    Attributes:
        kind: ``helm-values`` or ``configmap``.
        rows: the values, in the order of their lines.
        release: the version of the chart that the object around the values names, or an empty string.
        place: what they were found in, or an empty string.
        notes: what belongs to them and is not in the file, in sentences.
    """

    kind: str
    rows: list[Row]
    release: str = ""
    place: str = ""
    notes: tuple[str, ...] = ()


def read_values(path: str) -> Values:
    """Read a values file, a ConfigMap, or the object that a cluster's tool takes values from.

    Args:
        path: the file, or ``-`` for stdin.

    Raises:
        SourceError: it cannot be read, or is larger than any values file.
        NothingCheckedError: it is empty.
        UsageError: it is no YAML, or holds no values; the message names the line.
    """
    text = read_text(Path(path), VALUES_BYTES)
    name = shown(path)
    documents = _compose(text, name)
    boxed = next((v for v in map(values_map, documents) if v is not None), None)
    for document in documents:
        data = _config_map(document) if boxed is None else None
        if data is not None:
            return Values(CONFIGMAP, [r for r in _rows(data, "", _Count(name), dots=True) if r[3] != MAPPING])
    found = held(documents, name) or ([boxed] if boxed else [])
    if found:
        count = _Count(name)
        rows = [row for one in found for row in _of_object(one, name, count)]
        release = next((h.version for h in found if h.version), "")
        return Values(HELM, rows, release, found[-1].place, tuple(n for h in found for n in h.notes))
    for document in documents:
        kind = child(document, "kind")
        if kind is not None and child(document, "apiVersion") is not None:
            raise UsageError(
                f"{name}:{kind.start_mark.line + 1}: a Kubernetes object that is not the ConfigMap {_NAME}, or has no data",
                f"Give Helm values, the ConfigMap, or an object that holds values: {', '.join(KINDS)}.",
            )
    if len(documents) > 1:
        raise UsageError(f"{name}: several documents, none of them the ConfigMap {_NAME}", "Give one document.")
    return Values(HELM, list(_rows(documents[0], "", _Count(name))))


def _of_object(found: Held, name: str, count: "_Count") -> Iterator[Row]:
    for text, line, literal in found.texts:
        for document in _compose(text, name, line, empty=True):
            for key, value, at, type_ in _rows(document, "", count):
                yield key, value, line + at if literal else line, type_
    for node in found.nodes:
        yield from _rows(node, "", count)
    for key, value, line, forced in found.parameters:
        count.add()
        count.add(key + value)
        yield key, value, line, "s" if forced else set_type(value)


def _compose(text: str, name: str, above: int = 0, *, empty: bool = False) -> "list[MappingNode]":
    """The mappings in a text that begins below a line, of which there may be none when ``empty``."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # Nodes hold two hundred times what the text does: they are counted before one is made.
        if sum(1 for _ in islice(yaml.parse(text, Loader=loader), VALUES_EVENTS + 1)) > VALUES_EVENTS:
            raise SourceTooLargeError(f"{name}: larger than any values file", _HINT)
        documents = list(yaml.compose_all(text, Loader=loader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{above + mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "no YAML"
        raise UsageError(f"{name}{line}: {problem}", "Give Helm values or a ConfigMap, in YAML or JSON.") from error
    except RecursionError as error:
        raise UsageError(f"{name}: nested too deeply", "Give Helm values or a ConfigMap.") from error
    found = [d for d in documents if isinstance(d, yaml.MappingNode)]
    if not empty and all(d.tag == "tag:yaml.org,2002:null" for d in documents):
        raise NothingCheckedError(f"{name}: nothing was checked: the file is empty", _HINT)
    if not found and not empty:
        raise UsageError(f"{name}: no values in it", "Give Helm values or a ConfigMap, in YAML or JSON.")
    return found


def _config_map(node: "Node") -> "MappingNode | None":
    """The data of the ConfigMap that a document is, or that is an item of its list."""
    from yaml import MappingNode, SequenceNode

    items = child(node, "items")
    found = [node, *items.value] if isinstance(items, SequenceNode) else [node]
    for item in found:
        kind, metadata, data = child(item, "kind"), child(item, "metadata"), child(item, "data")
        label = child(metadata, "name") if metadata is not None else None
        named = len(found) == 1 or (label is not None and label.value == _NAME)
        if kind is not None and kind.value == "ConfigMap" and isinstance(data, MappingNode) and named:
            return data
    return None


class _Count:
    """What aliases and merges make of a small text is counted, not what they are written with."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._values = 0
        self._characters = 0

    def add(self, text: str = "") -> None:
        """One more key, merge or mapping, or the text of a row.

        Raises:
            SourceTooLargeError: it is one too many.
        """
        self._values += not text
        self._characters += len(text)
        if self._values > VALUES:
            raise SourceTooLargeError(f"{self.name}: more than {VALUES:,} values", _HINT)
        if self._characters > VALUES_TEXT:
            raise SourceTooLargeError(f"{self.name}: more than {VALUES_TEXT // MIB} MiB of values", _HINT)


def _rows(node: "MappingNode", prefix: str, count: _Count, depth: int = 0, *, dots: bool = False) -> Iterator[Row]:
    """The values in a mapping, mappings among them; with ``dots`` a name's own stay what they are."""
    from yaml import MappingNode, ScalarNode, SequenceNode

    count.add()
    name = count.name
    if depth > VALUES_DEPTH:
        raise UsageError(f"{name}:{node.start_mark.line + 1}: nested too deeply", _HINT)
    merged: list[MappingNode] = []
    own: dict[str, tuple[Node, Node]] = {}
    for key, value in node.value:
        count.add()
        if not isinstance(key, ScalarNode):
            where = f"{name}:{key.start_mark.line + 1}"
            raise UsageError(f"{where}: a key that is no text", "Render templates first; quote values with braces.")
        if key.tag == "tag:yaml.org,2002:merge":
            merged += [
                n for n in (value.value if isinstance(value, SequenceNode) else [value]) if isinstance(n, MappingNode)
            ]
        else:
            if len(prefix) + len(key.value) > VALUES_KEY:
                where = f"{name}:{key.start_mark.line + 1}"
                raise SourceTooLargeError(f"{where}: a key of more than {VALUES_KEY:,} characters", _HINT)
            own[str(key.value)] = key, value  # of a key that is there twice, Helm reads the last
    # What is merged in gives way to the mapping's own keys, and the later of several to the earlier.
    for other in reversed(merged):
        yield from _rows(other, prefix, count, depth + 1, dots=dots)
    for part, (key, value) in own.items():
        path = prefix + (part if dots else part.replace(".", "\\."))
        if isinstance(value, MappingNode):
            count.add(path)
            yield path, A_MAPPING, key.start_mark.line + 1, MAPPING
            yield from _rows(value, f"{path}.", count, depth + 1, dots=dots)
        else:
            text = _text(value) if isinstance(value, ScalarNode) else A_LIST
            count.add(path + text)
            yield path, text, key.start_mark.line + 1, _type(value)


def _type(node: "Node") -> str:
    """The letter of a value's type as Helm reads it: of YAML 1.1 without numbers to the base of 60."""
    from yaml import ScalarNode

    if not isinstance(node, ScalarNode):
        kinds = {_type(n) if isinstance(n, ScalarNode) else "x" for n in node.value}
        return "[]" if not kinds else "[s]" if kinds == {"s"} else "[x]"
    kind, text = node.tag.rpartition(":")[2], str(node.value)
    if kind in ("int", "float"):
        return "s" if ":" in text else kind[0].replace("f", "n")
    return {"bool": "b", "null": "z"}.get(kind, "s")


def _text(node: "Node") -> str:
    kind = node.tag.rpartition(":")[2]
    text = str(node.value)
    if kind == "bool":
        return "true" if text.lower() in ("true", "yes", "on", "y") else "false"
    return "null" if kind == "null" else text
