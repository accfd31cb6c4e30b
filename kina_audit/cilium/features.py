"""Cilium's features as ``data/cilium-features.toml`` describes them, for one release."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from kina_audit.cilium.release import Release
from kina_audit.kernel.version import VersionRange
from kina_audit.packaged import data_file, toml_document


class Effect(StrEnum):
    """What happens when a feature is on and one of its needs is unmet, worst first."""

    FATAL = "fatal"
    DEGRADED = "degraded"
    SILENT = "silent"
    NONE = "none"


class Basis(StrEnum):
    """How well a fact is known, best first; see the head of the data file."""

    SOURCE = "source"
    DOCUMENTATION = "documentation"
    REPORT = "report"
    DERIVED = "derived"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a feature needs, and what happens without it.

    Attributes:
        profile: a profile whose required requirements must be met, or an empty string.
        requirement: ``profile/requirement``, or an empty string.
        feature: another feature's id, or an empty string.
        linux: the kernel versions on which it is met; with a profile, requirement or feature: on which it is asked for.
        arch: the architectures it is asked for on; empty: all.
        effect: what happens without it.
        keeps: the feature still does its main work without it.
        says: what to search the agent's log for, or an empty string.
        unless: a feature in whose place it is needed, or an empty string.
        why: a sentence that is better than the requirement's own, or an empty string.
        basis: how well it is known.
        link: where it is from.
    """

    profile: str
    requirement: str
    feature: str
    linux: VersionRange | None
    arch: tuple[str, ...]
    effect: Effect
    keeps: bool
    unless: str
    says: str
    why: str
    basis: Basis
    link: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Another feature that a feature cannot be on with."""

    other: str
    effect: Effect
    why: str
    basis: Basis
    link: str


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature.

    Attributes:
        id: its name on the command line.
        title: a few words.
        available: whether this release has it.
        default: on without a value being set.
        gives_way: the agent does without it where the kernel has it not.
        choices: what it decides: a choice's name to its value.
        needs: what it needs in this release.
        conflicts: what it cannot be on with in this release.
        cautions: what a config does not show.
    """

    id: str
    title: str
    available: bool
    default: bool
    gives_way: bool
    choices: Mapping[str, str]
    needs: tuple[Need, ...]
    conflicts: tuple[Conflict, ...]
    cautions: tuple[str, ...]


@cache
def features(release: Release) -> dict[str, Feature]:
    """Every feature by id, in the order of the data file, as it is in one release."""
    return {row["id"]: _feature(row, release) for row in feature_rows()}


def feature_ids() -> list[str]:
    """The ids that ``--want`` and ``--avoid`` take."""
    return [row["id"] for row in feature_rows()]


@cache
def feature_rows() -> list[dict[str, Any]]:
    """The rows of the data file."""
    rows: list[dict[str, Any]] = toml_document(data_file("cilium-features.toml"))["feature"]
    return rows


def _feature(row: dict[str, Any], release: Release) -> Feature:
    needs = [n for n in row.get("need", ()) if _in(n, release)]
    conflicts = [c for c in row.get("conflict", ()) if _in(c, release)]
    return Feature(
        id=row["id"],
        title=row["title"],
        available=_in(row, release),
        default=row.get("default", False),
        gives_way=row.get("gives-way", False),
        choices=row.get("choices", {}),
        needs=tuple(_need(n) for n in needs),
        conflicts=tuple(
            Conflict(c["with"], Effect(c["effect"]), c["why"], Basis(c["evidence"]), c["link"]) for c in conflicts
        ),
        cautions=(
            *(n["caution"] for n in needs if "caution" in n),
            *(c["text"] for c in row.get("caution", ()) if _in(c, release)),
        ),
    )


def _need(row: dict[str, Any]) -> Need:
    return Need(
        profile=row.get("profile", ""),
        requirement=row.get("requirement", ""),
        feature=row.get("feature", ""),
        linux=VersionRange.parse(row["linux"]) if "linux" in row else None,
        arch=tuple(row.get("arch", ())),
        effect=Effect(row["effect"]),
        keeps=row.get("keeps", False),
        unless=row.get("unless", ""),
        says=row.get("says", ""),
        why=row.get("why", ""),
        basis=Basis(row["evidence"]),
        link=row["link"],
    )


def _in(row: Mapping[str, Any], release: Release) -> bool:
    return "releases" not in row or release.version in VersionRange.parse(row["releases"])
