"""Kernels whose configs ship with this tool, written out in the project's own form.

A record holds the few assignments from which the shipped kernel lines give every symbol of the kernel back.
``scripts/record_kernel.py`` makes records; ``docs/records.md`` describes the file.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from kina_audit.base.datatype import datatype
from kina_audit.base.near import near
from kina_audit.base.packaged import data_file, toml_document
from kina_audit.errors import SourceNotFoundError
from kina_audit.kernel.config import Header, KernelConfig, Origin
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.kernel.version import KernelVersion
from kina_audit.sources.options import SourceOptions
from kina_audit.sources.target import aim


@datatype
class RefRange:
    """Tags, first to last, at which one content was built for one target version."""

    first: str
    last: str
    target: str

    def __contains__(self, tag: str) -> bool:
        try:
            return _tag(self.first) <= _tag(tag) <= _tag(self.last)
        except ValueError:
            return tag in (self.first, self.last)


@datatype
class Record:
    """One recorded kernel.

    Attributes:
        family: ``apple`` or ``kata``.
        arch: Kconfig's name of the architecture.
        ranges: where this content was built, oldest first.
        document: the record file.
    """

    family: str
    arch: str
    ranges: tuple[RefRange, ...]
    document: dict[str, Any]

    @property
    def name(self) -> str:
        """What to write behind ``recorded:``, for the newest range."""
        return self.name_of(self.ranges[-1])

    def name_of(self, ref: RefRange) -> str:
        """What to write behind ``recorded:`` for one of the ranges."""
        family = self.family if self.arch == "arm64" else f"{self.family}-{self.arch}"
        return f"{family}@{ref.first}"

    @property
    def date(self) -> str:
        """ISO date of the content."""
        return str(self.document["date"])

    @property
    def boots(self) -> str:
        """Which releases of Apple ``container`` boot it by default."""
        return str(self.document["boots"])

    def booted_by(self, release: str) -> bool:
        """Whether a release of Apple ``container``, such as ``1.3.0``, boots it by default."""
        return any(_tag(a) <= _tag(release) <= _tag(b) for a, b in re.findall(_BOOTS, self.boots))


_BOOTS = r"(\d+\.\d+\.\d+) to (\d+\.\d+\.\d+)"


def _tag(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


@cache
def records() -> tuple[Record, ...]:
    """Every record, by family, architecture and age."""
    found = []
    for path in sorted(p for p in data_file("records").iterdir() if p.suffix == ".toml"):
        document = toml_document(path)
        ranges = tuple(RefRange(r["first"], r["last"], r["target"]) for r in document["range"])
        found.append(Record(document["family"], document["arch"], ranges, document))
    return tuple(sorted(found, key=lambda r: (r.family, r.arch, r.date, r.ranges[0].first)))


def entries() -> Iterator[tuple[str, Record, RefRange]]:
    """(name, record, range) of everything that can be named."""
    for record in records():
        for ref in record.ranges:
            yield record.name_of(ref), record, ref


def booted() -> list[tuple[str, str, KernelConfig]]:
    """(source, releases, config) of every recorded kernel that releases of Apple ``container`` boot, oldest first."""
    named = [(f"recorded:{r.name}", r.boots) for r in records() if re.search(_BOOTS, r.boots)]
    return [(name, boots, open_recorded(name, SourceOptions()).config) for name, boots in named]


def ranges(family: str, arch: str) -> list[RefRange]:
    """The known tags of a project's file for an architecture, oldest first."""
    return [ref for _, record, ref in entries() if (record.family, record.arch) == (family, arch)]


def newest(family: str, arch: str) -> Record:
    """The newest record of a family and architecture.

    Raises:
        SourceNotFoundError: there is none.
    """
    found = [r for r in records() if (r.family, r.arch) == (family, arch)]
    if not found:
        raise SourceNotFoundError(f"no recorded {family} kernel for {arch}", "`kina-audit kernels` lists them.")
    return found[-1]


def name_of_ref(family: str, arch: str, ref: str) -> str | None:
    """The record that holds a tag or commit of a project, or None."""
    for name, record, tags in entries():
        if (record.family, record.arch) != (family, arch):
            continue
        commit = str(record.document.get("commit", ""))
        if ref in tags or (len(ref) == 40 and commit and ref.startswith(commit)):
            return name
    return None


def open_recorded(source: str, options: SourceOptions) -> Kernel:
    """The kernel that ``recorded:NAME`` names: ``FAMILY[-ARCH][@TAG]``; any tag of a recorded range will do.

    Raises:
        SourceNotFoundError: no such record; near names are named.
    """
    wanted = source.partition(":")[2]
    family, _, tag = wanted.partition("@")
    family, _, arch = family.partition("-")
    arch = arch or (options.arch if family == "apple" else "arm64")
    for _, record, ref in entries():
        if (record.family, record.arch) == (family, arch) and tag and tag in ref:
            return _kernel(source, record, ref, options)
    if not tag and any(r.family == family and r.arch == arch for r in records()):
        record = newest(family, arch)
        return _kernel(source, record, record.ranges[-1], options)
    names = [name for name, _, _ in entries()]
    raise SourceNotFoundError(
        f"no recorded kernel {wanted!r}{near(wanted, names, 3, 0.4)}",
        "`kina-audit kernels` lists them; `kina-audit matrix 'recorded:*'` audits several at once.",
    )


def _kernel(source: str, record: Record, ref: RefRange, options: SourceOptions) -> Kernel:
    document = record.document
    raw: dict[str, str] = {}
    for value, names in (("y", "y"), ("m", "m"), ("n", "not_set")):
        raw.update(dict.fromkeys(document["config"].get(names, "").split(), value))
    raw.update(document["config"].get("values", {}))
    header = KernelVersion.parse(document["header"])
    config = KernelConfig(
        raw=raw,
        header=Header(header, record.arch, document.get("compiler")),
        origin=Origin(document["origin"]),
        target=KernelVersion.parse(ref.target),
        arch=record.arch,
        minimal=True,
        untold=frozenset(document.get("untold", "").split()),
        toolchain=document.get("toolchain", ""),
    )
    provenance = Provenance(
        source,
        "recorded",
        f"recorded:{record.name_of(ref)}",
        project=document["project"],
        ref=ref.first if ref.first == ref.last else f"{ref.first} to {ref.last}",
        commit=document.get("commit", ""),
        blob=document.get("blob", ""),
        sha256=document.get("sha256", ""),
        date=document["date"],
        target_from=document["target_from"],
        notes=tuple(document.get("notes", ())),
    )
    return aim(config, provenance, options.target_kernel)
