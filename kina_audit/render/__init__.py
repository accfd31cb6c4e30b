"""Report in, text out: one module a format, each with ``render(report, options)``. Renderers decide nothing."""

import re
from importlib import import_module
from typing import TYPE_CHECKING

from kina_audit.base.datatype import datatype

if TYPE_CHECKING:
    from kina_audit.report.model import Report

FORMATS = {
    "table": "kina_audit.render.table",
    "json": "kina_audit.render.json",
    "helm-values": "kina_audit.render.helm_values",
    "configmap": "kina_audit.render.configmap",
    "cilium": "kina_audit.render.cilium",
    "cilium-cli": "kina_audit.render.cilium_cli",
    "markdown": "kina_audit.render.markdown",
    "junit": "kina_audit.render.junit",
    "sarif": "kina_audit.render.sarif",
    "gitlab": "kina_audit.render.gitlab",
    "github": "kina_audit.render.github",
    "tap": "kina_audit.render.tap",
    "openmetrics": "kina_audit.render.openmetrics",
    "html": "kina_audit.render.html",
    "openreports": "kina_audit.render.openreports",
    "policyreport": "kina_audit.render.policyreport",
    "nfd": "kina_audit.render.nfd",
    "nodefeature": "kina_audit.render.nodefeature",
}
"""Format name to the module that renders it."""
ADVICE_ONLY = frozenset({"helm-values", "configmap", "cilium", "cilium-cli"})
"""Formats that configure Cilium and carry no verdict; every other one shows all of `Report.deciding`."""

METRIC_SETS = ("compact", "all")
"""The sets of metrics that ``--metrics`` takes."""

BY = ("cause", "profile")
"""What a table may show findings by."""

# Compiled for the first text that has some: few have, and it takes as long as six modules.
_CONTROL = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028\u2029\u202a-\u202e\u2061-\u2069\ufeff\ufff9-\uffff\ud800-\udfff]|(?<![@#])\u2060|\u2060(?!\w)"
_CONTROL_BUT_SURROGATES = _CONTROL.replace(r"\ud800-\udfff", "")
BREAKER = "\u2060"
"""A word joiner: behind ``@`` or ``#`` it keeps Markdown's readers from making a mention or a reference of what follows."""
_PLAIN = bytes(9) + b"\t\n" + bytes(21) + bytes(range(0x20, 0x7F)) + bytes(129)
_PART = 65536
"""Characters that are looked at at once: copies of more would each be new memory, which costs more than what it is for."""
_NOT_XML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


@datatype
class RenderOptions:
    """How to render.

    Attributes:
        width: columns of a table.
        color: whether to colour.
        verbose: whether to show what passed.
        root: the repository's folder; paths below it are written relative to it.
        folder: the working folder inside the repository, which relative paths start from.
        locate: ``PATH`` or ``PATH:LINE`` of the repository that findings are shown at, instead of the config's lines.
        metrics: ``compact``, at most 120 series, or ``all``.
        by: how a table shows findings: by ``cause`` or by ``profile``.
        path: the file that it goes to; empty: stdout.
        values: the file that the same run writes Helm values to; empty: none.
    """

    width: int = 80
    color: bool = False
    verbose: bool = False
    root: str = ""
    folder: str = ""
    locate: str = ""
    metrics: str = "compact"
    by: str = "cause"
    path: str = ""
    values: str = ""


def render(name: str, report: "Report", options: RenderOptions | None = None) -> str:
    """A report in one format.

    Raises:
        KeyError: there is no format of that name.
    """
    text: str = import_module(FORMATS[name]).render(report, options or RenderOptions())
    return text


def plain(text: str, *, surrogates: bool = False) -> str:
    """Text from an input with control characters (terminal escapes, direction marks) made visible.

    Args:
        text: of an input.
        surrogates: leave lone surrogates, which stand for bytes that are no UTF-8.
    """
    # A whole report is this way, and the pattern takes a hundred times as long to say so.
    if text.isascii() and not any(
        b"\0" in text[i : i + _PART].encode().translate(_PLAIN) for i in range(0, len(text), _PART)
    ):
        return text
    pattern = _CONTROL_BUT_SURROGATES if surrogates else _CONTROL
    return re.sub(pattern, _escape, text.replace("\r", "\\r"))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def one_line(text: str) -> str:
    """`plain` text on one line."""
    return " ".join(plain(text).split())


def cut(text: str, length: int) -> str:
    """`one_line` text of at most ``length`` characters."""
    line = one_line(text)
    return line if len(line) <= length else line[: max(0, length - 3)] + "..."


def xml(text: str) -> str:
    """`plain` text for XML and HTML, in an element or in a quoted attribute."""
    return plain(text).translate(_NOT_XML)
