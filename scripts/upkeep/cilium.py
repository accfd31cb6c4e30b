"""Cilium: releases, what the agent asks of the kernel at start, the words it logs, its chart's keys, the symbols it documents.

Held against kina_audit/data/cilium-*.toml and the profiles tagged ``cilium``. What a fact's place and words are held
against, and how a release's probes are found, is scripts/cilium_source.py's.
"""

import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import yaml

from kina_audit.base.packaged import data_file, toml_document
from kina_audit.kernel.version import KernelVersion, VersionRange
from kina_audit.profiles.load import ProfileLibrary
from scripts.cilium_source import PLACE, calls, check, facts, logged
from scripts.upkeep.clone import Clone, version_key
from scripts.upkeep.files import known
from scripts.upkeep.news import Watched

PROJECT = "cilium/cilium"
RELEASES, AGENT, KEYS = (f"kina_audit/data/cilium-{name}.toml" for name in ("releases", "agent", "keys"))
REQUIREMENTS = "pkg/datapath/linux/requirements.go"
PROBES = "pkg/datapath/linux/probes"
CHART = "install/kubernetes/cilium"
CONFIG_MAP = f"{CHART}/templates/cilium-configmap.yaml"
DOCUMENTED = "Documentation/operations/system_requirements.rst"
MOST_NAMES = 20
_HAVE = re.compile(r"^(?:func|var) (Have\w+)", re.MULTILINE)
_KEY = re.compile(r"^\s+([a-z0-9]+(?:-[a-z0-9]+)*):", re.MULTILINE)
_SYMBOL = re.compile(r"^ {8}CONFIG_([\w{},]+)=[ym]$", re.MULTILINE)


def watch(clone: Clone) -> Watched:
    """Every line's newest release against what is known of it."""
    found = Watched("cilium", clone.state)
    _unknown_releases(clone, found)
    newest = [tags[-1] for tags in _lines(clone).values()]
    for tag in newest:
        _probes(clone, tag, found)
        _words(clone, tag, found)
        _keys(clone, tag, found)
    if newest:
        _documented(clone, newest[-1], found)
    for before, after in _steps(clone):
        _moved(clone, before, after, found)
    wrong = check(str(clone.path))
    found.compared("places of facts", sum("at" in row for _, row in facts()))
    for line in wrong:
        found.contradicts(line, clone.project, "kina_audit/data")
    for name, row in facts():
        if row.get("evidence") == "unverified":
            at = row.get("at") or row.get("link", "")
            found.open(f"{name}: {row.get('why', '')}", at if isinstance(at, str) else ", ".join(at), "kina_audit/data")
    return found


def _document(name: str) -> dict[str, Any]:
    return toml_document(data_file(f"cilium-{name}.toml"))


def _minor(tag: str) -> str:
    return "{}.{}".format(*version_key(tag))


def _holds(row: dict[str, Any], tag: str) -> bool:
    """Whether a row is about a release."""
    version = KernelVersion.parse(tag)
    return "releases" not in row or version in VersionRange.parse(row["releases"])


def _lines(clone: Clone) -> dict[str, list[str]]:
    """The releases of the lines that are known and of newer ones, oldest first."""
    oldest = min(version_key(f"{line['minor']}.0") for line in _document("releases")["line"])
    found: dict[str, list[str]] = {}
    for tag in (t for t in clone.releases if version_key(t) >= oldest):
        found.setdefault(_minor(tag), []).append(tag)
    return found


def _known(minor: str) -> int:
    """The newest patch release of a line that is known; -1: the line is not."""
    return max(
        (p for line in _document("releases")["line"] if line["minor"] == minor for p in line["patches"]), default=-1
    )


def _unknown_releases(clone: Clone, found: Watched) -> None:
    for minor, tags in _lines(clone).items():
        last = _known(minor)
        new = [t for t in tags if version_key(t)[2] > last]
        found.compared("releases", len(tags))
        if new:
            text = f"{minor} has {', '.join(new)}" + (
                f"; {minor}.{last} is the newest known" if last >= 0 else "; the line is not known"
            )
            found.newer(text, clone.place(new[-1], REQUIREMENTS), RELEASES)


def _steps(clone: Clone) -> Iterator[tuple[str, str]]:
    """From the release of each line that was read last to its newest; of a new line, from the newest of the line before."""
    before = ""
    for minor, tags in _lines(clone).items():
        read = [t for t in tags if version_key(t)[2] <= _known(minor)]
        start = read[-1] if read else before
        if start and start != tags[-1]:
            yield start, tags[-1]
        before = tags[-1]


