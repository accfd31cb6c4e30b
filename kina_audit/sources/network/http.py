"""HTTP, in one module: bounded bodies, bounded redirects, bounded retries, and a token only where it belongs."""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from kina_audit.base.bounds import (
    BODY_BYTES,
    DOWNLOAD_SECONDS,
    ETAG,
    HTTP_CONNECT,
    HTTP_READ,
    HTTP_REDIRECTS,
    HTTP_SECONDS,
    HTTP_TRIES,
    HTTP_WAIT,
    MIB,
)
from kina_audit.base.datatype import datatype
from kina_audit.errors import KinaAuditError, SourceError, SourceNotFoundError, SourceTooLargeError
from kina_audit.sources.network.address import refuse_address, shown_address
from kina_audit.sources.network.deadline import Deadline

if TYPE_CHECKING:
    import httpx

_RETRIED = frozenset((429, 500, 502, 503, 504))
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_TOLD_WAIT = 2.0
"""Seconds of waiting that a reader is told of."""

GITHUB_HOSTS = ("github.com", "api.github.com", "raw.githubusercontent.com", "codeload.github.com")
"""GitHub's own hosts; a redirect from one of them may only lead to another."""

TOKEN_HOSTS = frozenset(("api.github.com", "raw.githubusercontent.com"))
"""The only hosts that are ever sent GH_TOKEN or GITHUB_TOKEN."""


class NetworkError(SourceError):
    """The network, or the server, did not answer usefully; trying later may help."""


@datatype
class Response:
    """What a server answered: status (200 or 304), body, entity tag and the address after redirects."""

    status: int
    body: bytes
    etag: str
    url: str


def _silent(_message: str) -> None:
    """Progress that nobody asked to see."""


