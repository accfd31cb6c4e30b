"""A server on this machine that answers each path with what that path is called."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

MIB = 1024 * 1024
CONFIG = b"CONFIG_NET=y\nCONFIG_VXLAN=y\n"


class Handler(BaseHTTPRequestHandler):
    """Every attack of one request."""

    protocol_version = "HTTP/1.1"
    over: Event

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""

    def do_GET(self) -> None:
        with suppress(OSError):
            getattr(self, self.path.split("?")[0][1:].replace("-", "_").lower(), self.none)()

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def none(self) -> None:
        self.send(404)

    def tag(self) -> None:
        self.send(200, CONFIG, ETag='"\u00e4"')

    def c1_one_gzip(self) -> None:
        self.send(200, gzip.compress(bytes(1024 * MIB), 9)[: 2 * MIB], Content_Encoding="gzip")

    def c1_gzip_in_gzip_in_gzip(self) -> None:
        body = bytes(200 * MIB)
        for _ in range(3):
            body = gzip.compress(body)
        self.send(200, body, Content_Encoding="gzip, gzip, gzip")

    def drip(self, start: bytes, each: bytes) -> None:
        self.wfile.write(start)
        while not self.over.wait(0.5):
            self.wfile.write(each)
            self.wfile.flush()

    def b3_a_dripping_header(self) -> None:
        self.drip(b"HTTP/1.1 200 OK\r\nX: ", b"x")

    def b3_a_dripping_body(self) -> None:
        self.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x")

    def b3_a_dripping_chunk(self) -> None:
        self.drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n")

    def b3_headers_without_end(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not self.over.is_set():
            self.wfile.write(b"X: x\r\n" * 1000)

    def b5_retry_after(self) -> None:
        self.send(503, Retry_After="99999999999999999999")

    def a_body_without_end(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while not self.over.is_set():
            self.wfile.write(bytes(MIB))

    def d5_a_redirect_to_a_long_host(self) -> None:
        self.send(302, Location=f"http://{'a' * 80}.example/")

    def d5_a_redirect_to_no_address(self) -> None:
        self.send(302, Location="http://[::1")

    def a_redirect_to_a_fifo(self) -> None:
        self.send(302, Location="file:///dev/zero")

    def a_length_that_is_none(self) -> None:
        self.send(200, CONFIG, Content_Length="\u00b2", Connection="close")


@contextmanager
def serving() -> Iterator[str]:
    """The address of a running server."""
    handler = type("H", (Handler,), {"over": Event()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        handler.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
