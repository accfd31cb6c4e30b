"""Write the list of every symbol that some kernel has, for `kina-audit profiles validate`.

    python scripts/symbol_names.py TREE [TREE ...] > kina_audit/data/symbol-names.txt

TREE is the source of a kernel. Symbols of every architecture are listed.
"""

import re
import sys
from pathlib import Path

DEFINITION = re.compile(r"^\s*(?:menu)?config\s+([A-Za-z0-9_]+)\s*$", re.MULTILINE)
VERSION = re.compile(r"^(VERSION|PATCHLEVEL) = (\d+)$", re.MULTILINE)


def main() -> None:
    """Run the command line described above."""
    names: set[str] = set()
    versions = []
    for tree in map(Path, sys.argv[1:]):
        number = dict(VERSION.findall((tree / "Makefile").read_text(encoding="utf-8")))
        versions.append((int(number["VERSION"]), int(number["PATCHLEVEL"])))
        for path in tree.rglob("Kconfig*"):
            if path.is_file():
                names.update(DEFINITION.findall(path.read_text(encoding="utf-8", errors="replace")))
    told = ", ".join(f"{a}.{b}" for a, b in sorted(versions))
    print(f"# Written by scripts/symbol_names.py: the symbols of Linux {told}, every architecture.")
    line = ""
    for name in sorted(names):
        if len(line) + len(name) > 158:
            print(line.rstrip())
            line = ""
        line += name + " "
    print(line.rstrip())


if __name__ == "__main__":
    main()
