"""A config's versions in the history of a local git repository."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from kina_audit.base.bounds import GIT_REVISIONS
from kina_audit.base.datatype import datatype, replace
from kina_audit.base.digest import git_blob_id
from kina_audit.errors import SourceError, SourceNotFoundError
from kina_audit.kernel.config import Origin
from kina_audit.kernel.parse import parse_config
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.sources.git.checkout import as_checked_out, built_version
from kina_audit.sources.git.command import blob_at, git
from kina_audit.sources.options import SourceOptions
from kina_audit.sources.progress import Progress
from kina_audit.sources.target import aim, of_architecture

MOST_RENAMES = 20
_FIELDS = ("%H", "%cs", "%P", "%s")


@datatype
class Revision:
    """One commit of the first-parent history that changed a config, or the version that is built from it.

    Attributes:
        commit: full id.
        date: ISO date.
        subject: the message's first line.
        kernel: None when the commit deleted the config.
        event: ``deleted``, ``renamed to PATH`` or ``renamed from PATH``; empty: it was changed.
    """

    commit: str
    date: str
    subject: str
    kernel: Kernel | None
    event: str = ""


@datatype
class _Commit:
    id: str
    date: str
    parent: str
    subject: str
    path: str
    event: str = ""


def revisions(repository: Path, path: str, options: SourceOptions, notes: list[str]) -> Iterator[Revision]:
    """The versions of a config, oldest first; a ``Makefile`` beside it says which kernel each builds, as Apple's does.

    A commit is one of the first-parent history, so that each differs from the one before it by what it changed itself, and
    a merge stands for everything it brought in. The history goes on beyond renames.

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
    path = str(inside)
    # A path is of the folder that was named; objects are named from the top.
    shallow, _, prefix = (
        git(repository, "rev-parse", "--is-shallow-repository", "--show-prefix")
        .decode("utf-8", "surrogateescape")
        .partition("\n")
    )
    prefix = prefix.removesuffix("\n")
    commits = _commits(repository, prefix, prefix + path)
    if len(commits) > GIT_REVISIONS:
        notes.append(f"only the newest {GIT_REVISIONS} commits that touched {path} were read")
    if shallow == "true":
        notes.append("this is a shallow clone: its oldest commit is not where the history began")
    found = 0
    last: tuple[bytes, bytes] | None = None
    kept = commits[-GIT_REVISIONS:]
    progress = Progress(options.progress, path, len(kept), ("commits", 1))
    for number, at in enumerate(kept):
        progress.at(number)
        data = blob_at(repository, at.id, at.path, notes)
        if data is None:
            if last is not None and not _unreadable(repository, at):
                to = _renamed(repository, at, at.path, forward=True)
                yield Revision(at.id, at.date, at.subject, None, f"renamed to {to}" if to else "deleted")
                last = None
            continue
        beside = blob_at(repository, at.id, str(PurePosixPath(at.path).parent / "Makefile"), []) or b""
        if last == (data, _built(beside)) and not at.event:
            continue
        last = (data, _built(beside))
        name = f"{at.id[:12]}:{at.path.removeprefix(prefix)}"
        provenance = Provenance(name, "git", name, commit=at.id, blob=git_blob_id(data), date=at.date)
        try:
            kernel = kernel_of_blob(data, beside, provenance, options)
        except SourceError as error:
            notes.append(error.message)
            continue
        found += 1
        yield Revision(at.id, at.date, at.subject, kernel, at.event)
    if not found:
        raise SourceNotFoundError(
            f"{repository}: no {path} in its history" + "".join(f"; {n}" for n in notes[:3]),
            "Give the config's path with --path.",
        )


