"""Values that break together, or alone, whatever the kernel: the ``clash`` and ``beside`` rows of ``data/cilium-keys.toml``.

And what no config shows of the features that they switch on.
"""

from collections.abc import Iterator, Mapping, Sequence

from kina_audit.base.datatype import datatype
from kina_audit.cilium.evidence import where
from kina_audit.cilium.keys import Given, matches, of_release
from kina_audit.cilium.model import State
from kina_audit.cilium.reading import Reader
from kina_audit.cilium.release import Release
from kina_audit.kernel.vendors import beside_the_number
from kina_audit.kernel.version import KernelVersion, VersionRange


@datatype
class Clash:
    """Values that cannot stand together, by ConfigMap key, and what comes of them."""

    keys: tuple[str, ...]
    state: State
    because: str
    evidence: str
    link: str
    helm_fails: bool


def clashes(values: Mapping[str, str], release: Release, target: KernelVersion | None) -> Iterator[Clash]:
    """What of the values cannot stand together in this release, on this kernel version."""
    for row in of_release("clash", release):
        why, state = row["why"], State(row["state"])
        if "kernel" in row:
            versions = VersionRange.parse(row["kernel"])
            if target is None or target not in versions:
                continue
            if open_ := beside_the_number(target, (versions,)):
                why, state = f"{why} {open_}", State.UNVERIFIED if state is State.UNVERIFIED else State.UNKNOWN
        if matches(row["all"], values) and not any(matches({k: v}, values) for k, v in row.get("unless", {}).items()):
            keys = tuple(n for names in row["all"] for n in names.split("|"))
            yield Clash(keys, state, why, row["evidence"], where(row), bool(row.get("helm_fails")))


@datatype
class Caution:
    """A value that needs what nothing here shows, as another value beside it: a line, what it says, why, and where that is from."""

    line: int
    key: str
    value: str
    because: str
    evidence: str
    link: str


def lone(
    given: Sequence[Given], release: Release, values: Mapping[str, str], places: Mapping[str, Given]
) -> tuple[Caution, ...]:
    """What is to be said of Helm values that stand alone.

    Args:
        given: the values; in a ConfigMap what they need may stand elsewhere.
        release: the Cilium release.
        values: what becomes of every ConfigMap key.
        places: the value that decided it, by ConfigMap key.
    """
    names = {g.key for g in given if g.value not in ("", "null")}
    return tuple(
        Caution(place.line, place.key, place.value, row["why"], row["evidence"], where(row))
        for row in of_release("beside", release)
        if matches(row["all"], values) and not names.intersection(row["helm"])
        for key in row["all"]
        if (place := places.get(key)) is not None
    )


def unshown(reader: Reader, blamed: Mapping[str, tuple[int, str, str]]) -> tuple[Caution, ...]:
    """What neither a config nor values show of features, each with the line, key and value that switch it on; 0: nobody did."""
    found = {
        (blamed[name][0], c.text): Caution(*blamed[name], because=c.text, evidence=str(c.basis), link=c.link)
        for name in blamed
        if blamed[name][0]
        for c in reader.cautions(name)
        if not c.advice
    }
    return tuple(found.values())
