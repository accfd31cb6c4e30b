"""Kata Containers: the kernel of each release, and what its config fragments ask of the symbols that profiles name.

Held against the records of the family ``kata`` and known.toml, which says which release was read last.
"""

import re

from kina_audit import load_kernel
from kina_audit.kernel.parse import parse_config
from kina_audit.profiles.load import ProfileLibrary
from kina_audit.sources.recorded import Record, records
from scripts.upkeep.clone import Clone, version_key
from scripts.upkeep.files import KNOWN_FILE, known, record_file
from scripts.upkeep.news import Watched

PROJECT = "kata-containers/kata-containers"
VERSIONS = "versions.yaml"
KERNEL = "tools/packaging/kernel"
FRAGMENTS = f"{KERNEL}/configs/fragments"
_KERNEL_BLOCK = re.compile(r"^  kernel:\n(?:    .*\n)*?    version: \"?v?([\d.]+)", re.MULTILINE)
_OTHER_ARCH = re.compile(r"^#\s*!(?:arm64|confidential)\b", re.MULTILINE)


def watch(clone: Clone) -> Watched:
    """Every recorded kernel against its release, and every newer release."""
    found = Watched("kata", clone.state)
    for record in (r for r in records() if r.family == "kata"):
        _record(clone, record, found)
    _newer(clone, found)
    return found


def kernel_of(clone: Clone, ref: str) -> str:
    """What a release calls its kernel: ``6.18.35-197``; empty when it does not say."""
    block = _KERNEL_BLOCK.search(clone.text(ref, VERSIONS) or "")
    config = (clone.text(ref, f"{KERNEL}/kata_config_version") or "").strip()
    return f"{block[1]}-{config}" if block and config.isdigit() else ""


def asked(clone: Clone, ref: str, *, debug: bool = False) -> dict[str, str]:
    """What the fragments of the plain arm64 kernel ask, symbol to value; those that arm64 or a plain build leaves out are left out."""
    texts: list[str] = []
    folders = ["common", "arm64", *(["debug"] if debug else [])]
    for path in clone.files(ref, FRAGMENTS):
        folder, _, name = path.removeprefix(f"{FRAGMENTS}/").partition("/")
        text = clone.text(ref, path) or "" if folder in folders and "/" not in name and name.endswith(".conf") else ""
        if text and not _OTHER_ARCH.search(text):
            texts.append(text)
    return dict(parse_config("\n".join(texts), name=FRAGMENTS).raw) if texts else {}


def _record(clone: Clone, record: Record, found: Watched) -> None:
    tag, _, suffix = record.ranges[-1].first.partition("-")
    file = record_file(record)
    if not clone.blob(tag, VERSIONS):
        found.contradicts(f"there is no release {tag}, of which a record is", clone.project, file)
        return
    said, kernel = record.ranges[-1].target, kernel_of(clone, tag)
    found.compared("recorded kernels")
    if said != (f"{kernel}-{suffix}" if suffix else kernel):
        found.contradicts(
            f"{tag} builds {kernel or 'an unknown kernel'}, the record says {said}", clone.place(tag, VERSIONS), file
        )
    config = load_kernel(f"recorded:{record.name}").config
    wanted = asked(clone, tag, debug=suffix == "debug")
    # What a fragment turns off, nothing but a select of another symbol turns on.
    differ = [name for name, value in sorted(wanted.items()) if value == "n" and config.raw.get(name) in ("y", "m")]
    found.compared("fragment lines", len(wanted))
    if differ:
        text = f"the fragments of {tag} turn off what the record has on: {', '.join(differ)}"
        found.contradicts(text, clone.place(tag, FRAGMENTS), file)


def _newer(clone: Clone, found: Watched) -> None:
    last = known()["kata"]["release"]
    named = {s for p in ProfileLibrary() for r in p.requirements for s in r.symbols}
    if last not in clone.releases:
        found.contradicts(f"there is no release {last}, which known.toml says was read last", clone.project, KNOWN_FILE)
        return
    before, kernel = asked(clone, last), kernel_of(clone, last)
    for tag in (t for t in clone.releases if version_key(t) > version_key(last)):
        now, is_now = asked(clone, tag), kernel_of(clone, tag)
        found.compared("newer releases")
        changed = [
            f"{name} {before.get(name, 'not asked')} to {now.get(name, 'not asked')}"
            for name in sorted((before.keys() | now.keys()) & named)
            if before.get(name) != now.get(name)
        ]
        text = f"release {tag} builds {is_now or 'an unknown kernel'}" + (
            f", {kernel} before" if is_now != kernel else " as before"
        )
        text += f"; of what profiles name its fragments change {', '.join(changed)}" if changed else ""
        found.newer(text, clone.place(tag, VERSIONS), KNOWN_FILE)
        before, kernel = now, is_now
    found.compared("releases", sum(version_key(t) <= version_key(last) for t in clone.releases))
