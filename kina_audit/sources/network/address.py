"""Addresses: which may be asked, and how they are shown without what may be secret in them."""

import re
from urllib.parse import urlsplit

from kina_audit.errors import SourceError, UsageError

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,20}://)([^/?#\s]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_HINT = "Give https://host/path, a path, apple or recorded:NAME."


def shown_address(text: str) -> str:
    """An address as reports, messages and the cache may have it: without user, password, query and fragment.

    Anything else is returned as it is.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None:
        return text
    scheme, authority, path, query = match[1], match[2], match[3], match[4]
    try:
        urlsplit(text).port  # noqa: B018  (an address in which user and password do not end where they seem to)
    except ValueError:
        return f"{scheme}..."
    user, at, host = authority.rpartition("@")
    return f"{scheme}{'***@' if user or at else ''}{host}{path}{'?***' if query else ''}"


def refuse_address(url: str, hosts: tuple[str, ...] | None, *, allow_http: bool, came_from: str = "") -> None:
    """Raise when an address may not be asked.

    Args:
        url: the address.
        hosts: the only hosts that may be asked; None: any.
        allow_http: accept http.
        came_from: the address that redirected to it; empty: the user named it.

    Raises:
        UsageError: no address, or neither https nor, with ``allow_http``, http.
        SourceError: a host that is not one of ``hosts``, or a redirect to what is no such address.
    """
    said = f"{shown_address(came_from)}: redirects to {shown_address(url)}" if came_from else shown_address(url)
    kind = SourceError if came_from else UsageError
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        parts.port  # noqa: B018  (raises for what is none)
        host.encode("idna")
    except ValueError as error:
        raise kind(f"{said[:300]}: not an address: {str(error)[:100]}", "" if came_from else _HINT) from error
    if parts.scheme not in ("https", "http") or not host:
        raise kind(f"{said[:300]}: not an http address", "" if came_from else _HINT)
    if parts.scheme == "http" and not allow_http:
        raise kind(f"{said}: http is not encrypted", "Use https, or --allow-http if you must.")
    if hosts is not None and host not in hosts:
        raise SourceError(f"redirected to {host}, which is none of {', '.join(hosts)}; not followed")
