"""What a local git repository holds, read by git itself and nothing else of it.

The repository may be anybody's: its hooks, filters and settings are not run, nothing is fetched, and nothing is written.
"""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kina_audit.base.bounds import GIT_BYTES, GIT_SECONDS, MIB
from kina_audit.errors import SourceError, SourceNotFoundError

_MOST_SAID = 64 * 1024

# Settings of the repository that could make reading run something, or reach out. With them gone, whose it is does not
# matter: a container's root may read a mounted checkout.
_SAFE = (
    "--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never",
    "-c", "log.showSignature=false", "-c", "core.attributesFile=/dev/null", "-c", "safe.directory=*",
    "-c", "i18n.logOutputEncoding=UTF-8",
)  # fmt: skip
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    # Stronger than protocol.*.allow in the repository's settings, also in a git that does not know GIT_NO_LAZY_FETCH.
    "GIT_ALLOW_PROTOCOL": "none",
    "LC_ALL": "C",
}


def blob_at(repository: Path, commit: str, path: str, notes: list[str]) -> bytes | None:
    """A file's bytes at a commit; None: it is not there then. Another reason, such as a partial clone, is noted."""
    try:
        return git(repository, "cat-file", "blob", f"{commit}:{path}")
    except SourceNotFoundError as error:
        if not any(words in error.message for words in ("does not exist in", "exists on disk, but not in")):
            notes.append(error.message)
        return None


def git(repository: Path, *words: str) -> bytes:
    """What one reading command of git answers.

    Raises:
        SourceNotFoundError: git says no.
        SourceError: it cannot be run, takes too long or says too much.
    """
    import os
    from tempfile import TemporaryFile

    command = ["git", *_SAFE, "-C", str(repository), *words]
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": "/nonexistent", **_ENVIRONMENT}
    with TemporaryFile() as said:
        try:
            running = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=said, stdin=subprocess.DEVNULL, env=environment
            )
        except OSError as error:
            raise SourceError(f"git cannot be run: {error.strerror}", "It reads the repository's history.") from error
        with running, _stopped_after(running, GIT_SECONDS) as late:
            assert running.stdout is not None
            data = running.stdout.read(GIT_BYTES + 1)
            if len(data) > GIT_BYTES:
                running.kill()
            running.wait()
        if len(data) > GIT_BYTES:
            raise SourceError(f"{repository}: more than {GIT_BYTES // MIB} MiB at once, which no config is")
        if late.is_set():
            raise SourceError(f"git did not answer within {GIT_SECONDS} seconds")
        if running.returncode:
            said.seek(0)
            raise SourceNotFoundError(
                f"{repository}: git says: {_reason(said.read(_MOST_SAID))}", "Give --git REPOSITORY."
            )
    return data


@contextmanager
def _stopped_after(running: "subprocess.Popen[bytes]", seconds: int) -> Iterator[threading.Event]:
    """Kill a process that runs too long, and tell."""
    late = threading.Event()

    def stop() -> None:
        late.set()
        running.kill()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _reason(said: bytes) -> str:
    """The line of git's complaint that says what is wrong; others are its advice."""
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return next((line for line in lines if line.startswith("fatal:")), lines[-1] if lines else "nothing")
