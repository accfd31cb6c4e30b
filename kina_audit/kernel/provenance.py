"""Where a kernel's configuration came from, so that a report can be checked by somebody else."""

from dataclasses import dataclass

from kina_audit.kernel.config import KernelConfig


@dataclass(frozen=True, slots=True)
class Provenance:
    r"""What was read, from where, and how old it is. Every field but the first three may be empty.

    Attributes:
        source: the source as the user named it (``apple@0.38.0``, a path, ``-``).
        kind: ``file``, ``stdin``, ``running``, ``apple``, ``url``, ``recorded`` ...
        location: the path or address that was read.
        project: the repository it belongs to, e.g. ``apple/containerization``.
        ref: branch, tag or range of tags.
        commit: full or abbreviated commit id.
        blob: git blob id, sha1 of ``blob <length>\\0`` and the bytes.
        sha256: of the bytes as read, before decompression.
        date: ISO date of the content (a commit's date, a record's date).
        fetched: ISO date and time when it was fetched, for network sources.
        target_from: what says which kernel version is built, e.g. ``kernel/Makefile KSOURCE``.
        notes: sentences the reader must see: a fallback that was used, a reproduction, an age.
    """

    source: str
    kind: str
    location: str
    project: str = ""
    ref: str = ""
    commit: str = ""
    blob: str = ""
    sha256: str = ""
    date: str = ""
    fetched: str = ""
    target_from: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel to audit: its configuration and where that came from."""

    config: KernelConfig
    provenance: Provenance
