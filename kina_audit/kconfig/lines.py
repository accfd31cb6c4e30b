"""The kernel lines whose models ship with the package: which there are, which are near a version, and their trees.

``scripts/kernel_line.py`` makes the files under ``data/lines``; ``docs/records.md`` says how a line is added.
"""

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kina_audit.base.packaged import data_file, toml_document
from kina_audit.errors import KinaAuditError, UsageError
from kina_audit.kconfig.loaded import KernelTree, under
from kina_audit.kconfig.model import TreeModel, TreeTexts
from kina_audit.kconfig.packed import Origin, PackedLine
from kina_audit.kconfig.toolchain import Toolchain
from kina_audit.kernel.version import KernelVersion

if TYPE_CHECKING:
    from kina_audit.kconfig.shown import Shown

_KEPT = 5
"""Lines that are kept in memory, each of 10 MB with both architectures: a fleet has few at once."""

SUFFIX = ".line"
ARCHES = ("arm64", "x86_64")
"""What every line has a model of."""

Line = tuple[int, int]
"""Major and minor version: stable updates of a line move no Kconfig dependency that matters here."""


@cache
def lines() -> tuple[Line, ...]:
    """Every shipped line, oldest first."""
    return tuple(sorted(_line_of(path) for path in data_file("lines").iterdir() if path.suffix == SUFFIX))


def line_text(line: Line) -> str:
    """As people write it: 6.12."""
    return f"{line[0]}.{line[1]}"


def near(version: KernelVersion) -> tuple[Line, ...]:
    """The lines that tell what a version does: its own, or both neighbours, or the newest; none: it is too old."""
    wanted = (version.major, version.minor)
    known = lines()
    if wanted in known:
        return (wanted,)
    older = [line for line in known if line < wanted]
    newer = [line for line in known if line > wanted]
    if not older:
        return ()
    return (older[-1], newer[0]) if newer else (older[-1],)


def find_line(text: str) -> Line:
    """The shipped line that a version such as ``6.12`` or ``6.12.94`` belongs to.

    Raises:
        UsageError: no version, or a line that does not ship.
    """
    try:
        version = KernelVersion.parse(text)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if (version.major, version.minor) not in lines():
        raise UsageError(
            f"no model of Linux {line_text((version.major, version.minor))} ships with kina-audit",
            f"There are {', '.join(map(line_text, lines()))}; for others give the kernel's tree with --kernel-tree.",
        )
    return (version.major, version.minor)


def origin_of(line: Line) -> Origin:
    """What tree a line's models were made from."""
    return _loaded(line).packed.origin


@lru_cache(_KEPT * len(ARCHES))
def shown_on(line: Line, arch: str) -> "Shown":
    """Which symbols a line's configurator writes lines for on an architecture, and what they need."""
    return _loaded(line).packed.shown(arch)


def shipped_tree(line: Line, arch: str, toolchain: Toolchain) -> KernelTree:
    """A shipped line as a kernel tree under a toolchain.

    Args:
        line: one of `lines`.
        arch: one of `ARCHES`.
        toolchain: answers the tree's questions.
    """
    held = _loaded(line)
    key = (arch, toolchain.name, toolchain.text)
    if key not in held.trees:
        model, texts, possible = held.model(arch)
        tree = under(model, toolchain, Path(), f"the model of Linux {model.version} that ships", texts)
        tree.set_possible(possible)
        held.trees[key] = tree
    return held.trees[key]


def near_trees(version: KernelVersion, arch: str | None, toolchain: Toolchain) -> tuple[KernelTree, ...]:
    """The lines `near` a version, as trees under a toolchain, the newer one last; none where no line tells of it."""
    if arch not in ARCHES:
        return ()
    return tuple(shipped_tree(line, arch, toolchain) for line in near(version))


@cache
def stable_moves() -> tuple[tuple[KernelVersion, frozenset[str], str], ...]:
    """The symbols that stable updates moved: after which release, which, and whose "select" of them went."""
    rows = toml_document(data_file("stable.toml"))["moved"]
    return tuple(
        (KernelVersion.parse(row["after"]), frozenset(row["symbols"]), row.get("no_more_by", "")) for row in rows
    )


def _line_of(path: Path) -> Line:
    major, _, minor = path.name.removesuffix(SUFFIX).partition(".")
    return int(major), int(minor)


class _Loaded:
    """A line's file and what was made of it."""

    def __init__(self, line: Line) -> None:
        path = data_file("lines") / f"{line_text(line)}{SUFFIX}"
        try:
            self.packed = PackedLine(path.read_bytes())
        except (ValueError, KeyError, TypeError) as error:
            said = f"the model of Linux {line_text(line)} that came with kina-audit is damaged"
            raise KinaAuditError(said, "Install it again.") from error
        self.trees: dict[tuple[str, str, str], KernelTree] = {}
        self._models: dict[str, tuple[TreeModel, Callable[[], TreeTexts], Sequence[int]]] = {}

    def model(self, arch: str) -> tuple[TreeModel, Callable[[], TreeTexts], Sequence[int]]:
        """See `PackedLine.model`; each is made once."""
        if arch not in self._models:
            self._models[arch] = self.packed.model(arch)
        return self._models[arch]


_loaded = lru_cache(_KEPT)(_Loaded)
