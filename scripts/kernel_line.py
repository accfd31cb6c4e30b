"""Make the models of a kernel line that ship with the package.

    python scripts/kernel_line.py TREE [TREE ...]                 # writes kina_audit/data/lines/6.12.line and so on
    python scripts/kernel_line.py TREE --tree "vanilla 6.12.107"  # says in the file what tree it was

TREE is a kernel source folder, or an archive with at least its Kconfig files, scripts/Kconfig.include and top Makefile.
Nothing of the tree is run. What a file holds is facts only: symbols, types, dependencies, defaults, selects, implies,
ranges, choices, file and line; no prompt, menu or help text.
"""

import argparse
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from kina_audit.errors import KinaAuditError  # noqa: E402
from kina_audit.kconfig.lines import ARCHES, SUFFIX, line_text  # noqa: E402
from kina_audit.kconfig.loaded import read_model  # noqa: E402
from kina_audit.kconfig.packed import Origin  # noqa: E402
from kina_audit.kconfig.packing import pack  # noqa: E402
from kina_audit.kconfig.tree import tree_version  # noqa: E402
from kina_audit.kernel.version import KernelVersion  # noqa: E402
from kina_audit.sources.options import SourceOptions  # noqa: E402
from kina_audit.sources.tree.find import find_tree  # noqa: E402


def make_line(root: Path, tree: str = "") -> tuple[str, bytes]:
    """The name and the bytes of the file for a kernel tree.

    Args:
        root: the tree's folder.
        tree: what tree it is; default: the vanilla release of its version.
    """
    version = tree_version(root)
    read = [read_model(root, arch) for arch in ARCHES]
    files = sorted({name for _, _, stamps in read for name, _, _ in stamps})
    digest = sha256()
    for name in files:
        data = (root / name).read_bytes()
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    parsed = KernelVersion.parse(version)
    origin = Origin(version, tree or f"vanilla {version}", digest.hexdigest())
    return line_text((parsed.major, parsed.minor)) + SUFFIX, pack([(m, t) for m, t, _ in read], origin)


def main() -> int:
    """Run the command line described above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", metavar="TREE")
    parser.add_argument("--tree", default="", help="what tree it is, in words; default: vanilla VERSION")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "kina_audit" / "data" / "lines", metavar="FOLDER")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as cache:
        for spec in arguments.trees:
            try:
                name, data = make_line(find_tree(spec, SourceOptions(cache=Path(cache))).root, arguments.tree)
            except KinaAuditError as error:
                print(f"{spec}: {error}", file=sys.stderr)
                return 3
            (arguments.output / name).write_bytes(data)
            print(f"{arguments.output / name}: {len(data):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
