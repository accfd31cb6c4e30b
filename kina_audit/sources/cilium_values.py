"""A user's Helm values or cilium-config ConfigMap, YAML or JSON, flattened with the line of each value."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from kina_audit.base.bounds import MIB, VALUES, VALUES_BYTES, VALUES_DEPTH, VALUES_EVENTS, VALUES_KEY, VALUES_TEXT
from kina_audit.errors import SourceTooLargeError, UsageError
from kina_audit.sources.local.file import read_text
from kina_audit.sources.local.stdin import shown

if TYPE_CHECKING:
    from yaml import MappingNode, Node

HELM, CONFIGMAP = "helm-values", "configmap"
_NAME = "cilium-config"

_HINT = "Give Helm values or a ConfigMap."

A_LIST = "[...]"
"""What stands for a list; no value that decides about a feature is one."""

Row = tuple[str, str, int]
"""(key, value as text, line): the key is a Helm path with dots, or a ConfigMap key."""


def read_values(path: str) -> tuple[str, list[Row]]:
    """Read a values file or a ConfigMap.

    Args:
        path: the file, or ``-`` for stdin.

    Returns:
        ``helm-values`` or ``configmap``, and the values in the order of their lines.

    Raises:
        SourceError: it cannot be read, or is larger than any values file.
        UsageError: it is no YAML, or neither values nor a ConfigMap; the message names the line.
    """
    text = read_text(Path(path), VALUES_BYTES)
    name = shown(path)
    documents = _compose(text, name)
    for document in documents:
        data = _config_map(document)
        if data is not None:
            return CONFIGMAP, list(_rows(data, "", _Count(name)))
    for document in documents:
        kind = _child(document, "kind")
        if kind is not None and _child(document, "apiVersion") is not None:
            where = f"{name}:{kind.start_mark.line + 1}"
            raise UsageError(
                f"{where}: a Kubernetes object that is not the ConfigMap {_NAME}, or has no data",
                "Give Helm values or the ConfigMap.",
            )
    if len(documents) > 1:
        raise UsageError(f"{name}: several documents, none of them the ConfigMap {_NAME}", "Give one document.")
    return HELM, list(_rows(documents[0], "", _Count(name)))


def _compose(text: str, name: str) -> "list[MappingNode]":
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # Nodes hold two hundred times what the text does: they are counted before one is made.
        if sum(1 for _ in islice(yaml.parse(text, Loader=loader), VALUES_EVENTS + 1)) > VALUES_EVENTS:
            raise SourceTooLargeError(f"{name}: larger than any values file", _HINT)
        documents = list(yaml.compose_all(text, Loader=loader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "no YAML"
        raise UsageError(f"{name}{line}: {problem}", "Give Helm values or a ConfigMap, in YAML or JSON.") from error
    except RecursionError as error:
        raise UsageError(f"{name}: nested too deeply", "Give Helm values or a ConfigMap.") from error
    found = [d for d in documents if isinstance(d, yaml.MappingNode)]
    if not found:
        raise UsageError(f"{name}: no values in it", "Give Helm values or a ConfigMap, in YAML or JSON.")
    return found


def _child(node: "Node", key: str) -> "Node | None":
    from yaml import MappingNode

    if not isinstance(node, MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _config_map(node: "Node") -> "MappingNode | None":
    """The data of the ConfigMap that a document is, or that is an item of its list."""
    from yaml import MappingNode, SequenceNode

    items = _child(node, "items")
    found = [node, *items.value] if isinstance(items, SequenceNode) else [node]
    for item in found:
        kind, metadata, data = _child(item, "kind"), _child(item, "metadata"), _child(item, "data")
        label = _child(metadata, "name") if metadata is not None else None
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


def _rows(node: "MappingNode", prefix: str, count: _Count, depth: int = 0) -> Iterator[Row]:
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
        yield from _rows(other, prefix, count, depth + 1)
    for part, (key, value) in own.items():
        path = f"{prefix}{part}"
        if isinstance(value, MappingNode):
            yield from _rows(value, f"{path}.", count, depth + 1)
        else:
            text = _text(value) if isinstance(value, ScalarNode) else A_LIST
            count.add(path + text)
            yield path, text, key.start_mark.line + 1


def _text(node: "Node") -> str:
    kind = node.tag.rpartition(":")[2]
    text = str(node.value)
    if kind == "bool":
        return "true" if text.lower() in ("true", "yes", "on", "y") else "false"
    return "null" if kind == "null" else text
