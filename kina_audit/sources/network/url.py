"""What is at any https address."""

from kina_audit.errors import SourceNotFoundError
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.sources.local.file import read_bytes
from kina_audit.sources.network import cache, http
from kina_audit.sources.network.address import refuse_address, shown_address
from kina_audit.sources.options import SourceOptions


def fetch_cached(
    url: str, options: SourceOptions, *, hosts: tuple[str, ...] | None = None, immutable: bool = False
) -> cache.Entry:
    """The body at an address, through the cache: revalidated, or taken as it is when it can never change.

    Raises:
        SourceNotFoundError: not there; or offline and not in the cache.
        SourceError: as `http.fetch`.
    """
    folder = cache.cache_folder(options.cache)
    cached = None if options.refresh else cache.load(folder, url)
    if cached is not None and (immutable or options.offline):
        return cached
    if options.offline:
        raise SourceNotFoundError(
            f"{shown_address(url)}: not in the cache, and --offline is set", "Run once without --offline."
        )
    answer = http.fetch(
        url, hosts=hosts, etag=cached.etag if cached else "", allow_http=options.allow_http,
        seconds=options.timeout, say=options.say,
    )  # fmt: skip
    if answer.status == 304 and cached is not None:
        return cache.save(folder, url, cached.body, cached.etag)
    return cache.save(folder, url, answer.body, answer.etag)


def open_url(source: str, options: SourceOptions, *, member: str = "") -> Kernel:
    """Read what is at an address: config text, a kernel image or an archive.

    Raises:
        SourceError: it could not be fetched, or is no kernel config.
        UsageError: not an https address.
    """
    refuse_address(source, None, allow_http=options.allow_http)
    said = shown_address(source)
    options.progress(f"fetching {said}")
    entry = fetch_cached(source, options)
    return read_bytes(entry.body, Provenance(said, "url", said, fetched=entry.fetched), options, member)
