"""What the HTML pages share: the templates, the style, the script and the policy that lets nothing else run."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import Any

from kina_audit.base.packaged import data_file
from kina_audit.render import plain


def page(template: str, scripts: tuple[str, ...], values: dict[str, Any]) -> str:
    """A self-contained page: every text is escaped, and its policy allows its own style and script only.

    Args:
        template: a file of ``data/pages``.
        scripts: files of ``data/pages``, beside the one that opens everything for print.
        values: what the template names.
    """
    from markupsafe import Markup

    style_text, script_text = _text("page.css"), "".join(_text(name) for name in (*scripts, "print.js"))
    known = {
        # Both are files of ours, not input, and must stay as they were hashed.
        "style": Markup(style_text),  # noqa: S704
        "script": Markup(script_text),  # noqa: S704
        "style_hash": _hash(style_text),
        "script_hash": _hash(script_text),
    }
    text: str = _environment().get_template(template).render(**values, **known)
    return text


def _text(name: str) -> str:
    return data_file(f"pages/{name}").read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode("utf-8")).digest()).decode("ascii")


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def visible(value: Any) -> Any:
        """Control characters of an input made visible, before the template escapes it."""
        return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    return Environment(
        loader=FileSystemLoader(data_file("pages")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=visible,
    )
