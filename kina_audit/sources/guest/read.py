"""Run a command in a guest or on a node, within a time and an amount of output, and make a kernel of its answer."""

import shlex
import subprocess
import threading
from typing import IO

from kina_audit.errors import SourceError, SourceNotFoundError
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.sources.file import read_bytes
from kina_audit.sources.guest.commands import Command, command_for
from kina_audit.sources.guest.script import SCRIPT, read_answer
from kina_audit.sources.options import SourceOptions
from kina_audit.sources.target import aim_at_release

_MOST_OUTPUT = 32 * 1024 * 1024
"""Bytes; a config is 0.3 MB at most, and twice that in hexadecimal."""
_MOST_COMPLAINT = 64 * 1024
_SHOWN = 6
"""Lines of a failed command's own words."""


def open_guest(transport: str, guest: str, options: SourceOptions) -> Kernel:
    """The kernel that ``transport:guest`` runs.

    Raises:
        UsageError: the guest's name is none.
        SourceError: the command is not installed, fails, takes too long, or the kernel shows no config.
    """
    place = f"{transport}:{guest}"
    command = command_for(transport, guest)
    if options.verbose:
        options.say(f"running: {shlex.join(command.arguments)}")
    else:
        options.say(f"asking {place}")
    output = run(command, options.timeout, place)
    answer = read_answer(output, place)
    provenance = Provenance(
        place,
        transport,
        f"{place} {answer.path}",
        ref=answer.observed.release,
        command=command.arguments,
        observed=answer.observed,
        notes=(command.leaves,) if command.leaves else (),
    )
    for note in provenance.notes:
        options.say(note)
    kernel = read_bytes(answer.data, provenance, options)
    return aim_at_release(kernel, answer.observed.release, "uname -r")


def run(command: Command, timeout: float, place: str) -> bytes:
    """What a command prints on stdout.

    Raises:
        SourceNotFoundError: it is not installed.
        SourceError: it failed, took too long, or printed more than any config.
    """
    program = command.arguments[0]
    try:
        process = subprocess.Popen(
            command.arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except FileNotFoundError:
        raise SourceNotFoundError(
            f"{place}: there is no command {program!r} on PATH", f"Install {program}, or name the kernel otherwise."
        ) from None
    except OSError as error:
        raise SourceError(f"{place}: {program} cannot be run: {error.strerror}") from error
    with process:
        too_late = threading.Timer(timeout, process.kill)
        too_late.start()
        try:
            output, complaint = _talk(process)
        except BaseException:
            process.kill()
            raise
        finally:
            in_time = too_late.is_alive()
            too_late.cancel()
        status = process.wait()
    if not in_time:
        raise SourceError(
            f"{place}: no answer within {timeout:g} seconds{_words(complaint)}",
            "Give it longer with --timeout SECONDS.",
        )
    if len(output) > _MOST_OUTPUT:
        raise SourceError(f"{place}: {program} printed more than {_MOST_OUTPUT // 1024 // 1024} MiB")
    if status != 0:
        raise SourceError(
            f"{place}: {program} ended with status {status}{_words(complaint)}",
            f"Run it by hand: {shlex.join(command.arguments)}",
        )
    return output


def _talk(process: "subprocess.Popen[bytes]") -> tuple[bytes, bytes]:
    """Give the script, take stdout and stderr; each is bounded, and more of it is thrown away."""
    complaint: list[bytes] = []
    listener = threading.Thread(target=lambda: complaint.append(_take(process.stderr, _MOST_COMPLAINT)), daemon=True)
    listener.start()
    feeder = threading.Thread(target=_feed, args=(process.stdin,), daemon=True)
    feeder.start()
    output = _take(process.stdout, _MOST_OUTPUT + 1)
    feeder.join()
    listener.join()
    return output, b"".join(complaint)


def _feed(stream: IO[bytes] | None) -> None:
    if stream is not None:
        try:
            stream.write(SCRIPT.encode())
            stream.close()
        except OSError:
            pass  # it ended before it read everything; its status says why


def _take(stream: IO[bytes] | None, most: int) -> bytes:
    if stream is None:
        return b""
    kept = bytearray()
    while piece := stream.read1(65536):  # type: ignore[attr-defined]
        kept += piece[: max(0, most - len(kept))]
    return bytes(kept)


def _words(complaint: bytes) -> str:
    """The last lines of what a command said on stderr, as part of a sentence."""
    lines = [line.strip() for line in complaint.decode("utf-8", "replace").splitlines() if line.strip()]
    return f": {' / '.join(lines[-_SHOWN:])}" if lines else ""
