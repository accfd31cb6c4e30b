"""Profiles held against kernel trees: does each symbol exist, can a condition be met where its gates say it applies.

::

    from kina_audit.lint import lint_profiles
    from kina_audit.trees import open_kernel_tree

    trees = [open_kernel_tree("6.12.94", arch=arch) for arch in ("arm64", "x86_64")]
    found = lint_profiles(load_profiles(["all"]), trees)
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kina_audit.base.datatype import datatype
from kina_audit.kernel.config import TRI_NAME, SymbolFact, SymbolState
from kina_audit.kernel.expression import Expression
from kina_audit.kernel.version import KernelVersion
from kina_audit.profiles.model import Profile, Requirement

if TYPE_CHECKING:
    from kina_audit.kconfig.loaded import KernelTree

_SETS = re.compile(r"CONFIG_(\w+)=[ymn]\b")
_CLAUSE = re.compile(r"[;()]")
_CONDITION = re.compile(r"\b(?:before|until|from|since) Linux \d|\bon (?:x86_64|arm64)\b|\bwhere it has a prompt\b")
_NEGATED = re.compile(r"!\s*(\w+)")


@datatype
class Remark:
    """What a tree says of a requirement.

    Attributes:
        profile: the profile whose file holds the requirement.
        requirement: its id.
        error: whether the profile is wrong; else it is only worth knowing.
        text: one sentence.
    """

    profile: str
    requirement: str
    error: bool
    text: str


@datatype
class Presence:
    """Where a symbol exists: ``6.12.94 arm64`` and the like, and whether a person can set it there."""

    symbol: str
    settable: tuple[str, ...]
    hidden: tuple[str, ...]
    missing: tuple[str, ...]


def lint_profiles(profiles: Sequence[Profile], trees: "Sequence[KernelTree]") -> list[Remark]:
    """Everything that kernel trees say against profiles' own requirements, errors and notes.

    An error: a symbol that no tree has where the requirement applies; a condition that no config of any tree it applies
    to can meet; a fix that sets a symbol that has no prompt, or does not exist, wherever the fix applies.

    Args:
        profiles: from `kina_audit.load_profiles`.
        trees: from `kina_audit.trees.open_kernel_tree`, one for each version and architecture.
    """
    rows = {(r.profile, r.id): r for p in profiles for r in p.requirements if not r.alternatives}
    return [remark for row in rows.values() for remark in _Row(row, trees).remarks()]


def presence(symbol: str, trees: "Sequence[KernelTree]") -> Presence:
    """Where a symbol exists, and where it has a prompt."""
    settable: list[str] = []
    hidden: list[str] = []
    missing: list[str] = []
    for tree in trees:
        number = tree.model.index.get(symbol)
        kind = missing if number is None else settable if _has_prompt(tree, number) else hidden
        kind.append(_name(tree))
    return Presence(symbol, tuple(settable), tuple(hidden), tuple(missing))


class _Row:
    def __init__(self, row: Requirement, trees: "Sequence[KernelTree]") -> None:
        self.row = row
        self.trees = trees
        # (tree, condition, fix) where the requirement applies
        self.applies = [
            (tree, *found)
            for tree in trees
            if (found := row.condition(KernelVersion.parse(tree.model.version), tree.model.arch)) is not None
        ]

    def remarks(self) -> Iterator[Remark]:
        if not self.applies:
            yield self._say("applies to none of these trees, so they say nothing about it", error=False)
            return
        yield from self._missing()
        yield from self._impossible()
        yield from self._hidden()
        yield from self._older()

    def _say(self, text: str, *, error: bool) -> Remark:
        return Remark(self.row.profile, self.row.id, error, text)

    def _missing(self) -> Iterator[Remark]:
        names = dict.fromkeys(s for _, expr, _ in self.applies for s in expr.symbols)
        for name in names:
            asked = [tree for tree, expr, _ in self.applies if name in expr.symbols]
            lacking = [_name(t) for t in asked if name not in t.model.index]
            if len(lacking) == len(asked):
                elsewhere = any(name in t.model.index for t in self.trees)
                # A symbol asked to be off may rightly not exist, and so may one that stands beside an alternative.
                spared = elsewhere or self._spared(name)
                yield self._say(
                    f"{name} exists in none of the trees it is asked of: {', '.join(lacking)}", error=not spared
                )
            elif lacking:
                yield self._say(f"{name} does not exist in {', '.join(lacking)}", error=False)

    def _spared(self, name: str) -> bool:
        return all(
            name not in expr.symbols or name in _NEGATED.findall(expr.text) or _possible(tree, expr) > 0
            for tree, expr, _ in self.applies
        )

    def _impossible(self) -> Iterator[Remark]:
        wanted = 1 if self.row.module else 2
        asked = [(tree, expr) for tree, expr, _ in self.applies if expr.symbols]
        never = [tree for tree, expr in asked if _possible(tree, expr) < wanted]
        if never:
            whole = len(never) == len(asked)
            yield self._say(f"no config can meet it on {', '.join(map(_name, never))}", error=whole)

    def _hidden(self) -> Iterator[Remark]:
        named = {name for _, _, fix in self.applies for name in _set_anywhere(fix)}
        for name in sorted(named):
            found = presence(name, [tree for tree, _, fix in self.applies if name in _set_anywhere(fix)])
            if found.settable:
                continue
            if found.hidden:
                yield self._say(f"its fix sets {name}, which has no prompt in {', '.join(found.hidden)}", error=True)
            else:
                yield self._say(f"its fix sets {name}, which exists in none of {', '.join(found.missing)}", error=True)

    def _older(self) -> Iterator[Remark]:
        """Kernels that are not asked because they are older, and could meet it all the same."""
        wanted = 1 if self.row.module else 2
        found = [
            tree
            for tree in self.trees
            if (since := self.row.since(tree.model.arch)) is not None
            and KernelVersion.parse(tree.model.version).triple < since
            and self.row.expr.symbols
            and _possible(tree, self.row.expr) >= wanted
        ]
        if found:
            yield self._say(
                f"{', '.join(map(_name, found))} could meet it and is not asked, and going back there counts as a loss: "
                "say older_need_none where such kernels need nothing",
                error=False,
            )


def _set_anywhere(fix: str) -> list[str]:
    """Symbols that a fix sets on every kernel; a clause that names versions or an architecture is for those alone."""
    return [name for clause in _CLAUSE.split(fix) if not _CONDITION.search(clause) for name in _SETS.findall(clause)]


def _has_prompt(tree: "KernelTree", number: int) -> bool:
    # A prompt whose condition is always n is none.
    return any(p != 0 for p in tree.model.prompts[number])


def _name(tree: "KernelTree") -> str:
    return f"{tree.model.version} {tree.model.arch}"


def _possible(tree: "KernelTree", expr: Expression) -> int:
    """The highest value a condition can have in a tree, whatever a config says."""

    def fact(symbol: str) -> SymbolFact:
        number = tree.model.index.get(symbol)
        if number is None:
            return SymbolFact(symbol, "n", SymbolState.ABSENT)
        if tree.model.types[number] not in "bt":
            return SymbolFact(symbol, None, SymbolState.UNKNOWN)
        low, high = tree.possible(number)
        value = TRI_NAME[low] if low == high else None
        return SymbolFact(symbol, value, SymbolState.UNKNOWN if value is None else SymbolState.SET)

    return expr.bounds(fact)[1]
