"""What became of the lines of fragments, as ``merge_config.sh`` tells it: values that the kernel they are for does not take."""

from collections.abc import Sequence

from kina_audit.kconfig.carry import trees_of
from kina_audit.kconfig.loaded import KernelTree
from kina_audit.kconfig.resolve import Lost, of_file
from kina_audit.kernel.config import KernelConfig

_MOST = 20


def lost_lines(base: KernelConfig, fragments: Sequence[tuple[str, str]], merged: KernelConfig) -> list[str]:
    """A sentence on each line of the fragments that did not survive: the symbol is unknown there, or has another value.

    Args:
        base: the config before.
        fragments: (name, text) of each.
        merged: the same with the fragments merged, resolved.
    """
    if merged.resolved is None or not merged.resolved.lines:
        return []
    where = {name for name, _ in fragments}
    said: dict[tuple[str, int, str], list[tuple[KernelTree, Lost]]] = {}
    trees = trees_of(merged)
    for tree in trees:
        state = of_file(tree, base, fragments)
        names = [r.name for r in state.requested.values() if r.where in where]
        for lost in state.lost(names):
            row = lost.requested
            said.setdefault((row.where, row.line, row.name), []).append((tree, lost))
    lines = [line for _, found in sorted(said.items()) if (line := _sentence(found, trees))]
    more = [f"and {len(lines) - _MOST} more lines of the fragments"] if len(lines) > _MOST else []
    return lines[:_MOST] + more


def _sentence(found: Sequence[tuple[KernelTree, Lost]], trees: Sequence[KernelTree]) -> str:
    """What became of one line; empty: between two lines the neighbour that has the symbol takes it."""
    row = found[0][1].requested
    having = [tree for tree in trees if row.name in tree.model.index]
    if having and not any(tree in having for tree, _ in found):
        return ""
    parts = []
    for tree, lost in sorted(found, key=lambda one: one[0] not in having):
        where = f" on Linux {tree.model.version}" if len(trees) > 1 else ""
        if having and tree not in having:
            parts.append(f"Linux {tree.model.version} does not have it")
        else:
            parts.append(f"{f'is {lost.actual}' if lost.actual else 'is gone'}{where}: {lost.reason}")
    value = "is not set" if row.value == "n" else f"={row.value[:80]}"
    asked = f"CONFIG_{row.name} {value}" if row.value == "n" else f"CONFIG_{row.name}{value}"
    return f"{row.where} line {row.line}: {asked} {'; '.join(dict.fromkeys(parts))}"
