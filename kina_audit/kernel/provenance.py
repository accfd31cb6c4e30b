"""Where a kernel's configuration came from, so that a report can be checked by somebody else."""

from kina_audit.base.datatype import datatype, field
from kina_audit.kernel.config import KernelConfig

SET_RECOMMENDED = "container system kernel set --recommended"
"""What has Apple ``container`` install the kernel that its release boots by default; every release has it."""


@datatype
class Observed:
    """What a running kernel shows of itself.

    Attributes:
        release: ``uname -r``.
        machine: ``uname -m``, or an empty string.
        btf: whether ``/sys/kernel/btf/vmlinux`` is there; None when that could not be seen.
        facts: (name, value) of what else it shows, as `kina_audit.kernel.live.facts` names it.
    """

    release: str
    machine: str = ""
    btf: bool | None = None
    facts: tuple[tuple[str, str], ...] = ()


@datatype
class Provenance:
    r"""What was read, from where, and how old it is. Every field but the first three may be empty.

    Attributes:
        source: the source as the user named it (``apple@0.38.0``, a path, ``-``).
        kind: ``file``, ``stdin``, ``image``, ``archive``, ``directory``, ``running``, ``installed``, ``apple``, ``url``,
            ``recorded``, ``docker`` ...
        location: the path or address that was read.
        project: the repository it belongs to, e.g. ``apple/containerization``.
        ref: branch, tag or range of tags.
        commit: full or abbreviated commit id.
        blob: git blob id, sha1 of ``blob <length>\\0`` and the bytes.
        sha256: of the config's text.
        date: ISO date of the content (a commit's date, a record's date).
        fetched: ISO date and time when it was fetched, for network sources.
        target_from: what says which kernel version is built, e.g. ``kernel/Makefile KSOURCE``.
        found_in: the layers the config was found in, outermost first, for an image.
        kernel_release: what the image it was found in, or the folder around it, says it is.
        command: what was run to read it.
        observed: what the running kernel itself showed beside its config.
        fragments: the names of what was merged into its config.
        doubt: why another kernel than this may be meant, and what to give; empty: nothing speaks for that.
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
    found_in: tuple[str, ...] = ()
    kernel_release: str = ""
    command: tuple[str, ...] = ()
    observed: Observed | None = None
    fragments: tuple[str, ...] = ()
    doubt: str = ""
    notes: tuple[str, ...] = ()


@datatype
class Kernel:
    """A kernel to audit.

    Attributes:
        config: its configuration.
        provenance: where that came from.
        config_bytes: the config's text byte for byte; empty for a record, which is none.
    """

    config: KernelConfig
    provenance: Provenance
    config_bytes: bytes = field(default=b"", repr=False)
