"""A config's versions in a local git repository, read by git itself and nothing else of it.

The repository may be anybody's: its hooks, filters and settings are not run, nothing is fetched, and nothing is written.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from kina_audit.errors import SourceError, SourceNotFoundError
from kina_audit.kernel.config import Origin
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.sources.apple import blob_id, built_version
from kina_audit.sources.options import SourceOptions
from kina_audit.sources.target import aim

MOST_REVISIONS = 2000
_MOST_BYTES = 16 * 1024 * 1024
_SECONDS = 60

# Settings of the repository that could make reading run something, or reach out.
_SAFE = (
    "--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never",
    "-c", "log.showSignature=false", "-c", "core.attributesFile=/dev/null",
)  # fmt: skip
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C",
}


@dataclass(frozen=True, slots=True)
class Revision:
    """One commit that changed a config, or the version that is built from it."""

    commit: str
    date: str
    subject: str
    kernel: Kernel


def revisions(repository: Path, path: str, options: SourceOptions) -> Iterator[Revision]:
    """The versions of a config, oldest first; a ``Makefile`` beside it says which kernel each builds, as Apple's does.

    Args:
        repository: a checkout or a bare repository.
        path: of the config inside it.
        options: target version, progress.

    Raises:
        SourceNotFoundError: no repository there, or no such path in its history.
        SourceError: git is not installed or fails.
    """
    inside = PurePosixPath(path)
    if inside.is_absolute() or ".." in inside.parts or path.startswith(":"):
        raise SourceNotFoundError(
            f"--path {path}: not a path inside the repository", "For example kernel/config-arm64."
        )
    makefile = str(inside.parent / "Makefile")
    words = ["log", "--reverse", f"--max-count={MOST_REVISIONS}", "--no-ext-diff", "--format=%H%x1f%cs%x1f%s%x1e"]
    listed = _git(repository, *words, "HEAD", "--", path, makefile).decode("utf-8", "replace")
    found = 0
    last: tuple[bytes, bytes] | None = None
    for record in listed.split("\x1e"):
        if not record.strip():
            continue
        commit, date, subject = record.strip().split("\x1f", 2)
        data = _blob(repository, commit, path)
        if data is None:
            continue
        beside = _blob(repository, commit, makefile) or b""
        if last == (data, _built(beside)):
            continue
        last = (data, _built(beside))
        found += 1
        yield Revision(commit, date, subject, _kernel(data, beside, f"{commit[:12]}:{path}", commit, date, options))
    if not found:
        raise SourceNotFoundError(f"{repository}: no {path} in its history", "Give the config's path with --path.")


def _built(makefile: bytes) -> bytes:
    version = built_version(makefile)
    return str(version).encode() if version else b""


def _kernel(data: bytes, makefile: bytes, name: str, commit: str, date: str, options: SourceOptions) -> Kernel:
    target = built_version(makefile)
    origin = Origin.INPUT if target is not None else Origin.BUILT
    config = parse_config(data, name=name, origin=origin)
    if target is not None:
        config = replace(config, target=target)
    provenance = Provenance(
        name, "git", name, commit=commit, blob=blob_id(data), date=date,
        target_from="KSOURCE of the Makefile beside it" if target else "",
    )  # fmt: skip
    return aim(config, provenance, options.target_kernel)


def _blob(repository: Path, commit: str, path: str) -> bytes | None:
    """A file's bytes at a commit; None: it is not there then."""
    try:
        return _git(repository, "cat-file", "blob", f"{commit}:{path}")
    except SourceNotFoundError:
        return None


def _git(repository: Path, *words: str) -> bytes:
    import os

    command = ["git", *_SAFE, "-C", str(repository), *words]
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": "/nonexistent", **_ENVIRONMENT}
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, timeout=_SECONDS, stdin=subprocess.DEVNULL, env=environment
        )
    except FileNotFoundError as error:
        raise SourceError("git is not installed", "It reads the repository's history.") from error
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"git did not answer within {_SECONDS} seconds") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise SourceNotFoundError(
            f"{repository}: git says: {said[-1] if said else 'nothing'}", "Give --git REPOSITORY."
        )
    if len(done.stdout) > _MOST_BYTES:
        raise SourceError(f"{repository}: more than 16 MiB at once, which no config is")
    return done.stdout
