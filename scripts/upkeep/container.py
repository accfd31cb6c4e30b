"""Apple's container: which kernel each release boots, the flags of `system kernel set`, and what `container k8s` makes a node of.

Held against the records of the family ``kata`` (what boots them), the commands that the package tells users, and known.toml.
"""

import re

from kina_audit.sources.local.installed import set_command
from kina_audit.sources.recorded import records
from scripts.upkeep.clone import Clone, version_key
from scripts.upkeep.files import KNOWN_FILE, known, record_file
from scripts.upkeep.news import Watched

PROJECT = "apple/container"
SOURCES = "Sources"
INSTALLED = "kina_audit/sources/local/installed.py"
_MEMBER = re.compile(r"kata-containers/vmlinux-([\w.+-]+)")
_RELEASE = re.compile(r"/kata-static-([\d.]+)-")
_FLAG = re.compile(r'@(?:Option|Flag)\(name: \.(?:long|customLong\("([\w-]+)"\)).*\n\s*(?:public )?var (\w+)')


def watch(clone: Clone) -> Watched:
    """Every release's default kernel, and the newest release's flags and node."""
    found = Watched("container", clone.state)
    _kernels(clone, found)
    if clone.releases:
        _flags(clone, clone.releases[-1], found)
        _node(clone, clone.releases[-1], found)
    return found


def _kernels(clone: Clone, found: Watched) -> None:
    kata = [r for r in records() if r.family == "kata"]
    newest = max((version_key(end) for r in kata for end in re.findall(r"\d+\.\d+\.\d+", r.boots)), default=())
    for tag in clone.releases:
        members = [
            (hit, m[1])
            for hit in clone.search(tag, "kata-containers/vmlinux-", SOURCES)
            if (m := _MEMBER.search(hit.text))
        ]
        archives = {m[1] for hit in clone.search(tag, "/kata-static-", SOURCES) if (m := _RELEASE.search(hit.text))}
        if not members:
            found.newer(f"{tag} names no Kata kernel as its default", clone.place(tag, SOURCES))
            continue
        found.compared("default kernels")
        hit, member = members[0]
        place = clone.place(tag, hit.path, hit.line)
        said = [r for r in kata if r.booted_by(tag)]
        right = [r for r in said if r.ranges[-1].target == member and r.ranges[-1].first.split("-")[0] in archives]
        if right:
            continue
        text = f"{tag} boots {member} of Kata {' or '.join(sorted(archives)) or 'unknown'}"
        if said:
            text += f", the record says {said[-1].ranges[-1].target} of {said[-1].ranges[-1].first}"
            found.contradicts(text, place, record_file(said[-1]))
        elif version_key(tag) > newest:
            same = [r for r in kata if r.ranges[-1].target == member]
            found.newer(text + ", of which no record says so", place, record_file(same[-1]) if same else "")
        else:
            found.contradicts(f"{text}, and no record says which kernel it boots", place)


def flags_of(source: str) -> list[str]:
    """The long names of a command's options, as Swift's ArgumentParser makes them of a property's name."""
    names = (custom or re.sub(r"(?<=[a-z0-9])([A-Z])", r"-\1", name).lower() for custom, name in _FLAG.findall(source))
    return sorted(f"--{name}" for name in names)


def _flags(clone: Clone, tag: str, found: Watched) -> None:
    path = next((p for p in clone.files(tag, SOURCES) if p.endswith("/KernelSet.swift")), "")
    if not path:
        found.contradicts(
            f"{tag} has no KernelSet.swift, so `container system kernel set` is elsewhere or gone",
            clone.project,
            INSTALLED,
        )
        return
    flags, place = flags_of(clone.text(tag, path) or ""), clone.place(tag, path)
    for arch in ("arm64", "x86_64"):
        for word in (w for w in set_command(tag, arch).split() if w.startswith("--")):
            found.compared("flags")
            if word not in flags:
                found.contradicts(
                    f"`container system kernel set` of {tag} has no {word}, which users are told", place, INSTALLED
                )
    new = sorted(set(flags) - set(known()["container"]["kernel_set_flags"]))
    if new:
        found.newer(f"`container system kernel set` of {tag} has {', '.join(new)}", place, KNOWN_FILE)


def _node(clone: Clone, tag: str, found: Watched) -> None:
    """The files that say what a node of ``container k8s`` is: image, script, network."""
    read = known()["container"]["node"]
    now = {p: clone.blob(tag, p) for p in clone.files(tag, SOURCES) if re.search(read["files"], p)}
    for path in sorted(now.keys() | read["blobs"].keys()):
        found.compared("files of the node")
        old, new = read["blobs"].get(path, ""), now.get(path, "")
        if old[:12] != new[:12]:
            what = "is gone" if not new else "is new" if not old else f"changed since {read['release']}"
            found.newer(
                f"{path} of {tag} {what}: read what the node asks of its kernel",
                clone.place(tag, path),
                read["profile"],
            )
