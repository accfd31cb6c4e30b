"""A difference of two kernels as text, JSON or Markdown: one module a format."""

from importlib import import_module

from kina_audit.render import RenderOptions
from kina_audit.report.difference import Difference

DIFF_FORMATS = {
    "text": "kina_audit.render.diff.text",
    "json": "kina_audit.render.diff.json",
    "markdown": "kina_audit.render.diff.markdown",
}
"""Format name to the module that renders it."""


def render_diff(name: str, found: Difference, options: RenderOptions | None = None) -> str:
    """A difference in one format.

    Raises:
        KeyError: there is no format of that name.
    """
    text: str = import_module(DIFF_FORMATS[name]).render(found, options or RenderOptions())
    return text
