"""Cilium's features as ``data/cilium-features.toml`` and ``data/cilium-agent.toml`` describe them, for one release."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from typing import Any

from kina_audit.base.datatype import datatype
from kina_audit.base.packaged import data_file, toml_document
from kina_audit.cilium.evidence import Basis, places_of, where
from kina_audit.cilium.keys import Wanted
from kina_audit.cilium.release import Release
from kina_audit.kernel.version import VersionRange

AGENT = "agent"
HOST_ROUTING = "bpf-host-routing"


class Effect(StrEnum):
    """What happens when a feature is on and one of its needs is unmet, worst first."""

    FATAL = "fatal"
    NO_PODS = "no-pods"
    DEGRADED = "degraded"
    SILENT = "silent"
    NONE = "none"


# By value: in Python 3.11 an enumeration looks one up by code in Python, and every need has two.
_EFFECTS = {effect.value: effect for effect in Effect}
_BASES = {basis.value: basis for basis in Basis}
DEADLY = (Effect.FATAL, Effect.NO_PODS)
"""Effects that leave every pod without a network."""


@datatype
class Need:
    """One thing that a feature needs, and what happens without it.

    Attributes:
        profile: a profile whose required requirements must be met, or an empty string.
        requirement: ``profile/requirement``, or an empty string.
        feature: another feature's id, or an empty string.
        linux: the kernel versions on which it is met; with a profile, requirement or feature: on which it is asked for.
        arch: the architectures it is asked for on; empty: all.
        when: the cilium-config values with which it is asked for; empty: with all.
        effect: what happens without it.
        keeps: the feature still does its main work without it.
        says: a piece of what the agent logs, or an empty string.
        unless: a feature in whose place it is needed, or an empty string.
        why: a sentence that is better than the requirement's own, or an empty string.
        basis: how well it is known.
        at: where the source says so, as ``repository@commit:file:line``.
        observed: runs of real agents that showed it.
        link: where it is from, for a browser; an empty string where only runs showed it.
        asks: the profile or the requirement.
    """

    profile: str
    requirement: str
    feature: str
    linux: VersionRange | None
    arch: tuple[str, ...]
    when: Wanted
    effect: Effect
    keeps: bool
    unless: str
    says: str
    why: str
    basis: Basis
    at: tuple[str, ...]
    observed: tuple[str, ...]
    link: str
    asks: str

    @property
    def fact(self) -> str:
        """What it is about, in a few words."""
        return self.asks or self.feature or f"Linux {self.linux}"


@datatype
class Conflict:
    """Another feature that a feature cannot be on with, on kernels of any of ``linux`` (none: all), but with ``unless``."""

    other: str
    effect: Effect
    why: str
    basis: Basis
    link: str
    linux: tuple[VersionRange, ...]
    unless: Wanted
    mend: str


@datatype
class Unshown:
    """What a config does not show of a feature, and where that is from.

    Attributes:
        linux: on kernels of any of these; none: on all.
        advice: it is about what advice leaves open, and nothing for whoever has values.
    """

    text: str
    basis: Basis
    link: str
    linux: tuple[VersionRange, ...]
    advice: bool


@datatype
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
    cautions: tuple[Unshown, ...]


class _Features(Mapping[str, Feature]):
    """Made one by one: of most releases, a few are looked at."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._rows = {row["id"]: row for row in feature_rows()}
        self._made: dict[str, Feature] = {}

    def __getitem__(self, name: str) -> Feature:
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = _feature(self._rows[name], self._release)
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


@cache
def features(release: Release) -> Mapping[str, Feature]:
    """Every feature by id, in the order of the data file, as it is in one release."""
    return _Features(release)


def feature_ids() -> list[str]:
    """The ids that ``--want`` and ``--avoid`` take."""
    return [row["id"] for row in feature_rows()]


@cache
def feature_rows() -> list[dict[str, Any]]:
    """The rows of the data file."""
    rows: list[dict[str, Any]] = toml_document(data_file("cilium-features.toml"))["feature"]
    return rows


def probe_rows() -> list[dict[str, Any]]:
    """What the agent of each release insists on at start: needs of the feature ``agent``, with the probes behind them."""
    rows: list[dict[str, Any]] = toml_document(data_file("cilium-agent.toml"))["probe"]
    return rows


def _feature(row: dict[str, Any], release: Release) -> Feature:
    probes = probe_rows() if row["id"] == AGENT else []
    needs = release.of((*row.get("need", ()), *probes))
    conflicts = release.of(row.get("conflict", ()))
    return Feature(
        id=row["id"],
        title=row["title"],
        available=bool(release.of((row,))),
        default=row.get("default", False),
        gives_way=row.get("gives-way", False),
        choices=row.get("choices", {}),
        needs=tuple([_need(n, release) for n in needs]),
        conflicts=tuple([_conflict(c) for c in conflicts]),
        cautions=(
            *(_unshown(n, n["caution"]) for n in needs if "caution" in n),
            *(_unshown(c, c["text"]) for c in release.of(row.get("caution", ()))),
        ),
    )


def _conflict(row: dict[str, Any]) -> Conflict:
    return Conflict(
        other=row["with"],
        effect=_EFFECTS[row["effect"]],
        why=row["why"],
        basis=_BASES[row["evidence"]],
        link=where(row),
        linux=_ranges(row),
        unless=row.get("unless", {}),
        mend=row.get("mend", ""),
    )


def _unshown(row: dict[str, Any], text: str) -> Unshown:
    # A need is about versions that are not in its range.
    versions = _ranges(row) if "text" in row else ()
    return Unshown(text, _BASES[row["evidence"]], where(row), versions, row.get("advice", False))


def _ranges(row: dict[str, Any]) -> tuple[VersionRange, ...]:
    said = row.get("linux", ())
    return tuple(map(VersionRange.parse, [said] if isinstance(said, str) else said))


_NEEDS: dict[int, Need] = {}
"""By the row's object, which the data file's document keeps: most are the same in every release that has them."""


def _need(row: dict[str, Any], release: Release) -> Need:
    found = _NEEDS.get(id(row))
    if found is None:
        found = _made(row, release)
        if isinstance(row.get("says", ""), str):
            _NEEDS[id(row)] = found
    return found


def _made(row: dict[str, Any], release: Release) -> Need:
    # By position: by names, hundreds of them take twice as long.
    return Need(
        row.get("profile", ""),
        row.get("requirement", ""),
        row.get("feature", ""),
        VersionRange.parse(row["linux"]) if "linux" in row else None,
        tuple(row.get("arch", ())),
        row.get("when", {}),
        _EFFECTS[row["effect"]],
        row.get("keeps", False),
        row.get("unless", ""),
        _says(row.get("says", ""), release),
        row.get("why", ""),
        _BASES[row["evidence"]],
        places_of(row),
        tuple(row.get("observed", ())),
        where(row),
        row.get("requirement") or row.get("profile", ""),
    )


def _says(says: str | Mapping[str, str], release: Release) -> str:
    if isinstance(says, str):
        return says
    return next((words for releases, words in says.items() if release.version in VersionRange.parse(releases)), "")
