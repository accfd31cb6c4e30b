"""HTTP, in one module: bounded bodies, bounded redirects, bounded retries, and a token only where it belongs."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from kina_audit.errors import SourceError, SourceNotFoundError, SourceTooLargeError, UsageError

if TYPE_CHECKING:
    import httpx

MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_TRIES = 3
MAX_REDIRECTS = 5
MAX_WAIT_SECONDS = 30.0
CONNECT_TIMEOUT_SECONDS = 10.0
READ_TIMEOUT_SECONDS = 20.0
_RETRIED = frozenset((429, 500, 502, 503, 504))
_REDIRECTS = frozenset((301, 302, 303, 307, 308))

GITHUB_HOSTS = ("github.com", "api.github.com", "raw.githubusercontent.com", "codeload.github.com")
"""GitHub's own hosts; a redirect from one of them may only lead to another."""

TOKEN_HOSTS = frozenset(("api.github.com", "raw.githubusercontent.com"))
"""The only hosts that are ever sent GH_TOKEN or GITHUB_TOKEN."""


class NetworkError(SourceError):
    """The network, or the server, did not answer usefully; trying later may help."""


@dataclass(frozen=True, slots=True)
class Response:
    """What a server answered: status (200 or 304), body, entity tag and the address after redirects."""

    status: int
    body: bytes
    etag: str
    url: str


def fetch(
    url: str,
    *,
    hosts: tuple[str, ...] | None = None,
    etag: str = "",
    allow_http: bool = False,
    transport: Any = None,
    sleep: Callable[[float], None] = time.sleep,
    environment: Mapping[str, str] = os.environ,
) -> Response:
    """GET an address.

    Args:
        url: https, or http with ``allow_http``.
        hosts: the only hosts that may be asked, redirects included; None: any.
        etag: revalidate a cached body; the answer may then be 304 with an empty body.
        allow_http: accept http addresses. A redirect from https to http is refused even then.
        transport: an httpx transport, for tests.
        sleep: waits between tries, in seconds.
        environment: where the token is looked up.

    Raises:
        SourceNotFoundError: 404 or 410.
        SourceTooLargeError: a body over 4 MiB.
        NetworkError: no connection, no answer, or a server error after three tries.
        SourceError: a redirect or a status that is not accepted.
    """
    import httpx

    timeout = httpx.Timeout(READ_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS)
    with httpx.Client(timeout=timeout, follow_redirects=False, transport=transport, trust_env=True) as client:
        for attempt in range(1, MAX_TRIES + 1):
            try:
                answer = _follow(client, url, hosts, etag, allow_http, environment)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                if attempt == MAX_TRIES or not isinstance(error, httpx.TransportError):
                    reason = str(error) or type(error).__name__
                    raise NetworkError(
                        f"{url}: {reason}", "Check the network and the proxy settings, or use --offline."
                    ) from error
                sleep(_backoff(attempt, ""))
                continue
            if isinstance(answer, Response):
                return answer
            status, retry_after = answer
            if attempt == MAX_TRIES:
                hint = "Set GITHUB_TOKEN to raise GitHub's limit, or try later." if status == 429 else "Try later."
                raise NetworkError(f"{url}: the server answered {status}, {MAX_TRIES} times", hint)
            sleep(_backoff(attempt, retry_after))
    raise AssertionError("the last try returns or raises")


