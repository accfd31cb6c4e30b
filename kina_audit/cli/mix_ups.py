"""Arguments in each other's place, and words that are almost right: what was meant, told so that it can be pasted."""

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kina_audit.errors import UsageError

_BARE = r"[a-z0-9][a-z0-9/:-]*"
_ALONE = ("running", "installed", "apple")


def is_source_word(text: str) -> bool:
    """Whether a text names a kernel by its kind, such as ``running`` or ``recorded:NAME``."""
    from kina_audit.sources import GUESTS

    kind, colon, _ = text.partition(":")
    return text in _ALONE or text.startswith("apple@") or bool(colon and kind in (*GUESTS, "recorded"))


def is_source(text: str) -> bool:
    """Whether a text names a kernel, or a file that is there."""
    return is_source_word(text) or os.path.lexists(text)


def swapped(what: str, command: str, first: str, second: str) -> "UsageError":
    """The error for two arguments that stand in each other's place."""
    from shlex import quote

    from kina_audit.errors import UsageError

    return UsageError(what, f"kina-audit {command} {quote(first)} {quote(second)}")


def refuse_profiles(command: str, sources: Sequence[str], profiles: Sequence[str]) -> None:
    """Stop at a profile where a kernel belongs.

    Args:
        command: the command's name.
        sources: where kernels belong.
        profiles: where profiles belong.

    Raises:
        UsageError: one is a profile's name, or a tag of profiles, and no file.
    """
    for word in sources:
        if is_source(word) or not re.fullmatch(_BARE, word):
            continue
        from shlex import quote

        from kina_audit.errors import UsageError
        from kina_audit.profiles.load import ProfileLibrary

        library = ProfileLibrary()
        name = word if word in library.ids() else f"tag:{word}" if library.tagged(word) else ""
        if not name:
            continue
        kernels = [p for p in profiles if is_source_word(p)] or [s for s in sources if is_source(s)] or ["KERNEL"]
        others = [p for p in profiles if not is_source_word(p)]
        asked = " ".join(f"-p {quote(p)}" for p in (*others, name))
        raise UsageError(
            f"{word}: no such file, and profiles are named with -p",
            f"kina-audit {command.replace('_', '-')} {' '.join(map(quote, kernels))} {asked}",
        )
