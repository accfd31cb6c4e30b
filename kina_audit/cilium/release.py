"""What is known of Cilium's releases: ``data/cilium-releases.toml``, read and asked."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from kina_audit.errors import UsageError
from kina_audit.kernel.version import KernelVersion, VersionRange
from kina_audit.packaged import data_file, toml_document

_RELEASE = re.compile(r"v?(\d{1,2})\.(\d{1,3})(?:\.(\d{1,3}))?")
UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something known of some releases.

    Attributes:
        why: one sentence for the reader.
        evidence: source, documentation, report, derived or unverified; an unverified fact never decides.
        link: where it was found.
        kernel: the kernel versions it holds on; None: every one.
        requirements: ids of the requirements of ``cilium-agent`` that it is about.
        loses: what is lost, for facts about missing BTF.
    """

    why: str
    evidence: str
    link: str
    kernel: VersionRange | None = None
    requirements: tuple[str, ...] = ()
    loses: str = ""

    @property
    def verified(self) -> bool:
        """Whether it may decide."""
        return self.evidence != UNVERIFIED

    def holds_on(self, target: KernelVersion | None) -> bool:
        """Whether it is about this kernel version."""
        return self.kernel is None or (target is not None and target in self.kernel)


@dataclass(frozen=True, slots=True)
class Release:
    """One Cilium release.

    Attributes:
        version: the release, e.g. 1.20.2.
        known: whether it was released when the facts were written; a newer patch release may differ.
        minimum_kernel: the oldest kernel.org version its line is documented for.
        rhel_kernel: the oldest RHEL kernel its line is documented for.
    """

    version: KernelVersion
    known: bool
    minimum_kernel: KernelVersion
    rhel_kernel: KernelVersion

    def __str__(self) -> str:
        return str(self.version)

    def entries(self, table: str) -> list[dict[str, Any]]:
        """The entries of one table of the data file that are about this release, as they are written."""
        return [e for e in _document()[table] if self._covers(e)]

    def facts(self, table: str) -> tuple[Fact, ...]:
        """The facts of ``tolerates``, ``demands``, ``excludes`` or ``without_btf`` that are about this release."""
        return tuple(
            Fact(
                e["why"],
                e["evidence"],
                e["link"],
                VersionRange.parse(e["kernel"]) if "kernel" in e else None,
                tuple(e.get("requirements", ())),
                e.get("loses", ""),
            )
            for e in self.entries(table)
        )

    def feature(self, profile: str) -> dict[str, Any]:
        """What a feature needs besides symbols; empty when nothing is known."""
        return next((e for e in _document()["feature"] if e["id"] == profile), {})

    def has(self, profile: str) -> bool:
        """Whether this release has the feature at all."""
        return self._covers(self.feature(profile))

    def _covers(self, entry: dict[str, Any]) -> bool:
        return "releases" not in entry or self.version in VersionRange.parse(entry["releases"])


def find_release(text: str) -> Release:
    """A release by ``1.18``, ``1.18.12`` or ``v1.18.12``; empty: the newest known.

    A minor line alone means its newest known patch release.

    Raises:
        UsageError: no such line is known; the message lists the known ones.
    """
    lines = _document()["line"]
    if not text.strip():
        return _release(lines[-1], lines[-1]["patches"][-1])
    match = _RELEASE.fullmatch(text.strip())
    if match:
        for line in lines:
            if line["minor"] == f"{int(match[1])}.{int(match[2])}":
                return _release(line, line["patches"][-1] if match[3] is None else int(match[3]))
    known = ", ".join(f"{line['minor']} ({line['minor']}.{line['patches'][-1]})" for line in lines)
    raise UsageError(f"--cilium {text[:40]}: no such release is known", f"Known: {known}.")


def _release(line: dict[str, Any], patch: int) -> Release:
    return Release(
        KernelVersion.parse(f"{line['minor']}.{patch}"),
        patch <= line["patches"][-1],
        KernelVersion.parse(line["minimum_kernel"]),
        KernelVersion.parse(line["rhel_kernel"]),
    )


def known_minors() -> list[str]:
    """The minor lines, oldest first."""
    return [line["minor"] for line in _document()["line"]]


def alternatives() -> list[dict[str, Any]]:
    """What runs on a kernel without Cilium: name and condition."""
    entries: list[dict[str, Any]] = _document()["alternative"]
    return entries


@cache
def _document() -> dict[str, Any]:
    return toml_document(data_file("cilium-releases.toml"))
