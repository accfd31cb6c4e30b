"""Progress for what takes longer than a second: a sentence now and then, on stderr through `SourceOptions.progress`."""

import time
from collections.abc import Callable

from kina_audit.base.bounds import MIB

_FIRST, _EVERY = 1.0, 2.0
"""Seconds before the first sentence, and between two."""


class Progress:
    """Says how far reading has come.

    Args:
        say: where sentences go.
        name: what is read.
        total: its size; 0 when it is not known.
        unit: what sizes are told in, and how many of what `at` is given make one.
    """

    def __init__(
        self, say: Callable[[str], None], name: str, total: int = 0, unit: tuple[str, int] = ("MiB", MIB)
    ) -> None:
        self._say, self._name, self._total, self._unit = say, name, total, unit
        self._next = time.monotonic() + _FIRST

    def at(self, position: int) -> None:
        """``position`` bytes, or other parts, of the total were read, or came out of it."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _EVERY
        name, size = self._unit
        whole = f" of {self._total // size}" if self._total else ""
        self._say(f"reading {self._name}: {position // size}{whole} {name}")
