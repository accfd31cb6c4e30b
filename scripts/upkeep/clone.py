"""A local clone of a watched project, read by git and by nothing else of it; only `Clone.fetch` reaches out, when asked."""

import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kina_audit.errors import SourceError, SourceNotFoundError
from kina_audit.sources.git.command import git

_MISSING = ("does not exist in", "exists on disk, but not in", "invalid object name", "Not a valid object name")
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
_HIT = re.compile(r"(?P<path>[^\0]*)\0(?P<line>\d+)\0(?P<text>.*)")
FETCH_SECONDS = 900


def version_key(tag: str) -> tuple[int, ...]:
    """What release tags are ordered by; empty for what is none."""
    found = _VERSION.fullmatch(tag)
    return tuple(int(part) for part in found.groups()) if found else ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A line that a search found."""

    path: str
    line: int
    text: str


@dataclass(frozen=True)
class Clone:
    """A clone of a project.

    Attributes:
        path: where it is; a bare repository does.
        project: owner and name on GitHub.
    """

    path: Path
    project: str

    def fetch(self) -> None:
        """Bring branches and tags of the clone's own origin.

        Raises:
            SourceError: git is not there, or could not.
        """
        command = ["git", "-C", str(self.path), "fetch", "--quiet", "--tags", "--prune", "--force", "origin"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SourceError(f"{self.path}: git fetch: {error}", "Leave out --fetch to read what is there.") from error
        if done.returncode:
            raise SourceError(f"{self.path}: git fetch: {done.stderr.strip()[-300:]}", "Is it a clone with an origin?")

    @cached_property
    def tip(self) -> str:
        """The newest commit of the default branch: what was fetched last, or else the clone's own HEAD."""
        for ref in ("refs/remotes/origin/HEAD", "HEAD"):
            try:
                return self._words("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
            except SourceNotFoundError:
                continue
        raise SourceError(f"{self.path}: no commit in it", f"Give a clone of https://github.com/{self.project}.")

    def date(self, ref: str) -> str:
        """The ISO day of a commit."""
        return self._words("log", "-1", "--format=%cs", ref)

    def commit(self, ref: str) -> str:
        """A commit's id, as short as evidence gives it."""
        return self._words("rev-parse", f"{ref}^{{commit}}")[:12]

    @cached_property
    def releases(self) -> list[str]:
        """Tags of releases, oldest first, without pre-releases."""
        tags = git(self.path, "for-each-ref", "--format=%(refname:strip=2)", "refs/tags").decode().splitlines()
        return sorted((t for t in tags if version_key(t)), key=version_key)

    def blob(self, ref: str, path: str) -> str:
        """The id of a file's bytes; empty: it is not there."""
        try:
            return self._words("rev-parse", "--verify", "--quiet", f"{ref}:{path}")
        except SourceNotFoundError:
            return ""

    def read(self, ref: str, path: str) -> bytes | None:
        """A file's bytes; None: it is not there."""
        try:
            return git(self.path, "cat-file", "blob", f"{ref}:{path}")
        except SourceNotFoundError as error:
            if any(words in error.message for words in _MISSING):
                return None
            raise

    def text(self, ref: str, path: str) -> str | None:
        """A file's text; None: it is not there."""
        data = self.read(ref, path)
        return None if data is None else data.decode("utf-8", "replace")

    def files(self, ref: str, under: str) -> list[str]:
        """The files below a folder, by path."""
        try:
            listed = git(self.path, "ls-tree", "-r", "-z", "--name-only", ref, "--", f"{under}/")
        except SourceNotFoundError:
            return []
        return [name for name in listed.decode("utf-8", "replace").split("\0") if name]

    def search(self, ref: str, pattern: str, *paths: str, fixed: bool = False) -> list[Hit]:
        """Lines that an extended regular expression (or a fixed text) finds, in files or folders."""
        how = "-F" if fixed else "-E"
        words = ["grep", "-n", "-z", how, "--no-color", "--full-name", "-I", "-e", pattern, ref, "--", *paths]
        try:
            out = git(self.path, *words).decode("utf-8", "replace")
        except SourceNotFoundError:
            return []
        found = (_HIT.fullmatch(line) for line in out.splitlines())
        return [Hit(hit["path"].removeprefix(f"{ref}:"), int(hit["line"]), hit["text"]) for hit in found if hit]

    def place(self, ref: str, path: str, line: int = 0) -> str:
        """How evidence names a line: project, commit, file, line."""
        return f"{self.project}@{self.commit(ref)}:{path}" + (f":{line}" if line else "")

    @property
    def state(self) -> str:
        """What was read, for the head of the report."""
        newest = f", newest release {self.releases[-1]}" if self.releases else ", no release"
        return f"{self.project} at {self.commit(self.tip)} of {self.date(self.tip)}{newest}"

    def _words(self, *words: str) -> str:
        return git(self.path, *words).decode("utf-8", "replace").strip()