def _probes(clone: Clone, tag: str, found: Watched) -> None:
    """Everything the agent asks at start has a row, and every row's probe is still asked."""
    rows = [row for row in _document("agent")["probe"] if _holds(row, tag)]
    covered = {call for row in rows for call in row["calls"]}
    asked = set(calls(str(clone.path), tag))
    found.compared("probes", len(asked))
    place = clone.place(tag, REQUIREMENTS)
    for call in sorted(asked - covered):
        found.newer(
            f"{tag} asks {call} of the kernel at start, and no row says so: which symbol decides it?", place, AGENT
        )
    for row in rows:
        # A row may hold what several releases ask in different words.
        if row["calls"] and not asked & set(row["calls"]):
            text = f"{tag} asks none of what the row {row['id']} says: {', '.join(row['calls'])}"
            found.contradicts(text, place, AGENT)


def _words(clone: Clone, tag: str, found: Watched) -> None:
    """What the agent is said to log stands in the same files of a line's newest release."""
    for name, row in facts():
        says, at = row.get("says", ""), row.get("at", ())
        places = [PLACE.fullmatch(place) for place in ([at] if isinstance(at, str) else at)]
        paths = {match[2] for match in places if match}
        # Words of the kernel's, or that agents were seen to log, are not looked up.
        if (
            not says
            or not all(places)
            or not paths
            or not _holds(row, tag)
            or row.get("evidence") in ("report", "unverified")
        ):
            continue
        if isinstance(says, dict):
            says = next((text for span, text in says.items() if _holds({"releases": span}, tag)), "")
        texts = [clone.text(tag, path) or "" for path in sorted(paths)]
        found.compared("logged words")
        if says and not row.get("observed") and not any(logged(says, text) for text in texts):
            found.newer(
                f"{name}: {says!r} is not in {', '.join(sorted(paths))} of {tag}",
                clone.project,
                f"kina_audit/data/{name.split()[0]}",
            )


def _keys(clone: Clone, tag: str, found: Watched) -> None:
    """Every key that users' values are read by is in the chart."""
    config_map, values = clone.text(tag, CONFIG_MAP), clone.text(tag, f"{CHART}/values.yaml")
    if config_map is None or values is None:
        found.contradicts(f"{tag} has no {CONFIG_MAP}", clone.project, KEYS)
        return
    tree, there = yaml.safe_load(values), set(_KEY.findall(config_map))
    for row in (r for r in _document("keys")["key"] if _holds(r, tag)):
        found.compared("keys of the chart")
        path = row.get("helm", "")
        if path.startswith("extraConfig."):
            continue  # no chart has a value for it
        if row["config"] not in there | set(known()["cilium"]["rendered_otherwise"]):
            found.contradicts(f"the ConfigMap of {tag} has no {row['config']}", clone.place(tag, CONFIG_MAP), KEYS)
        # Some values stand in no values.yaml, or as a comment; the template reads them.
        if path and f".Values.{path}" not in config_map and not _has(tree, path.split(".")):
            found.contradicts(f"the values of {tag} have no {path}", clone.place(tag, f"{CHART}/values.yaml"), KEYS)


def _has(tree: Any, path: list[str]) -> bool:
    return not path or (isinstance(tree, dict) and path[0] in tree and _has(tree[path[0]], path[1:]))


def documented(text: str) -> set[str]:
    """The symbols of the documentation's blocks of configuration, ``INET{,6}_ESP`` as two."""
    found = set()
    for word in _SYMBOL.findall(text):
        parts = [part.split(",") for part in re.split(r"[{}]", word)]
        found |= {"".join(choice) for choice in product(*parts)}
    return found


def _documented(clone: Clone, tag: str, found: Watched) -> None:
    """Every symbol that the documentation asks for is in a profile."""
    symbols = documented(clone.text(tag, DOCUMENTED) or "")
    found.compared("documented symbols", len(symbols))
    named = {s for p in ProfileLibrary() for r in p.requirements for s in r.symbols}
    new = sorted(symbols - named - set(known()["cilium"]["documented"]))
    if new:
        found.newer(
            f"{tag} documents {', '.join(new)}, which no profile names", clone.place(tag, DOCUMENTED), "profiles/cilium"
        )


def _moved(clone: Clone, before: str, after: str, found: Watched) -> None:
    """What a newer release has that the one read last had not: keys of the ConfigMap, and probes."""
    for what, path, names in (
        ("keys in the ConfigMap", CONFIG_MAP, lambda ref: set(_KEY.findall(clone.text(ref, CONFIG_MAP) or ""))),
        ("probes in the agent's code", PROBES, lambda ref: set(_probes_of(clone, ref))),
    ):
        old, new = names(before), names(after)
        for word, some in (("new", new - old), ("no longer", old - new)):
            if some:
                shown = ", ".join(sorted(some)[:MOST_NAMES]) + (
                    f" and {len(some) - MOST_NAMES} more" if len(some) > MOST_NAMES else ""
                )
                found.newer(f"{before} to {after}: {word} {what}: {shown}", clone.place(after, path), "")


def _probes_of(clone: Clone, ref: str) -> Iterator[str]:
    for path in clone.files(ref, PROBES):
        if path.endswith(".go") and not path.endswith("_test.go"):
            yield from _HAVE.findall(clone.text(ref, path) or "")
