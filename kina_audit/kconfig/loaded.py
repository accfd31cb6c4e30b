"""A kernel tree, ready for questions: read from its files, or back from the document it was cached as."""

import gc
import json
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kina_audit.base.datatype import datatype, field
from kina_audit.base.json_text import read_json
from kina_audit.kconfig.answers import ModelAnswers
from kina_audit.kconfig.model import FORMAT, TreeModel, TreeTexts
from kina_audit.kconfig.questions import Questions, bind
from kina_audit.kconfig.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kina_audit.kconfig.tree import Asked

_RECURSION_LIMIT = 20_000

Stamp = tuple[str, int, int]
"""A file inside a tree, its modification time in ns, its size."""


@datatype(frozen=False)
class KernelTree:
    """A parsed tree under one toolchain.

    Attributes:
        root: where its files are.
        origin: how the user named it.
        model: its symbols.
        toolchain: the name of the toolchain model, or how it was measured.
        texts: reads what only explanations need.
        keep: stores what was computed about possible values, for the next time.
        unbound: the model with its questions open, and what answers them.
        assumed: nobody named the toolchain.
        measured: the tree's own probes answered its questions.
    """

    root: Path
    origin: str
    model: TreeModel
    toolchain: str
    texts: Callable[[], TreeTexts]
    keep: Callable[[str], None] | None = None
    unbound: tuple[TreeModel, Toolchain] | None = None
    assumed: bool = False
    measured: bool = False
    _texts: TreeTexts | None = field(default=None, repr=False)
    _possible: "Sequence[int] | None" = field(default=None, repr=False)

    def __post_init__(self) -> None:
        # Values depend on values: chains in real trees are a few thousand calls deep, so the limit stays raised for as
        # long as somebody may ask a tree something.
        sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION_LIMIT))

    def answered(self, other: "Mapping[int, str]") -> TreeModel:
        """The model as it would be if some questions had other answers, by their number."""
        if self.unbound is None:
            return self.model
        return bound(*self.unbound, other)

    def places(self) -> TreeTexts:
        """Where symbols are defined; read when first asked for."""
        if self._texts is None:
            self._texts = self.texts()
        return self._texts

    def set_possible(self, values: "Sequence[int]") -> None:
        """Take what `kina_audit.kconfig.possible.possible_values` gave for the model before."""
        self._possible = values

    def possible(self, symbol: int) -> tuple[int, int]:
        """The lowest and highest tristate value a symbol can have, whatever a config says."""
        if self._possible is None:
            from kina_audit.kconfig.possible import possible_values

            self._possible = possible_values(self.model)
            if self.keep is not None:
                self.keep(json.dumps(self._possible, separators=(",", ":")))
        return self._possible[symbol] // 4, self._possible[symbol] % 4


def bound(unbound: TreeModel, toolchain: Toolchain, other: "Mapping[int, str] | None" = None) -> TreeModel:
    """A model under one toolchain; see `kina_audit.kconfig.questions.bind`."""
    return bind(unbound, ModelAnswers(toolchain, unbound.arch, unbound.version), other)


def under(
    unbound: TreeModel, toolchain: Toolchain, root: Path, origin: str, texts: Callable[[], TreeTexts]
) -> KernelTree:
    """A tree whose questions a toolchain answers."""
    return KernelTree(root, origin, bound(unbound, toolchain), toolchain.name, texts, unbound=(unbound, toolchain))


def read_model(root: Path, arch: str, asked: "Asked | None" = None) -> tuple[TreeModel, TreeTexts, list[Stamp]]:
    """Parse a tree's Kconfig files into a model with open questions.

    Args:
        root: the tree.
        arch: Kconfig's name of the architecture.
        asked: answers questions while the tree is read, when the user lets its own probes run; then none stays open.

    Raises:
        SourceError: no tree, or one that cannot be read.
    """
    from kina_audit.kconfig.flatten import flatten
    from kina_audit.kconfig.tree import deep_recursion, parse_tree, tree_version

    version = tree_version(root)
    questions = Questions(asked)
    with _no_collection():
        parsed = parse_tree(root, arch, questions)
        with deep_recursion(root):
            model, texts = flatten(parsed, version, arch, questions.asked)
    makefile = (root / "Makefile").stat()
    return model, texts, [("Makefile", makefile.st_mtime_ns, makefile.st_size), *parsed.files]


def read_tree(
    root: Path, origin: str, arch: str, toolchain: Toolchain, asked: "Asked | None" = None
) -> tuple[KernelTree, list[Stamp]]:
    """Parse a tree's Kconfig files.

    Args:
        root: the tree.
        origin: how to call it.
        arch: Kconfig's name of the architecture.
        toolchain: answers the tree's questions.
        asked: stands in for the toolchain model, when the user lets the tree's own probes run.

    Raises:
        SourceError: no tree, or one that cannot be read.
    """
    model, texts, stamps = read_model(root, arch, asked)
    return under(model, toolchain, root, origin, lambda: texts), stamps


def to_cached(tree: KernelTree, stamps: list[Stamp]) -> tuple[str, str]:
    """Two JSON documents: what values need, and what explanations need."""
    texts = tree.places()
    # One field a line: the stamps can be checked without parsing the rest.
    head = json.dumps({"format": FORMAT, "stamps": stamps}, separators=(",", ":"))
    open_or_bound = tree.unbound[0] if tree.unbound else tree.model
    model = json.dumps(open_or_bound.to_document(), separators=(",", ":"))
    more = json.dumps({"files": texts.files, "places": texts.places}, separators=(",", ":"))
    return f"{head}\n{model}\n", more


def from_cached(
    root: Path, origin: str, toolchain: Toolchain, document: str, more: Callable[[str], str | None]
) -> KernelTree | None:
    """The tree of a cached document; None when a file of the tree has changed since, or the document is damaged.

    Args:
        root: where the tree is.
        origin: how to call it.
        toolchain: answers the tree's questions.
        document: the first one of `to_cached`.
        more: gives the documents ``texts`` and ``possible``, or None where there is none.
    """
    head, _, body = document.partition("\n")
    try:
        with _no_collection():
            stamps = read_json(head)
            if stamps["format"] != FORMAT or not _unchanged(root, stamps["stamps"]):
                return None
            model = TreeModel.from_document(json.loads(body))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        return None

    def texts() -> TreeTexts:
        try:
            with _no_collection():
                found: dict[str, Any] = json.loads(more("texts") or "")
            return TreeTexts(found["files"], found["places"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return read_model(root, model.arch)[1]

    tree = under(model, toolchain, root, origin, texts)
    try:
        possible = json.loads(more("possible") or "")
        if isinstance(possible, list) and len(possible) == model.defined and all(type(v) is int for v in possible):
            tree._possible = possible
    except (ValueError, RecursionError):
        pass
    return tree


def _unchanged(root: Path, stamps: list[Stamp]) -> bool:
    try:
        for name, modified, size in stamps:
            status = (root / name).stat()
            if status.st_mtime_ns != modified or status.st_size != size:
                return False
    except OSError:
        return False
    return True


@contextmanager
def _no_collection() -> "Iterator[None]":
    """Hundreds of thousands of small objects that all live: the cyclic collector would walk them again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
