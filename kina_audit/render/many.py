"""Many audits in one document: each format that can, with each finding's own file; what could not be read is in it, too."""

from collections.abc import Callable, Sequence
from importlib import import_module

from kina_audit.render import RenderOptions
from kina_audit.report.many import Outcome

MANY_FORMATS = {
    name: f"kina_audit.render.{name}" for name in ("table", "json", "markdown", "github", "sarif", "gitlab", "junit")
}
"""Format name to the module whose ``render_many`` makes it."""


def render_many(name: str, found: Sequence[Outcome], options: RenderOptions | None = None) -> str:
    """Audits of many sources in one format.

    Raises:
        KeyError: the format is for one kernel.
    """
    made: Callable[[Sequence[Outcome], RenderOptions], str] = import_module(MANY_FORMATS[name]).render_many
    return made(found, options or RenderOptions())
