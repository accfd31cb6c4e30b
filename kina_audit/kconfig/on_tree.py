"""What a config becomes on a tree that somebody named: told as `kina_audit.kconfig.carry` does of the lines that ship."""

from collections.abc import Iterator
from functools import cached_property

from kina_audit.base.datatype import replace
from kina_audit.kconfig.carry import Facts, Place
from kina_audit.kconfig.loaded import KernelTree, under
from kina_audit.kconfig.toolchain import Toolchain
from kina_audit.kernel.config import KernelConfig, Origin, Resolved
from kina_audit.kernel.version import KernelVersion


def carry_on_tree(config: KernelConfig, tree: KernelTree) -> KernelConfig:
    """A config as the input of a tree's ``olddefconfig``, with what that makes of each symbol.

    Its lines stay those of its file. What the compiler and tools decide is unknown until they are named.
    """
    target = KernelVersion.parse(tree.model.version)
    start = replace(
        config, target=target, arch=tree.model.arch, origin=Origin.INPUT, base=None, cut="", live={}, predicted={},
        resolved=None, _lines=config._lines,
    )  # fmt: skip
    unbound, tools = tree.unbound, None
    assert unbound is not None
    if not tree.assumed:
        tools = unbound[1]
    elif config.toolchain:
        tools = Toolchain.parse(config.toolchain)
        tree = under(unbound[0], tools, tree.root, tree.origin, tree.places)
    facts = _TreeFacts(start, tree, tools)
    told = f"resolved as olddefconfig of Linux {target}, the tree that was named, does"
    resolved = Resolved(told, (tree.model.version,), tools.name if tools else "", named=True)
    return replace(start, predicted=facts, resolved=resolved, _lines=config._lines)


class _TreeFacts(Facts):
    """The same of one tree."""

    def __init__(self, config: KernelConfig, tree: KernelTree, tools: Toolchain | None) -> None:
        assert config.target is not None
        super().__init__(config, ((config.target.major, config.target.minor),), tools)
        self.named: KernelTree = tree
        if tree.measured and tools is not None:
            # The tree's own probes told everything.
            self.tools = {tools.name: tools}
        # It is the very tree, stable updates included, and what it makes of the file is the question.
        self.exact, self.moves, self.vendor = True, {}, ""
        self._trees = {next(iter(self.tools)): tree}

    def tree(self, place: Place, label: str) -> KernelTree:
        """The tree under one of the toolchains: the first of them is what it was read with, as far as anybody says."""
        del place
        found = self._trees.get(label)
        if found is None:
            unbound = self.named.unbound
            assert unbound is not None
            found = under(unbound[0], self.tools[label], self.named.root, self.named.origin, self.named.places)
            self._trees[label] = found
        return found

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """What the file names, and what the tree writes beside it."""
        solver = self.solver_of_tools()
        solver.evaluate_all()
        written = (n for sym, n in enumerate(solver.model.names[: solver.model.defined]) if solver.is_written(sym))
        return tuple(dict.fromkeys((*self.config.raw, *written)))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
