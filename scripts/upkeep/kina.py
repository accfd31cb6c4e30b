"""kina: the kernel it pins for Cilium nodes, and the config fragment that makes it.

Held against known.toml: the package ships no record of that kernel.
"""

import re

from scripts.upkeep.clone import Clone
from scripts.upkeep.files import KNOWN_FILE, known
from scripts.upkeep.news import Watched

PROJECT = "vinnie357/kina"
_CONSTANT = re.compile(r'const (KERNEL_TAG|KERNEL_SHA256): &str = "([^"]+)"')
_SET = re.compile(r"CONFIG_(\w+)=y")
_ROW = re.compile(r"\| `CONFIG_(\w+)` \|")
PAGE = "docs/development/custom-kernel.md"


def watch(clone: Clone) -> Watched:
    """The pinned release and its digest, and the symbols of the fragment."""
    found, read = Watched("kina", clone.state), known()["kina"]
    hits = [
        (hit, m)
        for hit in clone.search(clone.tip, "const KERNEL_(TAG|SHA256): &str")
        if (m := _CONSTANT.search(hit.text))
    ]
    seen = {m[1] for _, m in hits}
    for hit, match in hits:
        found.compared("pins")
        name, value = match[1].removeprefix("KERNEL_").lower(), match[2]
        if value != read[name]:
            place = clone.place(clone.tip, hit.path, hit.line)
            found.newer(f"the pinned {name} is {value}, {read[name]} when it was read last", place, KNOWN_FILE)
    for missing in sorted({"KERNEL_TAG", "KERNEL_SHA256"} - seen):
        found.contradicts(
            f"no {missing} is in its source any more: where is the kernel pinned?", clone.project, KNOWN_FILE
        )
    _fragment(clone, read["fragment"], found)
    return found


def _fragment(clone: Clone, read: list[str], found: Watched) -> None:
    paths = [p for p in clone.files(clone.tip, ".") if p.endswith(".fragment")] or [PAGE]
    text = "\n".join(clone.text(clone.tip, p) or "" for p in paths)
    now = set((_ROW if paths == [PAGE] else _SET).findall(text))
    place = clone.place(clone.tip, paths[0])
    if not now:
        found.contradicts("neither a fragment nor the page that lists its symbols is there any more", place, KNOWN_FILE)
        return
    found.compared("symbols of the fragment", len(now))
    for word, names in (("asks for", now - set(read)), ("does not ask any more for", set(read) - now)):
        if names:
            found.newer(f"the fragment {word} {', '.join(sorted(names))}", place, KNOWN_FILE)