def _commits(repository: Path, prefix: str, path: str) -> list[_Commit]:
    """The first-parent commits that touched a config under any of its names, oldest first."""
    found: list[_Commit] = []
    end, seen = "HEAD", {path}
    for _ in range(MOST_RENAMES):
        listed = _log(repository, end, path)
        born = _born(repository, end, path)
        start = next((i for i, c in enumerate(listed) if c.id == born), None)
        if start is None or len(found) + len(listed) > GIT_REVISIONS:
            return [*listed, *found]
        # Before it was there under this name, only the Makefile beside it changed; where did it come from?
        first = listed[start]
        origin = _renamed(repository, first, path, forward=False)
        if not origin or origin in seen:
            return [*listed[start:], *found]
        first = replace(first, event=f"renamed from {origin.removeprefix(prefix)}")
        found = [first, *listed[start + 1 :], *found]
        end, path = first.parent, origin
        seen.add(path)
    return found


def _top(repository: Path) -> str:
    """The way from the folder that was named to the repository's top, where objects' paths begin."""
    return git(repository, "rev-parse", "--show-cdup").decode("utf-8", "surrogateescape").strip()


def _born(repository: Path, end: str, path: str) -> str:
    """The first commit that brought a file under this name; empty: not known."""
    words = (
        "log",
        "--first-parent",
        "-m",
        "--no-renames",
        "--diff-filter=A",
        "--reverse",
        "--no-ext-diff",
        "--format=%H",
    )
    answer = git(repository, *words, end, "--", _top(repository) + path).decode("ascii", "replace")
    return answer.partition("\n")[0].strip()


def _log(repository: Path, end: str, path: str) -> list[_Commit]:
    makefile = str(PurePosixPath(path).parent / "Makefile")
    words = ["log", "--first-parent", "--topo-order", "--reverse", f"--max-count={GIT_REVISIONS + 1}", "--no-ext-diff"]
    top = _top(repository)
    # NUL is the one byte that no message holds, so that no message looks like the next commit.
    answer = git(repository, *words, "-z", f"--format={'%x00'.join(_FIELDS)}", end, "--", top + path, top + makefile)
    parts = answer.decode("utf-8", "replace").split("\0")
    rows = [parts[i : i + len(_FIELDS)] for i in range(0, len(parts) - len(_FIELDS) + 1, len(_FIELDS))]
    return [_Commit(commit, date, parents.partition(" ")[0], subject, path) for commit, date, parents, subject in rows]


def _renamed(repository: Path, commit: _Commit, path: str, *, forward: bool) -> str:
    """What a commit renamed to or from a path, as git sees it; empty when it did not."""
    if not commit.parent:
        return ""
    words = (
        "diff-tree",
        "-r",
        "-z",
        "-M",
        "-l400",
        "--no-ext-diff",
        "--no-textconv",
        "--diff-filter=R",
        "--name-status",
    )
    try:
        parts = git(repository, *words, commit.parent, commit.id).decode("utf-8", "surrogateescape").split("\0")
    except SourceError:
        return ""
    for old, new in zip(parts[1::3], parts[2::3], strict=False):
        if (old if forward else new) == path:
            return new if forward else old
    return ""


def _unreadable(repository: Path, commit: _Commit) -> bool:
    """Whether the commit does hold the path, and only its content is missing, as in a partial clone."""
    return bool(git(repository, "ls-tree", "--full-tree", "-z", commit.id, "--", commit.path))


def _built(makefile: bytes) -> bytes:
    version = built_version(makefile)
    return str(version).encode() if version else b""


def kernel_of_blob(data: bytes, makefile: bytes, provenance: Provenance, options: SourceOptions) -> Kernel:
    """The kernel of a config's text in a repository, and of the Makefile beside it.

    Raises:
        SourceError: it is no config.
    """
    origin = Origin.BUILT if options.built else Origin.INPUT
    config = parse_config(data, name=provenance.location, origin=origin)
    config, provenance = as_checked_out(config, provenance, data, makefile)
    config, provenance = of_architecture(config, provenance, options)
    return aim(config, provenance, options.target_kernel)
