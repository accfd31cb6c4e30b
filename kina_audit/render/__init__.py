"""Report in, text out: one module a format, each with ``render(report, options)``. Renderers decide nothing."""

import re
from dataclasses import dataclass
from importlib import import_module

from kina_audit.report.model import Report

FORMATS = {
    "table": "kina_audit.render.table",
    "json": "kina_audit.render.json",
    "helm-values": "kina_audit.render.helm_values",
    "configmap": "kina_audit.render.configmap",
    "cilium": "kina_audit.render.cilium",
    "cilium-cli": "kina_audit.render.cilium_cli",
}
"""Format name to the module that renders it."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """How to render: columns, whether to colour, whether to show what passed."""

    width: int = 80
    color: bool = False
    verbose: bool = False


def render(name: str, report: Report, options: RenderOptions | None = None) -> str:
    """A report in one format.

    Raises:
        KeyError: there is no format of that name.
    """
    text: str = import_module(FORMATS[name]).render(report, options or RenderOptions())
    return text


def plain(text: str) -> str:
    """Text from an input with control characters (terminal escapes, direction marks) made visible."""
    return _CONTROL.sub(lambda m: f"\\x{ord(m[0]):02x}", text.replace("\r", "\\r"))


def one_line(text: str) -> str:
    """`plain` text on one line."""
    return " ".join(plain(text).split())
