"""``REV:PATH``: a file as a commit of the local git repository has it, named as git names it."""

from pathlib import Path, PurePosixPath

from kina_audit.base.digest import git_blob_id
from kina_audit.errors import SourceError, SourceNotFoundError
from kina_audit.kernel.provenance import Kernel, Provenance
from kina_audit.sources.git.command import blob_at, git
from kina_audit.sources.git.history import kernel_of_blob
from kina_audit.sources.local.file import is_plain, meant, read_bytes
from kina_audit.sources.options import SourceOptions


def open_revision(source: str, options: SourceOptions) -> Kernel:
    """Read ``REV:PATH`` from the repository around the working folder; nothing of it runs and nothing is fetched.

    As with git itself, PATH is from the repository's top, and from the working folder when it starts with ``./``. A
    ``Makefile`` beside it that names a kernel says what is built from the config, as in a checkout.

    Raises:
        SourceNotFoundError: no such file, no repository here, no such commit, or no such path in it.
        SourceError: git cannot be run, or no kernel config is there.
    """
    revision, _, path = source.partition(":")
    here = Path.cwd()
    try:
        words = ("rev-parse", "--verify", "--quiet", "--end-of-options")
        commit = git(here, *words, f"{revision}^{{commit}}").decode("ascii", "replace").strip()
        date = git(here, "show", "-s", "--no-show-signature", "--format=%cs", commit).decode("ascii", "replace").strip()
    except SourceNotFoundError as error:
        raise SourceNotFoundError(
            f"{source}: no such file, and no commit {revision} of a git repository here{meant(source)}",
            "REV:PATH is read from the repository around the working folder, such as HEAD~1:kernel/config-arm64.",
        ) from error
    said: list[str] = []
    data = blob_at(here, commit, path, said)
    if data is None:
        raise SourceNotFoundError(
            f"{source}: {said[0] if said else f'no {path} in commit {commit[:12]}'}", "Check the path."
        )
    provenance = Provenance(source, "git", f"{commit[:12]}:{path}", commit=commit, blob=git_blob_id(data), date=date)
    if not is_plain(data):
        return read_bytes(data, provenance, options)
    beside = str(PurePosixPath(path).parent / "Makefile")
    makefile = blob_at(here, commit, f"./{beside}" if path.startswith("./") else beside, []) or b""
    try:
        return kernel_of_blob(data, makefile, provenance, options)
    except SourceError as error:
        raise type(error)(error.message.replace(provenance.location, source), error.hint) from error
