"""What a tree asks about the tools it is built with: left open when the tree is read, answered when a toolchain is named.

A tree asks through ``$(cc-option,...)``, ``$(shell,...)`` and variables of its Makefile. Here every question becomes a
placeholder that stands in the model like a symbol that nothing defines, so that one parsed tree serves every toolchain.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kina_audit.base.datatype import replace
from kina_audit.kconfig.model import PLACEHOLDER, SHELL, VARIABLE, TreeModel

if TYPE_CHECKING:
    from kina_audit.kconfig.tree import Answers, Asked

MACROS = frozenset(("cc-option", "as-option", "rustc-option", "cc-option-bit", "ld-option", "as-instr", "as-instr64"))
"""Macros that ask a tool one thing; what else a tree defines comes down to ``$(shell,...)``."""


class Questions:
    """Notes what a tree asks; see `kina_audit.kconfig.tree.Asked`."""

    def __init__(self, told: "Asked | None" = None) -> None:
        """``told`` answers while the tree is read what it can; the rest stays open."""
        self.asked: list[list[str]] = []
        self._told = told
        self._numbers: dict[tuple[str, ...], int] = {}

    def variable(self, name: str) -> str | None:
        """A placeholder of a variable that the Makefile may set."""
        if name == "srctree" and self._told is None:
            return "."
        known = self._told.variable(name) if self._told is not None else None
        return known if known is not None else self._ask(VARIABLE, name)

    def macro(self, name: str, arguments: list[str]) -> str | None:
        """A placeholder for what asks a tool; None: expand it as the tree defines it."""
        if self._told is not None:
            return self._told.macro(name, arguments)
        return self._ask(name, *arguments) if name in MACROS else None

    def shell(self, command: str) -> str:
        """A placeholder for what a command would print."""
        return self._told.shell(command) if self._told is not None else self._ask(SHELL, command)

    def _ask(self, *question: str) -> str:
        number = self._numbers.get(question)
        if number is None:
            number = self._numbers[question] = len(self.asked)
            self.asked.append(list(question))
        return f"__KINA_Q{number}__"


def bind(model: TreeModel, answers: "Answers", other: Mapping[int, str] | None = None) -> TreeModel:
    """A model with every question answered.

    Args:
        model: with open questions; it is left as it is.
        answers: who answers.
        other: answers that are given instead, by the number of the question.
    """
    said: list[str] = []
    assumed: list[tuple[str, str, int]] = []

    def filled(text: str) -> str:
        return PLACEHOLDER.sub(lambda m: said[int(m[1])], text)

    for number, (kind, *arguments) in enumerate(model.questions):
        if other is not None and number in other:
            said.append(other[number])
            continue
        if kind == VARIABLE:
            answer = answers.variable(arguments[0])
            if answer is None:
                assumed.append((f"what the Makefile sets $({arguments[0]}) to", "", number))
        else:
            filled_in = [filled(a) if "__KINA_Q" in a else a for a in arguments]
            answer = answers.shell(filled_in[0]) if kind == SHELL else answers.macro(kind, filled_in)
        said.append(answer or "")
        if noted := answers.drain():
            assumed += [(q, a, number) for q, a in noted]
    names, types = model.names.copy(), bytearray(model.types, "ascii")
    placeholders: dict[int, int] = {}
    for number in model.asking:
        match = PLACEHOLDER.fullmatch(names[number])
        if match is None:
            names[number] = filled(names[number])
            continue
        asked = placeholders[number] = int(match[1])
        names[number] = answer = said[asked]
        types[number] = ord(answer if answer in ("n", "m", "y") else "u")
    return replace(
        model, names=names, types=types.decode(), assumed=assumed, placeholders=placeholders, _index=model.index,
        _members=model.members, _asking=model.asking,
    )  # fmt: skip
