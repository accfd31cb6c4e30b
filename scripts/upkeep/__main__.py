"""Hold what watched projects say today against what this project says of them.

    python -m scripts.upkeep containerization=CLONE container=CLONE kata=CLONE kina=CLONE [--fetch] [-f markdown]
    python -m scripts.upkeep linux=TREE linux=TREE debian=/usr/src

Each source is a local clone (bare or not), or a kernel tree or its archive; nothing else is read. Exit status: 0 nothing new, 1 something is newer or
contradicts, 2 usage, 3 a source cannot be read or nothing was compared.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from kina_audit.errors import KinaAuditError
from scripts.upkeep import cilium, container, containerization, kata, kernel_lines, kina
from scripts.upkeep.clone import Clone
from scripts.upkeep.news import Watched, as_markdown, as_text, exit_status

CLONES: dict[str, tuple[str, Callable[[Clone], Watched]]] = {
    "containerization": (containerization.PROJECT, containerization.watch),
    "container": (container.PROJECT, container.watch),
    "kata": (kata.PROJECT, kata.watch),
    "kina": (kina.PROJECT, kina.watch),
    "cilium": (cilium.PROJECT, cilium.watch),
}
"""Each source by its name on the command line: the project it is a clone of, and what watches it."""
TREES: dict[str, Callable[[list[Path]], list[str]]] = {
    "linux": lambda paths: [str(path) for path in paths],
    "debian": lambda paths: [kernel_lines.newest_of_debian(path) for path in paths],
}
"""Sources of kernel trees, which may be given more than once: what a path stands for."""
SOURCES = (*CLONES, *TREES)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its report goes to stdout."""
    parser = argparse.ArgumentParser(prog="python -m scripts.upkeep", description=__doc__.partition("\n")[0])
    parser.add_argument("sources", nargs="*", metavar="SOURCE=PATH", help=f"SOURCE: {', '.join(SOURCES)}")
    parser.add_argument("--fetch", action="store_true", help="first bring each clone up to date from its own origin")
    parser.add_argument("-f", "--format", choices=["text", "markdown"], default="text")
    parser.add_argument(
        "--clones", action="store_true", help="print each source's name and project, and do nothing else"
    )
    options = parser.parse_args(arguments)
    if options.clones:
        print("\n".join(f"{name} {project}" for name, (project, _) in CLONES.items()))
        return 0
    if not options.sources:
        parser.error("no SOURCE=PATH")
    named: dict[str, list[Path]] = {}
    for word in options.sources:
        name, equals, path = word.partition("=")
        if not equals or not path or name not in SOURCES:
            parser.error(f"{word}: not SOURCE=PATH with one of {', '.join(SOURCES)}")
        if name in named and name in CLONES:
            parser.error(f"{name} is given twice")
        named.setdefault(name, []).append(Path(path))
    try:
        watched = [_watch(name, paths, fetch=options.fetch) for name, paths in named.items()]
    except KinaAuditError as error:
        print(f"upkeep: {error.message}\n  {error.hint}", file=sys.stderr)
        return 3
    render = as_markdown if options.format == "markdown" else as_text
    sys.stdout.write(render(watched, [name for name in SOURCES if name not in named]))
    return exit_status(watched)


def _watch(name: str, paths: list[Path], *, fetch: bool) -> Watched:
    if name in TREES:
        return kernel_lines.watch(TREES[name](paths), name)
    project, watch = CLONES[name]
    clone = Clone(paths[0], project)
    if fetch:
        clone.fetch()
    return watch(clone)


if __name__ == "__main__":
    sys.exit(main())
