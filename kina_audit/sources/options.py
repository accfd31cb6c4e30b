"""What a user may say about how sources are read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def _silent(_message: str) -> None:
    """Progress that nobody asked to see."""


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How sources are read.

    Attributes:
        arch: which of a project's configs to fetch, by Kconfig's name.
        target_kernel: the version the audit is about; empty: the source's own knowledge.
        offline: never touch the network; use the cache or a record.
        refresh: ignore what is cached.
        fallback: with ``apple`` and neither network nor cache, use the newest recorded kernel.
        allow_http: accept ``http://`` addresses.
        cache: folder for fetched files; None: the user's cache folder.
        say: called with a sentence of progress or warning for stderr.
    """

    arch: str = "arm64"
    target_kernel: str = ""
    offline: bool = False
    refresh: bool = False
    fallback: bool = True
    allow_http: bool = False
    cache: Path | None = None
    say: Callable[[str], None] = _silent
