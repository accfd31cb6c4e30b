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
        total: its size in bytes; 0 when it is not known.
    """

    def __init__(self, say: Callable[[str], None], name: str, total: int = 0) -> None:
        self._say, self._name, self._total = say, name, total
        self._next = time.monotonic() + _FIRST

    def at(self, position: int) -> None:
        """``position`` bytes of the total were read, or came out of it."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _EVERY
        if self._total:
            self._say(f"reading {self._name}: {position // MIB} of {self._total // MIB} MiB")
        else:
            self._say(f"reading {self._name}: {position // MIB} MiB")
