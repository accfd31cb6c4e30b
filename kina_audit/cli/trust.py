"""What settings found in a folder may do: name what is in that folder, and ship with this tool.

Whoever can put a file into a checkout can write its settings. So they run no program, reach no guest and no network,
and read and write nothing outside the folder; what they decide of the gate, the verdict says (`decided`).
``--trust-settings`` believes them all the same, ``--no-settings`` does not read them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kina_audit.sources import place_of
from kina_audit.sources.local.stdin import STDIN

PROGRAM = "runs a program"
ELSEWHERE = "runs a program, or reaches a guest or the network"
FETCHES = "is not in this folder, and may be fetched"
OUTSIDE = "is not in this folder"
HIDDEN = "would write a hidden file or into a hidden folder"

HINT = "Give it on the command line, or say --trust-settings if this folder is yours; --no-settings ignores the file."


def refused(key: str, value: Any, folder: Path) -> str:
    """Why settings that were found in a folder may not set a key to this value; empty: they may.

    Args:
        key: of the settings.
        value: as the settings' schema allows it.
        folder: the one that they were found in.
    """
    check = _CHECKS.get(key)
    if check is None:
        return ""
    texts = value if isinstance(value, list) else [value]
    return next((why for text in texts if (why := check(str(text), folder))), "")


def decided(values: Mapping[str, Any], origin: str) -> str:
    """What settings decide of an audit's verdict, for the verdict to say; empty: nothing.

    Args:
        values: the keys that are in force and come from the settings, with their values.
        origin: the file.
    """
    parts = [f"{word} {_told(values[key])}" for key, word in _DECIDING.items() if key in values]
    return f"{', '.join(parts)}, by {origin}" if parts else ""


_DECIDING = {
    "profiles": "profiles",
    "profile-dirs": "profiles in",
    "target-kernel": "for Linux",
    "kernel-tree": "resolved with",
    "toolchain": "toolchain",
    "baseline": "losses since",
    "waivers": "waivers of",
    "fail-on": "failing on",
}
"""Keys that a verdict hangs on and that nothing else in a report's first lines names, in the order they are said."""

_MOST_TOLD = 3


def _told(value: Any) -> str:
    texts = [str(text) for text in value] if isinstance(value, list) else [str(value)]
    more = f" and {len(texts) - _MOST_TOLD} more" if len(texts) > _MOST_TOLD else ""
    return " ".join(text[:80] for text in texts[:_MOST_TOLD]) + more


def _inside(text: str, folder: Path) -> bool:
    """Whether a path leads into a folder, wherever its links go."""
    if text == STDIN or text.startswith("~"):
        return False
    try:
        return (folder / text).resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a circle of links, a name that is none
        return False


def _source(text: str, folder: Path) -> str:
    place = place_of(text)
    if place is None:
        return ELSEWHERE
    return "" if not place or _inside(place, folder) else OUTSIDE


def _path(text: str, folder: Path) -> str:
    return "" if _inside(text, folder) else OUTSIDE


def _profile(text: str, folder: Path) -> str:
    return _path(text, folder) if text.endswith(".toml") else ""


def _kernel_tree(text: str, folder: Path) -> str:
    try:
        there = (folder / text).exists()
    except (OSError, ValueError):
        there = False
    return "" if there and _inside(text, folder) else FETCHES


def _toolchain(text: str, _folder: Path) -> str:
    from kina_audit.sources.tree.toolchain import MEASURED

    return PROGRAM if text.startswith(MEASURED) else ""


def _output(text: str, folder: Path) -> str:
    path = text.partition("=")[2]
    if path == STDIN:
        return ""
    if not _inside(path, folder):
        return OUTSIDE
    # .git/hooks, .github, a home folder's .profile: what others run or obey.
    names = (folder / path).resolve().relative_to(folder.resolve()).parts
    return HIDDEN if any(name.startswith(".") for name in names) else ""


_CHECKS = {
    "source": _source,
    "profiles": _profile,
    "profile-dirs": _path,
    "outputs": _output,
    "baseline": _path,
    "waivers": _path,
    "kernel-tree": _kernel_tree,
    "toolchain": _toolchain,
}
