"""``kina-audit-pre-commit``: what `.pre-commit-hooks.yaml` runs; pre-commit gives many files at once, `check` takes one."""

import os
import sys
from collections.abc import Sequence

from kina_audit.cli import main, terminal
from kina_audit.sources import named_file

# What a hook does is stated where it is configured, not in a file of the checkout it looks at.
_WORDS = {
    "check": ["check", "--quiet", "--no-settings"],
    "profiles": ["profiles", "validate", "--no-settings"],
}


def run() -> None:
    """Run the hook with the process's arguments and exit with its status."""
    sys.exit(hook(sys.argv[1:]))


def hook(arguments: Sequence[str]) -> int:
    """Run one command for each file.

    Args:
        arguments: ``check`` or ``profiles``, options as ``--name=value``, then files.

    Returns:
        the worst status of any file: 3 and 2 (something is wrong with the run) before 1 (something fails).
    """
    if not arguments or arguments[0] not in _WORDS:
        return main(["--help"]) or 2
    options = [a for a in arguments[1:] if a.startswith("-")]
    files = [a for a in arguments[1:] if a not in options]
    for name in options:
        # A committed file may be called like an option; guessing wrong would switch the option off.
        if os.path.lexists(name):
            terminal.say(
                f"{name} is an option and also a file here, and nobody can tell which is meant", "Rename the file."
            )
            return 2
    if not files:
        terminal.say(
            "no file was given, so nothing was checked", "Let pre-commit pass file names, or add them to args."
        )
        return 3
    return max(main([*_WORDS[arguments[0]], *options, "--", named_file(name)]) for name in files)
