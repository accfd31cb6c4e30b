"""HTTP without a network: retries, bounds, redirects, tokens, and the cache."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from kina_audit.base.bounds import BODY_BYTES
from kina_audit.errors import SourceError, SourceNotFoundError, SourceTooLargeError, UsageError
from kina_audit.sources.network import cache
from kina_audit.sources.network.http import GITHUB_HOSTS, NetworkError, fetch

URL = "https://raw.githubusercontent.com/apple/containerization/main/kernel/config-arm64"
Handler = Callable[[httpx.Request], httpx.Response]


def page(status: int, content: bytes = b"", headers: dict[str, str] | None = None) -> httpx.Response:
    """An answer whose bytes are sent as they are, whatever its headers say of them."""
    return httpx.Response(status, headers=headers, extensions={"raw": content})


class Server:
    """Answers in order (the last one for ever), remembers requests and waits."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(
            answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.extensions["raw"])
        )

    def get(self, url: str = URL, **options: object) -> object:
        return fetch(
            url,
            transport=httpx.MockTransport(self.handle),
            sleep=self.waits.append,
            **{"environment": {}, **options},  # type: ignore[arg-type]
        )


def test_a_body_and_its_tag() -> None:
    server = Server(page(200, content=b"text", headers={"etag": '"1"'}))
    answer = server.get()
    assert (answer.body, answer.etag) == (b"text", '"1"')  # type: ignore[attr-defined]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_server_errors_are_tried_three_times(status: int) -> None:
    server = Server(page(status))
    with pytest.raises(NetworkError, match=str(status)):
        server.get()
    assert len(server.requests) == 3
    assert len(server.waits) == 2
    assert server.waits[0] < server.waits[1]


def test_a_second_try_may_do() -> None:
    server = Server(httpx.ConnectError("refused"), page(503), page(200, content=b"x"))
    assert server.get().body == b"x"  # type: ignore[attr-defined]


def test_retry_after_is_honoured_up_to_a_bound() -> None:
    server = Server(
        page(429, headers={"retry-after": "7"}),
        page(429, headers={"retry-after": "86400"}),
        page(200, content=b"x"),
    )
    server.get()
    assert server.waits == [7.0, 30.0]


def test_no_connection_is_one_clear_error() -> None:
    server = Server(httpx.ConnectError("[Errno -2] name resolution failed"))
    with pytest.raises(NetworkError, match="name resolution failed") as caught:
        server.get()
    assert caught.value.exit_code == 3
    assert "Errno" not in caught.value.message
    assert "--offline" in caught.value.hint


def test_not_found_is_not_tried_again() -> None:
    server = Server(page(404))
    with pytest.raises(SourceNotFoundError):
        server.get()
    assert len(server.requests) == 1


def test_a_large_body_is_refused() -> None:
    server = Server(page(200, content=b"x" * (BODY_BYTES + 1)))
    with pytest.raises(SourceTooLargeError, match="4 MiB"):
        server.get()


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip, gzip", "br", "x"])
def test_a_body_is_taken_as_it_is_sent(encoding: str) -> None:
    """What a server compresses unasked is expanded within bounds by whoever reads it, and not by the HTTP library."""
    import gzip

    body = gzip.compress(b"\0" * (BODY_BYTES * 4))
    server = Server(page(200, content=body, headers={"content-encoding": encoding}))
    assert server.get().body == body  # type: ignore[attr-defined]


def test_redirects_stay_within_the_hosts() -> None:
    away = Server(page(302, headers={"location": "https://evil.example/config"}))
    with pytest.raises(SourceError, match=r"evil\.example"):
        away.get(hosts=GITHUB_HOSTS)
    assert len(away.requests) == 1
    within = Server(page(302, headers={"location": "https://github.com/x"}), page(200, content=b"ok"))
    assert within.get(hosts=GITHUB_HOSTS).body == b"ok"  # type: ignore[attr-defined]


def test_a_redirect_to_http_is_refused_even_when_http_is_allowed() -> None:
    server = Server(page(302, headers={"location": "http://github.com/x"}))
    with pytest.raises(SourceError, match="https to http"):
        server.get(allow_http=True)


def test_endless_redirects_end() -> None:
    server = Server(page(302, headers={"location": URL}))
    with pytest.raises(SourceError, match="redirects"):
        server.get()
    assert len(server.requests) <= 6


def test_http_only_when_allowed() -> None:
    server = Server(page(200, content=b"x"))
    with pytest.raises(UsageError, match="not encrypted"):
        server.get("http://example.org/config")
    assert server.requests == []
    server.get("http://example.org/config", allow_http=True)


@pytest.mark.parametrize("url", ["ftp://example.org/x", "https:///x", "file:///etc/passwd"])
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(UsageError):
        Server(page(200)).get(url)


def test_the_token_goes_to_github_only() -> None:
    environment = {"GITHUB_TOKEN": "secret"}
    server = Server(page(200, content=b"x"))
    server.get(environment=environment)
    assert server.requests[0].headers["authorization"] == "Bearer secret"
    server = Server(page(200, content=b"x"))
    server.get("https://example.org/config", environment=environment)
    assert "authorization" not in server.requests[0].headers
    server = Server(page(302, headers={"location": "https://codeload.github.com/x"}), page(200, content=b"x"))
    server.get(environment=environment, hosts=GITHUB_HOSTS)
    assert "authorization" not in server.requests[1].headers


def test_revalidation() -> None:
    server = Server(page(304))
    assert server.get(etag='"1"').status == 304  # type: ignore[attr-defined]
    assert server.requests[0].headers["if-none-match"] == '"1"'


def test_the_cache_keeps_and_checks(tmp_path: Path) -> None:
    assert cache.load(tmp_path, URL) is None
    cache.save(tmp_path, URL, b"body", '"1"')
    entry = cache.load(tmp_path, URL)
    assert entry is not None
    assert (entry.body, entry.etag) == (b"body", '"1"')
    [file] = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert cache.load(tmp_path, URL) is None
    file.write_bytes(b"not json\n")
    assert cache.load(tmp_path, URL) is None


def test_a_cache_that_cannot_be_written_costs_only_the_cache(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert cache.save(blocked, URL, b"body", "").body == b"body"
    assert cache.load(blocked, URL) is None


def _write_often(folder: str, letter: str) -> None:
    for _ in range(100):
        cache.save(Path(folder), URL, letter.encode() * 5000, "")


@pytest.mark.slow
def test_two_processes_never_leave_half_an_entry(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_often, args=(str(tmp_path), letter)) for letter in "ab"]
    for writer in writers:
        writer.start()
    while any(w.is_alive() for w in writers):
        entry = cache.load(tmp_path, URL)
        assert entry is None or entry.body in (b"a" * 5000, b"b" * 5000)
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert [p.suffix for p in tmp_path.iterdir()] == [".http"]
