"""Where Helm values stand in a Kubernetes object: k3s and RKE2's HelmChart and HelmChartConfig, Flux's HelmRelease, Argo CD's Application.

Lines are those of the file. What such an object names without holding it (a ConfigMap, a file of a repository) is told.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kina_audit.errors import UsageError

if TYPE_CHECKING:
    from yaml import MappingNode, Node

KINDS = ("HelmChartConfig", "HelmChart", "HelmRelease", "Application")


class Held(NamedTuple):
    """The values in an object, what goes before others last.

    Attributes:
        place: the object, for people.
        texts: YAML in strings: the text, the line it begins behind or stands on, and whether its own lines follow that.
        nodes: mappings of values.
        parameters: as of ``helm --set``: the name, the value, the line, and whether the value is text whatever it looks like.
        version: the chart's, or an empty string.
        notes: what is not in the object, in sentences.
    """

    place: str
    texts: Sequence[tuple[str, int, bool]] = ()
    nodes: "Sequence[MappingNode]" = ()
    parameters: Sequence[tuple[str, str, int, bool]] = ()
    version: str = ""
    notes: tuple[str, ...] = ()


def held(documents: "Sequence[MappingNode]", name: str) -> list[Held]:
    """The objects among documents that hold Cilium's values; a HelmChart goes before the HelmChartConfig of its name.

    Raises:
        UsageError: there are several releases, and none or more than one of them is called Cilium.
    """
    found = [(d, text_of(d, "kind")) for d in documents if text_of(d, "kind") in KINDS and child(d, "spec") is not None]
    if len(found) > 1:
        found = [(d, kind) for d, kind in found if "cilium" in _called(d)] or found
    if len({text_of(d, "metadata", "name") for d, _ in found}) > 1:
        places = ", ".join(f"{kind} on line {d.start_mark.line + 1}" for d, kind in found)
        raise UsageError(
            f"{name}: several objects with values, and not one of them is Cilium's alone: {places}", "Give one."
        )
    found.sort(key=lambda pair: KINDS.index(pair[1]), reverse=True)
    return [h for d, kind in found for h in _READ[kind](d, f"{kind} {text_of(d, 'metadata', 'name')}".rstrip())]


def values_map(document: "MappingNode") -> Held | None:
    """A ConfigMap with a ``values.yaml`` in it, which such objects take values from."""
    data = child(document, "data")
    if text_of(document, "kind") != "ConfigMap" or data is None or child(data, "values.yaml") is None:
        return None
    return Held(f"ConfigMap {text_of(document, 'metadata', 'name')}".rstrip(), _texts(child(data, "values.yaml")))


def child(node: "Node | None", *keys: str) -> "Node | None":
    """What stands under keys, one in the other; None: nothing does."""
    from yaml import MappingNode

    for key in keys:
        if not isinstance(node, MappingNode):
            return None
        node = next((value for name, value in node.value if name.value == key), None)
    return node


def text_of(node: "Node | None", *keys: str) -> str:
    """The text that stands under keys, or an empty string."""
    from yaml import ScalarNode

    found = child(node, *keys)
    return str(found.value) if isinstance(found, ScalarNode) else ""


def _called(document: "MappingNode") -> str:
    names = [("metadata", "name"), ("spec", "chart"), ("spec", "chart", "spec", "chart"), ("spec", "source", "chart")]
    every = [text_of(document, *keys) for keys in names]
    return " ".join([*every, *(text_of(s, "chart") for s in _items(child(document, "spec", "sources")))])


def _helm_chart(document: "MappingNode", place: str) -> Iterator[Held]:
    spec = child(document, "spec")
    rows = [(k, v, k.start_mark.line + 1, False) for k, v in _pairs(child(spec, "set"))]
    parameters = [(str(k.value), str(v.value), line, text) for k, v, line, text in rows]
    yield Held(place, _texts(child(spec, "valuesContent")), (), parameters, text_of(spec, "version"))


def _helm_release(document: "MappingNode", place: str) -> Iterator[Held]:
    spec = child(document, "spec")
    notes = ("spec.valuesFrom names values that are not in this file.",) if _items(child(spec, "valuesFrom")) else ()
    version = text_of(spec, "chart", "spec", "version")
    yield Held(place, (), _mappings(child(spec, "values")), (), version, notes)


def _application(document: "MappingNode", place: str) -> Iterator[Held]:
    spec = child(document, "spec")
    sources = [s for s in (child(spec, "source"), *_items(child(spec, "sources"))) if child(s, "helm") is not None]
    if len(sources) > 1:
        sources = [s for s in sources if "cilium" in text_of(s, "chart")] or sources[:1]
    for source in sources:
        helm = child(source, "helm")
        parameters = [
            (text_of(p, "name"), text_of(p, "value"), p.start_mark.line + 1, text_of(p, "forceString") == "true")
            for p in _items(child(helm, "parameters"))
        ]
        notes = (
            ("spec.source.helm.valueFiles names files that are not read.",) if _items(child(helm, "valueFiles")) else ()
        )
        version = text_of(source, "targetRevision") if text_of(source, "chart") else ""
        whole = child(helm, "valuesObject")
        texts = () if whole is not None else _texts(child(helm, "values"))
        yield Held(place, texts, _mappings(whole), parameters, version, notes)


_READ = {
    "HelmChartConfig": _helm_chart,
    "HelmChart": _helm_chart,
    "HelmRelease": _helm_release,
    "Application": _application,
}


def _texts(node: "Node | None") -> list[tuple[str, int, bool]]:
    from yaml import ScalarNode

    if not isinstance(node, ScalarNode):
        return []
    return [(str(node.value), node.start_mark.line + 1, node.style == "|")]


def _mappings(node: "Node | None") -> "list[MappingNode]":
    from yaml import MappingNode

    return [node] if isinstance(node, MappingNode) else []


def _items(node: "Node | None") -> "list[Node]":
    from yaml import SequenceNode

    return list(node.value) if isinstance(node, SequenceNode) else []


def _pairs(node: "Node | None") -> "list[tuple[Node, Node]]":
    from yaml import MappingNode

    return list(node.value) if isinstance(node, MappingNode) else []


def set_type(value: str) -> str:
    """The type that ``helm --set`` gives a text."""
    if value in ("true", "false"):
        return "b"
    return "z" if value == "null" else "i" if re.fullmatch(r"0|[1-9]\d{0,17}", value) else "s"
