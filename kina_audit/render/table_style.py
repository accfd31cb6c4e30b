"""Colour, wrapping and indentation for the terminal table."""

from textwrap import wrap

from kina_audit.engine.finding import Status
from kina_audit.render import RenderOptions, one_line

_COLOURS = {Status.FAIL: 31, Status.WARN: 33, Status.UNKNOWN: 35, Status.PASS: 32, Status.SKIP: 90}
_LABEL = 9


class Style:
    """Text of a given width, coloured or not; words alone carry every meaning."""

    def __init__(self, options: RenderOptions) -> None:
        self.width = options.width
        self.color = options.color

    def status(self, status: Status) -> str:
        """A status in capitals."""
        word = f"{str(status).upper():<7}"
        return f"\x1b[{_COLOURS[status]}m{word}\x1b[0m" if self.color else word

    def bold(self, text: str) -> str:
        """A heading."""
        return f"\x1b[1m{text}\x1b[0m" if self.color else text

    def wrap(self, text: str, indent: int = 2) -> list[str]:
        """A paragraph, indented."""
        pad = " " * indent
        return wrap(
            one_line(text), self.width, initial_indent=pad, subsequent_indent=pad,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip

    def field(self, label: str, text: str) -> list[str]:
        """A labelled paragraph with a hanging indent."""
        return wrap(
            one_line(text), self.width, initial_indent=f"  {label:<{_LABEL - 1}} ", subsequent_indent=" " * (_LABEL + 2),
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
