"""Apple's containerization: the kernel configs of every release, and the version its Makefile builds from them.

Held against the records of the family ``apple`` (kina_audit/data/records).
"""

from itertools import groupby

from kina_audit import load_kernel
from kina_audit.errors import KinaAuditError
from kina_audit.kernel.config import KernelConfig
from kina_audit.kernel.parse import parse_config
from kina_audit.sources.git.checkout import built_version
from kina_audit.sources.recorded import Record, records
from scripts.upkeep.clone import Clone, version_key
from scripts.upkeep.files import record_file
from scripts.upkeep.news import Watched

PROJECT = "apple/containerization"
MAKEFILE = "kernel/Makefile"
MOST_SYMBOLS = 12


def watch(clone: Clone) -> Watched:
    """Every release's configs against the records, every recorded file against its bytes, and what the branch has ahead."""
    found = Watched("containerization", clone.state)
    for arch in ("arm64", "x86_64"):
        known = [r for r in records() if (r.family, r.arch) == ("apple", arch)]
        _releases(clone, arch, known, found)
        for record in known:
            _content(clone, record, found)
        _ahead(clone, arch, found)
    return found


def _releases(clone: Clone, arch: str, known: list[Record], found: Watched) -> None:
    path = f"kernel/config-{arch}"
    newest = max((version_key(r.last) for record in known for r in record.ranges), default=())
    told = []
    for tag in clone.releases:
        blob = clone.blob(tag, path)
        built = built_version(clone.read(tag, MAKEFILE) or b"")
        if not blob:
            continue
        found.compared("releases")
        says = _says(known, tag, blob, str(built or ""))
        if says:
            told.append((tag, version_key(tag) > newest, *says, blob))
    # One line for releases in a row of which the same is to be said.
    for (newer, text, file, _), rows in groupby(told, key=lambda row: row[1:]):
        tags = [row[0] for row in rows]
        span = tags[0] if len(tags) == 1 else f"{tags[0]} to {tags[-1]}"
        say = found.newer if newer else found.contradicts
        say(f"{path} at {span}: {text}", clone.place(tags[-1], path), file)


def _says(known: list[Record], tag: str, blob: str, built: str) -> tuple[str, str] | None:
    """What is to be said of a release, and which record it is about; None when the records have it."""
    same = [r for r in known if r.document["blob"] == blob]
    ranges = [(record, span) for record in known for span in record.ranges if tag in span]
    if not same:
        holder = record_file(ranges[0][0]) if ranges else ""
        return f"a file that no record holds (blob {blob[:12]}), built as Linux {built or 'unknown'}", holder
    record, file = same[-1], record_file(same[-1])
    if not any(holder is record for holder, _ in ranges):
        return f"the file of this record, whose ranges do not reach it; built as Linux {built or 'unknown'}", file
    target = next(span.target for holder, span in ranges if holder is record)
    if target != built:
        return f"{MAKEFILE} builds Linux {built or 'unknown'}, the record says {target}", file
    return None


def _content(clone: Clone, record: Record, found: Watched) -> None:
    """A recorded file's bytes: its symbols are what the record says, one by one."""
    path, tag, file = str(record.document["file"]), record.ranges[0].first, record_file(record)
    data = clone.read(tag, path)
    if data is None:
        found.contradicts(f"there is no {path} at {tag}, of which a record is", clone.project, file)
        return
    from hashlib import sha256

    if sha256(data).hexdigest() != record.document["sha256"]:
        found.contradicts(f"the sha256 of {path} at {tag} is not the recorded one", clone.place(tag, path), file)
        return
    recorded = load_kernel(f"recorded:{record.name}").config
    differ = differences(recorded, parse_config(data))
    found.compared("recorded symbols", len(recorded.raw))
    if differ:
        found.contradicts(f"{path} at {tag}: {_few(differ)}", clone.place(tag, path), file)


def differences(recorded: KernelConfig, read: KernelConfig) -> list[str]:
    """Symbols whose recorded value is not the file's, each as a phrase."""
    names = sorted(recorded.raw)
    return [
        f"{n} is {_raw(read, n)}, recorded {_raw(recorded, n)}" for n in names if _raw(recorded, n) != _raw(read, n)
    ]


def _raw(config: KernelConfig, name: str) -> str:
    return config.raw.get(name, "absent")


def _few(phrases: list[str]) -> str:
    more = len(phrases) - MOST_SYMBOLS
    return "; ".join(phrases[:MOST_SYMBOLS]) + (f"; and {more} more" if more > 0 else "")


def _ahead(clone: Clone, arch: str, found: Watched) -> None:
    """What the branch has that no release has yet."""
    path = f"kernel/config-{arch}"
    if not clone.releases or not (tip := clone.read(clone.tip, path)):
        return
    last = clone.releases[-1]
    released, builds = (
        clone.read(last, path) or b"",
        [built_version(clone.read(r, MAKEFILE) or b"") for r in (last, clone.tip)],
    )
    found.compared("unreleased files")
    try:
        old, new = parse_config(released), parse_config(tip)
    except KinaAuditError as error:
        found.newer(f"{path} of the branch cannot be read: {error.message}", clone.place(clone.tip, path))
        return
    changed = [
        f"{name} {_raw(old, name)} to {_raw(new, name)}"
        for name in sorted(old.raw.keys() | new.raw.keys())
        if _raw(old, name) != _raw(new, name)
    ]
    if changed:
        found.newer(f"{path} changed since {last}, in no release yet: {_few(changed)}", clone.place(clone.tip, path))
    if builds[0] != builds[1]:
        found.newer(f"{MAKEFILE} builds Linux {builds[1]}, {last} built {builds[0]}", clone.place(clone.tip, MAKEFILE))
