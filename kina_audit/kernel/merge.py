"""Fragments merged into a config's text, as the kernel's ``scripts/kconfig/merge_config.sh`` does it."""

import re
from collections.abc import Sequence

from kina_audit.base.datatype import replace
from kina_audit.kernel.config import Completeness, ConfigWarning, KernelConfig, Origin
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.setting import set_line

_ASSIGNMENT = re.compile(r"^(?:CONFIG_(\w+)=|# CONFIG_(\w+) is not set$)", re.ASCII)
_NAMING = re.compile(r"^(?:CONFIG_(\w+)=|# CONFIG_(\w+) is not set)", re.ASCII)


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
    kept, warnings = len(lines), list(config.warnings)
    for where, text in fragments:
        fresh = parse_config(text, name=where, completeness=Completeness.PARTIAL)
        warnings += [
            ConfigWarning(0, f"{where} line {w.line}: {w.text}" if w.line else f"{where}: {w.text}")
            for w in fresh.warnings
        ]
        added = text.rstrip("\n").split("\n")
        # A line whose value no reader takes takes the place of earlier ones, too.
        names = {m[1] or m[2] for line in added if (m := _ASSIGNMENT.match(line))}
        lines = ["" if (m := _NAMING.match(line)) and (m[1] or m[2]) in names else line for line in lines]
        lines += [f"# {where}", *added]
    # A record's few lines are the whole of it only for the line that it is of.
    completeness = Completeness.PARTIAL if config.minimal else config.completeness
    found = parse_config("\n".join(lines) + "\n", name=name, origin=Origin.INPUT, completeness=completeness)
    # What is told of the whole alone has no line.
    warnings += [w for w in found.warnings if not w.line and w not in warnings]
    own = config if config.origin is Origin.BUILT and not config.minimal else config.base
    return replace(
        found, cut=config.cut, header=config.header, target=config.target, arch=config.arch, predicted={}, resolved=None,
        base=own, warnings=tuple(warnings), kept=kept,
    )  # fmt: skip


def spelled(config: KernelConfig) -> str:
    """The assignments of a config that has no text of its own, one a line."""
    return "\n".join(set_line(name, value) for name, value in config.raw.items())
