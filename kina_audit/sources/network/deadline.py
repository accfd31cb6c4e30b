"""A time by which a whole request is over: timeouts of the HTTP library begin anew with each byte that comes."""

import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self


class Deadline:
    """While it is entered, connections that were opened with its `trace` end when the time is over.

    Args:
        seconds: from now on.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.over = False
        """The time is over; what the library says of its connection then is no news."""
        self._last = time.monotonic() + seconds
        self._sockets: list[Any] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    @property
    def left(self) -> float:
        """Seconds that are left; 0 when it is over."""
        return max(0.0, self._last - time.monotonic())

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """The HTTP library's extension ``trace``: learns of each connection."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            with self._lock:
                self._sockets.append(info["return_value"].get_extra_info("socket"))
                if self.over:
                    self._shut()

    def _end(self) -> None:
        with self._lock:
            self.over = True
            self._shut()

    def _shut(self) -> None:
        for one in self._sockets:
            # Of the class itself: a TLS connection's own shutdown takes its state away from whoever reads it just now.
            with suppress(OSError, AttributeError, TypeError):
                socket.socket.shutdown(one, socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