def fetch(
    url: str,
    *,
    hosts: tuple[str, ...] | None = None,
    etag: str = "",
    allow_http: bool = False,
    seconds: float = HTTP_SECONDS,
    say: Callable[[str], None] = _silent,
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
        seconds: for everything: tries, waits between them, redirects.
        say: called with a sentence of progress.
        transport: an httpx transport, for tests.
        sleep: waits between tries, in seconds.
        environment: where the token is looked up.

    Raises:
        SourceNotFoundError: 404 or 410.
        SourceTooLargeError: a body over `BODY_BYTES`.
        NetworkError: no connection, no answer, a server error after three tries, or an environment that makes no connection.
        SourceError: a redirect or a status that is not accepted.
        UsageError: no address that may be asked.
    """
    import httpx

    refuse_address(url, hosts, allow_http=allow_http)
    hint = "Check the network and the proxy settings, or use --offline."
    token = _token(environment, say) if urlsplit(url).hostname in TOKEN_HOSTS else ""
    with Deadline(seconds) as deadline, _boundary(url, deadline, hint), _client(transport) as client:
        for attempt in range(1, HTTP_TRIES + 1):
            try:
                answer = _follow(client, url, hosts, etag, token, deadline, allow_http=allow_http)
            except httpx.TransportError:
                if attempt == HTTP_TRIES or deadline.over:
                    raise
                answer = (0, "")
            if isinstance(answer, Response):
                return answer
            status, retry_after = answer
            wait = _backoff(attempt, retry_after)
            if attempt == HTTP_TRIES or wait >= deadline.left:
                later = "Set GITHUB_TOKEN to raise GitHub's limit, or try later." if status == 429 else "Try later."
                raise NetworkError(f"{shown_address(url)}: the server answered {status}, {attempt} times", later)
            if wait >= _TOLD_WAIT:
                say(f"waiting {wait:g} seconds, as {urlsplit(url).hostname} asks")
            sleep(wait)
    raise AssertionError("the last try returns or raises")


def download(
    url: str,
    sink: Callable[[bytes], object],
    *,
    hosts: tuple[str, ...],
    limit: int,
    seconds: float = DOWNLOAD_SECONDS,
    progress: Callable[[int, int], None] | None = None,
    transport: Any = None,
) -> None:
    """GET a large file, piece by piece.

    Args:
        url: https only.
        sink: is given each piece in order.
        hosts: the only hosts that may be asked, redirects included.
        limit: the most bytes that are accepted.
        seconds: for everything.
        progress: called with (bytes so far, bytes in all or 0) after each piece.
        transport: an httpx transport, for tests.

    Raises:
        SourceNotFoundError: 404 or 410.
        SourceTooLargeError: more than ``limit`` bytes.
        NetworkError: the connection failed or broke off, or took too long.
        SourceError: a redirect or a status that is not accepted.
    """
    hint = "Check the network and the proxy settings, or give a source tree or archive that you have."
    came_from = ""
    with Deadline(seconds) as deadline, _boundary(url, deadline, hint), _client(transport) as client:
        for _ in range(HTTP_REDIRECTS + 1):
            refuse_address(url, hosts, allow_http=False, came_from=came_from)
            said = shown_address(url)
            with client.stream("GET", url, headers=_HEADERS, extensions={"trace": deadline.trace}) as answer:
                if answer.status_code in _REDIRECTS:
                    came_from, url = url, urljoin(url, answer.headers.get("location", ""))
                    continue
                if answer.status_code in (404, 410):
                    raise SourceNotFoundError(f"{said}: not found ({answer.status_code})", "Check the version.")
                if answer.status_code != 200:
                    raise NetworkError(f"{said}: the server answered {answer.status_code}", "Try later.")
                length = answer.headers.get("content-length", "")
                total = int(length) if length.isascii() and length.isdigit() and len(length) < 16 else 0
                size = 0
                for part in answer.iter_raw(256 * 1024):
                    size += len(part)
                    if size > limit:
                        raise SourceTooLargeError(f"{said}: more than {limit // MIB} MiB")
                    sink(part)
                    if progress is not None:
                        progress(size, total)
                if total and size != total:
                    raise NetworkError(f"{said}: broke off after {size} of {total} bytes", "Try again.")
                return
    raise SourceError(f"{shown_address(url)}: more than {HTTP_REDIRECTS} redirects")


def _client(transport: Any) -> "httpx.Client":
    import httpx

    timeout = httpx.Timeout(HTTP_READ, connect=HTTP_CONNECT)
    return httpx.Client(timeout=timeout, follow_redirects=False, transport=transport, trust_env=True)


@contextmanager
def _boundary(url: str, deadline: Deadline, hint: str) -> Iterator[None]:
    """Whatever the HTTP library raises, of the network or of an environment it cannot use, is one error of ours.

    Raises:
        NetworkError: instead.
    """
    try:
        yield
    except KinaAuditError:
        raise
    except Exception as error:
        said = shown_address(url)
        if deadline.over:
            late = f"{said}: no whole answer within {deadline.seconds:g} seconds"
            raise NetworkError(late, "Try later, or give it longer with --timeout SECONDS.") from error
        reason = (str(error) or type(error).__name__).replace(url, said).split("\n", 1)[0]
        reason = _NUMBER.sub("", reason)
        raise NetworkError(f"{said}: {reason[:300]}", hint) from error


def _follow(
    client: "httpx.Client",
    url: str,
    hosts: tuple[str, ...] | None,
    etag: str,
    token: str,
    deadline: Deadline,
    *,
    allow_http: bool,
) -> Response | tuple[int, str]:
    """One try, redirects included: a response, or (status, Retry-After) worth another try."""
    came_from = ""
    for _ in range(HTTP_REDIRECTS + 1):
        refuse_address(url, hosts, allow_http=allow_http, came_from=came_from)
        said = shown_address(url)
        headers = _headers(url, etag, token)
        with client.stream("GET", url, headers=headers, extensions={"trace": deadline.trace}) as answer:
            status = answer.status_code
            if status in _REDIRECTS:
                target = urljoin(url, answer.headers.get("location", ""))
                if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
                    raise SourceError(f"{said}: redirects from https to {shown_address(target)}, which is not followed")
                came_from, url = url, target
                continue
            if status in _RETRIED:
                return status, answer.headers.get("retry-after", "")
            if status in (404, 410):
                raise SourceNotFoundError(f"{said}: not found ({status})", "Check the address.")
            if status == 304 and etag:
                return Response(304, b"", etag, url)
            if status != 200:
                raise SourceError(f"{said}: the server answered {status}", "Open the address in a browser to see why.")
            return Response(200, _body(answer, said), _tag(answer.headers.get("etag", "")), url)
    raise SourceError(f"{shown_address(url)}: more than {HTTP_REDIRECTS} redirects")


def _body(answer: "httpx.Response", said: str) -> bytes:
    """The body as it was sent: what a server compresses unasked is told by its content and expanded within bounds later."""
    parts: list[bytes] = []
    size = 0
    for part in answer.iter_raw():
        size += len(part)
        if size > BODY_BYTES:
            raise SourceTooLargeError(f"{said}: the body is over {BODY_BYTES // MIB} MiB, which no kernel config is")
        parts.append(part)
    return b"".join(parts)


def _tag(text: str) -> str:
    """An entity tag that can be sent back; an empty string for what none is."""
    return text if text.isascii() and text.isprintable() and len(text) <= ETAG else ""


_NUMBER = re.compile(r"^\[Errno -?\d+\] ")
_HEADERS = {"user-agent": "kina-audit", "accept-encoding": "identity"}


def _headers(url: str, etag: str, token: str) -> dict[str, str]:
    headers = dict(_HEADERS)
    if _tag(etag):
        headers["if-none-match"] = etag
    parts = urlsplit(url)
    if token and parts.scheme == "https" and parts.hostname in TOKEN_HOSTS:
        headers["authorization"] = f"Bearer {token}"
    return headers


def _token(environment: Mapping[str, str], say: Callable[[str], None]) -> str:
    """The token for GitHub; an empty string where there is none, or one that no server could read."""
    token = environment.get("GH_TOKEN") or environment.get("GITHUB_TOKEN") or ""
    if token and not (token.isascii() and token.isprintable()):
        say("GH_TOKEN or GITHUB_TOKEN holds characters that no token has; it is not sent")
        return ""
    return token


def _backoff(attempt: int, retry_after: str) -> float:
    """Seconds to wait before the next try; a server's Retry-After is honoured up to half a minute."""
    try:
        asked = float(retry_after)
    except ValueError:
        asked = 0.0
    if asked != asked:  # noqa: PLR0124  (no number)
        asked = 0.0
    return min(float(HTTP_WAIT), max(asked, 0.5 * 2.0 ** (attempt - 1)))
