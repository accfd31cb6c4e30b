"""Untrusted text in GitHub-flavoured Markdown: it comes out as the text it is, never as markup, link or mention."""

import re

from kina_audit.render import BREAKER, one_line

_INLINE = re.compile(r"([\\`*\[\]|~$]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z]))")
_START = re.compile(r"([#+\-=:])|(\d+)(?=[.)](?:\s|$))")
_REFERENCE = re.compile(r"@(?=\\?\w)|#(?=\d)")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def escape(text: str) -> str:
    """Inline text: markup and HTML escaped, also at the start of a block; mentions and issue numbers are broken up."""
    escaped = _INLINE.sub(r"\\\1", one_line(text)).translate(_ENTITIES)
    start = _START.match(escaped)
    if start:  # a heading, a list item, a rule
        digits = start[2] or ""
        escaped = f"{digits}\\{escaped[len(digits) :]}"
    return _REFERENCE.sub(lambda m: m[0] + BREAKER, escaped)


def code(text: str, *, in_table: bool = False) -> str:
    """A code span with a fence longer than any in it; in a table, pipes are escaped as GitHub wants it there too."""
    line = one_line(text)
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line.startswith("`") or line.endswith("`") or not line else ""
    if in_table:
        # A backslash before a pipe would end the cell again, so such a text cannot be a code span.
        if "\\" in line:
            return escape(line)
        line = line.replace("|", "\\|")
    return f"{fence}{pad}{line}{pad}{fence}"
