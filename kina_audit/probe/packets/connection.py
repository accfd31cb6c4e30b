"""A TCP connection into the second namespace, and who came from where to which address."""

import socket
import threading
from contextlib import suppress

from kina_audit.probe.model import Bench
from kina_audit.probe.packets.pair import PATIENCE, Pair

PORT = 4711


def served(pair: Pair, address: tuple[str, int], *, transparent: bool = False, accepted: list[str]) -> threading.Thread:
    """Accept one connection in the second namespace and note where it was meant to go."""
    with pair.there():
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if transparent:
            server.setsockopt(socket.SOL_IP, 19, 1)
        server.bind(address)
        server.listen()
        server.settimeout(PATIENCE)

    def serve() -> None:
        with server, suppress(OSError):
            one, peer = server.accept()
            accepted.append(f"{peer[0]} {one.getsockname()[0]}:{one.getsockname()[1]}")
            one.sendall(b"kina")
            one.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


def connect(bench: Bench, address: str, port: int) -> bytes:
    """What the other side sends to a new connection.

    Raises:
        OSError: none was made, or nothing came in time.
    """
    bench.doing(f"connect to {address}:{port}")
    with socket.create_connection((address, port), timeout=PATIENCE) as one:
        return one.recv(16)
