"""Colour, wrapping and indentation for the terminal table."""

import re
from collections.abc import Callable, Sequence
from textwrap import wrap

from kina_audit.engine.finding import Status
from kina_audit.render import RenderOptions, one_line
from kina_audit.render.commands import note, noted

_COLOURS = {Status.FAIL: 31, Status.WARN: 33, Status.UNKNOWN: 35, Status.PASS: 32, Status.SKIP: 90}
_LABEL = 9
_OPTION = re.compile(r"( --?[a-z][a-z-]*) (?![-#])", re.IGNORECASE)


class Style:
    """Text of a given width, coloured or not; words alone carry every meaning."""

    def __init__(self, options: RenderOptions) -> None:
        self.width = options.width
        self.color = options.color

    def status(self, status: Status) -> str:
        """A status in capitals."""
        word = self.status_word(status)
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

    def hanging(self, look: Callable[[str], str], text: str, indent: int = 0) -> list[str]:
        """A paragraph whose first line is looked at first, the others further in."""
        first, *rest = wrap(
            one_line(text), self.width, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2),
            break_long_words=False, break_on_hyphens=False,
        ) or [""]  # fmt: skip
        return [look(first), *rest]

    def headed(self, status: Status, text: str) -> list[str]:
        """A status and what it is of, with a hanging indent."""
        first, *rest = self.wrap(text, len(self.status_word(status)) + 1) or [""]
        return [f"{self.status(status)} {first.lstrip()}", *rest]

    @staticmethod
    def status_word(status: Status) -> str:
        """A status in capitals, as wide as the widest."""
        return f"{str(status).upper():<7}"

    def command(self, text: str) -> list[str]:
        """A command that can be pasted: where it goes over more than one line, each but the last ends with a backslash."""
        if said := noted(text):
            width = self.width - len("  : ''")
            return [f"  {note(line)}" for line in wrap(said, width, break_long_words=False, break_on_hyphens=False)]
        # An option and its value stay together, and what guards Helm.
        bound = (
            _OPTION.sub("\\1\u00a0", one_line(text))
            .replace("! grep -n", "!\u00a0grep\u00a0-n")
            .replace(" < ", " <\u00a0")
        )
        lines = wrap(
            bound, self.width - 2, initial_indent="  ", subsequent_indent="    ",
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
        lines = [line.replace("\u00a0", " ") for line in lines]
        return [*(f"{line} \\" for line in lines[:-1]), *lines[-1:]]

    def field(self, label: str, text: str) -> list[str]:
        """A labelled paragraph with a hanging indent."""
        return wrap(
            one_line(text), self.width, initial_indent=f"  {label:<{_LABEL - 1}} ", subsequent_indent=" " * (_LABEL + 2),
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip

    def columns(self, name: str, width: int, text: str) -> list[str]:
        """A name, and a text in a column of its own."""
        first, *rest = wrap(text, max(20, self.width - width - 1), break_on_hyphens=False) or [""]
        return [f"{name:<{width}} {first}", *(" " * (width + 1) + line for line in rest)]

    def items(self, label: str, items: Sequence[str]) -> list[str]:
        """Labelled items between commas, none of them over two lines."""
        lines = [""]
        for number, item in enumerate(items):
            text = one_line(item) + ("," if number < len(items) - 1 else "")
            joined = f"{lines[-1]} {text}" if lines[-1] else text
            if lines[-1] and len(joined) > self.width - _LABEL - 2:
                lines.append(text)
            else:
                lines[-1] = joined
        return [f"  {label if not number else '':<{_LABEL}}{line}" for number, line in enumerate(lines)]
