"""One line of a config that sets a symbol: written, and read where the project itself wrote it."""

_OFF = " is not set"


def set_line(name: str, value: str) -> str:
    """The line that gives a symbol a value, as Kconfig writes it.

    Args:
        name: without ``CONFIG_``.
        value: the text behind ``=``; ``n`` is written as "is not set".
    """
    return f"# CONFIG_{name}{_OFF}" if value == "n" else f"CONFIG_{name}={value}"


def setting(line: str) -> tuple[str, str]:
    """(symbol, value) of such a line."""
    if line.startswith("# ") and line.endswith(_OFF):
        return line.removeprefix("# CONFIG_").removesuffix(_OFF), "n"
    name, _, value = line.removeprefix("CONFIG_").partition("=")
    return name, value


def is_text(value: str | None) -> bool:
    """Whether a value, as a report stores it, stood in quotes: it is no y, m or n and no number."""
    return value not in (None, "y", "m", "n") and not value.lstrip("-")[:1].isdigit()
