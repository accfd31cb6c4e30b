"""A config that is the input of somebody's build: told by the Makefile beside it, or by being byte for byte a recorded file.

Apple containerization keeps ``kernel/config-<arch>`` beside ``kernel/Makefile``, whose ``KSOURCE`` names the kernel that
is built from it; the version in the config's own header is years older.
"""

import re
from pathlib import Path

from kina_audit.base.bounds import MAKEFILE_BYTES, MIB
from kina_audit.base.datatype import replace
from kina_audit.base.digest import git_blob_id
from kina_audit.base.files import open_regular
from kina_audit.errors import SourceTooLargeError
from kina_audit.kernel.config import KernelConfig, Origin
from kina_audit.kernel.provenance import Provenance
from kina_audit.kernel.version import KernelVersion

_ALIKE = 0.95
"""Share of a record's lines that an edited copy of the file still has."""
FROM_MAKEFILE = "KSOURCE of the Makefile beside it"
_KSOURCE_LINE = rb"(?m)^\s*(?:export\s+)?KSOURCE\s*[:?]?=(.*)"
_VERSION_OF_SOURCE = rb"linux-(\d+\.\d+(?:\.\d+)?(?:-rc\d+)?)\.tar"


def built_version(makefile: bytes) -> KernelVersion | None:
    """The version that a Makefile downloads and builds, from its KSOURCE line; None when it names none."""
    # As make does: the last assignment wins, whatever stands before it.
    lines = re.findall(_KSOURCE_LINE, makefile) if makefile else []
    match = re.search(_VERSION_OF_SOURCE, lines[-1]) if lines else None
    return KernelVersion.found_in(match[1].decode()) if match else None


def makefile_beside(path: Path) -> bytes:
    """The ``Makefile`` in a file's folder; empty when there is none that can be read.

    Raises:
        SourceTooLargeError: it is larger than any; its last lines may be the ones that count.
    """
    makefile = path.parent / "Makefile"
    try:
        with open_regular(makefile) as file:
            data = file.read(MAKEFILE_BYTES + 1)
    except (OSError, ValueError):
        return b""
    if len(data) > MAKEFILE_BYTES:
        raise SourceTooLargeError(f"{makefile}: more than {MAKEFILE_BYTES // MIB} MiB, which no Makefile has")
    return data


def as_checked_out(
    config: KernelConfig, provenance: Provenance, data: bytes, makefile: bytes
) -> tuple[KernelConfig, Provenance]:
    """The config aimed at the version that is built from it, where that is known; unchanged otherwise.

    Args:
        config: parsed from ``data``.
        provenance: where it is from.
        data: its bytes, which are looked for among the recorded files.
        makefile: what stands in the Makefile beside it; empty: there is none.
    """
    built = built_version(makefile)
    if built is None and makefile and re.search(_KSOURCE_LINE, makefile):
        note = (
            "KSOURCE of the Makefile beside it names no version that can be read; --target-kernel says which is built"
        )
        config = replace(config, origin=Origin.INPUT, target=None)
        provenance = replace(provenance, notes=(*provenance.notes, note))
    if built is not None:
        config = replace(config, origin=Origin.INPUT, target=built)
        provenance = replace(provenance, target_from=FROM_MAKEFILE)
    from kina_audit.sources.recorded import records

    blob = git_blob_id(data)
    record = next((r for r in records() if r.document.get("blob") == blob), None)
    if record is None:
        return config, provenance if built or config.origin is Origin.BUILT else replace(
            provenance, doubt=_alike(config)
        )
    known = {KernelVersion.parse(r.target): f"{r.first} to {r.last}" for r in record.ranges}
    document = record.document
    provenance = replace(provenance, project=document["project"], blob=blob)
    if built is not None:
        return config, provenance
    if len(known) == 1:
        [(target, tags)] = known.items()
        why = f"it is byte for byte {document['file']} of {tags}"
        return (
            replace(config, origin=Origin.INPUT, target=target),
            replace(provenance, ref=tags, date=document["date"], target_from=why),
        )
    ways = " and ".join(f"Linux {target} ({tags})" for target, tags in known.items())
    note = f"{document['project']} built {ways} from exactly this file; --target-kernel says which"
    return replace(config, origin=Origin.INPUT, target=None), replace(provenance, notes=(*provenance.notes, note))


def _alike(config: KernelConfig) -> str:
    """That a config is nearly a file that another version than its header's is built from; empty where it is like none.

    One edited line makes Apple's file another one by its digest; whoever builds it takes the kernel beside it all the same.
    Header, and nearly all that the record says, have to be the same: of files that are others half is.
    """
    from kina_audit.sources.recorded import records

    header = config.header.version
    found = []
    for record in records():
        document = record.document
        target = record.ranges[-1].target
        said = document["config"]
        if header is None or document["origin"] != Origin.INPUT or record.arch != config.arch:
            continue
        if KernelVersion.parse(document["header"]).triple != header.triple or target == document["header"]:
            continue
        lines = [
            (name, value)
            for value, key in (("y", "y"), ("m", "m"), ("n", "not_set"))
            for name in said.get(key, "").split()
        ]
        alike = sum(config.raw.get(name, "n") == value for name, value in lines)
        if alike >= _ALIKE * len(lines):
            found.append((alike / len(lines), record.date, document, target))
    if not found:
        return ""
    _, _, document, target = max(found, key=lambda row: row[:2])
    return (
        f"looks like {document['project']}'s {document['file']}, which builds {target}: give --target-kernel {target}"
    )
