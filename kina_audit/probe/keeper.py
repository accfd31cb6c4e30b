"""The process that keeps a run: namespaces, mounts and a cgroup of its own, a fork for each probe, and no trace.

The command starts this module as a child in a session of its own and holds its standard input open:

- the *keeper* unshares the mount namespace, makes everything private, mounts a tmpfs and a cgroup v2, makes one cgroup;
  it removes that when the run ends, and also when standard input closes because the command died, whatever killed it;
- its child, the *init* of a PID namespace, dies with the keeper (and every process of the run with it);
- each probe is a fork of that in a network namespace of its own, cut off when it takes too long.

What an unprivileged process may not do is left out, and the probes that need it are not tried.
"""

import contextlib
import errno
import fcntl
import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kina_audit.probe import libc
from kina_audit.probe.catalogue import every_probe
from kina_audit.probe.model import Bench, MissingError, Probe, RefusedError
from kina_audit.probe.surroundings import capabilities, user_namespace

PREFIX = "kina-audit-probe-"
_SHORT = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
_FORBIDDEN = (errno.EPERM, errno.EACCES)
_FILES = 64
"""As many open files as no probe and its helpers have at once."""
_MOST_SAID = 400


def main() -> int:
    """Read one request from standard input, answer a JSON line for each probe."""
    request = json.loads(sys.stdin.readline())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _more(resource.RLIMIT_NOFILE, 1024)
    # Before 5.11 maps and programs count against it, and the kernel answers EPERM.
    _more(resource.RLIMIT_MEMLOCK, resource.RLIM_INFINITY)
    scratch, cgroup = _rooms()
    try:
        with contextlib.suppress(OSError):
            libc.unshare(libc.CLONE_NEWPID)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                libc.die_with_parent()
                _init(request, scratch, cgroup)
                status = 0
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                os._exit(status)
        _wait(child)
    finally:
        if cgroup is not None:
            _remove(cgroup)
    return 0


def _more(limit: int, wanted: int) -> None:
    """Raise a limit of this process as far as it may."""
    _, most = resource.getrlimit(limit)
    for soft, hard in ((wanted, wanted), (most, most)):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(limit, (soft, hard))
            return


def _rooms() -> tuple[Path | None, Path | None]:
    """A scratch folder and a cgroup; None where this process or kernel gives none."""
    try:
        libc.unshare(libc.CLONE_NEWNS)
        libc.mount("none", "/", "none", libc.MS_PRIVATE_ALL)
        place = _place()
        libc.mount("tmpfs", place, "tmpfs", 0, "mode=0700,size=64m")
    except OSError:
        return None, None
    scratch = Path(place)
    for flag in (libc.CLONE_NEWUTS, libc.CLONE_NEWIPC):
        with contextlib.suppress(OSError):
            libc.unshare(flag)
    tree = scratch / "cgroup"
    tree.mkdir()
    try:
        libc.mount("cgroup2", str(tree), "cgroup2")
        _sweep(tree)
        return scratch, _own_cgroup(tree)
    except OSError:
        return scratch, None


