"""Fetched files in the user's cache folder: one file an address, written atomically, checked when read.

A cache entry is one file, named by the digest of its address: a line of JSON (the address without what may be secret in
it, entity tag, when, digest), then the body. Two processes that write it at
once each replace it whole, so a reader sees one or the other.
"""

import json
import os
import tempfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from kina_audit.base.bounds import BODY_BYTES
from kina_audit.base.datatype import datatype
from kina_audit.base.files import open_regular
from kina_audit.base.json_text import read_json
from kina_audit.sources.network.address import shown_address


@datatype
class Entry:
    """A cached body, its entity tag, and when it was fetched (ISO, UTC)."""

    body: bytes
    etag: str
    fetched: str


def cache_folder(chosen: Path | None) -> Path:
    """Where cached files are: the option, KINA_AUDIT_CACHE, or the user's cache folder."""
    if chosen is not None:
        return chosen
    if named := os.environ.get("KINA_AUDIT_CACHE"):
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("kina-audit", appauthor=False)


def load(folder: Path, url: str) -> Entry | None:
    """The entry of an address, or None when there is none or it is damaged."""
    try:
        with open_regular(_path(folder, url)) as file:
            head = read_json(file.readline(4096))
            body = file.read(BODY_BYTES + 1)
        if head["url"] != shown_address(url) or head["sha256"] != sha256(body).hexdigest():
            return None
        return Entry(body, str(head["etag"]), str(head["fetched"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save(folder: Path, url: str, body: bytes, etag: str) -> Entry:
    """Store a body; a folder that cannot be written costs only the cache."""
    entry = Entry(body, etag, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    head = {"url": shown_address(url), "etag": etag, "fetched": entry.fetched, "sha256": sha256(body).hexdigest()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".new-")
        try:
            with open(handle, "wb") as file:
                file.write(json.dumps(head).encode() + b"\n" + body)
            Path(temporary).replace(_path(folder, url))
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError:
        pass
    return entry


def _path(folder: Path, url: str) -> Path:
    return folder / f"{sha256(url.encode()).hexdigest()}.http"
