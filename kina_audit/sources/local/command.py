"""Run a program within a time and an amount of output. Whatever it started ends with it: nothing is left running."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Thread, current_thread, main_thread
from types import FrameType
from typing import IO

from kina_audit.base.datatype import datatype

_GRACE = 1.0
"""Seconds between asking a program to end and making it end."""
_MOST_COMPLAINT = 64 * 1024


@datatype
class Output:
    """What a program did.

    Attributes:
        status: its exit status; negative: the signal that ended it.
        out: its stdout.
        complaint: the start of its stderr.
        in_time: it ended by itself.
        too_much: it printed more than it may, and was ended.
    """

    status: int
    out: bytes
    complaint: bytes
    in_time: bool
    too_much: bool


@contextmanager
def _interrupted_after() -> Iterator[None]:
    """Hold Ctrl-C back until the end of the block: a program that is just being started is not yet known, and would stay."""
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler) or current_thread() is not main_thread():
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if came:
        handler(*came[0])


def run(arguments: Sequence[str], *, feed: bytes = b"", timeout: float, most: int) -> Output:
    """Run a program with ``feed`` on its stdin.

    It gets a session of its own, so that a signal reaches everything it starts, and so that none of it can ask
    questions on the terminal.

    Args:
        arguments: the program, found on PATH, and its arguments.
        feed: its input.
        timeout: seconds after which it is ended.
        most: bytes of output after which it is ended.

    Raises:
        OSError: it cannot be started; `FileNotFoundError`: there is none.
    """
    out, complaint = bytearray(), bytearray()
    last = time.monotonic() + timeout
    in_time = False
    pipe = subprocess.PIPE
    process: subprocess.Popen[bytes] | None = None
    try:
        with _interrupted_after():
            process = subprocess.Popen(
                arguments, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True
            )
        readers = (
            Thread(target=_take, args=(process.stdout, out, most, lambda: _end(process)), daemon=True),
            Thread(target=_take, args=(process.stderr, complaint, _MOST_COMPLAINT, None), daemon=True),
        )
        feeder = Thread(target=_feed, args=(process.stdin, feed), daemon=True)
        for thread in (feeder, *readers):
            thread.start()
        for thread in readers:
            thread.join(max(0.0, last - time.monotonic()))
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, last - time.monotonic()))
            in_time = not any(thread.is_alive() for thread in readers)
    finally:
        if process is not None and not in_time:
            _end(process)
    for thread in readers:
        thread.join(_GRACE)
    return Output(process.wait(), bytes(out[:most]), bytes(complaint), in_time, len(out) > most)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a program and everything in its session that has not made one of its own."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(OSError):  # nobody is left
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)


def _feed(stream: IO[bytes] | None, data: bytes) -> None:
    if stream is not None:
        with suppress(OSError), stream:  # it ended before it read everything; its status says why
            stream.write(data)


def _take(stream: IO[bytes] | None, kept: bytearray, most: int, full: Callable[[], None] | None) -> None:
    """Read to the end; keep one byte more than ``most``, and then call ``full``."""
    if stream is None:
        return
    with stream:
        while piece := stream.read(65536):
            if len(kept) > most:
                continue
            kept += piece[: most + 1 - len(kept)]
            if len(kept) > most and full is not None:
                full()
