"""Values that break together, whatever the features need of the kernel: the ``clash`` rows of ``data/cilium-keys.toml``."""

from collections.abc import Iterator, Mapping

from kina_audit.base.datatype import datatype
from kina_audit.cilium.evidence import where
from kina_audit.cilium.keys import matches, of_release
from kina_audit.cilium.model import State
from kina_audit.cilium.release import Release
from kina_audit.kernel.version import KernelVersion, VersionRange


@datatype
class Clash:
    """Values that cannot stand together, by ConfigMap key, and what comes of them."""

    keys: tuple[str, ...]
    state: State
    because: str
    evidence: str
    link: str


def clashes(values: Mapping[str, str], release: Release, target: KernelVersion | None) -> Iterator[Clash]:
    """What of the values cannot stand together in this release, on this kernel version."""
    for row in of_release("clash", release):
        if "kernel" in row and (target is None or target not in VersionRange.parse(row["kernel"])):
            continue
        if matches(row["all"], values) and not any(matches({k: v}, values) for k, v in row.get("unless", {}).items()):
            keys = tuple(n for names in row["all"] for n in names.split("|"))
            yield Clash(keys, State(row["state"]), row["why"], row["evidence"], where(row))
