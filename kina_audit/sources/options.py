"""What a user may say about how sources are read."""

from collections.abc import Callable
from pathlib import Path

from kina_audit.base.bounds import DECOMPRESSED_MIB, GUEST_SECONDS
from kina_audit.base.datatype import datatype
from kina_audit.errors import UsageError

PROJECT_ARCHES = ("arm64", "x86_64")
"""What Apple's repository and Apple ``container`` have kernels for; the first is meant when nobody says."""


def _silent(_message: str) -> None:
    """What nobody asked to see."""


@datatype
class SourceOptions:
    """How sources are read.

    Attributes:
        arch: which of a project's configs to fetch, by Kconfig's name.
        stated_arch: the architecture of configs that do not tell theirs, by Kconfig's name; empty: nobody said.
        target_kernel: the version the audit is about; empty: the source's own knowledge.
        offline: never touch the network; use the cache or a record.
        refresh: ignore what is cached.
        fallback: with ``apple`` and neither network nor cache, use the newest recorded kernel.
        allow_http: accept ``http://`` addresses.
        cache: folder for fetched files; None: the user's cache folder.
        max_decompressed: MiB that a kernel image, or one compressed layer of it, may expand to.
        timeout: seconds a command in a guest or on a node may take, or a server.
        fragments: (name, text) of each, to be merged into a config as ``merge_config.sh`` does.
        toolchain: what the kernel is built with; empty: nobody said.
        built: a config that is read is a kernel's own, as it was built, wherever it lies.
        verbose: show the commands that are run.
        say: called with a note or a warning for stderr.
        progress: called with what is being done, or how far it has come: for a person who waits.
    """

    arch: str = "arm64"
    stated_arch: str = ""
    target_kernel: str = ""
    offline: bool = False
    refresh: bool = False
    fallback: bool = True
    allow_http: bool = False
    cache: Path | None = None
    max_decompressed: int = DECOMPRESSED_MIB
    timeout: float = GUEST_SECONDS
    fragments: tuple[tuple[str, str], ...] = ()
    toolchain: str = ""
    built: bool = False
    verbose: bool = False
    say: Callable[[str], None] = _silent
    progress: Callable[[str], None] = _silent

    def project_arch(self) -> str:
        """The architecture of what a project has for some of them only.

        Raises:
            UsageError: another one was stated.
        """
        if self.stated_arch and self.stated_arch != self.arch:
            raise UsageError(f"--arch {self.stated_arch}: not one of {', '.join(PROJECT_ARCHES)}")
        return self.arch