def download(
    url: str,
    sink: Callable[[bytes], object],
    *,
    hosts: tuple[str, ...],
    limit: int,
    progress: Callable[[int, int], None] | None = None,
    transport: Any = None,
) -> None:
    """GET a large file, piece by piece.

    Args:
        url: https only.
        sink: is given each piece in order.
        hosts: the only hosts that may be asked, redirects included.
        limit: the most bytes that are accepted.
        progress: called with (bytes so far, bytes in all or 0) after each piece.
        transport: an httpx transport, for tests.

    Raises:
        SourceNotFoundError: 404 or 410.
        SourceTooLargeError: more than ``limit`` bytes.
        NetworkError: the connection failed or broke off.
        SourceError: a redirect or a status that is not accepted.
    """
    import httpx

    timeout = httpx.Timeout(READ_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS)
    hint = "Check the network and the proxy settings, or give a source tree or archive that you have."
    try:
        with httpx.Client(timeout=timeout, follow_redirects=False, transport=transport, trust_env=True) as client:
            for _ in range(MAX_REDIRECTS + 1):
                refuse_address(url, hosts, allow_http=False)
                with client.stream("GET", url, headers={"user-agent": "kina-audit"}) as answer:
                    if answer.status_code in _REDIRECTS:
                        url = urljoin(url, answer.headers.get("location", ""))
                        continue
                    if answer.status_code in (404, 410):
                        raise SourceNotFoundError(f"{url}: not found ({answer.status_code})", "Check the version.")
                    if answer.status_code != 200:
                        raise NetworkError(f"{url}: the server answered {answer.status_code}", "Try later.")
                    total = int(answer.headers.get("content-length", "0") or 0)
                    size = 0
                    for part in answer.iter_raw(256 * 1024):
                        size += len(part)
                        if size > limit:
                            raise SourceTooLargeError(f"{url}: more than {limit // 1024 // 1024} MiB")
                        sink(part)
                        if progress is not None:
                            progress(size, total)
                    if total and size != total:
                        raise NetworkError(f"{url}: broke off after {size} of {total} bytes", "Try again.")
                    return
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NetworkError(f"{url}: {str(error) or type(error).__name__}", hint) from error
    raise SourceError(f"{url}: more than {MAX_REDIRECTS} redirects")


def _follow(
    client: "httpx.Client",
    url: str,
    hosts: tuple[str, ...] | None,
    etag: str,
    allow_http: bool,
    environment: Mapping[str, str],
) -> Response | tuple[int, str]:
    """One try, redirects included: a response, or (status, Retry-After) worth another try."""
    for _ in range(MAX_REDIRECTS + 1):
        refuse_address(url, hosts, allow_http)
        with client.stream("GET", url, headers=_headers(url, etag, environment)) as answer:
            status = answer.status_code
            if status in _REDIRECTS:
                target = urljoin(url, answer.headers.get("location", ""))
                if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
                    raise SourceError(f"{url}: redirects from https to {target}, which is not followed")
                url = target
                continue
            if status in _RETRIED:
                return status, answer.headers.get("retry-after", "")
            if status in (404, 410):
                raise SourceNotFoundError(f"{url}: not found ({status})", "Check the address.")
            if status == 304 and etag:
                return Response(304, b"", etag, url)
            if status != 200:
                raise SourceError(f"{url}: the server answered {status}", "Open the address in a browser to see why.")
            return Response(200, _body(answer, url), answer.headers.get("etag", ""), url)
    raise SourceError(f"{url}: more than {MAX_REDIRECTS} redirects")


def _body(answer: "httpx.Response", url: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in answer.iter_bytes(64 * 1024):
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise SourceTooLargeError(f"{url}: the body is over 4 MiB, which no kernel config is")
        parts.append(part)
    return b"".join(parts)


def refuse_address(url: str, hosts: tuple[str, ...] | None, allow_http: bool) -> None:
    """Raise when an address may not be asked.

    Raises:
        UsageError: neither https nor, with ``allow_http``, http.
        SourceError: a host that is not one of ``hosts``.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise UsageError(f"{url}: not an http address", "Give https://host/path, a path, apple or recorded:NAME.")
    if parts.scheme == "http" and not allow_http:
        raise UsageError(f"{url}: http is not encrypted", "Use https, or --allow-http if you must.")
    if hosts is not None and parts.hostname not in hosts:
        raise SourceError(f"redirected to {parts.hostname}, which is none of {', '.join(hosts)}; not followed")


def _headers(url: str, etag: str, environment: Mapping[str, str]) -> dict[str, str]:
    headers = {"user-agent": "kina-audit", "accept-encoding": "identity"}
    if etag:
        headers["if-none-match"] = etag
    token = environment.get("GH_TOKEN") or environment.get("GITHUB_TOKEN") or ""
    parts = urlsplit(url)
    if token.isprintable() and token and parts.scheme == "https" and parts.hostname in TOKEN_HOSTS:
        headers["authorization"] = f"Bearer {token}"
    return headers


def _backoff(attempt: int, retry_after: str) -> float:
    """Seconds to wait before the next try; a server's Retry-After is honoured up to half a minute."""
    try:
        asked = float(retry_after)
    except ValueError:
        asked = 0.0
    return min(MAX_WAIT_SECONDS, max(asked, 0.5 * 2.0 ** (attempt - 1)))
