"""Where a kernel's config comes from. Only here: network, subprocess, clock, home directory."""

import re

from kina_audit.errors import SourceNotFoundError
from kina_audit.kernel.provenance import Kernel
from kina_audit.sources.options import SourceOptions

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def open_source(source: str, options: SourceOptions | None = None) -> Kernel:
    """Read the kernel that ``source`` names: a path, ``-``, ``running``, ``apple[@REF]``, ``recorded:NAME``, a URL.

    Raises:
        SourceError: it could not be obtained or read.
        UsageError: an option makes no sense.
    """
    options = options or SourceOptions()
    if source == "running":
        from kina_audit.sources.running import open_running

        return open_running(options)
    if source == "apple" or source.startswith("apple@"):
        from kina_audit.sources.apple import open_apple

        return open_apple(source, options)
    if source.startswith("recorded:"):
        from kina_audit.sources.recorded import open_recorded

        return open_recorded(source, options)
    if _SCHEME.match(source):
        from kina_audit.sources.url import open_url

        return open_url(source, options)
    if not source:
        raise SourceNotFoundError("the source is empty", "Give a path, -, running, apple, recorded:NAME or https://...")
    from kina_audit.sources.file import open_file

    return open_file(source, options)
