"""Start a keeper, give it probes, collect the answers."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from kina_audit.engine.probed import Attempt, Outcome, Probing
from kina_audit.errors import NothingCheckedError, UsageError
from kina_audit.probe.surroundings import circumstances, loaded_modules

SECONDS = 20.0
"""How long one probe may take."""

_MOST_LINE = 65536


def run(
    names: Sequence[str],
    *,
    seconds: float = SECONDS,
    left_out: Mapping[str, str] | None = None,
    step: Callable[[str, str], None] | None = None,
    done: Callable[[Attempt], None] | None = None,
) -> Probing:
    """Try probes on the kernel that runs.

    Args:
        names: the probes, in order.
        seconds: how long each may take before it is cut off.
        left_out: probes that are not to be tried, and why.
        step: told each step as (probe, step).
        done: told each answer.

    Raises:
        UsageError: not on Linux, or pyroute2 is not installed.
        NothingCheckedError: no process can be started.
    """
    if not sys.platform.startswith("linux"):
        raise UsageError("probes try a running Linux kernel, and this is none", "Run it in a container or on a node.")
    from importlib.util import find_spec

    if find_spec("pyroute2") is None:
        raise UsageError(
            "probes need pyroute2, which is not installed",
            "In the checkout that it was installed from: pip install '.[probe]'",
        )
    before = loaded_modules()
    request = {"probes": list(names), "timeout": seconds, "verbose": step is not None}
    keeper, errors = _start()
    attempts = {n: Attempt(n, Outcome.NOT_TRIED, said=why) for n, why in (left_out or {}).items()}
    try:
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        with suppress(BrokenPipeError):
            keeper.stdin.write(json.dumps(request).encode() + b"\n")
            keeper.stdin.flush()
        while line := keeper.stdout.readline(_MOST_LINE):
            answer = json.loads(line)
            if "step" in answer:
                if step is not None:
                    step(answer["probe"], answer["step"])
                continue
            attempt = Attempt(
                answer["probe"], Outcome(answer["outcome"]), answer.get("errno", ""), answer.get("said", "")
            )
            attempts[attempt.probe] = attempt
            if done is not None:
                done(attempt)
    finally:
        _finish(keeper)
        fault = ""
        with suppress(BlockingIOError):
            fault = os.read(errors, _MOST_LINE).decode("utf-8", "replace").strip().rpartition("\n")[2]
        os.close(errors)
        if keeper.returncode:
            _sweep()
    why = "the run ended before it" + (f": {fault}" if fault else "")
    for name in names:
        attempts.setdefault(name, Attempt(name, Outcome.NOT_TRIED, said=why))
    return Probing(attempts, circumstances(before))


def _start() -> tuple["subprocess.Popen[bytes]", int]:
    """The keeper, and a pipe with what it says on standard error; it is read at the end and blocks nobody."""
    errors, said = os.pipe()
    for end in (errors, said):
        os.set_blocking(end, False)
    try:
        keeper = subprocess.Popen(
            [sys.executable, "-P", "-m", "kina_audit.probe.keeper"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        os.close(errors)
        raise NothingCheckedError(
            f"no process can be started to try anything in: {error.strerror}", "Allow it more processes and open files."
        ) from error
    finally:
        os.close(said)
    return keeper, errors


def _sweep() -> None:
    """A keeper that was killed leaves an empty cgroup; one with nothing to do removes it."""
    with suppress(NothingCheckedError, OSError):
        keeper, errors = _start()
        os.close(errors)
        with suppress(OSError):
            assert keeper.stdin is not None
            keeper.stdin.write(b'{"probes": []}\n')
        _finish(keeper)


def _finish(keeper: "subprocess.Popen[bytes]") -> None:
    """Close the keeper's standard input, by which it ends and cleans up; wait for that."""
    held = signal.signal(signal.SIGINT, signal.SIG_IGN) if _in_main_thread() else None
    try:
        if keeper.stdin is not None:
            with suppress(OSError):
                keeper.stdin.close()
        deadline = time.monotonic() + 10
        while keeper.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        if keeper.poll() is None:
            os.kill(keeper.pid, signal.SIGKILL)
            keeper.wait()
        if keeper.stdout is not None:
            keeper.stdout.close()
    finally:
        if held is not None:
            signal.signal(signal.SIGINT, held)


def _in_main_thread() -> bool:
    import threading

    return threading.current_thread() is threading.main_thread()
