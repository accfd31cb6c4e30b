"""Fragments merged into a config's text, as the kernel's ``scripts/kconfig/merge_config.sh`` does it."""

import re
from collections.abc import Sequence
from dataclasses import replace

from kina_audit.kernel.config import KernelConfig, Origin
from kina_audit.kernel.parse import parse_config

_ASSIGNMENT = re.compile(r"^(?:CONFIG_(\w+)=|# CONFIG_(\w+) is not set)", re.ASCII)


def merged(config: KernelConfig, fragments: Sequence[tuple[str, str]], name: str) -> KernelConfig:
    """A config with fragments merged into it: the input of ``olddefconfig``, whatever it was before.

    A symbol that a fragment names loses its earlier lines, and later fragments win. Lines of the base keep their numbers;
    the fragments follow it.

    Args:
        config: the base.
        fragments: (name, text) of each.
        name: what to call the result in messages.

    Raises:
        NotAConfigError: a fragment's lines are no assignments.
    """
    lines = config.text.split("\n") if config.text else spelled(config).split("\n")
    while lines and not lines[-1]:
        lines.pop()
    for where, text in fragments:
        fresh = parse_config(text, name=where)
        lines = ["" if (m := _ASSIGNMENT.match(line)) and (m[1] or m[2]) in fresh.raw else line for line in lines]
        lines += [f"# {where}", *text.rstrip("\n").split("\n")]
    found = parse_config("\n".join(lines) + "\n", name=name, origin=Origin.INPUT, completeness=config.completeness)
    return replace(
        found, cut=config.cut, header=config.header, target=config.target, arch=config.arch, predicted={}, resolved=None
    )


def spelled(config: KernelConfig) -> str:
    """The assignments of a config that has no text of its own, one a line."""
    return "\n".join(
        f"# CONFIG_{name} is not set" if value == "n" else f"CONFIG_{name}={value}"
        for name, value in config.raw.items()
    )
