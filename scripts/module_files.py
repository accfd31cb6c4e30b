"""Write which module files a symbol makes when it is m, for the symbols that profiles name.

    python scripts/module_files.py TREE [TREE ...] > kina_audit/data/module-files.toml

TREE is the source of a kernel, oldest first; its Makefiles and Kconfig files are enough. What is told differently by two trees is
said of the versions between which it is known, and what no Makefile says plainly (a variable, a condition) is left out.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from kina_audit.api import load_profiles

OBJECT = re.compile(r"^\s*obj-\$\(CONFIG_(\w+)\)\s*[:+]?=\s*(.*)$")
MENTION = re.compile(r"CONFIG_(\w+)")
OTHER_OBJECT = re.compile(r"^\s*obj-[^:+=]*CONFIG_(\w+)")
BLOCK = re.compile(r"^\s*(ifn?eq|ifn?def)\b")
VERSION = re.compile(r"^(VERSION|PATCHLEVEL|SUBLEVEL) = (\d+)$", re.MULTILINE)
CONFIG = re.compile(r"^\s*(?:menu)?config\s+(\w+)\s*$")
SELECT = re.compile(r"^\s+select\s+(\w+)\s*(if\b.*)?$")
TRISTATE = re.compile(r"^\s+(?:def_)?tristate\b")
ARCHES = {"arm64": "arm64", "x86": "x86_64"}
ELSEWHERE = ("tools", "samples", "scripts", "Documentation", "debian", "rust", "usr")

Value = tuple[str, frozenset[str], str]
"""(Makefile, modules, architecture)."""
Told = dict[str, Value]
ABSENT: Value = ("", frozenset(), "")


def lines_of(path: Path) -> Iterator[tuple[str, bool]]:
    """(logical line, whether a condition surrounds it)."""
    depth, held = 0, ""
    for raw in path.read_text(encoding="utf-8", errors="replace").splitlines():
        line = held + raw.partition("#")[0].rstrip()
        if line.endswith("\\"):
            held = line[:-1] + " "
            continue
        held = ""
        if BLOCK.match(line):
            depth += 1
        elif re.match(r"^\s*endif\b", line):
            depth -= 1
        yield line, depth > 0


def modules(tree: Path, wanted: set[str]) -> tuple[Told, set[str]]:
    """What the Makefiles of one tree say, without what they do not say plainly; and every symbol they mention."""
    mentioned: set[str] = set()
    made: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    unclear: set[str] = set()
    for path in sorted([*tree.rglob("Makefile"), *tree.rglob("Kbuild")]):
        parts = path.relative_to(tree).parts
        if parts[0] in ELSEWHERE or (parts[0] == "arch" and (len(parts) < 3 or parts[1] not in ARCHES)):
            continue
        arch = ARCHES.get(parts[1], "") if parts[0] == "arch" else ""
        for line, conditional in lines_of(path):
            mentioned.update(MENTION.findall(line))
            match = OBJECT.match(line)
            if match is None:
                if (other := OTHER_OBJECT.match(line)) and "subst m,y" not in line:
                    unclear.add(other[1])
                continue
            symbol, objects = match[1], match[2].split()
            if symbol not in wanted:
                continue
            names = [o for o in objects if not o.endswith("/")]
            if any("$" in o or not o.endswith(".o") for o in names) or (conditional and names):
                unclear.add(symbol)
            elif names:
                made[symbol, arch]["/".join(parts)].update(o.removesuffix(".o").rpartition("/")[2] for o in names)
    told: Told = {}
    for (symbol, arch), where in made.items():
        if symbol not in unclear and len(where) == 1 and sum(s == symbol for s, _ in made) == 1:
            [(makefile, names)] = where.items()
            told[symbol] = (makefile, frozenset(names), arch)
    return told, mentioned


def selects(tree: Path) -> tuple[dict[str, list[str]], set[str]]:
    """What each tristate selects whatever else holds, and all tristates."""
    found: dict[str, list[str]] = defaultdict(list)
    tristates: set[str] = set()
    for path in sorted(tree.rglob("Kconfig*")):
        symbol = ""
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if match := CONFIG.match(line):
                symbol = match[1]
            elif TRISTATE.match(line):
                tristates.add(symbol)
            elif (match := SELECT.match(line)) and symbol and not match[2]:
                found[symbol].append(match[1])
    return {s: found[s] for s in tristates if found[s]}, tristates


def main() -> None:
    """Run the command line described above."""
    trees = [Path(a) for a in sys.argv[1:]]
    wanted = {s for p in load_profiles(["all"]) for r in p.requirements for s in r.symbols}
    versions, told, through = [], [], []
    kinds = [selects(tree) for tree in trees]
    chosen_by_some = {t for chosen, tristates in kinds for s in wanted & tristates for t in chosen.get(s, ())}
    for tree, (chosen, tristates) in zip(trees, kinds, strict=True):
        numbers = dict(VERSION.findall((tree / "Makefile").read_text(encoding="utf-8")))
        versions.append(".".join(numbers[n] for n in ("VERSION", "PATCHLEVEL", "SUBLEVEL")))
        said, mentioned = modules(tree, wanted | chosen_by_some)
        told.append({s: said.get(s) for s in tristates & (wanted | chosen_by_some)})
        aliases = wanted & tristates & chosen.keys() - mentioned
        through.append({s: t for s in aliases if (t := [c for c in chosen[s] if c in said])})
        missed = sorted(tristates & wanted - said.keys() - through[-1].keys())
        print(f"{versions[-1]}: {len(said)} known; of {len(missed)} nothing: {' '.join(missed)}", file=sys.stderr)
    used = wanted | {t for targets in through for names in targets.values() for t in names}
    told = [{s: v for s, v in t.items() if s in used} for t in told]
    print(f"# Written by scripts/module_files.py from the Makefiles of Linux {', '.join(versions)}.")
    print(
        "# `modules`: symbol to the files (without .ko) that it makes when it is m; `through`: it only selects these symbols."
    )
    groups: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for symbol in sorted({s for t in told for s, v in t.items() if v}):
        for kernel, value in agreed([t.get(symbol, ABSENT) for t in told], versions):
            makefile, names, arch = value
            groups[makefile, arch, kernel][symbol] = " ".join(sorted(names))
    for (makefile, arch, kernel), rows in sorted(groups.items()):
        print(f'\n[[makefile]]\npath = "{makefile}"')
        if arch:
            print(f'arch = "{arch}"')
        if kernel:
            print(f'kernel = "{kernel}"')
        print("[makefile.modules]")
        for symbol, names in sorted(rows.items()):
            print(f'{symbol} = "{names}"')
    print("\n[through]")
    for symbol in sorted({s for t in through for s in t} - {s for t in told for s, v in t.items() if v}):
        same = {" ".join(t[symbol]) for t in through if symbol in t}
        if len(same) == 1:
            print(f'{symbol} = "{same.pop()}"')


def agreed(values: list[Value | None], versions: list[str]) -> Iterator[tuple[str, Value]]:
    """(range of versions, value); no range where every tree that has the symbol says the same files.

    Args:
        values: of each tree: the value, None where it is not plain, ABSENT where there is no such symbol.
        versions: of the trees.
    """
    there = [v for v in values if v is not ABSENT]
    if None not in there and len({v[1:] for v in there if v}) == 1:
        yield "", there[-1]
        return
    start = 0
    while start < len(values):
        end, first = start, values[start]
        while end + 1 < len(values) and first and values[end + 1] and values[end + 1][1:] == first[1:]:
            end += 1
        if first and first is not ABSENT:
            low, high = (versions[i].rpartition(".")[0] for i in (start, end))
            yield f">={low},<{following(high)}", first
        start = end + 1


def following(line: str) -> str:
    """The kernel line behind one: 6.12 to 6.13."""
    major, minor = line.split(".")
    return f"{major}.{int(minor) + 1}"


if __name__ == "__main__":
    main()
