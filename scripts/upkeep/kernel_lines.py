"""Kernel trees: a line without a model, what moved of the symbols that profiles name, profiles that a tree contradicts, renames.

Held against the models that ship (kina_audit/data/lines), what stable updates moved (data/stable.toml), data/renames.toml and the profiles.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from kina_audit.base.packaged import data_file, toml_document
from kina_audit.errors import SourceNotFoundError
from kina_audit.kconfig.lines import ARCHES, line_text, lines, near, origin_of, shipped_tree
from kina_audit.kconfig.loaded import KernelTree
from kina_audit.kconfig.model import TreeModel, expression_symbols, expression_text
from kina_audit.kconfig.toolchain import DEFAULT_TOOLCHAIN, Toolchain
from kina_audit.kernel.version import KernelVersion
from kina_audit.lint import lint_profiles
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.trees import open_kernel_tree
from scripts.upkeep.news import Watched

RENAMES = "kina_audit/data/renames.toml"
STABLE = "kina_audit/data/stable.toml"
_DEBIAN = re.compile(r"linux-source-(\d+)\.(\d+)\.tar\.\w+")


def watch(specs: list[str], name: str = "linux") -> Watched:
    """Every tree against the models and the profiles.

    Args:
        specs: source folders, or archives of kernel sources.
        name: what the report calls them.
    """
    found = Watched(name, f"models of {', '.join(map(line_text, lines()))}")
    for spec in specs:
        trees = [open_kernel_tree(spec, arch=arch) for arch in ARCHES]
        found.state += f"; read Linux {trees[0].model.version}"
        _line(trees, found)
        _profiles(trees, found)
        _renames(trees, found)
    return found


def newest_of_debian(folder: Path) -> str:
    """The newest of the archives that Debian's packages linux-source-VERSION put into a folder, such as ``/usr/src``.

    Raises:
        SourceNotFoundError: there is none.
    """
    archives = [
        (int(m[1]), int(m[2]), str(path))
        for path in folder.glob("linux-source-*")
        if (m := _DEBIAN.fullmatch(path.name))
    ]
    if not archives:
        raise SourceNotFoundError(
            f"{folder}: no linux-source-VERSION.tar in it", "Install Debian's newest linux-source package."
        )
    return max(archives)[2]


def _named() -> set[str]:
    return {s for p in ProfileLibrary() for r in p.requirements for s in r.symbols}


def definition(model: TreeModel, symbol: str) -> dict[str, str]:
    """What decides a symbol's value, as text; empty where it does not exist."""
    number = model.index.get(symbol)
    if number is None:
        return {}

    def told(expr: int) -> str:
        return expression_text(model, expr)

    return {
        "type": model.types[number],
        "depends": told(model.depends[number]),
        "prompt": " or ".join(sorted(told(p) for p in model.prompts[number])) or "none",
        "default": " or ".join(f"{told(value)} if {told(when)}" for value, when in model.defaults[number]) or "none",
        # Whoever selects it, in whatever order the files name them.
        "selected by": " or ".join(sorted(told(model.selected[number]).split(" || "))),
    }


def _line(trees: list[KernelTree], found: Watched) -> None:
    """A line that has no model, or a newer release of one that has."""
    version = KernelVersion.parse(trees[0].model.version)
    line, place = (version.major, version.minor), f"Linux {version}"
    known = near(version)
    if not known:
        found.newer(f"Linux {version} is older than every model", place)
        return
    before = known[0]
    tools, origin = Toolchain.parse(DEFAULT_TOOLCHAIN), origin_of(before)
    if before != line:
        text = f"Linux {line_text(line)} has no model: python scripts/kernel_line.py TREE makes it"
        found.newer(text, place, f"kina_audit/data/lines/{line_text(line)}.line")
    told: dict[str, list[str]] = {}
    moved = _moved(before) if before == line else set()
    for tree in trees:
        old = shipped_tree(before, tree.model.arch, tools).model
        for symbol in sorted(_named() - moved):
            found.compared("definitions")
            for change in _changes(definition(old, symbol), definition(tree.model, symbol)):
                told.setdefault(f"{symbol}: {change}", []).append(tree.model.arch)
    same = origin.version == str(version)
    for change, arches in told.items():
        text = f"{change} ({' and '.join(arches)}; {origin.version} to {version})"
        if same:
            found.contradicts(text, place, f"kina_audit/data/lines/{line_text(line)}.line")
        else:
            found.newer(text, place, STABLE if before == line else "")


def _changes(old: dict[str, str], new: dict[str, str]) -> Iterator[str]:
    if old and not new:
        yield "gone"
    elif new and not old:
        yield f"new, depends on {new['depends']}"
    else:
        differ = [kind for kind in new if new[kind] != old[kind]]
        if "depends" in differ and "none" not in (old["prompt"], new["prompt"]):
            differ = [kind for kind in differ if kind != "prompt"]  # a prompt is shown where the dependencies are met
        yield from (f"{kind} {new[kind]}, was {old[kind]}" for kind in differ)


def _moved(line: tuple[int, int]) -> set[str]:
    document = toml_document(data_file("stable.toml"))
    return {s for row in document["moved"] if row["line"] == line_text(line) for s in row["symbols"]}


def _profiles(trees: list[KernelTree], found: Watched) -> None:
    """What `profiles lint` says with these trees in the place of the line's own model (or of the newest line before it), and not with that."""
    version = KernelVersion.parse(trees[0].model.version)
    known = near(version)
    if not known:
        return
    profiles, tools, replaced = list(ProfileLibrary()), Toolchain.parse(DEFAULT_TOOLCHAIN), known[0]
    shipped = {line: [shipped_tree(line, arch, tools) for arch in ARCHES] for line in lines()}
    found.compared("profiles", len(profiles))
    said = [
        {
            (r.error, r.profile, r.requirement, r.text.replace(f"{name} ", f"{version} "))
            for r in lint_profiles(profiles, [tree for trees in among.values() for tree in trees])
        }
        for name, among in ((origin_of(replaced).version, shipped), (str(version), shipped | {replaced: trees}))
    ]
    for error, profile, requirement, text in sorted(said[1] - said[0]):
        say = found.contradicts if error else found.newer
        say(f"{profile}/{requirement} {text}", f"Linux {version}", f"profiles ({profile})")


def _renames(trees: list[KernelTree], found: Watched) -> None:
    """Symbols that a tree reads and hands on (``transitional``), and who takes their value."""
    known = {tuple(pair) for row in toml_document(data_file("renames.toml"))["rename"] for pair in row["pairs"]}
    pairs = {pair for tree in trees for pair in successors(tree.model)}
    found.compared("transitional symbols", len(pairs))
    for old, new in sorted(pairs - known):
        found.newer(f"{old} is transitional, {new} takes its value", f"Linux {trees[0].model.version}", RENAMES)


def successors(model: TreeModel) -> set[tuple[str, str]]:
    """Pairs of a transitional symbol and one whose default it is."""
    old = set(model.transitional)
    return {
        (model.names[symbol], model.names[number])
        for number in range(model.defined)
        if number not in old
        for symbol in expression_symbols(model, [e for row in model.defaults[number] for e in row]) & old
    }