def _sweep(tree: Path) -> None:
    """Remove what a run left that was killed together with its keeper; a run that goes on holds a lock on its cgroup."""
    for stale in tree.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            held = os.open(stale, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                stale.rmdir()
            finally:
                os.close(held)


def _own_cgroup(tree: Path) -> Path:
    """Make a cgroup and lock it for as long as this process lives.

    Raises:
        OSError: none can be made.
    """
    cgroup = tree / f"{PREFIX}{os.getpid()}"
    for _ in range(10):
        # Another run may sweep it away before it is locked.
        with contextlib.suppress(FileNotFoundError):
            cgroup.mkdir(exist_ok=True)
            held = os.open(cgroup, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(held, fcntl.LOCK_SH)
            if cgroup.is_dir():
                return cgroup
            os.close(held)
    raise OSError(errno.EBUSY, "other runs remove it again and again")


def _place() -> str:
    """A folder to cover with a tmpfs: one that hides nothing of this program."""
    mine = [Path(p).resolve() for p in (*sys.path, sys.base_prefix, sys.prefix, sys.executable) if p]
    for name in ("/mnt", "/media", "/srv", "/tmp", "/opt"):  # noqa: S108  (a mount point)
        if Path(name).is_dir() and not any(p.is_relative_to(name) for p in mine):
            return name
    raise OSError(errno.ENOENT, "no folder to put a private tmpfs on")


def _remove(cgroup: Path) -> None:
    """Remove a cgroup; its last processes may take a moment to go."""
    for _ in range(100):
        try:
            cgroup.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.02)
        else:
            return


def _wait(child: int) -> None:
    """Until the child ends, or standard input does because whoever asked is gone."""
    gone = select.poll()
    gone.register(sys.stdin, select.POLLIN | select.POLLHUP)
    while True:
        ended, _ = os.waitpid(child, os.WNOHANG)
        if ended:
            return
        if gone.poll(20):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return


def _init(request: dict[str, Any], scratch: Path | None, cgroup: Path | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if scratch is not None:
        with contextlib.suppress(OSError):
            libc.mount("proc", "/proc", "proc")
    if cgroup is not None:
        # A run's cgroup that is in use cannot be taken for a stale one.
        with contextlib.suppress(OSError):
            (cgroup / "cgroup.procs").write_text("0", encoding="ascii")
    known = every_probe()
    have = capabilities()
    scarce = 0 < resource.getrlimit(resource.RLIMIT_NOFILE)[0] < _FILES
    with contextlib.suppress(ImportError):
        import pyroute2  # noqa: F401  (once, before the forks)
    for name in request["probes"]:
        probe = known[name]
        missing = [f"CAP_{c}" for c in probe.capabilities if c not in have]
        if missing or scarce:
            needs = ", ".join(missing) or f"{_FILES} open files (ulimit -n)"
            answer = {"outcome": "not-tried", "said": f"needs {needs}"}
        else:
            answer = _apart(probe, Bench(scratch, cgroup), request["timeout"], verbose=request["verbose"])
        _say({"probe": name, **answer})


def _say(answer: dict[str, Any]) -> None:
    os.write(1, json.dumps(answer).encode() + b"\n")


def _apart(probe: Probe, bench: Bench, seconds: float, *, verbose: bool) -> dict[str, str]:
    """Try a probe in a process of its own."""
    try:
        reader, writer = os.pipe()
        child = os.fork()
    except OSError as error:
        return {"outcome": "not-tried", "said": f"no process to try it in: {error.strerror}"}
    if child == 0:
        try:
            os.close(reader)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if verbose:
                bench.log = lambda step: _say({"probe": probe.name, "step": step})
            os.write(writer, json.dumps(attempt(probe, bench)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    data = b""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0 and select.select([reader], [], [], left)[0]:
        part = os.read(reader, 65536)
        if not part:
            break
        data += part
    else:
        data = json.dumps({"outcome": "not-tried", "said": f"cut off: no answer within {seconds:g} s"}).encode()
    os.close(reader)
    _end(child)
    if not data:
        return {"outcome": "not-tried", "said": "the probe's process died"}
    answer: dict[str, str] = json.loads(data)
    return answer


def _end(child: int) -> None:
    """Kill and reap; a process that the kernel does not let go of is left to the namespace's end."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    for _ in range(200):
        with contextlib.suppress(ChildProcessError):
            if os.waitpid(child, os.WNOHANG)[0]:
                break
        time.sleep(0.005)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def attempt(probe: Probe, bench: Bench, fresh: Callable[[], None] | None = None) -> dict[str, str]:
    """Run a probe here and now; what came of it."""
    try:
        if probe.net:
            bench.doing("make a network namespace")
            (fresh or _fresh_network)()
        bench.doing("start")
        probe.run(bench)
    except MissingError as error:
        return {"outcome": "not-tried", "said": str(error)[:_MOST_SAID]}
    except RefusedError as error:
        return {"outcome": "fails", "said": f"{bench.step}: {error}"[:_MOST_SAID]}
    except Exception as error:  # noqa: BLE001  (pyroute2's errors are no OSError; a probe's own fault must not end the run)
        number = getattr(error, "code", None) if not isinstance(error, OSError) else error.errno
        if not isinstance(number, int):
            return {"outcome": "not-tried", "said": f"{bench.step}: {type(error).__name__}: {error}"[:_MOST_SAID]}
        words = (error.strerror if isinstance(error, OSError) else "") or os.strerror(number)
        # Linux has one number for both names, and the kernel uses this one.
        name = "EOPNOTSUPP" if number == errno.EOPNOTSUPP else errno.errorcode.get(number, str(number))
        if number in _SHORT or (number in _FORBIDDEN and user_namespace()):
            why = "this process may not have more" if number in _SHORT else "its rights hold in a user namespace only"
            return {"outcome": "not-tried", "errno": name, "said": f"{bench.step}: {words}: {why}"[:_MOST_SAID]}
        return {"outcome": "fails", "errno": name, "said": f"{bench.step}: {words}"[:_MOST_SAID]}
    return {"outcome": "works"}


def _fresh_network() -> None:
    try:
        libc.unshare(libc.CLONE_NEWNET)
    except OSError as error:
        raise MissingError(f"no network namespace: {error.strerror}") from error


if __name__ == "__main__":
    raise SystemExit(main())
