"""The library interface to clusters: what agents run, against their configuration and their nodes' kernels."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kina_audit.cilium.verify import Verification, compare
from kina_audit.errors import SourceError

if TYPE_CHECKING:
    from kina_audit.kernel.provenance import Kernel
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.sources.guest.cluster import Agent, Cluster

_PREFIX = "cilium-"
_UNMET = ("fail", "warn")


def verify_saved(
    config: Mapping[str, str], status: Mapping[str, Any], kernel: "Kernel | None", *, cilium: str = "", node: str = ""
) -> Verification:
    """A status that was saved.

    Args:
        config: the data of ``cilium-config``.
        status: what ``cilium-dbg status -o json`` printed.
        kernel: the node's; None: it is not known.
        cilium: the release; empty: the newest known.
        node: the node's name.

    Raises:
        UsageError: an unknown Cilium release.
    """
    return _verified(node, config, status, kernel, cilium, "the kernel is not known")


def verify_cluster(cluster: "Cluster", *, cilium: str = "") -> Iterator[Verification]:
    """Every agent of a cluster; one that cannot be read says so and does not end the others.

    Args:
        cluster: from `kina_audit.sources.guest.cluster`.
        cilium: the release; empty: what each agent's image says, or the newest known.

    Raises:
        SourceError: there is no cluster, no ``cilium-config`` or no agent.
        UsageError: an unknown Cilium release.
    """
    config, changed = cluster.config()
    for agent in cluster.agents():
        try:
            if not agent.started:
                raise SourceError(f"its pod {agent.pod} does not run")
            status = cluster.status(agent)
        except SourceError as error:
            yield Verification(agent.node, "unknown kernel", cilium or agent.release, (), error.message)
            continue
        kernel, why = None, ""
        try:
            kernel = cluster.kernel(agent)
        except SourceError as error:
            why = f"its kernel cannot be read: {error.message}"
        yield _verified(agent.node, config, status, kernel, cilium or _known(agent), why, _stale(agent, changed),
                        cluster.programs(agent))  # fmt: skip


def _known(agent: "Agent") -> str:
    """The release of an agent's image, if it is one that is known."""
    from kina_audit.cilium.release import find_release
    from kina_audit.errors import UsageError

    try:
        return str(find_release(agent.release)) if agent.release else ""
    except UsageError:
        return ""


def _stale(agent: "Agent", changed: str) -> str:
    """Both are times as Kubernetes writes them, in UTC to the second, so that they compare as text."""
    if not changed or changed <= agent.started:
        return ""
    return f"the agent was started at {agent.started}, and cilium-config was changed at {changed}: restart it"


def _verified(
    node: str,
    config: Mapping[str, str],
    status: Mapping[str, Any],
    kernel: "Kernel | None",
    cilium: str,
    why: str,
    stale: str = "",
    programs: list[str] | None = None,
) -> Verification:
    from kina_audit.cilium.release import find_release
    from kina_audit.profiles.load import ProfileLibrary

    release = str(find_release(cilium))
    if kernel is None:
        lines = compare(config, status, lacks={}, stale=stale, programs=programs)
        return Verification(node, why, release, lines)
    from kina_audit.api import review_cilium

    library = ProfileLibrary()
    rows = [(key, value, 0) for key, value in config.items()]
    found = review_cilium(kernel, rows, "configmap", cilium=release, library=library)
    lines = compare(config, status, lacks=_lacks(kernel, library), review=found, stale=stale, programs=programs)
    told = f"Linux {kernel.config.target or 'unknown version'}, {kernel.config.arch or 'unknown architecture'}"
    return Verification(node, told, release, lines)


def _lacks(kernel: "Kernel", library: "ProfileLibrary") -> dict[str, str]:
    """What a kernel lacks, by Cilium's feature."""
    from kina_audit.api import CILIUM_TAG, audit

    results = audit(kernel, library.tagged(CILIUM_TAG), cilium=None, library=library).results
    found = {}
    for result in results:
        own = [f for f in result.findings if f.status in _UNMET and f.requirement.profile == result.profile.id]
        named = [f for f in own if f.level == "required"] or own
        if named:
            told = "; ".join(f"{f.expr.text} ({result.profile.id}/{f.requirement.id})" for f in named)
            found[result.profile.id.removeprefix(_PREFIX)] = f"the kernel lacks {told}"
    return found
