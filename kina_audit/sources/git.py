"""A config's versions in a local git repository, read by git itself and nothing else of it.

The repository may be anybody's: its hooks, filters and settings are not run, nothing is fetched, and nothing is written.
"""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kina_audit.errors import SourceError, SourceNotFoundError
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.sources.checkout import as_checked_out, blob_id, built_version
from kina_audit.sources.options import SourceOptions
from kina_audit.sources.target import aim

MOST_REVISIONS = 2000
_MOST_BYTES = 16 * 1024 * 1024
_SECONDS = 60
_MOST_SAID = 64 * 1024

# Settings of the repository that could make reading run something, or reach out. With them gone, whose it is does not
# matter: a container's root may read a mounted checkout.
_SAFE = (
    "--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never",
    "-c", "log.showSignature=false", "-c", "core.attributesFile=/dev/null", "-c", "safe.directory=*",
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


@dataclass(frozen=True, slots=True)
class Revision:
    """One commit that changed a config, or the version that is built from it."""

    commit: str
    date: str
    subject: str
    kernel: Kernel


def revisions(repository: Path, path: str, options: SourceOptions, notes: list[str]) -> Iterator[Revision]:
    """The versions of a config, oldest first; a ``Makefile`` beside it says which kernel each builds, as Apple's does.

    Args:
        repository: a checkout, a folder of one, or a bare repository.
        path: of the config inside that.
        options: target version, progress.
        notes: what a reader must know of the history is added here: commits that were left out, a shallow clone.

    Raises:
        SourceNotFoundError: no repository there, or no such path in its history.
        SourceError: git is not installed or fails.
    """
    inside = PurePosixPath(path)
    if inside.is_absolute() or ".." in inside.parts or not inside.parts or "\x00" in path:
        raise SourceNotFoundError(
            f"--path {path}: not a path inside the repository", "For example kernel/config-arm64."
        )
    path, makefile = str(inside), str(inside.parent / "Makefile")
    # A path is of the folder that was named; objects are named from the top.
    shallow, _, prefix = (
        _git(repository, "rev-parse", "--is-shallow-repository", "--show-prefix")
        .decode("utf-8", "surrogateescape")
        .partition("\n")
    )
    prefix = prefix.removesuffix("\n")
    words = ["log", "--topo-order", "--reverse", f"--max-count={MOST_REVISIONS + 1}", "--no-ext-diff"]
    listed = _git(repository, *words, "--format=%H%x1f%cs%x1f%s%x1e", "HEAD", "--", path, makefile)
    records = [r.strip() for r in listed.decode("utf-8", "replace").split("\x1e") if r.strip()]
    if len(records) > MOST_REVISIONS:
        notes.append(f"only the newest {MOST_REVISIONS} commits that touched {path} were read")
    if shallow == "true":
        notes.append("this is a shallow clone: its oldest commit is not where the history began")
    found = 0
    last: tuple[bytes, bytes] | None = None
    for record in records[-MOST_REVISIONS:]:
        commit, date, subject = record.split("\x1f", 2)
        data = _blob(repository, commit, prefix + path, notes)
        if data is None:
            continue
        beside = _blob(repository, commit, prefix + makefile, []) or b""
        if last == (data, _built(beside)):
            continue
        last = (data, _built(beside))
        try:
            kernel = _kernel(data, beside, f"{commit[:12]}:{path}", commit, date, options)
        except SourceError as error:
            notes.append(error.message)
            continue
        found += 1
        yield Revision(commit, date, subject, kernel)
    if not found:
        raise SourceNotFoundError(
            f"{repository}: no {path} in its history" + "".join(f"; {n}" for n in notes[:3]),
            "Give the config's path with --path.",
        )


def _built(makefile: bytes) -> bytes:
    version = built_version(makefile)
    return str(version).encode() if version else b""


def _kernel(data: bytes, makefile: bytes, name: str, commit: str, date: str, options: SourceOptions) -> Kernel:
    provenance = Provenance(name, "git", name, commit=commit, blob=blob_id(data), date=date)
    config, provenance = as_checked_out(parse_config(data, name=name), provenance, data, makefile)
    return aim(config, provenance, options.target_kernel)


def _blob(repository: Path, commit: str, path: str, notes: list[str]) -> bytes | None:
    """A file's bytes at a commit; None: it is not there then. Another reason, such as a partial clone, is noted."""
    try:
        return _git(repository, "cat-file", "blob", f"{commit}:{path}")
    except SourceNotFoundError as error:
        if not any(words in error.message for words in ("does not exist in", "exists on disk, but not in")):
            notes.append(error.message)
        return None


def _git(repository: Path, *words: str) -> bytes:
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
        with running, _stopped_after(running, _SECONDS) as late:
            assert running.stdout is not None
            data = running.stdout.read(_MOST_BYTES + 1)
            if len(data) > _MOST_BYTES:
                running.kill()
            running.wait()
        if len(data) > _MOST_BYTES:
            raise SourceError(f"{repository}: more than 16 MiB at once, which no config is")
        if late.is_set():
            raise SourceError(f"git did not answer within {_SECONDS} seconds")
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
