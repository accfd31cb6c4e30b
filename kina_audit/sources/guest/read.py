"""Run a command in a guest or on a node, within a time and an amount of output, and make a kernel of its answer."""

import re
import shlex

from kina_audit.base.bounds import GUEST_BYTES, MIB
from kina_audit.errors import SourceError, SourceNotFoundError
from kina_audit.kernel.live import observed
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.sources.guest.commands import Command, command_for
from kina_audit.sources.guest.script import SCRIPT, read_answer
from kina_audit.sources.local.command import run as run_program
from kina_audit.sources.local.file import read_bytes
from kina_audit.sources.local.modules import as_it_runs
from kina_audit.sources.options import SourceOptions
from kina_audit.sources.target import aim_at_release

_SHOWN, _LONGEST_LINE = 6, 400
_LOG = re.compile(r"[EWIF]\d{4} \d\d:\d\d:\d\d")
"""How lines of kubectl's own log begin; what it has to say to its user stands behind them."""
"""Lines of a failed command's own words, and characters of one."""


def open_guest(transport: str, guest: str, options: SourceOptions) -> Kernel:
    """The kernel that ``transport:guest`` runs.

    Raises:
        UsageError: the guest's name is none.
        SourceError: the command is not installed, fails, takes too long, or the kernel shows no config.
    """
    return open_command(command_for(transport, guest), transport, f"{transport}:{guest}", options)


def open_command(command: Command, transport: str, place: str, options: SourceOptions) -> Kernel:
    """The kernel of whatever a command's shell runs on.

    Raises:
        SourceError: as `open_guest`.
    """
    if options.verbose:
        options.say(f"running: {shlex.join(command.arguments)}")
    else:
        options.progress(f"asking {place}")
    output = run(command, options.timeout, place)
    answer = read_answer(output, place)
    provenance = Provenance(
        place,
        transport,
        f"{place} {answer.path}",
        ref=answer.release,
        command=command.arguments,
        observed=observed(answer.release, answer.machine, answer.live),
        notes=(command.leaves,) if command.leaves else (),
    )
    for note in provenance.notes:
        options.say(note)
    kernel = read_bytes(answer.data, provenance, options)
    kernel = aim_at_release(kernel, answer.release, "uname -r")
    return as_it_runs(kernel, answer.modules)


def run(command: Command, timeout: float, place: str, feed: bytes = SCRIPT.encode()) -> bytes:
    """What a command prints on stdout when it is given ``feed``.

    Raises:
        SourceNotFoundError: it is not installed.
        SourceError: it failed, took too long, or printed more than any config.
    """
    program = command.arguments[0]
    try:
        done = run_program(command.arguments, feed=feed, timeout=timeout, most=GUEST_BYTES)
    except FileNotFoundError:
        raise SourceNotFoundError(
            f"{place}: there is no command {program!r} on PATH", f"Install {program}, or name the kernel otherwise."
        ) from None
    except OSError as error:
        raise SourceError(f"{place}: {program} cannot be run: {error.strerror}") from error
    if done.too_much:
        raise SourceError(f"{place}: {program} printed more than {GUEST_BYTES // MIB} MiB")
    if not done.in_time:
        raise SourceError(
            f"{place}: no answer within {timeout:g} seconds{_words(done.complaint)}",
            "Give it longer with --timeout SECONDS.",
        )
    if done.status != 0:
        raise SourceError(
            f"{place}: {program} ended with status {done.status}{_words(done.complaint)}",
            f"Run it by hand: {shlex.join(command.arguments)}",
        )
    return done.out


def _words(complaint: bytes) -> str:
    """The last lines of what a command said on stderr, as part of a sentence."""
    lines = [line.strip()[:_LONGEST_LINE] for line in complaint.decode("utf-8", "replace").splitlines() if line.strip()]
    lines = [line for line in lines if not _LOG.match(line)] or lines[-1:]
    return f": {' / '.join(lines[-_SHOWN:])}" if lines else ""
