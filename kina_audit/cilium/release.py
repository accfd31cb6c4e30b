"""What is known of Cilium's releases: ``data/cilium-releases.toml``, read and asked."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from kina_audit.base.datatype import datatype
from kina_audit.base.packaged import data_file, toml_document
from kina_audit.errors import UsageError
from kina_audit.kernel.version import KernelVersion, VersionRange

_RELEASE = re.compile(r"v?(\d{1,2})\.(\d{1,3})(?:\.(\d{1,3}))?")


@datatype
class Release:
    """One Cilium release and what is known of it."""

    version: KernelVersion
    minimum_kernel: KernelVersion
    charted: bool

    def __hash__(self) -> int:
        # What is known of a release is kept by it.
        return hash(self.version.triple)

    def __str__(self) -> str:
        return str(self.version)

    def facts(self, table: str) -> list[dict[str, Any]]:
        """The entries of one table of the data file that are about this release."""
        return self.of(_document()[table])

    def of(self, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows of a data file that are about this release."""
        within = _within(self)
        return [row for row in rows if "releases" not in row or within[row["releases"]]]


class _Within(dict[str, bool]):
    """Whether a release is in a range, by the range's text: thousands of rows have a few dozen of them."""

    def __init__(self, version: KernelVersion) -> None:
        super().__init__()
        self._version = version

    def __missing__(self, text: str) -> bool:
        found = self[text] = self._version in VersionRange.parse(text)
        return found


@cache
def _within(release: Release) -> _Within:
    return _Within(release.version)


def find_release(text: str) -> Release:
    """A release by ``1.18``, ``1.18.12`` or ``v1.18.12``; empty: the newest known.

    A minor line alone means its newest known patch release.

    Raises:
        UsageError: no such line is known; the message lists the known ones.
    """
    lines = _document()["line"]
    if not text:
        return _release(lines[-1], lines[-1]["patches"][-1])
    match = _RELEASE.fullmatch(text.strip())
    if match:
        for line in lines:
            if line["minor"] == f"{match[1]}.{match[2]}":
                return _release(line, line["patches"][-1] if match[3] is None else int(match[3]))
    known = ", ".join(f"{line['minor']} ({line['minor']}.{line['patches'][-1]})" for line in lines)
    raise UsageError(f"--cilium {text}: no such release is known", f"Known: {known}.")


def _release(line: dict[str, Any], patch: int) -> Release:
    version = KernelVersion.parse(f"{line['minor']}.{patch}")
    return Release(version, KernelVersion.parse(line["minimum_kernel"]), patch in line["patches"])


def known_releases() -> list[Release]:
    """Every release that is known, oldest first."""
    return [_release(line, patch) for line in _document()["line"] for patch in line["patches"]]


def newest_releases() -> list[Release]:
    """The newest release of every line that is known, oldest line first."""
    return [_release(line, line["patches"][-1]) for line in _document()["line"]]


@cache
def _document() -> dict[str, Any]:
    return toml_document(data_file("cilium-releases.toml"))
